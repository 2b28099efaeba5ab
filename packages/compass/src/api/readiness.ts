import type { z } from '@hono/zod-openapi'
import type { Telemetry } from '../metrics/telemetry.ts'
import { reasonOf } from '../worker.ts'
import type { healthSchema } from './schemas.ts'

/** Why Compass is not ready: lanes that make no progress although they could, or the store. None: it is ready. */
export type Problems = z.infer<typeof healthSchema>['problems']

/** What `/health/ready` answers from. */
export interface Readiness {
  /** Never rejects: a store that cannot be read is a problem of its own. */
  problems(): Promise<Problems>
}

/** Milliseconds that an answer is given again: far less than an orchestrator's period, which is in seconds. */
export const READINESS_MS = 1_000

/**
 * Answers whoever asks, who needs no token, with one look at the store per {@link READINESS_MS}, however many ask and
 * however long a look takes: who comes while one is under way gets its answer.
 *
 * @param now Milliseconds since the epoch. A clock that is put back ends an answer's age: it is asked for anew.
 */
export function createReadiness(telemetry: Pick<Telemetry, 'lanes'>, now: () => number): Readiness {
  let last: { readonly at: number; readonly problems: Problems } | null = null
  let looking: Promise<Problems> | null = null

  async function look(): Promise<Problems> {
    const problems = await problemsOf(telemetry)
    last = { at: now(), problems }
    looking = null
    return problems
  }

  return {
    async problems() {
      const age = last === null ? null : now() - last.at
      if (last !== null && age !== null && age >= 0 && age < READINESS_MS) return last.problems
      looking ??= look()
      return looking
    },
  }
}

async function problemsOf(telemetry: Pick<Telemetry, 'lanes'>): Promise<Problems> {
  try {
    const lanes = await telemetry.lanes()
    return lanes.flatMap(({ fromChain, toChain, stalled }) =>
      stalled === null ? [] : [{ what: `lane ${fromChain}-${toChain}`, reason: { ...stalled } }],
    )
  } catch (error) {
    return [{ what: 'store', reason: reasonOf(error) }]
  }
}
