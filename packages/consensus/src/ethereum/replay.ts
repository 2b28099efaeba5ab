import type { Hex } from 'viem'
import { encodeBeaconHeader } from './encode.ts'
import { VerifyError } from './errors.ts'
import { gindices } from './forks.ts'
import { verifyBranch } from './merkle.ts'
import { forkAtSlot, type Network, periodAtSlot } from './networks.ts'
import { parseBootstrap, parseJson, parseUpdates } from './parse.ts'
import { beaconHeaderRoot, syncCommitteeRoot } from './ssz.ts'
import type { Bootstrap, SyncCommittee, Update } from './types.ts'

/**
 * Updates of one file as a beacon node serves them: `light_client/updates` (an array), a single update, a finality
 * update; each with or without `{version, data}`.
 * @throws ParseError (one line, naming the path) or ForkError.
 */
export function parseUpdateFile(text: string, network: Network): Update[] {
  return parseUpdates(parseJson(text), network)
}

/** The bootstrap of one file. @throws ParseError or ForkError. */
export function parseBootstrapFile(text: string, network: Network): Bootstrap {
  return parseBootstrap(parseJson(text), network)
}

/** What the contract's constructor takes of a bootstrap. */
export interface BootstrapArgs {
  /** Root of the trusted block: what an operator compares with other sources. */
  readonly root: Hex
  /** The trusted block's header, packed as the spec says: 112 bytes. */
  readonly header: Hex
  /** `hash_tree_root(current_sync_committee)`. */
  readonly committeeRoot: Hex
  /** Its branch in the header's state, bottom-up. */
  readonly committeeBranch: readonly Hex[]
}

/**
 * Checks a bootstrap's branch and turns it into the constructor's arguments.
 * @throws VerifyError `BRANCH_CURRENT_COMMITTEE` where the committee is not the header's.
 */
export function bootstrapArgs(bootstrap: Bootstrap, network: Network): BootstrapArgs {
  const { beacon } = bootstrap.header
  const committeeRoot = syncCommitteeRoot(bootstrap.currentSyncCommittee)
  verifyBranch({
    code: 'BRANCH_CURRENT_COMMITTEE',
    gindex: gindices[forkAtSlot(network, beacon.slot).name].currentSyncCommittee,
    leaf: committeeRoot,
    branch: bootstrap.currentSyncCommitteeBranch,
    root: beacon.stateRoot,
  })
  return {
    root: beaconHeaderRoot(beacon),
    header: encodeBeaconHeader(beacon),
    committeeRoot,
    committeeBranch: bootstrap.currentSyncCommitteeBranch,
  }
}

/** The committees that a sequence of files reveals, by period: what each update must be encoded with. */
export interface CommitteeBook {
  /** The committee that signed `update`. @throws VerifyError `COMMITTEE_UNKNOWN`. */
  signersOf(update: Update): SyncCommittee
  /** Remembers the next committee of an update; call it once the update is accepted. */
  learn(update: Update): void
}

/** Starts a book with a bootstrap's committee. */
export function createCommitteeBook(bootstrap: Bootstrap, network: Network): CommitteeBook {
  const byPeriod = new Map([[periodAtSlot(network, bootstrap.header.beacon.slot), bootstrap.currentSyncCommittee]])
  return {
    signersOf(update) {
      const period = periodAtSlot(network, update.signatureSlot)
      const committee = byPeriod.get(period)
      if (committee === undefined)
        throw new VerifyError('COMMITTEE_UNKNOWN', `no committee is known for period ${period}`, {
          expected: [...byPeriod.keys()],
          given: period,
        })
      return committee
    },
    learn(update) {
      if (update.nextSyncCommittee === undefined) return
      const period = periodAtSlot(network, update.attestedHeader.beacon.slot) + 1n
      if (!byPeriod.has(period)) byPeriod.set(period, update.nextSyncCommittee.committee)
    },
  }
}
