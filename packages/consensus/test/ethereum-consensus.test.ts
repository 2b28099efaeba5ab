import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { hasCode } from '@meridian/core'
import type { Hex } from 'viem'
import {
  beaconHeaderRoot,
  blockSummaryGindex,
  branchOfNode,
  createEthereumConsensus,
  encodeBlockProof,
  encodeUpdate,
  initializeLightClientStore,
  type LightClientStore,
  periodAtSlot,
  processLightClientUpdate,
  timeAtSlot,
  type Update,
  verifyBranch,
} from '../src/ethereum/index.ts'
import type { BlockPoint, BlockProof } from '../src/types.ts'
import {
  committeeOf,
  createTestChain,
  executionOf,
  type TestBlock,
  type TestChain,
  testNetwork,
} from './ethereum-chain.ts'
import {
  createBeaconNode,
  createClientChain,
  createExecutionNode,
  type NodeOptions,
  NotFound,
} from './ethereum-node.ts'

const network = testNetwork('minimal', [['fulu', 0n]])
const consensus = createEthereumConsensus({ network })
const ADDRESS = '0x00000000000000000000000000000000000000c1'
const TRUSTING_PERIOD = 50_000n
const PERIOD = 64n

/** One chain over periods 2 to 5: a finalized and an attested block in each, all as old as an update needs. */
function createScene() {
  const chain = createTestChain(network)
  const start = chain.add(2n * PERIOD + 8n)
  const early = chain.add(2n * PERIOD + 13n)
  const finalized: TestBlock[] = []
  const updates = new Map<bigint, Update>()
  for (let period = 2n; period <= 5n; period++) {
    // A window of block_roots ends with each period here, and the state at that slot holds all of it.
    if (period > 2n) chain.add(period * PERIOD)
    const final = chain.add(period * PERIOD + 24n)
    const attested = chain.add(period * PERIOD + 40n, final)
    finalized.push(final)
    updates.set(period, chain.update(attested, final, { withNext: true, absent: [3, 4, 30] }))
  }
  return { chain, start, early, finalized, updates }
}
const scene = createScene()
const store = initializeLightClientStore(scene.chain.bootstrap(scene.start), network)

function finalityOf(period: bigint): Update {
  const update = scene.updates.get(period)
  assert.ok(update)
  const { nextSyncCommittee: _, ...rest } = update
  return rest
}

function pointOf(block: TestBlock): BlockPoint {
  const { blockNumber, timestamp, blockHash } = block.lightClientHeader.execution
  return { number: blockNumber, timestamp, hash: blockHash }
}

function portsOf(options: NodeOptions, chain: TestChain = scene.chain) {
  const beacon = createBeaconNode(chain, options)
  return { rpc: createExecutionNode(chain), beacon }
}

function clientOf(of: LightClientStore, status = 0) {
  return consensus.readClient(createClientChain(network, of, { trustingPeriod: TRUSTING_PERIOD, status }), ADDRESS)
}

/** Three members are absent in each update of the scene: enough that its aggregate is to be kept. */
const KEEP = { keep: true }

const LATE = timeAtSlot(network, 6n * PERIOD)

async function prove(block: TestBlock, options: NodeOptions, from: LightClientStore = store, now = LATE) {
  return consensus.proveBlock(portsOf(options), await clientOf(from), pointOf(block), now)
}

function ready(proof: BlockProof): { updates: readonly Hex[]; proof: Hex } {
  assert.equal(
    proof.status,
    'ready',
    JSON.stringify(proof, (_, v) => (typeof v === 'bigint' ? String(v) : v)),
  )
  return proof.status === 'ready' ? proof : { updates: [], proof: '0x' }
}

function lastBlock(): TestBlock {
  const block = scene.finalized.at(-1)
  assert.ok(block)
  return block
}

describe('readClient', () => {
  it('reads every view and the committees that may sign', async () => {
    const client = await clientOf(store)
    assert.equal(client.status, 'active')
    assert.equal(client.head.number, scene.start.header.slot)
    assert.equal(client.head.hash, scene.start.root)
    assert.equal(client.expiresAt, timeAtSlot(network, client.head.number) + TRUSTING_PERIOD)
  })

  it('refuses a client of another chain', async () => {
    const other = { ...network, chainId: 5n }
    const target = createClientChain(other, store, { trustingPeriod: TRUSTING_PERIOD })
    await assert.rejects(consensus.readClient(target, ADDRESS), (e) => hasCode(e, 'CLIENT_MISMATCH'))
  })

  it('says that nothing is deployed there', async () => {
    const empty = { request: async (method: string) => (method === 'eth_blockNumber' ? '0x1' : '0x') }
    await assert.rejects(consensus.readClient(empty, ADDRESS), (e) => hasCode(e, 'CLIENT_MISMATCH'))
  })
})

describe('finalized', () => {
  it('is the execution block of the newest finality', async () => {
    const point = await consensus.finalized(portsOf({ finality: finalityOf(2n) }))
    assert.deepEqual(point, pointOf(scene.finalized[0] ?? scene.start))
  })

  it('asks for a beacon endpoint', async () => {
    const { rpc } = portsOf({})
    await assert.rejects(consensus.finalized({ rpc }), (e) => hasCode(e, 'PORT_MISSING'))
  })
})

describe('proveBlock', () => {
  it('proves the head itself without an update', async () => {
    const { updates, proof } = ready(await prove(scene.start, {}))
    assert.deepEqual(updates, [])
    assert.equal(proof.slice(0, 4), '0x00')
    assert.ok(proof.endsWith(scene.start.executionRlp.slice(2)))
  })

  it('proves the finalized block of a new update, with the update', async () => {
    const block = scene.finalized[0]
    assert.ok(block)
    const finality = finalityOf(2n)
    const { updates, proof } = ready(await prove(block, { finality }))
    assert.deepEqual(updates, [encodeUpdate(finality, committeeOf(network, 2n), KEEP)])
    assert.equal(proof.slice(0, 4), '0x00')
  })

  for (const serves of ['proofs', 'ssz'] as const)
    it(`reaches an older block through block_roots, from a node that serves ${serves}`, async () => {
      const final = scene.finalized[0]
      assert.ok(final)
      const { proof } = ready(await prove(scene.early, { finality: finalityOf(2n), serves }))
      const { slot } = scene.early.header
      const expected = encodeBlockProof({
        finalized: final.header,
        ancestor: { header: scene.early.header, blockRootBranch: scene.chain.blockRootBranch(final, slot) },
        blockHashBranch: scene.chain.blockHashBranch(scene.early),
        executionHeader: scene.early.executionRlp,
      })
      assert.equal(proof, expected)
    })

  for (const serves of ['proofs', 'ssz'] as const)
    it(`reaches a block of any age through historical_summaries, from a node that serves ${serves}`, async () => {
      const { slot } = scene.early.header
      const last = lastBlock()
      assert.ok(last.header.slot > slot + 2n * PERIOD)
      const options = { finality: finalityOf(5n), updates: scene.updates, serves }
      const { proof } = ready(await prove(scene.early, options))
      const end = scene.chain.blocks.get(3n * PERIOD)
      assert.ok(end)
      const blockRootBranch = [
        ...scene.chain.blockRootBranch(end, slot).slice(0, 6),
        ...branchOfNode(last.stateNode, blockSummaryGindex('fulu', 2n)).branch,
      ]
      verifyBranch({
        code: 'BRANCH_BLOCK_ROOTS',
        gindex: blockSummaryGindex('fulu', 2n) * PERIOD + (slot % PERIOD),
        leaf: scene.early.root,
        branch: blockRootBranch,
        root: last.header.stateRoot,
      })
      assert.equal(
        proof,
        encodeBlockProof({
          finalized: last.header,
          ancestor: { header: scene.early.header, blockRootBranch, summary: 2n },
          blockHashBranch: scene.chain.blockHashBranch(scene.early),
          executionHeader: scene.early.executionRlp,
        }),
      )
    })

  it('waits where the node has no state at the end of the window', async () => {
    const tamper = (path: string, answer: unknown) => {
      if (path.includes(`/state/${3n * PERIOD}`)) throw new NotFound(path)
      return answer
    }
    const proof = await prove(scene.early, { finality: finalityOf(5n), updates: scene.updates, tamper })
    assert.equal(proof.status === 'waiting' && proof.reason.code, 'UPDATE_NOT_SERVED')
  })

  it('brings every committee in between where the client is periods behind', async () => {
    const { updates } = ready(await prove(lastBlock(), { finality: finalityOf(5n), updates: scene.updates }))
    const expected = [2n, 3n, 4n].map((period) => {
      const update = scene.updates.get(period)
      assert.ok(update)
      return encodeUpdate(update, committeeOf(network, period), KEEP)
    })
    assert.deepEqual(updates, [...expected, encodeUpdate(finalityOf(5n), committeeOf(network, 5n), KEEP)])
  })

  it('waits for finality, for the clock, for updates that nobody serves', async () => {
    const finality = finalityOf(2n)
    const late = await prove(lastBlock(), { finality })
    assert.deepEqual(late, {
      status: 'waiting',
      reason: {
        code: 'NOT_FINAL',
        finalized: executionOf(finality.finalizedHeader).blockNumber,
        wanted: pointOf(lastBlock()).number,
      },
    })
    const early = timeAtSlot(network, finality.signatureSlot) - 1n
    const behind = await prove(scene.early, { finality }, store, early)
    assert.deepEqual(behind, {
      status: 'waiting',
      reason: { code: 'CLOCK_BEHIND', earliest: early + 1n, now: early },
    })
    const unserved = await prove(lastBlock(), { finality: finalityOf(5n) })
    assert.equal(unserved.status === 'waiting' && unserved.reason.code, 'UPDATE_NOT_SERVED')
    const pruned = await prove(scene.early, { finality, serves: 'nothing old' })
    assert.equal(pruned.status === 'waiting' && pruned.reason.code, 'UPDATE_NOT_SERVED')
  })

  it('waits where fewer than two thirds signed', async () => {
    const attested = scene.chain.blocks.get(2n * PERIOD + 40n)
    const final = scene.finalized[0]
    assert.ok(attested && final)
    const absent = Array.from({ length: 11 }, (_, i) => i)
    const finality = scene.chain.update(attested, final, { absent })
    const proof = await prove(final, { finality })
    assert.equal(proof.status === 'waiting' && proof.reason.code, 'UPDATE_NOT_SERVED')
  })

  it('takes nothing from a frozen client, and only what is stored from an expired one', async () => {
    const options = { finality: finalityOf(2n) }
    const frozen = await consensus.proveBlock(portsOf(options), await clientOf(store, 2), pointOf(scene.start), LATE)
    assert.deepEqual(frozen, { status: 'waiting', reason: { code: 'CLIENT_UNUSABLE', status: 'frozen' } })
    const expired = await clientOf(store, 1)
    const newer = await consensus.proveBlock(portsOf(options), expired, pointOf(scene.early), LATE)
    assert.deepEqual(newer, { status: 'waiting', reason: { code: 'CLIENT_UNUSABLE', status: 'expired' } })
    ready(await consensus.proveBlock(portsOf(options), expired, pointOf(scene.start), LATE))
  })

  it('finds the execution block of a reorganised slot out', async () => {
    const point = { ...pointOf(scene.early), hash: scene.start.rpcBlock.hash }
    const ports = portsOf({ finality: finalityOf(2n) })
    await assert.rejects(consensus.proveBlock(ports, await clientOf(store), point, LATE), (e) =>
      hasCode(e, 'NODE_ANSWER'),
    )
  })
})

describe('a lying node is caught before anybody pays', () => {
  const lies: readonly (readonly [string, string, 'proofs' | 'ssz', (text: string) => string])[] = [
    ['a signature by another committee', 'finality_update', 'proofs', (text) => swapSignature(text)],
    ['a state proof with another leaf', 'proof/state', 'proofs', (text) => text.replace(/(leaves":\["0x)../, '$1ff')],
    ['a block proof with another leaf', 'proof/block', 'proofs', (text) => text.replace(/(leaves":\["0x)../, '$1ff')],
    [
      'a proof of another index',
      'proof/state',
      'proofs',
      (text) => text.replace(/descriptor":"0x../, 'descriptor":"0x80'),
    ],
    [
      'a header that does not hash to its root',
      'headers/',
      'proofs',
      (text) => text.replace(/parent_root":"0x../, 'parent_root":"0xff'),
    ],
  ]
  for (const [name, where, serves, lie] of lies)
    it(name, async () => {
      let lied = false
      const tamper = (path: string, answer: unknown): unknown => {
        if (!path.includes(where)) return answer
        const before = JSON.stringify(answer)
        const after = lie(before)
        lied ||= after !== before
        return JSON.parse(after)
      }
      const options = { finality: finalityOf(2n), serves, tamper }
      await assert.rejects(prove(scene.early, options), (e) => hasCode(e, 'NODE_ANSWER'))
      assert.ok(lied)
    })

  it("a window's end that is another's", async () => {
    const other = createTestChain(network, { salt: 'other' })
    for (const slot of [10n, 13n]) other.add(2n * PERIOD + slot)
    const forged = other.add(3n * PERIOD)
    const tamper = (path: string, answer: unknown) =>
      path.includes(`/states/${3n * PERIOD}`) ? forged.stateBytes() : answer
    const options = { finality: finalityOf(5n), updates: scene.updates, serves: 'ssz', tamper } as const
    await assert.rejects(prove(scene.early, options), (e) => hasCode(e, 'NODE_ANSWER'))
  })

  it('a state and a block that are others', async () => {
    for (const [where, block] of [
      ['debug/beacon/states', scene.start.stateBytes()],
      ['beacon/blocks', scene.start.blockBytes()],
    ] as const) {
      const tamper = (path: string, answer: unknown) => (path.includes(where) ? block : answer)
      const options = { finality: finalityOf(2n), serves: 'ssz', tamper } as const
      await assert.rejects(prove(scene.early, options), (e) => hasCode(e, 'NODE_ANSWER'))
    }
  })

  it('an execution header with another field', async () => {
    const { beacon } = portsOf({ finality: finalityOf(2n) })
    const rpc = createExecutionNode(scene.chain, (block) => ({ ...block, receiptsRoot: scene.start.root }))
    await assert.rejects(
      consensus.proveBlock({ rpc, beacon }, await clientOf(store), pointOf(scene.early), LATE),
      (e) => hasCode(e, 'NODE_ANSWER'),
    )
  })

  it('a committee that the client does not have', async () => {
    const other = createTestChain(network, { nextPeriodSalt: 3n })
    const block = other.add(scene.start.header.slot)
    const tamper = (path: string, answer: unknown) => {
      if (!path.includes('bootstrap')) return answer
      const { currentSyncCommittee } = other.bootstrap(block)
      const forged = { ...currentSyncCommittee, pubkeys: [...currentSyncCommittee.pubkeys].reverse() }
      const text = JSON.stringify(answer).replace(
        JSON.stringify(currentSyncCommittee.pubkeys),
        JSON.stringify(forged.pubkeys),
      )
      return JSON.parse(text)
    }
    const proof = await prove(scene.early, { finality: finalityOf(2n), tamper })
    assert.equal(proof.status === 'waiting' && proof.reason.code, 'UPDATE_NOT_SERVED')
  })

  function swapSignature(text: string): string {
    const other = scene.updates.get(3n)?.syncAggregate.signature
    assert.ok(other)
    return text.replace(/(sync_committee_signature":")0x[0-9a-f]+/, `$1${other}`)
  }
})

describe('maintain', () => {
  async function maintain(from: LightClientStore, options: NodeOptions, now: bigint) {
    return consensus.maintain(portsOf(options), await clientOf(from), now)
  }

  it('brings the next committee of the current period', async () => {
    const update = scene.updates.get(2n)
    assert.ok(update)
    const now = timeAtSlot(network, update.signatureSlot)
    const updates = await maintain(store, { finality: finalityOf(2n), updates: scene.updates }, now)
    assert.deepEqual(updates, [encodeUpdate(update, committeeOf(network, 2n), KEEP)])
    const clock = { now, trustingPeriod: TRUSTING_PERIOD }
    const next = processLightClientUpdate(store, update, committeeOf(network, 2n), network, clock).store
    assert.deepEqual(await maintain(next, { finality: finalityOf(2n), updates: scene.updates }, now), [])
  })

  it('catches up over several periods', async () => {
    const updates = await maintain(store, { finality: finalityOf(5n), updates: scene.updates }, LATE)
    assert.equal(updates.length, 4)
  })

  it('refreshes the head once a third of the trusting period is left', async () => {
    const update = scene.updates.get(2n)
    assert.ok(update)
    const early = timeAtSlot(network, update.signatureSlot)
    const clock = { now: early, trustingPeriod: TRUSTING_PERIOD }
    const rotated = processLightClientUpdate(store, update, committeeOf(network, 2n), network, clock).store
    const attested = scene.chain.blocks.get(3n * PERIOD + 40n)
    const final = scene.finalized[1]
    assert.ok(attested && final)
    const third = timeAtSlot(network, rotated.head.slot) + (TRUSTING_PERIOD * 2n) / 3n
    const finality = finalityOf(3n)
    const updates = new Map([[2n, update]])
    assert.deepEqual(await maintain(rotated, { finality, updates }, third - 1n), [])
    const expected = [encodeUpdate(finality, committeeOf(network, 3n), KEEP)]
    assert.deepEqual(await maintain(rotated, { finality, updates }, third + 1n), expected)
  })

  it('leaves an expired or frozen client alone', async () => {
    const ports = portsOf({ finality: finalityOf(2n), updates: scene.updates })
    for (const status of [1, 2])
      assert.deepEqual(await consensus.maintain(ports, await clientOf(store, status), LATE), [])
  })
})

it('a scene spans the periods that it says', () => {
  assert.deepEqual(
    scene.finalized.map((block) => periodAtSlot(network, block.header.slot)),
    [2n, 3n, 4n, 5n],
  )
  assert.equal(scene.start.root, beaconHeaderRoot(scene.start.header))
})
