import assert from 'node:assert/strict'
import { beforeEach, test } from 'node:test'
import { iLightClientAbi, iMessageServiceAbi } from '@meridian/abi'
import type { AcceptedUpdate, ClientState, Evidence, OwnViews, RpcPort } from '@meridian/consensus'
import {
  type Address,
  encodeAbiParameters,
  encodeEventTopics,
  encodeFunctionData,
  encodeFunctionResult,
  type Hex,
  numberToHex,
  pad,
  toFunctionSelector,
  zeroAddress,
} from 'viem'
import type { ChainContext } from '../chain-context.ts'
import { createLog } from '../log.ts'
import { createMetrics } from '../metrics/metrics.ts'
import type { Store } from '../store/types.ts'
import type { Job, Submitter } from '../submitter/submitter.ts'
import { createFakeClock, createFakeNode } from '../testing/fake-node.ts'
import { defaultTuning } from '../tuning.ts'
import { createWatcher } from './watcher.ts'

const client = pad('0xc1', { size: 20 })
const mos = pad('0xa1', { size: 20 })
const router = pad('0xb1', { size: 20 })
const wallet = pad('0xd1', { size: 20 })
const update = '0x1234'
const reportSelector = toFunctionSelector('reportMisbehaviour(bytes)')
const call = (data: Hex) => encodeFunctionData({ abi: iLightClientAbi, functionName: 'update', args: [data] })
const hashOf = (n: number): Hex => pad(numberToHex(n))

/** What the target's node and the source's nodes say. */
let head: bigint
let logs: { readonly block: bigint; readonly number: bigint; readonly hash: Hex; readonly tx: Hex }[]
let own: (number: bigint) => OwnViews
let evidence: Evidence
let status: ClientState['status']
let input: { readonly to: Address; readonly input: Hex } | null
let trace: unknown
let nonces: { readonly latest: number; readonly pending: number }
let built: AcceptedUpdate[]
let sent: Job[]
let onItsWay: readonly { readonly id: number; readonly data: Hex }[]
let clock: ReturnType<typeof createFakeClock>

beforeEach(() => {
  head = 100n
  logs = []
  own = (number) => views(hashOf(Number(number)))
  evidence = { status: 'found', data: '0xee' }
  status = 'active'
  input = { to: client, input: call(update) }
  trace = null
  nonces = { latest: 0, pending: 0 }
  built = []
  sent = []
  onItsWay = []
  clock = createFakeClock()
})

const views = (...hashes: readonly (Hex | null)[]): OwnViews => ({
  asked: hashes.length,
  views: hashes.map((hash, i) => ({ host: `node ${i}`, hash })),
})
const accept = (number: bigint, hash: Hex, tx = 7) => logs.push({ block: head, number, hash, tx: hashOf(tx) })

const rpc: RpcPort = {
  async request(method, params) {
    const [first] = params as readonly { readonly data?: Hex; readonly fromBlock?: Hex; readonly toBlock?: Hex }[]
    switch (method) {
      case 'eth_getBlockByNumber': {
        const rest = { receiptsRoot: pad('0x'), gasLimit: '0x1', transactions: [], parentHash: pad('0x') }
        return { number: numberToHex(head), timestamp: '0x64', hash: hashOf(Number(head)), ...rest }
      }
      case 'eth_call': {
        if (first?.data?.startsWith(reportSelector)) return '0x'
        const result = { lightClient: client, remoteMos: mos, hub: zeroAddress }
        return encodeFunctionResult({ abi: iMessageServiceAbi, functionName: 'route', result })
      }
      case 'eth_getLogs':
        return logs
          .filter(({ block }) => block >= BigInt(first?.fromBlock ?? 0) && block <= BigInt(first?.toBlock ?? 0))
          .map(({ block, number, hash, tx }, i) => ({
            address: client,
            topics: encodeEventTopics({ abi: iLightClientAbi, eventName: 'HeadAdvanced', args: { number } }),
            data: encodeAbiParameters([{ type: 'uint64' }, { type: 'bytes32' }, { type: 'uint256' }], [1n, hash, 1n]),
            blockNumber: numberToHex(block),
            blockHash: hashOf(Number(block)),
            transactionHash: tx,
            transactionIndex: '0x0',
            logIndex: numberToHex(i),
          }))
      case 'eth_getTransactionByHash':
        return input
      case 'debug_traceTransaction':
        if (trace === null) throw new Error('not served')
        return trace
      case 'eth_getTransactionCount':
        return numberToHex(params[1] === 'latest' ? nonces.latest : nonces.pending)
      default:
        throw new Error(method)
    }
  },
}

/** A watcher as after a start. */
function start() {
  const node = createFakeNode()
  const chain = (id: bigint): ChainContext => ({
    id,
    name: `chain${id}`,
    consensus: {
      ...node.consensus,
      readClient: async (): Promise<ClientState> => ({
        address: client,
        kind: 'qbft',
        status,
        head: { number: 0n, timestamp: 0n, hash: pad('0x') },
        expiresAt: 1_000n,
        detail: null,
      }),
      ownViews: async (_, { number }) => own(number),
      async misbehaviour(_source, _target, _client, accepted) {
        built.push(accepted)
        return accepted.update === update ? evidence : { status: 'none', code: 'UPDATE_NOT_FOUND', detail: 'not it' }
      },
    },
    ports: { rpc },
    mos,
    startBlock: 0n,
    signer: null,
    payee: null,
    claims: null,
    tuning: defaultTuning,
  })
  // CAST: what a watcher uses of them
  const submitter = {
    address: wallet,
    addresses: [wallet],
    async send(job: Job) {
      sent.push(job)
      return { status: 'sent', transaction: { nonce: 0 } }
    },
    pending: async () => onItsWay.map(({ id }) => ({ id, to: client, signer: wallet, nonce: nonces.latest })),
  } as unknown as Submitter
  const store = {
    transaction: async (wanted: number) => onItsWay.find(({ id }) => id === wanted) ?? null,
  } as unknown as Store
  const metrics = createMetrics()
  const common = { store, clock, log: createLog('silent') }
  const watcher = createWatcher({ ...common, source: chain(1n), target: chain(2n), metrics, submitter })
  const figures = async () => {
    const { text } = await metrics.render()
    return [...text.matchAll(/^meridian_watcher_(\w+)\{from="1",to="2"(?:,reason="(\w+)")?\} (\S+)$/gm)]
      .filter(([, name]) => name !== 'look_timestamp_seconds')
      .map(([, name, reason, value]) => `${name}${reason === undefined ? '' : ` ${reason}`} ${value}`)
  }
  return { ...watcher, figures }
}

test('a head that is ours is nothing; one that is not is reported with the update that brought it', async () => {
  const { look, figures } = start()
  accept(5n, hashOf(5))
  await look()
  assert.deepEqual(await figures(), ['contradictions 0', 'disputed 0', 'open 0'])
  accept(6n, hashOf(99))
  await look()
  assert.deepEqual(await figures(), ['contradictions 1', 'disputed 0', 'open 0'])
  assert.equal(sent.length, 1)
  assert.ok(sent[0]?.data.startsWith(reportSelector))
  assert.deepEqual(built.at(-1), { what: 'head', number: 6n, hash: hashOf(99), update })
})

// once, heads that were read in a round in which our node failed were never looked at again
test('a node that fails while heads are looked at loses none of them', async () => {
  const { look, contradictions } = start()
  accept(5n, hashOf(99))
  own = () => {
    throw new Error('down')
  }
  await assert.rejects(look(), /down/)
  head += 1_000n
  own = (number) => views(hashOf(Number(number)))
  await look()
  assert.equal(contradictions().length, 1)
})

test('a reorg of the target puts a head into blocks that were read: it is seen all the same', async () => {
  const { look, contradictions } = start()
  await look()
  logs.push({ block: head - 30n, number: 5n, hash: hashOf(99), tx: hashOf(7) })
  await look()
  assert.equal(contradictions().length, 1)
})

// CO-10
test('nodes that differ accuse nobody, until one of them shows signatures', async () => {
  const { look, figures } = start()
  accept(5n, hashOf(99))
  own = (number) => views(hashOf(Number(number)), hashOf(99))
  evidence = { status: 'none', code: 'NOT_SERVED', detail: 'no signature' }
  await look()
  assert.deepEqual(await figures(), ['contradictions 0', 'disputed 1', 'open 0'])
  evidence = { status: 'found', data: '0xee' }
  await look()
  assert.equal(sent.length, 0, 'not before it is due again')
  clock.advance(1_000)
  await look()
  assert.equal(sent.length, 1)
  assert.deepEqual((await figures())[0], 'contradictions 1')
})

test('what cannot be proven is an alarm with its reason, looked into less and less often', async () => {
  const { look, figures } = start()
  accept(5n, hashOf(99))
  evidence = { status: 'none', code: 'NOT_SERVED', detail: 'no signature' }
  for (let looks = 0; looks < 360; looks++) {
    await look()
    clock.advance(10_000)
  }
  assert.ok((await figures()).includes('unproven NOT_SERVED 1'))
  assert.ok(built.length < 20, `${built.length} in an hour`)
  status = 'frozen'
  await look()
  assert.deepEqual(await figures(), ['contradictions 1', 'disputed 0', 'open 0'])
})

test('a report of an earlier process is not sent again: it is in the ledger, or keeps the wallet’s nonce', async () => {
  accept(5n, hashOf(99))
  onItsWay = [{ id: 1, data: `${reportSelector}00` }]
  await start().look()
  assert.equal(sent.length, 0)
  // a watcher without a store of its own
  onItsWay = []
  nonces = { latest: 3, pending: 4 }
  const { look, figures } = start()
  await look()
  assert.equal(sent.length, 0)
  assert.ok((await figures()).includes('unproven WALLET_IN_USE 1'))
  nonces = { latest: 4, pending: 4 }
  clock.advance(1_000)
  await look()
  assert.equal(sent.length, 1)
})

test('a wallet that somebody else keeps busy does not hold a report up for long', async () => {
  accept(5n, hashOf(99))
  nonces = { latest: 3, pending: 4 }
  const { look } = start()
  for (let seconds = 0; seconds < 180; seconds++) {
    await look()
    clock.advance(1_000)
  }
  assert.equal(sent.length > 0, true)
})

// once, whoever moved the client by a contract of his own was out of reach
test('an update that a contract made up is found in the trace of its transaction', async () => {
  accept(5n, hashOf(99))
  input = { to: router, input: '0xdeadbeef' }
  await start().look()
  assert.equal(sent.length, 0)
  trace = {
    to: router,
    input: '0xdeadbeef',
    calls: [
      { to: mos, input: '0x' },
      { to: client, input: call(update) },
    ],
  }
  await start().look()
  assert.equal(sent.length, 1)
})
