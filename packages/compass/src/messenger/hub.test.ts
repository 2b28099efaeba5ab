/** The hub's logs: which are taken for messages, and what becomes of one that an endpoint leaves out. */
import assert from 'node:assert/strict'
import { beforeEach, test } from 'node:test'
import type { RpcPort } from '@meridian/consensus'
import { mapMessageOutTopic, orderId } from '@meridian/core'
import { type Address, encodeAbiParameters, getAddress, type Hex, keccak256, numberToHex, pad } from 'viem'
import type { ChainContext } from '../chain-context.ts'
import { createLog } from '../log.ts'
import type { Maintainer } from '../maintainer/maintainer.ts'
import { chainTopic } from '../mos.ts'
import { forwardWork } from '../plan.ts'
import type { Store } from '../store/types.ts'
import type { Submitter } from '../submitter/submitter.ts'
import { testConsensus } from '../testing/consensus.ts'
import { createFakeClock } from '../testing/fake-node.ts'
import { testOrigin } from '../testing/messages.ts'
import { useStore } from '../testing/test-store.ts'
import { defaultTuning } from '../tuning.ts'
import { createLane } from './lane.ts'
import { createFirstLeg } from './leg.ts'
import { createHubSource } from './source.ts'

const current = useStore()
const [A, B, H] = [1n, 2n, 3n]
const mos = getAddress(pad('0xa1', { size: 20 }))
const otherMos = getAddress(pad('0xa2', { size: 20 }))
const hub = getAddress(pad('0xb1', { size: 20 }))
const sender = pad('0xc1', { size: 20 })
const HEAD = 9
const FORWARDED_IN = 4

interface HubNode extends RpcPort {
  /** What `eth_getLogs` shows. */
  logs: readonly Record<string, unknown>[]
}

/** A hub's chain with ten final blocks. */
function createHubNode(): HubNode {
  const hash = (number: number): Hex => keccak256(numberToHex(number + 1))
  const node: HubNode = {
    logs: [],
    async request(method, params) {
      const [first] = params
      if (method === 'eth_getBlockByNumber') {
        const number = first === 'latest' ? HEAD : Number(first)
        return {
          number: numberToHex(number),
          timestamp: numberToHex(1_700_000_000 + number),
          hash: hash(number),
          parentHash: number === 0 ? pad('0x00') : hash(number - 1),
          receiptsRoot: pad('0x00'),
          gasLimit: '0x1',
          transactions: [],
        }
      }
      if (method === 'eth_getLogs') {
        // CAST: Compass' own filter
        const { fromBlock, toBlock } = first as { fromBlock: Hex; toBlock: Hex }
        const within = ({ blockNumber }: Record<string, unknown>) =>
          Number(blockNumber) >= Number(fromBlock) && Number(blockNumber) <= Number(toBlock)
        return node.logs.filter(within)
      }
      throw new Error(`hub node: ${method}`)
    },
  }
  return node
}

/** The hub's log of a message of chain `fromChain`'s MOS. */
function forwardedLog(fromChain: bigint, issuer: Address, nonce: bigint) {
  const messageData = pad('0xab')
  const id = orderId({ fromChain, mos: issuer, toChain: B, nonce, sender, messageData })
  const data = encodeAbiParameters(
    [{ type: 'bytes32' }, { type: 'bytes' }, { type: 'bytes' }],
    [id, sender, messageData],
  )
  const log = {
    address: hub,
    topics: [mapMessageOutTopic, chainTopic(fromChain), chainTopic(B)],
    data,
    blockNumber: numberToHex(FORWARDED_IN),
    blockHash: keccak256(numberToHex(FORWARDED_IN + 1)),
    transactionHash: keccak256(id),
    transactionIndex: '0x0',
    logIndex: numberToHex(nonce),
  }
  return { id, log, messageData }
}

const consensus = testConsensus({
  finalized: async () => ({ number: BigInt(HEAD), timestamp: 0n, hash: keccak256(numberToHex(HEAD + 1)) }),
})

let node: HubNode
let store: Store
const chainOf = (id: bigint, address: Address): ChainContext => ({
  id,
  name: `chain-${id}`,
  consensus,
  ports: { rpc: node },
  mos: address,
  startBlock: 1n,
  signer: null,
  payee: null,
  claims: null,
  tuning: defaultTuning,
})
const common = () => ({ store, clock: createFakeClock(), log: createLog('silent') })

beforeEach(() => {
  node = createHubNode()
  store = current()
})

test('a hub’s log of a configured chain is a second leg; of another MOS or another chain it is none, and stops nothing', async () => {
  const ours = forwardedLog(A, mos, 0n)
  const foreign = forwardedLog(A, otherMos, 1n)
  const unknown = forwardedLog(77n, mos, 2n)
  node.logs = [foreign.log, unknown.log, ours.log]
  const source = createHubSource({ ...chainOf(H, otherMos), hub }, [chainOf(A, mos)], common())
  await source.step()
  const all = await store.messages()
  assert.deepEqual(
    all.map((m) => [m.orderId, m.fromChain, m.logChain, m.emitter, m.mos, m.state]),
    [[ours.id, A, H, hub, mos, 'final']],
  )
  assert.equal((await store.cursor(H, hub))?.number, BigInt(HEAD))
})

test('a forward whose log the endpoint leaves out holds the first leg open until it is found', async () => {
  const { id, log, messageData } = forwardedLog(A, mos, 0n)
  const first = { fromChain: A, orderId: id, logChain: A }
  const origin = testOrigin(2, {
    ...first,
    emitter: mos,
    toChain: B,
    nonce: 0n,
    mos,
    fromAddress: sender,
    messageData,
    blockNumber: 2n,
    blockHash: pad('0x02'),
    blockTimestamp: 1n,
    txIndex: 0,
    logIndex: 0,
  })
  await store.commitScan(A, mos, { number: 2n, hash: pad('0x02'), final: null }, [origin], 1)
  await store.apply([
    [first, { type: 'finalized', at: 1 }],
    [
      first,
      {
        type: 'included',
        at: 2,
        outcome: 'forwarded',
        executionReason: null,
        tx: pad('0x09'),
        block: BigInt(FORWARDED_IN),
        gas: 7n,
      },
    ],
  ])
  const hubChain = { ...chainOf(H, otherMos), hub }
  const source = createHubSource(hubChain, [chainOf(A, mos)], common())
  const leg = createFirstLeg(chainOf(A, mos), hubChain, chainOf(B, otherMos))
  const nobody = getAddress(pad('0x01', { size: 20 }))
  const lane = createLane({
    ...common(),
    leg: { ...leg, work: forwardWork, outcome: async () => 'forwarded', lightClient: async () => nobody },
    submitter: { address: nobody, addresses: [nobody] } as unknown as Submitter, // CAST: nothing is sent in this test
    maintainer: { maintain: async () => undefined } as unknown as Maintainer, // CAST: nor updated
    targetFinal: () => BigInt(HEAD),
  })
  await source.step()
  await lane.step()
  const waiting = await store.message(first)
  assert.deepEqual([waiting?.state, waiting?.reason?.code], ['included', 'FORWARD_NOT_SEEN'])
  node.logs = [log]
  // the source does not read the range again
  await source.step()
  assert.equal(await store.message({ ...first, logChain: H }), null)
  await store.apply([[first, { type: 'woken', at: 3 }]])
  await lane.step()
  assert.equal((await store.message(first))?.state, 'forwarded')
  assert.equal((await store.message({ ...first, logChain: H }))?.state, 'seen')
})
