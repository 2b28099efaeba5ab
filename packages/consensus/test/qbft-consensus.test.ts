/** The QBFT consensus against chains in memory, honest and lying ones. */
import assert from 'node:assert/strict'
import { existsSync, readFileSync } from 'node:fs'
import { dirname, resolve } from 'node:path'
import { test } from 'node:test'
import { fileURLToPath } from 'node:url'
import fc from 'fast-check'
import { type Hex, zeroAddress } from 'viem'
import {
  anchorOfHeader,
  applyUpdate,
  createQbftSource,
  headersBetween,
  initialState,
  parseHeaderFile,
  parseQbftHeader,
  parseValidators,
  type QbftHeader,
  type QbftState,
  qbftConsensus,
  quorum,
  sealHeader,
  seatedSeals,
  signSeal,
  validatorAddress,
  verifyBlockProof,
} from '../src/qbft/index.ts'
import type { ClientState, RpcPort } from '../src/types.ts'
import { createTestQbftChain, keyOf, makeBlock, sortedKeys, type TestQbftChain } from './qbft-chain.ts'

const DAY = 86_400n
const DRIFT = 60n

/** What `readClient` would say of a contract in this state. */
function clientOf(state: QbftState, now: bigint): ClientState {
  const expiresAt = state.timestamp + state.trustingPeriod
  return {
    address: zeroAddress,
    kind: 'qbft',
    status: state.frozen ? 'frozen' : now < expiresAt ? 'active' : 'expired',
    head: {
      number: state.number,
      timestamp: state.timestamp,
      hash: state.blocks.get(state.number) ?? `0x${'00'.repeat(32)}`,
    },
    expiresAt,
    detail: {
      chainId: 1n,
      trustingPeriod: state.trustingPeriod,
      clockDrift: state.clockDrift,
      ranges: state.ranges.map((range, index) => ({ ...range, index })),
    },
  }
}

const start = (header: QbftHeader): QbftState => initialState(anchorOfHeader(header), DAY, DRIFT)
const point = ({ number, timestamp, hash }: QbftHeader) => ({ number, timestamp, hash })
const grow = (chain: TestQbftChain, count: number, plan: Parameters<TestQbftChain['append']>[0] = {}) => {
  for (let i = 0; i < count; i++) chain.append(plan)
}

/** Proves a block as Compass does, and takes the updates and the proof as the contract does. */
async function deliver(chain: TestQbftChain, state: QbftState, number: bigint, now: bigint): Promise<QbftState> {
  const header = chain.header(number)
  const result = await qbftConsensus.proveBlock({ rpc: chain.rpc }, clientOf(state, now), point(header), now)
  assert.ok(result.status === 'ready', `block ${number} waits`)
  const next = result.updates.reduce((before, data) => applyUpdate(before, data, now), state)
  assert.equal(verifyBlockProof(next, result.proof, now).hash, header.hash)
  return next
}

test('every block of a chain that votes at random can be proven, in any order', async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.array(fc.record({ blocks: fc.integer({ min: 1, max: 5 }), member: fc.integer({ min: 1, max: 7 }) }), {
        maxLength: 6,
      }),
      fc.array(fc.nat(), { minLength: 1, maxLength: 6 }),
      async (votes, order) => {
        let members = [1, 2, 3, 4]
        const chain = createTestQbftChain(sortedKeys(members))
        let length = 1n
        for (const { blocks, member } of votes) {
          const next = members.includes(member) ? members.filter((other) => other !== member) : [...members, member]
          if (next.length > 0) members = next
          grow(chain, blocks, { set: sortedKeys(members) })
          length += BigInt(blocks)
        }
        const now = chain.header(length - 1n).timestamp + 10n
        let state = start(chain.header(0n))
        for (const pick of order) state = await deliver(chain, state, BigInt(pick) % length, now)
      },
    ),
    { numRuns: 10 },
  )
})

test('steady state: one block is read, nothing is updated, only a quorum of seals is sent', async () => {
  const chain = createTestQbftChain(sortedKeys([1, 2, 3, 4]))
  grow(chain, 40, { signers: sortedKeys([1, 2, 3, 4]) })
  const now = chain.header(40n).timestamp
  const before = chain.requests()
  const client = clientOf(start(chain.header(0n)), now)
  const proof = await qbftConsensus.proveBlock({ rpc: chain.rpc }, client, point(chain.header(40n)), now)
  assert.ok(proof.status === 'ready')
  assert.deepEqual(proof.updates, [])
  assert.equal(chain.requests() - before, 1)
  assert.equal(verifyBlockProof(start(chain.header(0n)), proof.proof, now).participation, 7500n)
})

test('set changes are found by halving, not by reading every block', async () => {
  const chain = createTestQbftChain(sortedKeys([1, 2, 3, 4]))
  grow(chain, 64)
  grow(chain, 1, { set: sortedKeys([1, 2, 3, 4, 5]) })
  grow(chain, 63, { set: sortedKeys([1, 2, 3, 4, 5, 6]) })
  const before = chain.requests()
  await deliver(chain, start(chain.header(0n)), 128n, chain.header(128n).timestamp)
  assert.ok(chain.requests() - before < 20)
})

test('what cannot be proven yet says why', async () => {
  const chain = createTestQbftChain(sortedKeys([1, 2, 3, 4]))
  grow(chain, 5)
  const state = start(chain.header(1n))
  const block = point(chain.header(5n))
  const prove = (client: ClientState, now: bigint, wanted = block) =>
    qbftConsensus.proveBlock({ rpc: chain.rpc }, client, wanted, now)
  const waits = (code: string) => (result: Awaited<ReturnType<typeof prove>>) =>
    assert.equal(result.status === 'waiting' ? result.reason.code : 'ready', code)
  const now = block.timestamp
  waits('NOT_FINAL')(await prove(clientOf(state, now), now, { ...block, number: 6n }))
  waits('CLOCK_BEHIND')(await prove(clientOf(state, now - DRIFT - 1n), now - DRIFT - 1n))
  waits('ready')(await prove(clientOf(state, now - DRIFT), now - DRIFT))
  waits('CLIENT_UNUSABLE')(await prove(clientOf({ ...state, frozen: true }, now), now))
  waits('CLIENT_UNUSABLE')(await prove(clientOf(state, now + DAY), now + DAY))
  waits('ready')(await prove(clientOf(state, now + DAY), now + DAY, point(chain.header(1n))))
  waits('ready')(await prove(clientOf(state, now + DAY), now + DAY, point(chain.header(0n))))
})

test('a node that lies is caught before anything is sent', async () => {
  const chain = createTestQbftChain(sortedKeys([1, 2, 3, 4]))
  grow(chain, 5)
  const now = chain.header(5n).timestamp
  const client = clientOf(start(chain.header(1n)), now)
  const lying = (change: (block: Record<string, unknown>) => unknown): RpcPort => ({
    async request(method, params) {
      if (method === 'debug_getRawHeader') throw new Error('not served')
      const block = await chain.rpc.request(method, params)
      return change({ ...(block as Record<string, unknown>) }) // CAST: the test's own blocks
    },
  })
  const refused = (rpc: RpcPort, code: string) =>
    assert.rejects(qbftConsensus.proveBlock({ rpc }, client, point(chain.header(5n)), now), { code })
  const forged = makeBlock({ number: 5n, set: sortedKeys([1, 2, 3, 4]), salt: 'forged' }).block
  const unsealed = makeBlock({ number: 5n, set: sortedKeys([1, 2, 3, 4]), signers: sortedKeys([1, 2]) })
  await refused(
    lying((block) => ({ ...block, stateRoot: `0x${'11'.repeat(32)}` })),
    'QBFT_NODE_ANSWER',
  )
  await refused(
    lying((block) => ({ ...block, timestamp: '0x1' })),
    'QBFT_NODE_ANSWER',
  )
  await refused(
    lying(() => forged),
    'QBFT_NODE_ANSWER',
  )
  await refused(
    lying(() => ({ ...forged, number: '0x6' })),
    'QBFT_NODE_ANSWER',
  )
  await refused(
    lying(() => 'gibberish'),
    'QBFT_NODE_ANSWER',
  )
  await refused(
    lying((block) => ({ ...block, extraData: '0x' })),
    'RLP_OUT_OF_BOUNDS',
  )
  await assert.rejects(
    qbftConsensus.proveBlock({ rpc: lying(() => unsealed.block) }, client, point(unsealed.header), now),
    { code: 'QBFT_NODE_ANSWER' },
  )
  await assert.rejects(qbftConsensus.finalized({ rpc: lying(() => unsealed.block) }), { code: 'QBFT_NODE_ANSWER' })
})

test('a chain that is not the one the client follows is told apart', async () => {
  const followed = createTestQbftChain(sortedKeys([1, 2, 3, 4]))
  const other = createTestQbftChain(sortedKeys([1, 2, 3]))
  grow(followed, 3)
  grow(other, 3)
  grow(other, 3, { set: sortedKeys([1, 2, 5]) })
  const now = other.header(6n).timestamp
  await assert.rejects(
    qbftConsensus.proveBlock(
      { rpc: other.rpc },
      clientOf(start(followed.header(2n)), now),
      point(other.header(6n)),
      now,
    ),
    { code: 'QBFT_CLIENT_MISMATCH' },
  )
})

test('validators replaced at once stop the lane with their height', async () => {
  const chain = createTestQbftChain(sortedKeys([1, 2, 3, 4]))
  grow(chain, 9)
  grow(chain, 9, { set: sortedKeys([1, 2, 3, 7]) })
  await assert.rejects(headersBetween(createQbftSource(chain.rpc), chain.header(2n), chain.header(15n)), {
    code: 'QBFT_SET_JUMP',
    context: {
      number: 10n,
      expected: sortedKeys([1, 2, 3, 4]).map(validatorAddress),
      given: sortedKeys([1, 2, 3, 7]).map(validatorAddress),
    },
  })
})

test('maintain updates for a vote and when the trusting period runs down, and else saves the gas', async () => {
  const chain = createTestQbftChain(sortedKeys([1, 2, 3, 4]))
  grow(chain, 5)
  const state = start(chain.header(1n))
  const maintain = (now: bigint) => qbftConsensus.maintain({ rpc: chain.rpc }, clientOf(state, now), now)
  const due = state.timestamp + (DAY * 2n) / 3n
  assert.equal((await maintain(due - 1n)).length, 0)
  assert.equal((await maintain(due)).length, 1)
  assert.equal((await maintain(state.timestamp + DAY)).length, 0)
  grow(chain, 1, { set: sortedKeys([1, 2, 3, 4, 5]) })
  const now = chain.header(6n).timestamp
  const [data] = await maintain(now)
  assert.equal(applyUpdate(state, data ?? '0x', now).ranges.length, 2)
})

test('a header has its three forms, whatever form it comes in', () => {
  fc.assert(
    fc.property(
      fc.integer({ min: 0, max: 0xffffffff }),
      fc.integer({ min: 1, max: 9 }),
      fc.boolean(),
      (round, size, forks) => {
        const set = sortedKeys(Array.from({ length: size }, (_, i) => i))
        const { header, served } = makeBlock({ number: 7n, set, round, forks })
        assert.equal(header.round, round)
        assert.equal(seatedSeals(header).length, quorum(size))
        assert.equal(parseQbftHeader(header.sealForm).hash, header.hash)
        assert.equal(parseQbftHeader(header.sealForm).digest, header.digest)
        assert.equal(parseQbftHeader(header.hashForm).digest, header.hash)
        assert.equal(sealHeader(header.hashForm, set.slice(0, quorum(size)), round), served)
      },
    ),
    { numRuns: 40 },
  )
})

test('seals that do not count are left out: strangers, doubles, no signatures', () => {
  const set = sortedKeys([1, 2, 3, 4])
  const { header } = makeBlock({ number: 7n, set })
  const seals: Hex[] = [
    ...header.seals,
    ...header.seals,
    signSeal(header.digest, keyOf(9)),
    `0x${'00'.repeat(65)}`,
    `0x${'ff'.repeat(65)}`,
  ]
  assert.deepEqual(
    seatedSeals({ ...header, seals: [...seals].reverse() }).map(({ seat }) => seat),
    [0, 1, 2],
  )
})

test('validators and headers are read from what people have', () => {
  const { header, served, block } = makeBlock({ number: 7n, set: sortedKeys([1, 2, 3, 4]) })
  const shouted = header.validators.map((address) => `0x${address.slice(2).toUpperCase()}`).reverse()
  for (const text of [
    shouted.join(','),
    `${shouted.join('\n')}\n`,
    JSON.stringify(shouted),
    JSON.stringify({ validators: shouted }),
    JSON.stringify({ jsonrpc: '2.0', id: 1, result: shouted }),
  ])
    assert.deepEqual(parseValidators(text), header.validators)
  for (const text of [
    served,
    ` ${served}\n`,
    JSON.stringify(served),
    JSON.stringify({ rlpAsSealed: served }),
    JSON.stringify({ result: served }),
    JSON.stringify(block),
    JSON.stringify({ jsonrpc: '2.0', id: 1, result: block }),
  ])
    assert.equal(parseHeaderFile(text).hash, header.hash)
  const input = { code: 'QBFT_INPUT' }
  for (const text of ['', '[]', '{}', '{', 'nobody', `${shouted[0]},${shouted[0]}`, zeroAddress, '[1]'])
    assert.throws(() => parseValidators(text), input, text)
  for (const text of [
    '',
    '0x',
    '0xf9',
    '{}',
    '[',
    'null',
    served.slice(0, -2),
    JSON.stringify({ ...block, nonce: '0x01' }),
  ])
    assert.throws(() => parseHeaderFile(text), input, text)
  for (const text of ['{', '0xf9', '{}'])
    assert.throws(
      () => parseHeaderFile(text),
      (error) => error instanceof Error && !error.message.includes('\n'),
    )
})

const repository = dirname(dirname(dirname(dirname(fileURLToPath(import.meta.url)))))
const fixture = resolve(
  repository,
  process.env.MERIDIAN_FIXTURES ?? '../shared/fixtures',
  'qbft-ibft/besu_qbft_header_7528.json',
)
const skip = existsSync(fixture) ? false : `no real chain data at ${fixture} (MERIDIAN_FIXTURES)`

test('a real Besu header: digest, block hash, validators and signers', { skip }, () => {
  const text = readFileSync(fixture, 'utf8')
  const expected = JSON.parse(text)
  const header = parseHeaderFile(text)
  assert.equal(header.digest, expected.commitHash)
  assert.equal(header.hash, expected.blockHash)
  assert.deepEqual(header.validators, expected.validators)
  assert.equal(header.round, 1)
  assert.deepEqual(
    seatedSeals(header).map(({ seat }) => header.validators[seat]),
    expected.recovered.toSorted(),
  )
})
