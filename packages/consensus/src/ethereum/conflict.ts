import type { Hex } from 'viem'
import { encodeMisbehaviour, encodeSignedUpdate, type Misbehaviour } from './encode.ts'
import { VerifyError } from './errors.ts'
import { blockRootGindex } from './forks.ts'
import { verifyBranch } from './merkle.ts'
import { forkAtSlot, type Network, periodAtSlot, timeAtSlot } from './networks.ts'
import { type SignedUpdate, verifySignedUpdate } from './signed-update.ts'
import { beaconHeaderRoot, syncCommitteeRoot } from './ssz.ts'
import type { SyncCommittee } from './types.ts'

/** What of a client's state evidence is judged by. */
export interface EvidenceRules {
  /** `hash_tree_root(SyncCommittee)` of every period that the client still keeps. */
  readonly committeeRoots: ReadonlyMap<bigint, Hex>
  /** Unix seconds of the chain that holds the client. */
  readonly now: bigint
  /** Seconds. */
  readonly trustingPeriod: bigint
  /** Seconds. */
  readonly clockDrift: bigint
}

/** An update, and the committee that signed it. */
export interface Signed {
  readonly update: SignedUpdate
  readonly signers: SyncCommittee
}

/** Two signed updates that cannot both be true, and how; of a forked history `first` is the older one. */
export type Conflict = Misbehaviour<Signed>

/**
 * The twin of the contract's `reportMisbehaviour` for an unfrozen client.
 * @throws VerifyError with the code of the rule that is broken; `NO_CONFLICT` where both can be true.
 */
export function verifyConflict(conflict: Conflict, network: Network, rules: EvidenceRules): void {
  const { kind, first, second } = conflict
  for (const one of [first, second]) verifySigned(one, network, rules)
  const [a, b] = [first.update, second.update]
  const noConflict = (expected: unknown, given: unknown): never => {
    throw new VerifyError('NO_CONFLICT', 'both can be true', { kind, expected, given })
  }
  const [one, other] = [beaconHeaderRoot(a.finalized), beaconHeaderRoot(b.finalized)]
  if (conflict.kind === 'forked-history') {
    const [slot, from] = [a.finalized.slot, b.finalized.slot]
    if (slot >= from) noConflict('an older block', slot)
    const reach = network.preset.slotsPerHistoricalRoot
    if (from - slot > reach)
      throw new VerifyError('ANCESTOR_SLOT', 'block_roots does not reach the slot', {
        expected: from - reach,
        given: slot,
      })
    const gindex = blockRootGindex(forkAtSlot(network, from).name, slot, network.preset)
    const { root: leaf, branch } = conflict
    verifyBranch({ code: 'BRANCH_BLOCK_ROOTS', gindex, leaf, branch, root: b.finalized.stateRoot })
    if (leaf === one) noConflict('another root', leaf)
  } else if (kind === 'conflicting-headers') {
    if (a.finalized.slot !== b.finalized.slot) noConflict(a.finalized.slot, b.finalized.slot)
    if (one === other) noConflict('two roots', one)
  } else {
    const [period, otherPeriod] = [a, b].map(({ attested }) => periodAtSlot(network, attested.slot))
    if (a.next === undefined || b.next === undefined || period !== otherPeriod) noConflict(period, otherPeriod)
    if (a.next?.root === b.next?.root) noConflict('two committees', a.next?.root)
  }
}

/** @throws VerifyError with the code of the rule that is broken. */
export function verifySigned({ update, signers }: Signed, network: Network, rules: EvidenceRules): void {
  const period = periodAtSlot(network, update.signatureSlot)
  const expected = requireCommittee(period, network, rules)
  const given = syncCommitteeRoot(signers)
  if (given !== expected.toLowerCase())
    throw new VerifyError('COMMITTEE_ROOT', `another committee is stored for period ${period}`, { expected, given })
  verifySignedUpdate(update, signers, network, rules.now + rules.clockDrift)
}

/** The committee that the client knows for a period, if what it signed still counts. @throws VerifyError. */
export function requireCommittee(period: bigint, network: Network, rules: EvidenceRules): Hex {
  const root = rules.committeeRoots.get(period)
  if (root === undefined)
    throw new VerifyError('COMMITTEE_UNKNOWN', `the client knows no committee of period ${period}`, {
      expected: [...rules.committeeRoots.keys()],
      given: period,
    })
  const { slotsPerEpoch, epochsPerSyncCommitteePeriod } = network.preset
  const end = timeAtSlot(network, (period + 1n) * slotsPerEpoch * epochsPerSyncCommitteePeriod)
  if (rules.now >= end + rules.trustingPeriod)
    throw new VerifyError('EXPIRED', `the committee of period ${period} ended too long ago`, {
      expected: end + rules.trustingPeriod,
      given: rules.now,
    })
  return root
}

/** Evidence in the contract's bytes, from the committees' own aggregates: one that was kept may not be kept any more. */
export function encodeConflict(conflict: Conflict): Hex {
  const encode = ({ update, signers }: Signed): Hex => encodeSignedUpdate(update, signers)
  return encodeMisbehaviour({ ...conflict, first: encode(conflict.first), second: encode(conflict.second) })
}
