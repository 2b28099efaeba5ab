import {
  type BeaconHeader,
  type Bootstrap,
  beaconHeaderRoot,
  compressPubkey,
  type EncodingOptions,
  encodeUpdate,
  forkAtSlot,
  gindices,
  hashToG2,
  type LightClientHeader,
  mainnet,
  type SyncCommittee,
  signingRoot,
  sumPubkeys,
  syncCommitteeRoot,
  type Update,
} from '@meridian/consensus/ethereum'
import { bls12_381 } from '@noble/curves/bls12-381.js'
import { bytesToHex, type Hex, hexToBigInt, keccak256, stringToHex, zeroAddress, zeroHash } from 'viem'
import { sparseTree } from './sparse-tree.ts'

/** Mainnet's rules with keys of our own: what the light client sees is a mainnet whose committee we are. */
export const network = mainnet

/** A slot of a Fulu period's middle: the finalized block of the scenarios. */
export const FINALIZED_SLOT = 14_934_240n
/** Slots from a finalized block to the block that finalizes it, as on mainnet. */
const TO_ATTESTED = 93n

const { Fr } = bls12_381.fields

/** A sync committee with its secret keys. */
export interface Committee {
  readonly secrets: readonly bigint[]
  readonly committee: SyncCommittee
}

/** The committee that a label makes. Deterministic. */
export function createCommittee(label: string): Committee {
  const secrets = Array.from({ length: network.preset.syncCommitteeSize }, (_, index) =>
    Fr.create(hexToBigInt(keccak256(stringToHex(`${label} ${index}`)))),
  )
  const points = secrets.map((secret) => bls12_381.G1.Point.BASE.multiply(secret))
  return {
    secrets,
    committee: { pubkeys: points.map(compressPubkey), aggregatePubkey: compressPubkey(sumPubkeys(points)) },
  }
}

/** A validator of mainnet's size, and a parent: bytes that cost what real ones do. */
const PROPOSER = 1_234_567n
const PARENT = keccak256(stringToHex('parent'))

/** A beacon block at `slot` whose execution block has this receipts root, and the branch that shows it. */
export function beaconBlock(
  slot: bigint,
  receiptsRoot: Hex,
  stateRoot: Hex,
): { readonly header: BeaconHeader; readonly receiptsRootBranch: readonly Hex[] } {
  const fork = forkAtSlot(network, slot).name
  const gindex = gindices[fork].executionReceiptsRoot
  if (gindex === undefined) throw new Error(`a body of ${fork} has no receipts root`)
  const body = sparseTree(new Map([[gindex, receiptsRoot]]))
  const header = { slot, proposerIndex: PROPOSER, parentRoot: PARENT, stateRoot, bodyRoot: body.root }
  return { header, receiptsRootBranch: body.branch(gindex) }
}

/** A bootstrap whose state has `committee` as its current one, and `leaves` beside it. */
export function createBootstrap(
  slot: bigint,
  receiptsRoot: Hex,
  committee: SyncCommittee,
  leaves: ReadonlyMap<bigint, Hex> = new Map(),
) {
  const gindex = gindices[forkAtSlot(network, slot).name].currentSyncCommittee
  const state = sparseTree(new Map([...leaves, [gindex, syncCommitteeRoot(committee)]]))
  const block = beaconBlock(slot, receiptsRoot, state.root)
  const bootstrap: Bootstrap = {
    header: lightClientHeader(block.header),
    currentSyncCommittee: committee,
    currentSyncCommitteeBranch: state.branch(gindex),
  }
  return { bootstrap, state, ...block }
}

/** What {@link createUpdate} signs. */
export interface UpdateOptions {
  readonly signers: Committee
  readonly finalized: BeaconHeader
  /** Members that do not sign. */
  readonly absent: readonly number[]
  readonly next?: SyncCommittee
  /** How it is put into bytes. */
  readonly encoding?: EncodingOptions
}

/** An update with a real aggregate signature, encoded for the contract. */
export function createUpdate(options: UpdateOptions): {
  readonly data: Hex
  readonly signatureSlot: bigint
  readonly bits: Hex
} {
  const { signers, finalized, absent, next } = options
  const slot = finalized.slot + TO_ATTESTED
  const signatureSlot = slot + 1n
  const at = gindices[forkAtSlot(network, slot).name]
  const leaves = new Map([[at.finalizedRoot, beaconHeaderRoot(finalized)]])
  if (next !== undefined) leaves.set(at.nextSyncCommittee, syncCommitteeRoot(next))
  const state = sparseTree(leaves)
  const attested: BeaconHeader = {
    slot,
    proposerIndex: PROPOSER,
    parentRoot: PARENT,
    stateRoot: state.root,
    bodyRoot: keccak256(stringToHex('body')),
  }
  const message = signingRoot(network, beaconHeaderRoot(attested), signatureSlot)
  const missing = new Set(absent)
  const secret = signers.secrets.reduce((sum, key, index) => (missing.has(index) ? sum : Fr.add(sum, key)), 0n)
  const bits = new Uint8Array(network.preset.syncCommitteeSize / 8).fill(0xff)
  for (const index of absent) bits[index >> 3] = (bits[index >> 3] ?? 0) & ~(1 << (index & 7))
  const update: Update = {
    attestedHeader: lightClientHeader(attested),
    finalizedHeader: lightClientHeader(finalized),
    finalityBranch: state.branch(at.finalizedRoot),
    syncAggregate: { bits: bytesToHex(bits), signature: `0x${hashToG2(message).multiply(secret).toHex(true)}` },
    signatureSlot,
    ...(next === undefined
      ? {}
      : { nextSyncCommittee: { committee: next, branch: state.branch(at.nextSyncCommittee) } }),
  }
  return {
    data: encodeUpdate(update, signers.committee, options.encoding),
    signatureSlot,
    bits: update.syncAggregate.bits,
  }
}

/** The contract never sees the execution header of an update; it proves the block when a message needs it. */
function lightClientHeader(beacon: BeaconHeader): LightClientHeader {
  return {
    beacon,
    execution: {
      parentHash: zeroHash,
      feeRecipient: zeroAddress,
      stateRoot: zeroHash,
      receiptsRoot: zeroHash,
      logsBloom: `0x${'00'.repeat(256)}`,
      prevRandao: zeroHash,
      blockNumber: 0n,
      gasLimit: 0n,
      gasUsed: 0n,
      timestamp: 0n,
      extraData: '0x',
      baseFeePerGas: 0n,
      blockHash: zeroHash,
      transactionsRoot: zeroHash,
      withdrawalsRoot: zeroHash,
      blobGasUsed: 0n,
      excessBlobGas: 0n,
    },
    executionBranch: [],
  }
}
