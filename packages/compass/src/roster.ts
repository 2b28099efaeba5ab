import type { Logger } from 'pino'
import type { Clock } from './clock.ts'
import type { Lease, LeaseStore } from './store/leases.ts'
import { reasonOf } from './worker.ts'

/** Milliseconds that a lease lasts without a beat, and between beats: a killed Compass is replaced within their sum. */
export const LEASE_TTL_MS = 15_000
export const LEASE_BEAT_MS = 4_000

/** What is told of pieces of work that come and go. */
export interface RosterEvents {
  /** The piece is ours from now on. */
  gained(lease: Lease): void
  /** The piece is not ours any more, or will be given away: returns once nothing of it is being done. */
  lost(name: string): Promise<void>
}

/** Keeps this Compass' share of the work. */
export interface Roster {
  /** One look. Never throws: while the database cannot be reached, what is held runs out. */
  beat(): Promise<void>
  /** Gives everything back, so that the others need not wait. */
  leave(): Promise<void>
  held(): readonly Lease[]
}

/** Divides pieces of work among the Compasses on one database. */
export function createRoster(
  leases: LeaseStore,
  holder: string,
  names: readonly string[],
  events: RosterEvents,
  clock: Clock,
  log: Logger,
): Roster {
  const held = new Map<string, Lease>()
  /** Pieces whose work is being ended. Until it has ended nobody takes them up here again. */
  const ending = new Map<string, Promise<void>>()
  let until = 0

  /**
   * Ends the work of a piece. Nobody but `leave` waits for it: a round that takes its time must not keep the other leases from
   * being renewed. What is given away stays ours, and renewed, until its work has ended.
   */
  function lose(name: string, giveAway: boolean): Promise<void> {
    const known = ending.get(name)
    if (known !== undefined) return known
    const done = events
      .lost(name)
      .then(() => (giveAway ? leases.release(holder, [name]) : undefined))
      .catch((error: unknown) =>
        log.warn({ lease: name, ...reasonOf(error) }, 'a lease is not given back: it runs out'),
      )
      .finally(() => {
        ending.delete(name)
        held.delete(name)
      })
    ending.set(name, done)
    return done
  }

  /** Takes note of what the database says is ours. */
  function follow(given: readonly Lease[]): void {
    const now = new Map(given.map((lease) => [lease.name, lease]))
    for (const [name, lease] of held) {
      if (now.get(name)?.token === lease.token || ending.has(name)) continue
      log.warn({ lease: name }, 'lease lost')
      void lose(name, false)
    }
    for (const lease of given) {
      if (held.has(lease.name)) continue
      log.info({ lease: lease.name, token: String(lease.token) }, 'lease taken')
      held.set(lease.name, lease)
      events.gained(lease)
    }
  }

  return {
    held: () => [...held.values()],
    async beat() {
      const at = clock.now()
      try {
        const { held: given, members } = await leases.beat(holder, names, LEASE_TTL_MS)
        until = at + LEASE_TTL_MS
        follow(given)
        const mine = [...held.keys()].filter((name) => !ending.has(name))
        for (const name of mine.slice(Math.ceil(names.length / members))) void lose(name, true)
      } catch (error) {
        const { code, detail } = reasonOf(error)
        log.warn({ code, detail }, 'leases cannot be renewed')
        // whoever cannot say that it lives is replaced: it stops before that, though nothing it wrote would count
        if (clock.now() >= until) for (const name of [...held.keys()]) void lose(name, false)
      }
    },
    async leave() {
      await Promise.all([...held.keys()].map((name) => lose(name, false)))
      await leases.leave(holder).catch((error: unknown) => {
        log.warn({ detail: reasonOf(error).detail }, 'leases cannot be given back: they run out')
      })
    },
  }
}
