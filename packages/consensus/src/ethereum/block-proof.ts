import { type HeaderFields, parseHeader } from '@meridian/proofs'
import { bytesToBigInt, bytesToHex, type Hex, hexToBytes, keccak256, zeroHash } from 'viem'
import { VerifyError } from './errors.ts'
import { blockRootGindex, blockSummaryGindex, depthOf, gindices, indexOf } from './forks.ts'
import { rootOfBranch, verifyBranch } from './merkle.ts'
import { forkAtSlot, type Network } from './networks.ts'
import { beaconHeaderRoot } from './ssz.ts'
import type { BeaconHeader } from './types.ts'
import type { LightClientStore } from './verify.ts'

/** What the proofs of blocks and of receipts roots start from. */
export type StoredBlocks = Pick<LightClientStore, 'finalizedBlocks'>

/** `ILightClient.Block` without what its reader has no use for. */
export interface VerifiedBlock extends HeaderFields {
  /** Basis points of the committee, rounded down. */
  readonly participation: number
}

const BASIS_POINTS = 10_000
const SUMMARY_INDEX_BYTES = 3
const WORD_BYTES = 32
/** Node 7 of a beacon header's tree: two zero leaves. */
const zeroPair = rootOfBranch(zeroHash, [zeroHash], 0n)

/** Reads a proof from its front. */
class Reader {
  readonly #bytes: Uint8Array
  #at = 0
  constructor(proof: Hex) {
    this.#bytes = hexToBytes(proof)
  }
  take(length: number): Uint8Array {
    const end = this.#at + length
    if (end > this.#bytes.length) throw this.lengthError(end)
    const part = this.#bytes.subarray(this.#at, end)
    this.#at = end
    return part
  }
  uint(length: number): bigint {
    return bytesToBigInt(this.take(length))
  }
  word(): Hex {
    return bytesToHex(this.take(WORD_BYTES))
  }
  branch(gindex: bigint): Hex[] {
    return Array.from({ length: depthOf(gindex) }, () => this.word())
  }
  header(): BeaconHeader {
    const [slot, proposerIndex] = [this.uint(8), this.uint(8)]
    return { slot, proposerIndex, parentRoot: this.word(), stateRoot: this.word(), bodyRoot: this.word() }
  }
  rest(): Hex {
    return bytesToHex(this.take(this.#bytes.length - this.#at))
  }
  end(): void {
    if (this.#at !== this.#bytes.length) throw this.lengthError(this.#at)
  }
  lengthError(expected: number): VerifyError {
    const given = this.#bytes.length
    return new VerifyError('PROOF_LENGTH', `a proof of ${expected} bytes has ${given}`, { expected, given })
  }
}

/**
 * What the contract's `verifyBlock` says of a proof (docs/spec/ethereum-light-client.md), given what it stores.
 * @throws VerifyError with the code of the rule that is broken; RlpError for a header that is none.
 */
export function verifyBlock(store: StoredBlocks, proof: Hex, network: Network): VerifiedBlock {
  const reader = new Reader(proof)
  const kind = Number(reader.uint(1))
  if (kind > 2) throw kindError(kind, 2)
  const finalized = reader.header()
  const participants = requireStored(store, finalized.slot, beaconHeaderRoot(finalized))
  const header = kind === 0 ? finalized : readAncestor(reader, kind === 2, finalized, network)
  const gindex = gindices[forkAtSlot(network, header.slot).name].executionBlockHash
  const branch = reader.branch(gindex)
  const executionHeader = reader.rest()
  const leaf = keccak256(executionHeader)
  verifyBranch({ code: 'BRANCH_BLOCK_HASH', gindex, leaf, branch, root: header.bodyRoot })
  const participation = Math.floor((participants * BASIS_POINTS) / network.preset.syncCommitteeSize)
  return { ...parseHeader(hexToBytes(executionHeader)), participation }
}

/**
 * What the contract's `verifyReceiptsRoot` says of a proof, in the short form or in that of `verifyBlock`.
 * @throws VerifyError, RlpError as {@link verifyBlock}.
 */
export function verifyReceiptsRoot(store: StoredBlocks, proof: Hex, network: Network): Hex {
  const reader = new Reader(proof)
  const kind = Number(reader.uint(1))
  if (kind < 3) return verifyBlock(store, proof, network).receiptsRoot
  if (kind > 5) throw kindError(kind, 5)
  if (kind === 3) {
    const own = readReceiptsRoot(reader, network)
    requireStored(store, own.slot, own.root)
    return own.receiptsRoot
  }
  const slotAndProposer = reader.take(16)
  const slot = bytesToBigInt(slotAndProposer.subarray(0, 8))
  const [parentRoot, bodySide] = [reader.word(), reader.word()]
  const fork = forkAtSlot(network, slot).name
  const summary = kind === 5 ? reader.uint(SUMMARY_INDEX_BYTES) : undefined
  const gindexAt = (olderSlot: bigint): bigint =>
    summary === undefined
      ? blockRootGindex(fork, olderSlot, network.preset)
      : summarizedGindex(blockSummaryGindex(fork, summary), olderSlot, network)
  const branch = reader.branch(gindexAt(0n))
  const older = readReceiptsRoot(reader, network)
  if (summary === undefined) requireReach(older.slot, slot, network)
  const stateRoot = rootOfBranch(older.root, branch, indexOf(gindexAt(older.slot)))
  const roots = rootOfBranch(parentRoot, [stateRoot], 0n)
  const root = rootOfBranch(nodeOfSlot(slotAndProposer), [roots, bodySide], 0n)
  requireStored(store, slot, root)
  return older.receiptsRoot
}

/** The end of a short proof: a header around its body's root, and the receipts root with its branch in the body. */
function readReceiptsRoot(reader: Reader, network: Network) {
  const slotAndProposer = reader.take(16)
  const slot = bytesToBigInt(slotAndProposer.subarray(0, 8))
  const [parentAndState, receiptsRoot] = [reader.word(), reader.word()]
  const gindex = gindices[forkAtSlot(network, slot).name].executionReceiptsRoot
  if (gindex === undefined)
    throw new VerifyError('NO_RECEIPTS_ROOT', `the body at slot ${slot} has no receipts root`, { given: slot })
  const bodyRoot = rootOfBranch(receiptsRoot, reader.branch(gindex), indexOf(gindex))
  reader.end()
  const bodySide = rootOfBranch(bodyRoot, [zeroHash, zeroPair], 0n)
  return { slot, receiptsRoot, root: rootOfBranch(nodeOfSlot(slotAndProposer), [parentAndState, bodySide], 0n) }
}

/** Node 4 of a header's tree: slot and proposer index, here big-endian and there little-endian. */
function nodeOfSlot(slotAndProposer: Uint8Array): Hex {
  const leaf = (bytes: Uint8Array): Hex => {
    const chunk = new Uint8Array(WORD_BYTES)
    chunk.set(bytes.toReversed())
    return bytesToHex(chunk)
  }
  return rootOfBranch(leaf(slotAndProposer.subarray(0, 8)), [leaf(slotAndProposer.subarray(8))], 0n)
}

function readAncestor(reader: Reader, summarized: boolean, finalized: BeaconHeader, network: Network): BeaconHeader {
  const header = reader.header()
  const fork = forkAtSlot(network, finalized.slot).name
  const leaf = beaconHeaderRoot(header)
  const root = finalized.stateRoot
  if (!summarized) {
    const gindex = blockRootGindex(fork, header.slot, network.preset)
    const branch = reader.branch(gindex)
    requireReach(header.slot, finalized.slot, network)
    verifyBranch({ code: 'BRANCH_BLOCK_ROOTS', gindex, leaf, branch, root })
    return header
  }
  const entry = blockSummaryGindex(fork, reader.uint(SUMMARY_INDEX_BYTES))
  const gindex = summarizedGindex(entry, header.slot, network)
  verifyBranch({ code: 'BRANCH_SUMMARY', gindex, leaf, branch: reader.branch(gindex), root })
  return header
}

/** The place of a slot's root below a summary's `block_summary_root`. */
function summarizedGindex(entry: bigint, slot: bigint, { preset }: Network): bigint {
  return entry * preset.slotsPerHistoricalRoot + (slot % preset.slotsPerHistoricalRoot)
}

function requireReach(slot: bigint, from: bigint, { preset }: Network): void {
  if (slot < from && from - slot <= preset.slotsPerHistoricalRoot) return
  const first = from > preset.slotsPerHistoricalRoot ? from - preset.slotsPerHistoricalRoot : 0n
  throw new VerifyError('ANCESTOR_SLOT', `block_roots of slot ${from} does not hold slot ${slot}`, {
    expected: { first, last: from },
    given: slot,
  })
}

/** Members that signed a stored block. @throws VerifyError `BLOCK_UNKNOWN`. */
function requireStored({ finalizedBlocks }: StoredBlocks, slot: bigint, root: Hex): number {
  const stored = finalizedBlocks.get(slot)
  if (stored?.root !== root)
    throw new VerifyError('BLOCK_UNKNOWN', `no such block is stored at slot ${slot}`, {
      expected: stored?.root,
      given: root,
    })
  return stored.participants
}

function kindError(given: number, last: number): VerifyError {
  return new VerifyError('PROOF_KIND', `no kind of proof has the number ${given}`, { expected: `0 to ${last}`, given })
}
