/**
 * Compass under Gloas, whose beacon blocks name the execution block before theirs: a chain of whole states and blocks by
 * the types of an independent implementation.
 */
import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { createProof, type Node, ProofType } from '@chainsafe/persistent-merkle-tree'
import { ssz } from '@lodestar/types'
import { hasCode } from '@meridian/core'
import { encodeHeaderFields } from '@meridian/proofs'
import { bytesToHex, type Hex, hexToBytes, keccak256, numberToHex, toHex, zeroAddress, zeroHash } from 'viem'
import {
  type BeaconHeader,
  beaconHeaderRoot,
  branchOfNode,
  createEthereumConsensus,
  encodeUpdate,
  gindices,
  type LightClientHeader,
  type LightClientStore,
  parseUpdate,
  processLightClientUpdate,
  signingRoot,
  syncCommitteeRoot,
  timeAtSlot,
  type Update,
  validateLightClientHeader,
  verifyBlock,
  verifyReceiptsRoot,
} from '../src/ethereum/index.ts'
import type { BeaconPort, BlockPoint, RpcPort } from '../src/types.ts'
import { committeeOf, flip, sign, testNetwork } from './ethereum-chain.ts'
import { createClientChain, headerJson, NotFound, updateJson } from './ethereum-node.ts'

const network = testNetwork('mainnet', [['gloas', 0n]])
const consensus = createEthereumConsensus({ network })
const places = gindices.gloas
const BASE = 2n * 8192n
const ADDRESS = '0x00000000000000000000000000000000000000c1'
const NOW = timeAtSlot(network, BASE + 100n)
const signers = committeeOf(network, 2n)
const bytesOf = ({ pubkeys, aggregatePubkey }: typeof signers) => ({
  pubkeys: pubkeys.map((key) => hexToBytes(key)),
  aggregatePubkey: hexToBytes(aggregatePubkey),
})

/** The execution block that the beacon block at `slot` bids for. */
function executionBlock(slot: bigint) {
  const fields = {
    parentHash: zeroHash,
    sha3Uncles: zeroHash,
    miner: zeroAddress,
    stateRoot: zeroHash,
    transactionsRoot: zeroHash,
    receiptsRoot: keccak256(toHex(`receipts ${slot}`)),
    logsBloom: numberToHex(0, { size: 256 }),
    difficulty: '0x0',
    number: numberToHex(slot),
    gasLimit: '0x1',
    gasUsed: '0x0',
    timestamp: numberToHex(timeAtSlot(network, slot)),
    extraData: '0x',
    mixHash: zeroHash,
    nonce: '0x0000000000000000',
  } as const
  const hash = keccak256(encodeHeaderFields(fields))
  return { ...fields, hash }
}

const pointOf = (slot: bigint): BlockPoint => ({
  number: slot,
  timestamp: timeAtSlot(network, slot),
  hash: executionBlock(slot).hash,
})

interface Block {
  readonly header: BeaconHeader
  readonly root: Hex
  readonly state: Node
  readonly block: Node
  readonly lightClientHeader: LightClientHeader
}

const blocks = new Map<bigint, Block>()
const roots = new Map<bigint, Hex>()

/** A beacon block at `slot` whose bid builds on the payload of `parent`; slots between stay empty. */
function add(slot: bigint, parent: bigint, finalized?: Block): Block {
  for (let at = [...blocks.keys()].at(-1) ?? slot; at < slot; at++) {
    const root = blocks.get(at)?.root ?? roots.get(at - 1n)
    if (root !== undefined) roots.set(at, root)
  }
  const state = ssz.gloas.BeaconState.defaultViewDU()
  state.slot = Number(slot)
  for (const [at, root] of roots) state.blockRoots.set(Number(at % 8192n), hexToBytes(root))
  if (finalized !== undefined) state.finalizedCheckpoint.root = hexToBytes(finalized.root)
  state.currentSyncCommittee = ssz.altair.SyncCommittee.toViewDU(bytesOf(signers))
  state.commit()
  const view = ssz.gloas.BeaconBlock.defaultViewDU()
  view.slot = Number(slot)
  view.stateRoot = state.hashTreeRoot()
  const bid = view.body.signedExecutionPayloadBid.message
  bid.parentBlockHash = hexToBytes(executionBlock(parent).hash)
  bid.blockHash = hexToBytes(executionBlock(slot).hash)
  view.commit()
  const header = {
    slot,
    proposerIndex: 0n,
    parentRoot: zeroHash,
    stateRoot: bytesToHex(view.stateRoot),
    bodyRoot: bytesToHex(view.body.hashTreeRoot()),
  }
  const inBody = branchOfNode(view.body.node, places.executionBlockHash)
  const block = {
    header,
    root: beaconHeaderRoot(header),
    state: state.node,
    block: view.node,
    lightClientHeader: { beacon: header, executionBlockHash: inBody.leaf, executionBranch: inBody.branch },
  }
  assert.equal(block.root, bytesToHex(view.hashTreeRoot()))
  blocks.set(slot, block)
  return block
}

const start = add(BASE + 8n, BASE + 7n)
const first = add(BASE + 13n, BASE + 8n)
// Slot 14 is empty.
add(BASE + 15n, BASE + 13n)
const final = add(BASE + 32n, BASE + 15n)
const attested = add(BASE + 64n, BASE + 32n, final)
const finality: Update = {
  attestedHeader: attested.lightClientHeader,
  finalizedHeader: final.lightClientHeader,
  finalityBranch: branchOfNode(attested.state, places.finalizedRoot).branch,
  syncAggregate: sign(signers, [7], signingRoot(network, attested.root, attested.header.slot + 1n)),
  signatureSlot: attested.header.slot + 1n,
}

function storeAt({ header, root }: Block): LightClientStore {
  return {
    head: { slot: header.slot, root },
    finalizedBlocks: new Map([[header.slot, { root, participants: 511 }]]),
    committeeRoots: new Map([[2n, syncCommitteeRoot(signers)]]),
  }
}

function proofOf(node: Node, path: string) {
  const format = new URL(path, 'http://node').searchParams.get('format') ?? ''
  const proof = createProof(node, { type: ProofType.compactMulti, descriptor: hexToBytes(`0x${format.slice(2)}`) })
  if (proof.type !== ProofType.compactMulti) throw new Error('another proof')
  return {
    data: { leaves: proof.leaves.map((leaf) => bytesToHex(leaf)), descriptor: bytesToHex(proof.descriptor) },
  }
}

const beacon: BeaconPort = {
  async get(path) {
    const { pathname } = new URL(path, 'http://node')
    if (pathname.endsWith('finality_update')) return { version: 'gloas', data: updateJson(finality) }
    const last = pathname.split('/').at(-1)
    const block = [...blocks.values()].find(
      ({ header, root }) => last === root || last === header.slot.toString() || last === header.stateRoot,
    )
    if (block === undefined) throw new NotFound(path)
    if (pathname.includes('/proof/state/')) return proofOf(block.state, path)
    if (pathname.includes('/proof/block/')) return proofOf(block.block, path)
    if (pathname.includes('/bootstrap/')) {
      const { branch } = branchOfNode(block.state, places.currentSyncCommittee)
      return {
        data: {
          header: headerJson(block.lightClientHeader),
          current_sync_committee: { pubkeys: signers.pubkeys, aggregate_pubkey: signers.aggregatePubkey },
          current_sync_committee_branch: branch,
        },
      }
    }
    const { slot, proposerIndex, parentRoot, stateRoot, bodyRoot } = block.header
    const message = {
      slot: `${slot}`,
      proposer_index: `${proposerIndex}`,
      parent_root: parentRoot,
      state_root: stateRoot,
      body_root: bodyRoot,
    }
    return { data: { root: block.root, canonical: true, header: { message } } }
  },
  getBytes: async (path) => assert.fail(`${path}: whole blocks and states of gloas are not read`),
}
const rpc: RpcPort = {
  async request(method, [hash]) {
    assert.equal(method, 'eth_getBlockByHash')
    for (const slot of [7n, 8n, 13n, 15n, 32n]) {
      const block = executionBlock(BASE + slot)
      if (block.hash === hash) return block
    }
    return null
  },
}

async function prove(form: 'proveBlock' | 'proveReceiptsRoot', slot: bigint, from: Block) {
  const target = createClientChain(network, storeAt(from), { trustingPeriod: 500_000n })
  const client = await consensus.readClient(target, ADDRESS)
  return consensus[form]({ rpc, beacon }, client, pointOf(BASE + slot), NOW)
}

describe('Gloas', () => {
  it('a header proves the parent of its bid, and no other form is taken', () => {
    validateLightClientHeader(final.lightClientHeader, network)
    const { beacon: header, executionBranch } = final.lightClientHeader
    const forms = [
      { beacon: header, executionBlockHash: executionBlock(BASE + 32n).hash, executionBranch },
      { beacon: header, executionBlockHash: flip(executionBlock(BASE + 15n).hash), executionBranch },
    ]
    for (const form of forms)
      assert.throws(
        () => validateLightClientHeader(form, network),
        (error) => hasCode(error, 'BRANCH_EXECUTION'),
      )
    const fulu = testNetwork('mainnet', [['fulu', 0n]])
    assert.throws(
      () => validateLightClientHeader(final.lightClientHeader, fulu),
      (error) => hasCode(error, 'BRANCH_LENGTH'),
    )
  })

  // Once, such an update was refused as malformed, so that no client could have followed the first epochs after the fork.
  it('an update of Gloas that finalizes an older block brings its header in the newer form', () => {
    const passage = testNetwork('mainnet', [
      ['fulu', 0n],
      ['gloas', (BASE + 32n) / 32n],
    ])
    const json = updateJson(finality)
    const before = { ...json.finalized_header.beacon, slot: String(BASE + 31n) }
    const header = { ...json.finalized_header, beacon: before }
    const branch = json.finalized_header.execution_branch.slice(2)
    const read = (execution_branch: readonly Hex[]) =>
      parseUpdate({ ...json, finalized_header: { ...header, execution_branch } }, passage).finalizedHeader
    assert.deepEqual(read([zeroHash, zeroHash, ...branch]).executionBranch, branch)
    for (const broken of [branch, [zeroHash, ...branch], [zeroHash, keccak256('0x'), ...branch]])
      assert.throws(
        () => read(broken),
        (error) => hasCode(error, 'BEACON_JSON'),
      )
  })

  it('an update is read and verified by its slot, whatever the server calls it', () => {
    const json = updateJson(finality)
    const update = parseUpdate({ version: 'fulu', data: json }, network)
    assert.deepEqual(update, finality)
    const clock = { now: NOW, trustingPeriod: 500_000n }
    const { store } = processLightClientUpdate(storeAt(start), update, signers, network, clock)
    assert.equal(store.head.root, final.root)
    for (const broken of [
      { ...json, finalized_header: { ...json.finalized_header, execution: {} } },
      { ...json, finalized_header: { ...json.finalized_header, execution_branch: [] } },
    ])
      assert.throws(
        () => parseUpdate(broken, network),
        (error) => hasCode(error, 'BEACON_JSON'),
      )
  })

  it('the newest final block is the parent of the finalized bid', async () => {
    assert.deepEqual(await consensus.finalized({ rpc, beacon }), pointOf(BASE + 15n))
  })

  for (const form of ['proveBlock', 'proveReceiptsRoot'] as const) {
    it(`${form}: a block is proven by the next beacon block, over an empty slot`, async () => {
      const built = await prove(form, 13n, final)
      assert.equal(built.status, 'ready')
      if (built.status !== 'ready') return
      assert.equal(built.proof.slice(0, 4), '0x01')
      assert.equal(verifyBlock(storeAt(final), built.proof, network).hash, pointOf(BASE + 13n).hash)
      const { receiptsRoot } = executionBlock(BASE + 13n)
      assert.equal(verifyReceiptsRoot(storeAt(final), built.proof, network), receiptsRoot)
    })

    it(`${form}: from the head itself, and from new finality`, async () => {
      const known = await prove(form, 15n, final)
      assert.equal(known.status, 'ready')
      const built = await prove(form, 15n, start)
      assert.equal(built.status, 'ready')
      if (known.status !== 'ready' || built.status !== 'ready') return
      assert.deepEqual(known.updates, [])
      assert.deepEqual(built.updates, [encodeUpdate(finality, signers)])
      assert.equal(built.proof, known.proof)
      assert.equal(verifyBlock(storeAt(final), built.proof, network).number, BASE + 15n)
    })

    it(`${form}: the payload of the finalized block itself is not final yet`, async () => {
      assert.deepEqual(await prove(form, 32n, start), {
        status: 'waiting',
        reason: { code: 'NOT_FINAL', finalized: BASE + 15n, wanted: BASE + 32n },
      })
    })
  }

  it('a payload that was never revealed is not proven', async () => {
    // The block at slot 32 builds on that of slot 15, so one bid for in between is no block of the chain.
    const target = createClientChain(network, storeAt(final), { trustingPeriod: 500_000n })
    const client = await consensus.readClient(target, ADDRESS)
    const point = { ...pointOf(BASE + 13n), hash: executionBlock(BASE + 8n).hash }
    await assert.rejects(consensus.proveBlock({ rpc, beacon }, client, point, NOW), (error) =>
      hasCode(error, 'NODE_ANSWER'),
    )
    assert.equal(first.header.slot, BASE + 13n)
  })
})
