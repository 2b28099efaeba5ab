import assert from 'node:assert/strict'
import { beforeEach, test } from 'node:test'
import { iMessageServiceAbi } from '@meridian/abi'
import { createKeySigner, RpcResponseError } from '@meridian/chain'
import type { RpcPort } from '@meridian/consensus'
import { buildReceiptsTrie } from '@meridian/proofs'
import {
  bytesToHex,
  encodeErrorResult,
  encodeFunctionResult,
  getAbiItem,
  getAddress,
  type Hex,
  pad,
  toFunctionSelector,
  zeroAddress,
} from 'viem'
import type { ChainContext } from '../chain-context.ts'
import { createCompass } from '../compass.ts'
import { createLog } from '../log.ts'
import type { Maintainer } from '../maintainer/maintainer.ts'
import type { Message } from '../message.ts'
import type { Outcome } from '../mos.ts'
import type { Submitter } from '../submitter/submitter.ts'
import { createWallets } from '../submitter/wallets.ts'
import { testConsensus } from '../testing/consensus.ts'
import { createFakeClock, createFakeNode } from '../testing/fake-node.ts'
import { testOrigin } from '../testing/messages.ts'
import { useStore } from '../testing/test-store.ts'
import { defaultTuning } from '../tuning.ts'
import { createLane } from './lane.ts'
import { createLastLeg, type Leg } from './leg.ts'
import { retryFailed } from './retry.ts'

const mos = pad('0xa1', { size: 20 })
const current = useStore()
let message: Message

const chainOf = (id: bigint, request: RpcPort['request']): Omit<ChainContext, 'consensus'> => ({
  id,
  name: `chain ${id}`,
  ports: { rpc: { request } },
  mos,
  startBlock: 0n,
  signer: createKeySigner(pad('0x01')),
  payee: null,
  claims: null,
  tuning: defaultTuning,
})

beforeEach(async () => {
  const store = current()
  const place = { blockNumber: 1n, blockHash: pad('0x01'), txIndex: 0, logIndex: 0 }
  const origin = testOrigin(1, { emitter: mos, mos, fromAddress: mos, ...place })
  await store.commitScan(1n, mos, { number: 1n, hash: pad('0x01'), final: null }, [origin], 1)
  const included = {
    type: 'included',
    at: 1,
    outcome: 'failed',
    executionReason: '0x',
    tx: null,
    block: 1n,
    gas: null,
  } as const
  await store.apply([
    [origin, { type: 'finalized', at: 1 }],
    [origin, { type: 'proven', at: 1 }],
    [origin, included],
    [origin, { type: 'settled', at: 1, outcome: 'failed' }],
  ])
  const stored = await store.message(origin)
  assert.equal(stored?.state, 'failed')
  message = stored
})

// both looked at the ledger before either was in it
test('a retry that is asked for twice at once is sent once', async () => {
  const node = createFakeNode()
  const route = { lightClient: pad('0xc1', { size: 20 }), remoteMos: mos, hub: zeroAddress }
  const selector = toFunctionSelector(getAbiItem({ abi: iMessageServiceAbi, name: 'route' }))
  const request = async (method: string, params: readonly unknown[]) => {
    if (method === 'eth_getLogs') return []
    if (method !== 'eth_call') return node.request(method, params)
    const { data } = params[0] as { data: Hex } // CAST: Compass' own call
    return data.startsWith(selector)
      ? encodeFunctionResult({ abi: iMessageServiceAbi, functionName: 'route', result: route })
      : '0x'
  }
  const chain = (id: bigint): ChainContext => ({ ...chainOf(id, request), consensus: node.consensus })
  const clock = createFakeClock()
  const lane = { from: 1n, to: 2n }
  const deps = { store: current(), clock, log: createLog('silent') }
  const compass = createCompass({ ...deps, chains: [chain(1n), chain(2n)], lanes: [lane] })
  const answers = await Promise.all([compass.retry(message), compass.retry(message)])
  assert.deepEqual(
    answers.map((reason) => reason?.code ?? null),
    [null, 'RETRY_UNDER_WAY'],
  )
  assert.equal(node.pool.size, 1)
})

/** A target on which every call passes simulation, and its wallets. */
function willing() {
  const node = createFakeNode()
  const request = async (method: string, params: readonly unknown[]) =>
    method === 'eth_call' ? '0x' : node.request(method, params)
  const chain: ChainContext = { ...chainOf(2n, request), consensus: node.consensus }
  const common = { store: current(), clock: createFakeClock(), log: createLog('silent') }
  return { node, chain, common, submitter: createWallets(chain, common) }
}

// once, it was given twice its bound whatever a transaction may have: nodes took none of it, and the operator read "done"
test('a retry is given what a transaction may have at most; what needs more says so and is not sent', async () => {
  const { node, chain, common, submitter } = willing()
  const last = createLastLeg(chain, chain, null)
  const leg: Leg = { ...last, retry: async () => '0x01' }
  const cap = defaultTuning.maxTransactionGas
  assert.equal((await retryFailed(leg, submitter, common, message, cap))?.code, 'GAS_CAP')
  assert.equal(node.pool.size, 0)
  node.balance = 10n ** 24n
  assert.equal(await retryFailed(leg, submitter, common, message, cap - 2_000_000n), null)
  assert.equal((await submitter.pending())[0]?.gasLimit, cap)
})

// once, each press of the button sent a transaction, and all but the first were paid for nothing
test('a retry that is asked for again while the first is on its way is not sent twice', async () => {
  const { node, chain, common, submitter } = willing()
  const work = { memberGas: () => 100_000n }
  const leg = { target: chain, contract: mos, work, retry: async () => '0x01' } as unknown as Leg // CAST: what a retry uses
  assert.equal(await retryFailed(leg, submitter, common, message), null)
  assert.equal((await retryFailed(leg, submitter, common, message))?.code, 'RETRY_UNDER_WAY')
  assert.equal(node.pool.size, 1)
  node.mine()
  await submitter.poll()
  assert.equal(
    await retryFailed(leg, submitter, common, message),
    null,
    'after it came to nothing it can be asked again',
  )
})

// Somebody else delivered it, and the endpoint that refuses it as delivered does not show its outcome yet: once, the message
// was proven and simulated again without a pause until it did.
test('what the target calls delivered, and does not show as delivered, is asked for later each time', async () => {
  const store = current()
  const clock = createFakeClock()
  const origin = testOrigin(2, { txIndex: 0, logIndex: 0, emitter: getAddress(mos) })
  const receipt = {
    transactionHash: origin.txHash,
    transactionIndex: '0x0',
    blockNumber: '0x1',
    blockHash: pad('0x01'),
    status: '0x1',
    cumulativeGasUsed: '0x1',
    gasUsed: '0x1',
    logsBloom: pad('0x00', { size: 256 }),
    logs: [{ address: mos, topics: [], data: origin.orderId, logIndex: '0x0' }],
  } as const
  const block = {
    number: '0x1',
    timestamp: '0x1',
    hash: pad('0x01'),
    parentHash: pad('0x00'),
    receiptsRoot: bytesToHex(buildReceiptsTrie([receipt]).root),
    gasLimit: '0x1',
    baseFeePerGas: '0x1',
    transactions: [origin.txHash],
  }
  const simulations: number[] = []
  const request = async (method: string) => {
    if (method === 'eth_getBlockByNumber') return block
    if (method === 'eth_getBlockReceipts') return [receipt]
    if (method !== 'eth_call') return []
    simulations.push(clock.now())
    const args = [1n, pad('0x02')] as const
    const data = encodeErrorResult({ abi: iMessageServiceAbi, errorName: 'MOS_AlreadyDelivered', args })
    throw new RpcResponseError('fake', method, 3, 'execution reverted', data)
  }
  const ready = { status: 'ready', proof: '0x', updates: [] } as const
  const consensus = testConsensus({ proveReceiptsRoot: async () => ready })
  const chain = (id: bigint): ChainContext => ({ ...chainOf(id, request), consensus })
  await store.commitScan(1n, mos, { number: 1n, hash: pad('0x01'), final: null }, [origin], 1)
  await store.apply([[origin, { type: 'finalized', at: 2 }]])
  const asked: number[] = []
  let outcome: Outcome = 'none'
  const lane = createLane({
    store,
    clock,
    log: createLog('silent'),
    leg: {
      ...createLastLeg(chain(1n), chain(2n), null),
      lightClient: async () => mos,
      encode: (_, messages) => ({ kind: 'delivery', to: mos, messages, data: '0x', carried: () => 1n }),
      async outcome() {
        asked.push(clock.now())
        return outcome
      },
    },
    submitter: { address: mos, addresses: [mos] } as unknown as Submitter, // CAST: nothing is sent in this test
    maintainer: { maintain: async () => undefined, readClient: async () => null } as unknown as Maintainer, // CAST: nor updated
    targetFinal: () => null,
  })
  const start = clock.now()
  for (let second = 0; second < 16; second++) {
    // however often it looks
    for (let look = 0; look < 3; look++) await lane.step()
    clock.advance(1_000)
  }
  const after = simulations.map((at) => (at - start) / 1_000)
  assert.deepEqual(after, [0, 1, 3, 7, 15])
  assert.deepEqual(new Set(asked), new Set(simulations), 'each time its outcome is asked for, and never between')
  const waiting = await store.message(origin)
  assert.deepEqual([waiting?.state, waiting?.reason?.code], ['provable', 'MOS_AlreadyDelivered'])
  outcome = 'delivered'
  clock.advance(60_000)
  await lane.step()
  assert.equal((await store.message(origin))?.state, 'included')
  assert.equal(simulations.length, after.length, 'what is known to be delivered is not tried again')
})
