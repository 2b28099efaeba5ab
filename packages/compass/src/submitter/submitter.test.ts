import assert from 'node:assert/strict'
import { beforeEach, test } from 'node:test'
import { createKeySigner, RpcResponseError, RpcTransportError } from '@meridian/chain'
import { keccak256, numberToHex, pad, parseTransaction } from 'viem'
import type { ChainContext } from '../chain-context.ts'
import { createLog } from '../log.ts'
import type { Message } from '../message.ts'
import type { Store } from '../store/types.ts'
import { createFakeClock, createFakeNode, type FakeNode } from '../testing/fake-node.ts'
import { testOrigin } from '../testing/messages.ts'
import { useStore } from '../testing/test-store.ts'
import { defaultTuning } from '../tuning.ts'
import type { Submitter } from './submitter.ts'
import { createWallets } from './wallets.ts'

const mos = pad('0xa1', { size: 20 })
const KEY = pad('0x01')
const current = useStore()
let node: FakeNode
let store: Store
let clock: ReturnType<typeof createFakeClock>
let submitter: Submitter

function chain(): ChainContext {
  return {
    id: 2n,
    name: 'two',
    consensus: node.consensus,
    ports: { rpc: node },
    mos,
    startBlock: 0n,
    signer: createKeySigner(KEY),
    payee: null,
    claims: null,
    tuning: { ...defaultTuning, maxFeePerGas: 10_000n, minPriorityFeePerGas: 1n, maxInFlight: 4 },
  }
}

/** A submitter as after a start: nothing in memory, everything in the store. */
const restart = (): Submitter => createWallets(chain(), { store, clock, log: createLog('silent') })

beforeEach(() => {
  node = createFakeNode()
  clock = createFakeClock()
  store = current()
  submitter = restart()
})

/** A message that waits to be delivered. */
async function provable(n: number): Promise<{ fromChain: bigint; orderId: `0x${string}` }> {
  const hash = pad(numberToHex(n))
  const block = { blockNumber: BigInt(n), blockHash: hash, txIndex: 0, logIndex: 0 }
  const origin = testOrigin(n, { emitter: mos, mos, fromAddress: mos, ...block })
  await store.commitScan(1n, mos, { number: BigInt(n), hash, final: null }, [origin], 1)
  await store.apply([
    [origin, { type: 'finalized', at: 1 }],
    [origin, { type: 'proven', at: 1 }],
  ])
  return origin
}

const deliver = async (n: number, by = submitter) =>
  by.send({ kind: 'delivery', to: mos, data: '0x01', gasLimit: 100_000n, messages: [await provable(n)] })

const state = async (n: number): Promise<Message | null> =>
  store.message({ fromChain: 1n, orderId: pad(numberToHex(n)) })

test('nonces follow one another without waiting for receipts', async () => {
  for (const n of [1, 2, 3]) assert.equal((await deliver(n)).status, 'sent')
  assert.deepEqual([...node.pool.keys()], [0, 1, 2])
})

test('killed between writing down and sending: the same bytes are sent, the message is not signed twice', async () => {
  node.dead = true
  const dying = restart()
  await assert.rejects(deliver(1, dying))
  node.dead = false
  const sent = await deliver(2)
  assert.equal(sent.status, 'sent')
  node.refusal = 'temporarily out of order'
  await deliver(3)
  node.refusal = null
  const raws = new Set(node.shown)
  clock.advance(1)
  await restart().poll()
  assert.deepEqual([...node.pool.keys()], [0, 1])
  assert.deepEqual(new Set(node.shown), raws)
})

test('the key is used from outside: the message comes back with its reason and goes out under the next nonce', async () => {
  await deliver(1)
  node.useKeyOutside()
  await submitter.poll()
  assert.equal((await state(1))?.state, 'submitted')
  clock.advance(defaultTuning.lostAfterMs)
  await submitter.poll()
  const message = await state(1)
  assert.equal(message?.state, 'provable')
  assert.equal(message?.reason?.code, 'NONCE_TAKEN')
  await deliver(2)
  assert.deepEqual([...node.pool.keys()], [1])
})

test('the key is used from outside before the first broadcast: known once its receipt does not come', async () => {
  await deliver(1)
  node.mine()
  await submitter.poll()
  node.useKeyOutside()
  await deliver(2)
  await submitter.poll()
  clock.advance(defaultTuning.lostAfterMs)
  await submitter.poll()
  assert.equal((await state(2))?.reason?.code, 'NONCE_TAKEN')
  await deliver(3)
  assert.deepEqual([...node.pool.keys()], [2])
})

/** A node whose answer to what it took is lost, and which is then asked again by way of another endpoint. */
function twice(mined: boolean): Submitter {
  const rpc: ChainContext['ports']['rpc'] = {
    async request(method, params) {
      const answer = await node.request(method, params)
      if (method !== 'eth_sendRawTransaction') return answer
      if (mined) node.mine()
      throw new RpcResponseError('fake', method, -32000, 'nonce too low', null)
    },
  }
  return createWallets({ ...chain(), ports: { rpc } }, { store, clock, log: createLog('silent') })
}

// once, the ledger gave its own transaction up on the word of the second endpoint: its fees were never claimed
test('a first endpoint took it and gave no answer, a second one says that the nonce is used: by this very transaction', async () => {
  const by = twice(true)
  await deliver(1, by)
  await by.poll()
  const [transaction] = await store.openTransactions(2n, submitter.address)
  assert.deepEqual([transaction?.state, transaction?.success], ['mined', true])
})

// once, the message was signed a second time under the next nonce, and both were paid for
test('a lying endpoint that keeps what it calls too low has nothing signed twice', async () => {
  const by = twice(false)
  await deliver(1, by)
  clock.advance(defaultTuning.lostAfterMs)
  await by.poll()
  clock.advance(defaultTuning.lostAfterMs)
  await by.poll()
  assert.equal((await state(1))?.state, 'submitted')
  assert.equal(node.mine().length, 1)
  await submitter.poll()
  assert.equal((await store.openTransactions(2n, submitter.address))[0]?.success, true)
  assert.ok(node.shown.every((raw) => parseTransaction(raw).nonce === 0))
})

test('a stuck transaction is replaced with a higher fee after its time, not before, and not above the cap', async () => {
  await deliver(1)
  node.baseFee = 1_000n
  node.mine()
  clock.advance(defaultTuning.bumpAfterMs - 1)
  await submitter.poll()
  const [first] = await store.openTransactions(2n, submitter.address)
  assert.equal(first?.attempts.length, 1)
  clock.advance(1)
  await submitter.poll()
  assert.equal(node.mine().length, 1)
  await submitter.poll()
  const [mined] = await store.openTransactions(2n, submitter.address)
  assert.equal(mined?.state, 'mined')
  assert.equal(mined?.attempts.length, 2)
  node.baseFee = 20_000n
  assert.equal((await deliver(2)).status, 'refused')
})

test('the fee cap holds a replacement back, and the transaction stays where it is', async () => {
  node.baseFee = 4_500n
  await deliver(1)
  node.baseFee = 12_000n
  clock.advance(defaultTuning.bumpAfterMs)
  await submitter.poll()
  const [stuck] = await store.openTransactions(2n, submitter.address)
  assert.equal(stuck?.attempts.length, 1)
  assert.match(stuck?.error ?? '', /fee cap/)
})

test('an empty wallet refuses before anything is written, and works again once funded', async () => {
  node.balance = 1n
  const refused = await deliver(1)
  assert.equal(refused.status === 'refused' && refused.reason.code, 'WALLET_EMPTY')
  assert.equal((await state(1))?.state, 'provable')
  node.balance = 10n ** 18n
  assert.equal((await deliver(2)).status, 'sent')
  assert.deepEqual([...node.pool.keys()], [0])
})

// once, the balance of a moment ago let it be signed, and the message stood as submitted with nothing on its way
test('a wallet that was emptied a moment ago gives the message and its nonce back with the reason', async () => {
  assert.equal((await deliver(1)).status, 'sent')
  node.refusal = 'insufficient funds for gas * price + value'
  await deliver(2)
  const waiting = await state(2)
  assert.equal(waiting?.state, 'provable')
  assert.equal(waiting?.reason?.code, 'WALLET_EMPTY')
  node.refusal = null
  assert.equal((await deliver(3)).status, 'sent')
  assert.deepEqual([...node.pool.keys()], [0, 1])
})

// once, the same nonce with the same bytes stopped the wallet: its hash was already in the store
test('what no node takes gives its message and its nonce back', async () => {
  node.refusal = 'intrinsic gas too low'
  await deliver(1)
  assert.equal((await state(1))?.reason?.code, 'TRANSACTION_INVALID')
  node.refusal = null
  await deliver(2)
  assert.deepEqual([...node.pool.keys()], [0])
})

test('a reverted transaction gives its message back with a reason, never done', async () => {
  node.reverting.add(mos)
  await deliver(1)
  node.mine()
  await submitter.poll()
  const message = await state(1)
  assert.equal(message?.state, 'provable')
  assert.equal(message?.attempts, 1)
  assert.equal(message?.reason?.code, 'Node')
})

test('a transaction that landed without the message gives it back to be asked for on chain', async () => {
  await deliver(1)
  node.mine()
  await submitter.poll()
  assert.equal((await state(1))?.reason?.code, 'SKIPPED')
})

test('a reorg puts a mined transaction back among the pending; forgotten by the node, it is shown again', async () => {
  await deliver(1)
  node.mine()
  await submitter.poll()
  node.reorg(true)
  await submitter.poll()
  const [transaction] = await store.openTransactions(2n, submitter.address)
  assert.equal(transaction?.state, 'pending')
  clock.advance(defaultTuning.rebroadcastMs)
  await submitter.poll()
  assert.equal(node.mine().length, 1)
})

test('too many on their way: the next waits', async () => {
  for (const n of [1, 2, 3, 4]) await deliver(n)
  const refused = await deliver(5)
  assert.equal(refused.status === 'refused' && refused.reason.code, 'WALLET_BUSY')
})

test('what is final is closed and not looked at again', async () => {
  await deliver(1)
  node.mine()
  await submitter.poll()
  node.final = 1n
  await submitter.poll()
  assert.equal((await store.openTransactions(2n, submitter.address)).length, 0)
})

// once, the ledger kept the form that the reorg had taken away, and the fees of its lane waited for that receipt for ever
test('a reorg between two looks that puts another form of a transaction into a block: the ledger says which one it was', async () => {
  await deliver(1)
  const [first] = [...node.pool.values()]
  node.mine()
  await submitter.poll()
  node.reorg(false)
  const [transaction] = await store.openTransactions(2n, submitter.address)
  assert.ok(first !== undefined && transaction !== undefined)
  // replaced before the reorg, as both forms were known to the network
  const [attempt] = transaction.attempts
  assert.ok(attempt !== undefined && attempt.hash === first.hash)
  const other = pad('0x0123')
  await store.addAttempt(transaction.id, { ...attempt, raw: '0x02', hash: other }, clock.now())
  node.pool.set(0, { ...first, hash: other })
  node.mine()
  node.final = 1n
  await submitter.poll()
  await submitter.poll()
  const closed = await store.transaction(transaction.id)
  assert.deepEqual([closed?.state, closed?.hash, closed?.success], ['final', other, true])
})

test('a reorg between two looks in which the key was used from outside: the transaction is lost, and never final', async () => {
  await deliver(1)
  node.mine()
  await submitter.poll()
  const [transaction] = await store.openTransactions(2n, submitter.address)
  node.reorg(true)
  node.useKeyOutside()
  node.final = 1n
  await submitter.poll()
  clock.advance(10 * defaultTuning.lostAfterMs - 1)
  await submitter.poll()
  assert.equal((await store.transaction(transaction?.id ?? 0))?.state, 'mined', 'the endpoint may be behind')
  clock.advance(1)
  await submitter.poll()
  await submitter.poll()
  assert.equal((await store.transaction(transaction?.id ?? 0))?.state, 'lost')
})

// once, the wallet stood for good: its nonce was taken by what no node takes, and everything after it waited
test('what no node takes after its first broadcast was lost is cancelled, and its message comes back', async () => {
  const dead: ChainContext['ports']['rpc'] = {
    async request(method, params) {
      if (method === 'eth_sendRawTransaction') throw new RpcTransportError('fake', method, 'no answer')
      return node.request(method, params)
    },
  }
  await deliver(1, createWallets({ ...chain(), ports: { rpc: dead } }, { store, clock, log: createLog('silent') }))
  const picky: ChainContext['ports']['rpc'] = {
    async request(method, params) {
      // CAST: Compass sends hex
      const taken = method !== 'eth_sendRawTransaction' || parseTransaction(params[0] as `0x${string}`).gas === 21_000n
      if (!taken) throw new RpcResponseError('fake', method, -32000, 'exceeds block gas limit', null)
      return node.request(method, params)
    },
  }
  const by = createWallets({ ...chain(), ports: { rpc: picky } }, { store, clock, log: createLog('silent') })
  for (let i = 0; i < 4; i++) {
    clock.advance(defaultTuning.rebroadcastMs)
    await by.poll()
  }
  assert.equal(node.mine().length, 1, 'its nonce is used')
  await by.poll()
  const message = await state(1)
  assert.deepEqual([message?.state, message?.reason?.code], ['provable', 'CANCELLED'])
})

// once, the gap was filled with a transaction of nothing for each nonce, and paid for
test('a nonce that an endpoint made up comes to nothing: what was signed for it goes out again under the one that is next', async () => {
  await deliver(1)
  node.mine()
  const lying: ChainContext['ports']['rpc'] = {
    request: async (method, params) =>
      method === 'eth_getTransactionCount' ? '0x9999' : await node.request(method, params),
  }
  await deliver(2, createWallets({ ...chain(), ports: { rpc: lying } }, { store, clock, log: createLog('silent') }))
  const by = restart()
  for (let i = 0; i < 5; i++) {
    clock.advance(defaultTuning.bumpAfterMs)
    await by.poll()
    node.mine()
  }
  assert.equal((await state(2))?.reason?.code, 'NONCE_GAP')
  const nonces = new Set(node.shown.map((raw) => parseTransaction(raw).nonce))
  assert.deepEqual(nonces, new Set([0, 0x9999]), 'nothing is paid for what is between')
  await deliver(3, by)
  assert.deepEqual([...node.pool.keys()].at(-1), 1)
})

test('the signed transaction is what was asked for', async () => {
  await deliver(1)
  const [raw] = node.shown
  assert.ok(raw !== undefined)
  const { chainId, to, gas, data, nonce } = parseTransaction(raw)
  assert.deepEqual({ chainId, to, gas, data, nonce }, { chainId: 2, to: mos, gas: 100_000n, data: '0x01', nonce: 0 })
  assert.equal((await store.openTransactions(2n, submitter.address))[0]?.attempts[0]?.hash, keccak256(raw))
})

test('a commit whose answer was lost took its nonce: the next transaction gets the one after it', async () => {
  const flaky: Store = {
    ...store,
    async reserve(reservation, at) {
      await store.reserve(reservation, at)
      throw new Error('the connection broke')
    },
  }
  const cut = createWallets(chain(), { store: flaky, clock, log: createLog('silent') })
  await assert.rejects(deliver(1, cut))
  flaky.reserve = store.reserve
  const next = await deliver(2, cut)
  assert.equal(next.status === 'sent' && next.transaction.nonce, 1)
})

test('a rollup’s fee for data counts into what a wallet must have', async () => {
  const oracle = pad('0x0f', { size: 20 })
  const asked: unknown[] = []
  const rollup: ChainContext = {
    ...chain(),
    ports: {
      rpc: {
        request(method, params) {
          if (method !== 'eth_call') return node.request(method, params)
          asked.push(params[0])
          return Promise.resolve(pad(numberToHex(node.balance)))
        },
      },
    },
    tuning: { ...chain().tuning, l1FeeOracle: oracle },
  }
  const by = createWallets(rollup, { store, clock, log: createLog('silent') })
  const refused = await deliver(1, by)
  assert.equal(refused.status === 'refused' && refused.reason.code, 'WALLET_EMPTY')
  assert.equal(asked.length, 1)
  assert.equal(node.pool.size, 0)
})
