import { VerifyError } from './errors.ts'
import { type Network, periodAtSlot } from './networks.ts'
import { parseBootstrap, parseJson, parseUpdates } from './parse.ts'
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
