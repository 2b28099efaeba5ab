import { type Hex, hexToBigInt, numberToHex, size as sizeOf, sliceHex } from 'viem'
import { decodeG2, decompressSignature, type G2Point, verifyAggregate } from './bls.ts'
import { isQuorum, participants, participantsKey } from './committee.ts'
import { VerifyError } from './errors.ts'
import { depthOf, gindices } from './forks.ts'
import { verifyBranch } from './merkle.ts'
import { forkAtSlot, type Network, periodAtSlot, timeAtSlot } from './networks.ts'
import { beaconHeaderRoot, syncCommitteeRoot } from './ssz.ts'
import type { BeaconHeader, SyncCommittee, Update } from './types.ts'
import { signingRoot } from './verify.ts'

/** What of an update a committee signed for: roots where an update as it is served has the whole. */
export interface SignedUpdate {
  readonly attested: BeaconHeader
  readonly finalized: BeaconHeader
  readonly finalityBranch: readonly Hex[]
  /** `hash_tree_root(next_sync_committee)` of the attested state, where the update carries it. */
  readonly next?: { readonly root: Hex; readonly branch: readonly Hex[] }
  readonly signatureSlot: bigint
  readonly bits: Hex
  readonly signature: G2Point
}

/** @throws VerifyError `POINT` for a signature off the curve. */
export function signedUpdateOf(update: Update): SignedUpdate {
  const { nextSyncCommittee: next, syncAggregate, signatureSlot, finalityBranch } = update
  return {
    attested: update.attestedHeader.beacon,
    finalized: update.finalizedHeader.beacon,
    finalityBranch,
    ...(next === undefined ? {} : { next: { root: syncCommitteeRoot(next.committee), branch: next.branch } }),
    signatureSlot,
    bits: syncAggregate.bits,
    signature: decompressSignature(syncAggregate.signature),
  }
}

/** Layout of an encoded update, as `docs/spec/ethereum-light-client.md` has it. */
const HEADER_BYTES = 112
const SLOT_BYTES = 8
const KEY_BYTES = 96
const SIGNATURE_BYTES = 192
const HAS_NEXT = 1
const FROM_KEPT = 2

/** What an update in calldata is known by. */
export type UpdateMark =
  | { readonly finalized: { readonly slot: bigint; readonly root: Hex } }
  | { readonly next: { readonly period: bigint; readonly root: Hex } }

/**
 * The encoded update that brought a head or a committee, wherever in `bytes` it stands: its roots are what tells it from
 * anything else. Its signature and its branches are not checked. Undefined where there is none.
 */
export function findSignedUpdate(bytes: Hex, mark: UpdateMark, network: Network): SignedUpdate | undefined {
  const data = bytes.toLowerCase()
  const committeeBytes = network.preset.syncCommitteeSize / 8
  const upToNext = 2 * HEADER_BYTES + SLOT_BYTES + committeeBytes + 32 + KEY_BYTES + SIGNATURE_BYTES + 1
  const [wanted, distances] =
    'finalized' in mark
      ? [numberToHex(mark.finalized.slot, { size: SLOT_BYTES }), [HEADER_BYTES]]
      : [mark.next.root.toLowerCase(), [upToNext, upToNext + committeeBytes]]
  const pattern = wanted.slice(2)
  for (let at = data.indexOf(pattern, 2); at >= 0; at = data.indexOf(pattern, at + 1)) {
    if (at % 2 !== 0) continue
    for (const distance of distances) {
      const update = readSignedUpdate(bytes, (at - 2) / 2 - distance, network)
      // points last: whoever fills a transaction with what looks like updates shall not have many of them checked
      if (update !== undefined && bears(update, mark, network)) return withPoint(update)
    }
  }
  return undefined
}

type EncodedUpdate = Omit<SignedUpdate, 'signature'> & { readonly signature: Hex }

function withPoint({ signature, ...rest }: EncodedUpdate): SignedUpdate | undefined {
  try {
    return { ...rest, signature: decodeG2(signature) }
  } catch {
    return undefined // no client took it
  }
}

function bears(update: EncodedUpdate, mark: UpdateMark, network: Network): boolean {
  if ('finalized' in mark) return beaconHeaderRoot(update.finalized) === mark.finalized.root.toLowerCase()
  const { period, root } = mark.next
  return update.next?.root === root.toLowerCase() && periodAtSlot(network, update.attested.slot) + 1n === period
}

/** An encoded update as far as its multiproof; undefined where the bytes at `from` are none. */
function readSignedUpdate(bytes: Hex, from: number, network: Network): EncodedUpdate | undefined {
  let at = from
  const take = (length: number): Hex => {
    at += length
    // sliceHex is strict about where it begins, not about how much there is
    if (at > sizeOf(bytes)) throw new RangeError('the bytes end')
    return toLower(sliceHex(bytes, at - length, at))
  }
  const header = (): BeaconHeader => ({
    slot: hexToBigInt(take(SLOT_BYTES)),
    proposerIndex: hexToBigInt(take(SLOT_BYTES)),
    parentRoot: take(32),
    stateRoot: take(32),
    bodyRoot: take(32),
  })
  const branch = (gindex: bigint): readonly Hex[] => Array.from({ length: depthOf(gindex) }, () => take(32))
  if (from < 0) return undefined
  try {
    const [attested, finalized] = [header(), header()]
    const signatureSlot = hexToBigInt(take(SLOT_BYTES))
    const bits = take(network.preset.syncCommitteeSize / 8)
    take(32 + KEY_BYTES)
    const signature = take(SIGNATURE_BYTES)
    const flags = Number(take(1))
    if ((flags & FROM_KEPT) !== 0) take(network.preset.syncCommitteeSize / 8)
    const { nextSyncCommittee, finalizedRoot } = gindices[forkAtSlot(network, attested.slot).name]
    const next = (flags & HAS_NEXT) === 0 ? {} : { next: { root: take(32), branch: branch(nextSyncCommittee) } }
    return { attested, finalized, finalityBranch: branch(finalizedRoot), ...next, signatureSlot, bits, signature }
  } catch {
    return undefined // something else that holds the same few bytes
  }
}

const toLower = (hex: Hex): Hex => `0x${hex.slice(2).toLowerCase()}`

/**
 * All that the contract checks of an update in evidence but that it knows the committee.
 * @param signers The committee of the signature slot's period.
 * @param latest The latest unix second that a signature slot may start at: the target chain's clock and the client's drift.
 * @throws VerifyError with the code of the rule that is broken.
 */
export function verifySignedUpdate(
  update: SignedUpdate,
  signers: SyncCommittee,
  network: Network,
  latest: bigint,
): void {
  const { attested, finalized, next, signatureSlot, bits } = update
  if (!(signatureSlot > attested.slot && attested.slot >= finalized.slot))
    throw new VerifyError('SLOT_ORDER', 'signature slot > attested slot >= finalized slot does not hold', {
      signatureSlot,
      attested: attested.slot,
      finalized: finalized.slot,
    })
  const time = timeAtSlot(network, signatureSlot)
  if (time > latest)
    throw new VerifyError('SLOT_IN_FUTURE', `slot ${signatureSlot} has not begun`, { expected: latest, given: time })
  const size = network.preset.syncCommitteeSize
  const count = participants(bits, size)
  if (!isQuorum(count, size))
    throw new VerifyError('PARTICIPATION', 'fewer than two thirds signed', {
      expected: Math.ceil((2 * size) / 3),
      given: count,
    })
  const places = gindices[forkAtSlot(network, attested.slot).name]
  const inState = { root: attested.stateRoot }
  if (next !== undefined) {
    const [expected, given] = [periodAtSlot(network, attested.slot), periodAtSlot(network, finalized.slot)]
    if (expected !== given)
      throw new VerifyError('PERIOD_MISMATCH', 'a next committee counts only where its own period is final', {
        expected,
        given,
      })
    const { root: leaf, branch } = next
    verifyBranch({ code: 'BRANCH_NEXT_COMMITTEE', gindex: places.nextSyncCommittee, leaf, branch, ...inState })
  }
  const leaf = beaconHeaderRoot(finalized)
  const branch = update.finalityBranch
  verifyBranch({ code: 'BRANCH_FINALITY', gindex: places.finalizedRoot, leaf, branch, ...inState })
  const message = signingRoot(network, beaconHeaderRoot(attested), signatureSlot)
  if (!verifyAggregate(participantsKey(signers, bits), message, update.signature))
    throw new VerifyError('SIGNATURE', 'the sync committee did not sign this header', { signatureSlot, message })
}
