/** Proofs of blocks and of receipts roots: what is built from a node, judged by the contract's twin. */
import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { hasCode } from '@meridian/core'
import fc from 'fast-check'
import { bytesToHex, concatHex, type Hex, hexToBytes, size, sliceHex } from 'viem'
import {
  createEthereumConsensus,
  encodeReceiptsRootProof,
  initializeLightClientStore,
  type StoredBlocks,
  timeAtSlot,
  type VerifyErrorCode,
  verifyBlock,
  verifyReceiptsRoot,
} from '../src/ethereum/index.ts'
import type { BlockProof } from '../src/types.ts'
import { createTestChain, flip, type TestBlock, testNetwork } from './ethereum-chain.ts'
import { createBeaconNode, createClientChain, createExecutionNode, type NodeOptions } from './ethereum-node.ts'

const seed = Number(process.env.MERIDIAN_SEED ?? Date.now() % 2 ** 31)
const network = testNetwork('minimal', [
  ['deneb', 0n],
  ['electra', 26n],
  ['fulu', 34n],
])
const PERIOD = 64n
const ADDRESS = '0x00000000000000000000000000000000000000c1'
const TRUSTING_PERIOD = 50_000n
const consensus = createEthereumConsensus({ network })

const chain = createTestChain(network)
const start = chain.add(2n * PERIOD + 8n)
const ancient = chain.add(2n * PERIOD + 13n)
chain.add(3n * PERIOD)
const between = chain.add(4n * PERIOD + 3n)
const final = chain.add(4n * PERIOD + 24n)
const attested = chain.add(4n * PERIOD + 40n, final)
const finality = chain.update(attested, final, { absent: [3] })
const NOW = timeAtSlot(network, 5n * PERIOD)

/** A client whose head is `final`, or still the bootstrap. */
const begun = initializeLightClientStore(chain.bootstrap(start), network)
const advanced = {
  ...begun,
  head: { slot: final.header.slot, root: final.root },
  finalizedBlocks: new Map([...begun.finalizedBlocks, [final.header.slot, { root: final.root, participants: 31 }]]),
}

async function build(
  form: 'proveBlock' | 'proveReceiptsRoot',
  block: TestBlock,
  options: NodeOptions = {},
  store = advanced,
): Promise<BlockProof> {
  const target = createClientChain(network, store, { trustingPeriod: TRUSTING_PERIOD })
  const client = await consensus.readClient(target, ADDRESS)
  const { blockNumber: number, timestamp, blockHash: hash } = block.lightClientHeader.execution
  const ports = { rpc: createExecutionNode(chain), beacon: createBeaconNode(chain, options) }
  return consensus[form](ports, client, { number, timestamp, hash }, NOW)
}

async function proofOf(form: 'proveBlock' | 'proveReceiptsRoot', block: TestBlock, options?: NodeOptions) {
  const built = await build(form, block, options)
  if (built.status !== 'ready') throw new Error(`waiting: ${built.reason.code}`)
  assert.deepEqual(built.updates, [])
  return built.proof
}

const refuses = (code: VerifyErrorCode, call: () => unknown) => assert.throws(call, (error) => hasCode(error, code))
const kindOf = (proof: Hex): number => Number(sliceHex(proof, 0, 1))
/** The proof with its kind byte replaced. */
const asKind = (proof: Hex, kind: Hex): Hex => concatHex([kind, sliceHex(proof, 1)])

const cases = [
  ['the head itself', final, 3],
  ['a block that block_roots holds, of the fork before', between, 4],
  ['a block that historical_summaries hold, two forks before', ancient, 5],
] as const

describe('proveReceiptsRoot', () => {
  for (const [name, block, kind] of cases)
    for (const serves of ['proofs', 'ssz'] as const)
      it(`${name}, from a node that serves ${serves}`, async () => {
        const { receiptsRoot } = block.lightClientHeader.execution
        const short = await proofOf('proveReceiptsRoot', block, { serves })
        assert.equal(kindOf(short), kind)
        assert.equal(verifyReceiptsRoot(advanced, short, network), receiptsRoot)
        const whole = await proofOf('proveBlock', block, { serves })
        assert.equal(kindOf(whole), kind - 3)
        const verified = verifyBlock(advanced, whole, network)
        assert.equal(verified.hash, block.rpcBlock.hash)
        assert.equal(verified.participation, 9687)
        assert.equal(verifyReceiptsRoot(advanced, whole, network), receiptsRoot)
        // The header's RLP, and of each beacon header what its root can be computed without.
        const saved = size(whole) - size(short)
        assert.equal(saved, size(block.executionRlp) + (kind === 3 ? 32 : 64))
      })

  it('the finalized block of a new update, from the light-client header alone', async () => {
    const store = {
      ...begun,
      head: { slot: between.header.slot, root: between.root },
      finalizedBlocks: new Map([[between.header.slot, { root: between.root, participants: 32 }]]),
      committeeRoots: initializeLightClientStore(chain.bootstrap(between), network).committeeRoots,
    }
    const built = await build('proveReceiptsRoot', final, { finality }, store)
    assert.equal(built.status, 'ready')
    if (built.status !== 'ready') return
    assert.equal(built.updates.length, 1)
    const { receiptsRoot } = final.lightClientHeader.execution
    assert.equal(verifyReceiptsRoot(advanced, built.proof, network), receiptsRoot)
  })

  it('finds the receipts of a reorganised slot out', async () => {
    const other = createTestChain(network, { salt: 'other' })
    const forked = other.add(final.header.slot)
    const target = createClientChain(network, advanced, { trustingPeriod: TRUSTING_PERIOD })
    const client = await consensus.readClient(target, ADDRESS)
    const { blockNumber: number, timestamp, blockHash: hash } = forked.lightClientHeader.execution
    const ports = { rpc: createExecutionNode(other), beacon: createBeaconNode(chain, {}) }
    await assert.rejects(consensus.proveReceiptsRoot(ports, client, { number, timestamp, hash }, NOW), (error) =>
      hasCode(error, 'NODE_ANSWER'),
    )
  })

  it('catches a node that shows another leaf', async () => {
    const tamper = (path: string, answer: unknown): unknown =>
      path.includes('proof/block') ? JSON.parse(JSON.stringify(answer).replace(/(leaves":\["0x)../, '$1ff')) : answer
    await assert.rejects(build('proveReceiptsRoot', between, { tamper }), (error) => hasCode(error, 'NODE_ANSWER'))
  })
})

describe('verifyBlock and verifyReceiptsRoot', () => {
  it('take no kind for another', async () => {
    for (const [, block, kind] of cases) {
      const short = await proofOf('proveReceiptsRoot', block)
      refuses('PROOF_KIND', () => verifyBlock(advanced, short, network))
      for (let given = 0; given < 256; given++) {
        if (given === kind) continue
        const altered = asKind(short, bytesToHex(new Uint8Array([given])))
        if (given > 5) refuses('PROOF_KIND', () => verifyReceiptsRoot(advanced, altered, network))
        else assert.throws(() => verifyReceiptsRoot(advanced, altered, network))
      }
    }
  })

  it('accept no byte altered, none missing and none more', async () => {
    for (const [, block] of cases) {
      const short = await proofOf('proveReceiptsRoot', block)
      for (let i = 1; i < size(short); i++) {
        assert.throws(() => verifyReceiptsRoot(advanced, flip(short, i), network), `byte ${i}`)
        refuses('PROOF_LENGTH', () => verifyReceiptsRoot(advanced, sliceHex(short, 0, i), network))
      }
      refuses('PROOF_LENGTH', () => verifyReceiptsRoot(advanced, concatHex([short, '0x00']), network))
    }
  })

  it('say which rule is broken', async () => {
    const nothing: StoredBlocks = { finalizedBlocks: new Map() }
    for (const [, block, kind] of cases) {
      const [short, whole] = [await proofOf('proveReceiptsRoot', block), await proofOf('proveBlock', block)]
      refuses('BLOCK_UNKNOWN', () => verifyReceiptsRoot(nothing, short, network))
      refuses('BLOCK_UNKNOWN', () => verifyBlock(nothing, whole, network))
      refuses('BRANCH_BLOCK_HASH', () => verifyBlock(advanced, concatHex([whole, '0x00']), network))
      if (kind === 4) refuses('BRANCH_BLOCK_ROOTS', () => verifyBlock(advanced, flip(whole, 113 + 20), network))
      if (kind === 5) refuses('BRANCH_SUMMARY', () => verifyBlock(advanced, flip(whole, 225), network))
    }
    const proof = { finalized: between.header, receiptsRoot: final.root, receiptsRootBranch: [] }
    refuses('PROOF_LENGTH', () => verifyReceiptsRoot(advanced, encodeReceiptsRootProof(proof), network))
    const ancestor = { header: final.header, blockRootBranch: chain.blockRootBranch(final, between.header.slot) }
    const receiptsRootBranch = Array.from({ length: 9 }, () => final.root)
    const later = encodeReceiptsRootProof({
      finalized: final.header,
      ancestor,
      receiptsRoot: final.root,
      receiptsRootBranch,
    })
    refuses('ANCESTOR_SLOT', () => verifyReceiptsRoot(advanced, later, network))
  })

  it(`give nothing but the block's receipts root for any mutation (seed ${seed})`, async () => {
    const proofs = await Promise.all(cases.map(([, block]) => proofOf('proveReceiptsRoot', block)))
    const mutation = fc.record({
      which: fc.nat({ max: proofs.length - 1 }),
      from: fc.double({ min: 0, max: 1, noNaN: true }),
      cut: fc.nat({ max: 96 }),
      insert: fc.uint8Array({ maxLength: 96 }),
    })
    fc.assert(
      fc.property(mutation, ({ which, from, cut, insert }) => {
        const proof = hexToBytes(proofs[which] ?? '0x')
        const place = Math.floor(from * proof.length)
        const mutated = bytesToHex(new Uint8Array([...proof.slice(0, place), ...insert, ...proof.slice(place + cut)]))
        const expected = cases[which]?.[1].lightClientHeader.execution.receiptsRoot
        try {
          return verifyReceiptsRoot(advanced, mutated, network) === expected && mutated === proofs[which]
        } catch {
          return mutated !== proofs[which]
        }
      }),
      { seed, numRuns: 300 },
    )
  })
})
