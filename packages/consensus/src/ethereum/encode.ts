import { concatHex, encodeAbiParameters, type Hex, numberToHex, size as sizeOf, zeroHash } from 'viem'
import { decompressPubkey, encodeG1, encodeG2 } from './bls.ts'
import { absentIndices, changedIndices, participantsKey } from './committee.ts'
import { VerifyError } from './errors.ts'
import { buildMultiproof, pubkeyLeaf, rootOfBranch } from './merkle.ts'
import { type SignedUpdate, signedUpdateOf } from './signed-update.ts'
import { pubkeysRoot } from './ssz.ts'
import type { BeaconHeader, SyncCommittee, Update } from './types.ts'

const UINT64_BYTES = 8
/** An index into `historical_summaries`: below 2^24. */
const SUMMARY_INDEX_BYTES = 3

/** A beacon header, packed: 112 bytes, integers big-endian. */
export function encodeBeaconHeader(header: BeaconHeader): Hex {
  return concatHex([
    numberToHex(header.slot, { size: UINT64_BYTES }),
    numberToHex(header.proposerIndex, { size: UINT64_BYTES }),
    header.parentRoot,
    header.stateRoot,
    header.bodyRoot,
  ])
}

/** An aggregate that the client has kept: which members' it is. */
export interface KeptAggregate {
  /** Of the committee that signs the update that is to start from it. */
  readonly period: bigint
  /** SSZ bitvector of the participants. */
  readonly bits: Hex
}

/** How an update is put into bytes; what it proves is the same. */
export interface EncodingOptions {
  /** Start from this aggregate, so that only members whose bit changed are proven. Default: from the committee's own. */
  readonly from?: KeptAggregate
  /** Ask the client to keep the participants' aggregate, if the update moves the head. */
  readonly keep?: boolean
}

/** Flags of an encoded update. */
const HAS_NEXT = 1
const FROM_KEPT = 2
const KEEP = 4

/**
 * Bytes for the contract's `update`, as `docs/spec/ethereum-light-client.md` lays them out.
 * @param update As the beacon API serves it; its next committee goes along where it has one.
 * @param signers The committee that signed: of the period of `update.signatureSlot`.
 * @throws VerifyError `COMMITTEE_SIZE` where the bits are not the committee's, `POINT` for a key or signature off the curve.
 */
export function encodeUpdate(update: Update, signers: SyncCommittee, options: EncodingOptions = {}): Hex {
  return encodeSignedUpdate(signedUpdateOf(update), signers, options)
}

/** The same of what of an update is proven. @throws as {@link encodeUpdate}. */
export function encodeSignedUpdate(update: SignedUpdate, signers: SyncCommittee, options: EncodingOptions = {}): Hex {
  const size = signers.pubkeys.length
  const { bits, signature, next } = update
  const { from, keep = false } = options
  const changed = from === undefined ? absentIndices(bits, size) : changedIndices(bits, from.bits, size)
  const leaves = changed.length === 0 ? [] : signers.pubkeys.map(pubkeyLeaf)
  const key = from === undefined ? decompressPubkey(signers.aggregatePubkey) : participantsKey(signers, from.bits)
  const flags = (next === undefined ? 0 : HAS_NEXT) + (from === undefined ? 0 : FROM_KEPT) + (keep ? KEEP : 0)
  return concatHex([
    encodeBeaconHeader(update.attested),
    encodeBeaconHeader(update.finalized),
    numberToHex(update.signatureSlot, { size: UINT64_BYTES }),
    bits,
    pubkeysRoot(signers),
    encodeG1(key),
    encodeG2(signature),
    numberToHex(flags, { size: 1 }),
    ...(from === undefined ? [] : [from.bits]),
    ...(next === undefined ? [] : [next.root, ...next.branch]),
    ...update.finalityBranch,
    ...changed.map((index) => encodeG1(decompressPubkey(memberOf(signers, index)))),
    ...buildMultiproof(leaves, changed),
  ])
}

function memberOf(committee: SyncCommittee, index: number): Hex {
  const key = committee.pubkeys[index]
  if (key === undefined)
    throw new VerifyError('COMMITTEE_SIZE', `no member ${index}`, { expected: committee.pubkeys.length, given: index })
  return key
}

/** The same update without its next committee: cheaper where the client already knows it. */
export function withoutNextCommittee(update: Update): Update {
  const { nextSyncCommittee: _dropped, ...rest } = update
  return rest
}

/** Which beacon block a proof is about, and how it follows from a stored finalized header. */
export interface ProvenHeader {
  /** Header of the finalized beacon block whose root the client stores. */
  readonly finalized: BeaconHeader
  /**
   * Where the block is older: its beacon header, and its root's branch in the finalized state, through `block_roots` or,
   * where a summary is named, through that entry of `historical_summaries`.
   */
  readonly ancestor?: {
    readonly header: BeaconHeader
    readonly blockRootBranch: readonly Hex[]
    readonly summary?: bigint
  }
}

/** What proves an execution block from a stored finalized header. */
export interface BlockProofParts extends ProvenHeader {
  /** Branch of `execution_payload.block_hash` in the block's body. */
  readonly blockHashBranch: readonly Hex[]
  /** The execution header's raw RLP. */
  readonly executionHeader: Hex
}

/**
 * Bytes for the contract's `verifyBlock`: kind 0 for the finalized block itself, kind 1 for one in its `block_roots`,
 * kind 2 for one in its `historical_summaries`.
 */
export function encodeBlockProof(parts: BlockProofParts): Hex {
  const { ancestor } = parts
  const summary = ancestor?.summary
  return concatHex([
    ancestor === undefined ? '0x00' : summary === undefined ? '0x01' : '0x02',
    encodeBeaconHeader(parts.finalized),
    ...(ancestor === undefined ? [] : [encodeBeaconHeader(ancestor.header)]),
    ...(summary === undefined ? [] : [numberToHex(summary, { size: SUMMARY_INDEX_BYTES })]),
    ...(ancestor?.blockRootBranch ?? []),
    ...parts.blockHashBranch,
    parts.executionHeader,
  ])
}

/** What proves an execution block's receipts root from a stored finalized header. */
export interface ReceiptsRootProofParts extends ProvenHeader {
  readonly receiptsRoot: Hex
  /** Branch of `execution_payload.receipts_root` in the block's body. */
  readonly receiptsRootBranch: readonly Hex[]
}

/**
 * Bytes for the contract's `verifyReceiptsRoot`, the short form: kinds 3, 4 and 5 where {@link encodeBlockProof} has 0, 1
 * and 2. Of the headers it sends what their roots cannot be computed without.
 */
export function encodeReceiptsRootProof(parts: ReceiptsRootProofParts): Hex {
  const { finalized, ancestor } = parts
  const summary = ancestor?.summary
  const header = ancestor?.header ?? finalized
  return concatHex([
    ancestor === undefined ? '0x03' : summary === undefined ? '0x04' : '0x05',
    ...(ancestor === undefined ? [] : [encodeSlotAndProposer(finalized), finalized.parentRoot, bodySide(finalized)]),
    ...(summary === undefined ? [] : [numberToHex(summary, { size: SUMMARY_INDEX_BYTES })]),
    ...(ancestor?.blockRootBranch ?? []),
    encodeSlotAndProposer(header),
    rootOfBranch(header.parentRoot, [header.stateRoot], 0n),
    parts.receiptsRoot,
    ...parts.receiptsRootBranch,
  ])
}

function encodeSlotAndProposer({ slot, proposerIndex }: BeaconHeader): Hex {
  return concatHex([numberToHex(slot, { size: UINT64_BYTES }), numberToHex(proposerIndex, { size: UINT64_BYTES })])
}

/** Node 3 of a header's tree: above `body_root` and three zero leaves. */
function bodySide({ bodyRoot }: BeaconHeader): Hex {
  return rootOfBranch(bodyRoot, [zeroHash, rootOfBranch(zeroHash, [zeroHash], 0n)], 0n)
}

/** Two updates that conflict, by default encoded ones, and how. */
export type Misbehaviour<Shown = Hex> =
  | { readonly kind: 'conflicting-headers' | 'conflicting-committees'; readonly first: Shown; readonly second: Shown }
  | {
      readonly kind: 'forked-history'
      /** The older of the two. */
      readonly first: Shown
      readonly second: Shown
      /** The root that the second's finalized state holds at the first's finalized slot, and its branch. */
      readonly root: Hex
      readonly branch: readonly Hex[]
    }

const misbehaviourKinds = { 'conflicting-headers': 0, 'conflicting-committees': 1, 'forked-history': 2 } as const

/** Bytes for the contract's `reportMisbehaviour`. */
export function encodeMisbehaviour(evidence: Misbehaviour): Hex {
  const extra = evidence.kind === 'forked-history' ? concatHex([evidence.root, ...evidence.branch]) : '0x'
  return encodeAbiParameters(
    [{ type: 'uint8' }, { type: 'bytes' }, { type: 'bytes' }, { type: 'bytes' }],
    [misbehaviourKinds[evidence.kind], evidence.first, evidence.second, extra],
  )
}

/** Bytes of an encoded value; for reports. */
export function byteLength(encoded: Hex): number {
  return sizeOf(encoded)
}
