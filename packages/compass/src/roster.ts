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
  let until = 0

  async function lose(name: string): Promise<void> {
    await events.lost(name)
    held.delete(name)
  }

  /** Takes note of what the database says is ours. */
  async function follow(given: readonly Lease[]): Promise<void> {
    const now = new Map(given.map((lease) => [lease.name, lease]))
    for (const [name, lease] of held) {
      if (now.get(name)?.token === lease.token) continue
      log.warn({ lease: name }, 'lease lost')
      await lose(name)
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
        await follow(given)
        const surplus = [...held.keys()].slice(Math.ceil(names.length / members))
        for (const name of surplus) await lose(name)
        await leases.release(holder, surplus)
      } catch (error) {
        const { code, detail } = reasonOf(error)
        log.warn({ code, detail }, 'leases cannot be renewed')
        // whoever cannot say that it lives is replaced: it stops before that, though nothing it wrote would count
        if (clock.now() >= until) for (const name of [...held.keys()]) await lose(name)
      }
    },
    async leave() {
      for (const name of [...held.keys()]) await lose(name)
      await leases.leave(holder).catch((error: unknown) => {
        log.warn({ detail: reasonOf(error).detail }, 'leases cannot be given back: they run out')
      })
    },
  }
}
