/** The Parlia consensus as Compass uses it, on a chain in memory; what it builds is checked by the TypeScript rules. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { Hex } from 'viem'
import {
  applyUpdate,
  createParliaConsensus,
  initialState,
  type ParliaClientDetail,
  type ParliaState,
  verifyBlockProof,
} from '../src/parlia/index.ts'
import type { BlockProof, ClientState } from '../src/types.ts'
import {
  CHAIN_ID,
  createTestParliaChain,
  TEST_EPOCH_LENGTH as LENGTH,
  sorted,
  type TestParliaChain,
} from './parlia-chain.ts'

const DAY = 86_400n
const consensus = createParliaConsensus({ epochLength: LENGTH })

function chainUntil(number: bigint): TestParliaChain {
  const source = createTestParliaChain([
    { members: sorted([1, 2, 3, 4]), turnLength: 1 },
    { members: sorted([1, 2, 3, 4]), turnLength: 1 },
    { members: sorted([1, 2, 3, 5]), turnLength: 2 },
    { members: sorted([1, 2, 3, 5, 6]), turnLength: 1 },
  ])
  source.appendUntil(number)
  return source
}

function start(source: TestParliaChain, number = 24n): ParliaState {
  const header = source.header(number)
  return initialState(
    { chainId: CHAIN_ID, epochLength: LENGTH, policy: { trustingPeriod: DAY } },
    {
      number,
      timestamp: header.timestamp,
      hash: header.hash,
      set: source.setAt(20n),
      epochTimestamp: source.header(20n).timestamp,
      first: source.firstTarget(20n),
    },
  )
}

/** What `readClient` would read of a contract in this state. */
function clientOf(state: ParliaState): ClientState {
  const detail: ParliaClientDetail = {
    chainId: state.chainId,
    epochLength: state.length,
    trustingPeriod: state.trustingPeriod,
    clockDrift: state.clockDrift,
    epoch: state.epoch,
    end: state.end,
    sets: state.sets,
  }
  return {
    address: `0x${'11'.repeat(20)}`,
    kind: 'parlia',
    status: state.frozen ? 'frozen' : 'active',
    head: {
      number: state.number,
      timestamp: state.timestamp,
      hash: state.blocks.get(state.number) ?? `0x${'00'.repeat(32)}`,
    },
    expiresAt: state.timestamp + state.trustingPeriod,
    detail,
  }
}

const pointOf = (source: TestParliaChain, number: bigint) => source.header(number)
const nowOf = (source: TestParliaChain): bigint => source.header(source.head()).timestamp + 5n

function proven(state: ParliaState, proof: BlockProof, now: bigint): { hash: Hex; state: ParliaState } {
  assert.equal(proof.status, 'ready')
  if (proof.status !== 'ready') throw new Error('not ready')
  const after = proof.updates.reduce((next, update) => applyUpdate(next, update, now), state)
  return { hash: verifyBlockProof(after, proof.proof, now).hash, state: after }
}

test('the newest final block is the source of the newest adjacent votes', async () => {
  const source = chainUntil(30n)
  assert.equal((await consensus.finalized(source)).number, 28n)
  // Two blocks without votes, then votes that skip: nothing new is final.
  source.append({ voters: [] })
  source.append({ voters: [] })
  source.append()
  assert.equal((await consensus.finalized(source)).number, 28n)
  source.append()
  assert.equal((await consensus.finalized(source)).number, 32n)
})

test('every block is proven: by its own votes, by those above it, from the head, over epochs', async () => {
  const source = chainUntil(75n)
  const state = start(source)
  for (const number of [5n, 20n, 24n, 25n, 38n, 39n, 40n, 41n, 42n, 43n, 59n, 60n, 64n, 65n, 66n, 73n]) {
    const proof = await consensus.proveBlock(source, clientOf(state), pointOf(source, number), nowOf(source))
    assert.equal(proven(state, proof, nowOf(source)).hash, source.header(number).hash, `block ${number}`)
  }
})

test('a block whose own votes were skipped is proven through a later one', async () => {
  const source = chainUntil(30n)
  source.append({ voters: [] })
  source.append({ voters: [] })
  source.appendUntil(40n)
  const state = start(source)
  for (const number of [29n, 30n, 31n]) {
    const proof = await consensus.proveBlock(source, clientOf(state), pointOf(source, number), nowOf(source))
    assert.equal(proven(state, proof, nowOf(source)).hash, source.header(number).hash)
  }
})

test('a block without votes yet waits, so does one that is ahead of the clock', async () => {
  const source = chainUntil(30n)
  const client = clientOf(start(source))
  const wait = async (number: bigint, now = nowOf(source)) => {
    const proof = await consensus.proveBlock(source, client, pointOf(source, number), now)
    return proof.status === 'waiting' ? proof.reason.code : proof.status
  }
  assert.equal(await wait(29n), 'NOT_FINAL')
  assert.equal(await wait(28n), 'ready')
  assert.equal(await wait(28n, source.header(28n).timestamp - 61n), 'CLOCK_BEHIND')
  assert.equal(await wait(28n, client.expiresAt), 'CLIENT_UNUSABLE')
  const frozen = await consensus.proveBlock(
    source,
    { ...client, status: 'frozen' },
    pointOf(source, 28n),
    nowOf(source),
  )
  assert.equal(frozen.status, 'waiting')
})

test('maintenance follows once the client is far behind or its period runs down, in as few updates as fit', async () => {
  const source = chainUntil(200n)
  const state = start(source)
  const now = nowOf(source)
  assert.equal((await consensus.maintain(source, clientOf(state), now)).length, 1)
  const updates = await consensus.maintain(source, clientOf(state), now)
  const after = updates.reduce((next, update) => applyUpdate(next, update, now), state)
  assert.equal(after.epoch, 180n)
  assert.equal(after.number, 198n)
  assert.deepEqual(await consensus.maintain(source, clientOf(after), now), [])
  // One epoch behind waits for a message or for the period.
  const near = chainUntil(50n)
  assert.deepEqual(await consensus.maintain(near, clientOf(start(near)), nowOf(near)), [])
  const client = clientOf(start(near))
  const late = await consensus.maintain(near, client, client.expiresAt - DAY / 4n)
  assert.equal(late.length, 1)
})

test('a node that serves other votes, another block or another set is caught before anything is sent', async () => {
  const source = chainUntil(32n)
  const client = clientOf(start(source))
  const lying = (change: (block: Record<string, unknown>) => unknown) => ({
    rpc: {
      async request(method: string, params: readonly unknown[]) {
        const answer = await source.rpc.request(method, params)
        return method === 'eth_getBlockByNumber' && answer !== null ? change(answer as Record<string, unknown>) : answer // CAST: a block
      },
    },
  })
  const altered = lying((block) => ({ ...block, receiptsRoot: `0x${'22'.repeat(32)}` }))
  await assert.rejects(consensus.proveBlock(altered, client, pointOf(source, 28n), nowOf(source)), {
    code: 'PARLIA_NODE_ANSWER',
  })
  const other = { ...pointOf(source, 28n), hash: `0x${'33'.repeat(32)}` } as const
  await assert.rejects(consensus.proveBlock(source, client, other, nowOf(source)), { code: 'PARLIA_NODE_ANSWER' })
  const strange = {
    ...client,
    detail: { ...(client.detail as ParliaClientDetail), sets: new Map([[20n, other.hash]]) },
  } // CAST: as made above
  await assert.rejects(consensus.proveBlock(source, strange, pointOf(source, 28n), nowOf(source)), {
    code: 'PARLIA_CLIENT_MISMATCH',
  })
})
