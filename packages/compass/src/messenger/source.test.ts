import assert from 'node:assert/strict'
import { beforeEach, test } from 'node:test'
import { hasCode } from '@meridian/core'
import { keccak256 } from 'viem'
import { createLog } from '../log.ts'
import type { Store } from '../store/types.ts'
import { createFakeClock } from '../testing/fake-node.ts'
import { createFakeSource, type FakeSource } from '../testing/fake-source.ts'
import { useStore } from '../testing/test-store.ts'
import { defaultTuning } from '../tuning.ts'
import { createSource, type Source } from './source.ts'

const current = useStore()
let node: FakeSource
let store: Store
let source: Source
let clock: ReturnType<typeof createFakeClock>

/** A source as after a start. */
function restart(): Source {
  const chain = {
    id: 1n,
    name: 'one',
    consensus: node.consensus,
    ports: { rpc: node },
    mos: node.mos,
    startBlock: 1n,
    signer: null,
    payee: null,
    claims: null,
    tuning: { ...defaultTuning, maxSpan: 3n },
  }
  return createSource(chain, [2n], { store, clock, log: createLog('silent') })
}

beforeEach(() => {
  node = createFakeSource()
  store = current()
  clock = createFakeClock()
  source = restart()
})

const ids = async (state: 'seen' | 'final'): Promise<readonly string[]> =>
  (await store.inState(1n, state, 100)).map(({ orderId }) => orderId)

test('messages are seen up to the head in order and final when their chain says so, over restarts', async () => {
  const sent = [0, 2, 1, 0, 3, 1].flatMap((count) => [...node.mine(count)])
  await source.step()
  assert.deepEqual(await ids('seen'), sent)
  node.final = 3n
  source = restart()
  await source.step()
  assert.deepEqual(await ids('final'), sent.slice(0, 3))
  assert.equal((await store.cursor(1n, node.mos))?.number, 6n)
})

test('a reorg forgets what was only seen, keeps what is final, and reads the new blocks', async () => {
  const kept = node.mine(1)
  node.final = 1n
  await source.step()
  node.mine(2)
  await source.step()
  node.reorg(1)
  const [fresh] = node.mine(1)
  await source.step()
  assert.deepEqual(await ids('final'), kept)
  assert.deepEqual(await ids('seen'), [fresh])
})

test('a final block that is another one now is an alarm, and nothing is forgotten', async () => {
  const kept = node.mine(1)
  node.mine(0)
  node.final = 2n
  await source.step()
  node.reorg(2)
  await assert.rejects(source.step(), (e) => hasCode(e, 'FINALITY_VIOLATION'))
  assert.deepEqual(await ids('final'), kept)
})

// CO-7
test('an endpoint that leaves out a log in the middle or at the end is not believed, and the cursor stays', async () => {
  const [, second, third] = node.mine(3)
  assert.ok(second !== undefined && third !== undefined)
  node.hidden.add(second)
  await assert.rejects(source.step(), (e) => hasCode(e, 'INCOMPLETE_LOGS'))
  assert.equal(await store.cursor(1n, node.mos), null)
  node.hidden.clear()
  node.hidden.add(third)
  await assert.rejects(source.step(), (e) => hasCode(e, 'INCOMPLETE_LOGS'))
  node.hidden.clear()
  await source.step()
  assert.equal((await ids('seen')).length, 3)
})

// once, a lane of which nothing had been seen yet was not counted, so its first message could be withheld
test('the first message of a lane cannot be left out either', async () => {
  const [only] = node.mine(1)
  assert.ok(only !== undefined)
  node.hidden.add(only)
  await assert.rejects(source.step(), (e) => hasCode(e, 'INCOMPLETE_LOGS'))
})

// once, what was kept back before the last count was never read again, and the chain stood still for the hole it left
test('a log that was kept back before the last count is found by going back further', async () => {
  const sent = [...node.mine(1), ...node.mine(1), ...node.mine(1)]
  await source.step()
  // it turned out that the endpoint had told of another message in the place of the second
  const logs = { logChain: 1n, emitter: node.mos, fromChain: 1n, blockNumber: 3n }
  assert.equal(await store.correct(logs, [], 1), 1)
  sent.push(...node.mine(1))
  for (let tries = 0; tries < 2; tries += 1) {
    await assert.rejects(source.step(), (e) => hasCode(e, 'INCOMPLETE_LOGS'))
    clock.advance(60_000)
  }
  await source.step()
  assert.deepEqual(await ids('seen'), sent)
})

// once, the only way on was to edit the database
test('a final point that an endpoint made up is asked for anew when an operator says so', async () => {
  const [first, second, third] = [node.mine(1), node.mine(1), node.mine(1)].flat()
  node.final = 2n
  await source.step()
  const read = await store.cursor(1n, node.mos)
  assert.ok(read !== null)
  const poisoned = { ...read, final: { number: 2n, hash: keccak256('0xbad0') } }
  await store.commitScan(1n, node.mos, poisoned, [], 1)
  node.reorg(1)
  node.mine(0)
  await assert.rejects(source.step(), (e) => hasCode(e, 'FINALITY_VIOLATION'))
  assert.equal(await store.askReread(1n, 99n), false, 'nothing was read there')
  assert.equal(await store.askReread(2n, 1n), false, 'nor of another chain')
  assert.equal(await store.askReread(1n, 2n), true)
  assert.equal(await store.askReread(1n, 3n), true, 'the earlier of two wishes holds')
  source = restart()
  clock.advance(60_000)
  await source.step()
  assert.deepEqual(await ids('final'), [first, second])
  assert.deepEqual((await ids('seen')).includes(third ?? ''), false, 'its block is gone')
  const cursor = await store.cursor(1n, node.mos)
  assert.deepEqual([cursor?.rereadFrom, cursor?.final?.number], [null, 2n])
  assert.notEqual(cursor?.final?.hash, poisoned.final.hash)
})

test('an endpoint that is behind says nothing: the cursor does not go back', async () => {
  node.mine(1)
  node.mine(1)
  await source.step()
  node.behind = 2
  await source.step()
  assert.equal((await store.cursor(1n, node.mos))?.number, 2n)
  assert.equal((await ids('seen')).length, 2)
})

// once, nothing said so: no message was seen any more, and the source, its lanes and the readiness were well
test('a chain that stays behind what was read of it is no chain that is quiet: it is told as trouble', async () => {
  node.mine(1)
  node.mine(1)
  await source.step()
  node.behind = 2
  clock.advance(59_999)
  await source.step()
  clock.advance(1)
  await source.step()
  clock.advance(60_000)
  await assert.rejects(source.step(), (e) => hasCode(e, 'HEAD_BEHIND') && /block 0, .* block 2/.test(e.message))
  node.behind = 0
  await source.step()
  node.behind = 1
  await source.step()
})

test('a quiet block costs a look at the head, one at the logs and one at the counter', async () => {
  node.mine(1)
  await source.step()
  node.mine(0)
  node.calls.length = 0
  await source.step()
  assert.deepEqual(node.calls, ['eth_getBlockByNumber', 'eth_getLogs', 'eth_call'])
  node.calls.length = 0
  await source.step()
  assert.deepEqual(node.calls, ['eth_getBlockByNumber'])
})

test('a block whose header rules a message out costs a look at the head alone', async () => {
  node.blooms = 'true'
  node.mine(1)
  await source.step()
  node.calls.length = 0
  node.mine(0)
  await source.step()
  assert.deepEqual(node.calls, ['eth_getBlockByNumber'])
  const [next] = node.mine(1)
  await source.step()
  assert.ok((await ids('seen')).includes(next ?? '0x'))
})

// once, the block was behind the cursor by then, and its message was never read
test('a header that hides its messages is found out by the counters, and the block is read after all', async () => {
  node.blooms = 'empty'
  await source.step()
  const [hidden] = node.mine(1)
  await source.step()
  assert.deepEqual(await ids('seen'), [], 'it is believed for a while')
  node.mine(0)
  clock.advance(300_000)
  await assert.rejects(source.step(), (e) => hasCode(e, 'INCOMPLETE_LOGS'))
  await source.step()
  assert.deepEqual(await ids('seen'), [hidden])
  // the same with a Compass that was started in between, and so does not know how far it had searched
  node.mine(0)
  await source.step()
  const [other] = node.mine(1)
  await source.step()
  source = restart()
  node.mine(0)
  await assert.rejects(source.step(), (e) => hasCode(e, 'INCOMPLETE_LOGS'))
  await source.step()
  assert.deepEqual(await ids('seen'), [hidden, other])
})
