import { isHex } from 'viem'
import { z } from 'zod'
import { clientForks, layouts } from './deploy.ts'
import { ForkScheduleError, NodeAnswerError } from './errors.ts'
import { type ForkEpoch, forkNames } from './forks.ts'
import type { BeaconNode } from './nodes.ts'

/** What a light client on chain keeps of a fork. */
export interface ScheduledFork {
  readonly epoch: bigint
  readonly version: `0x${string}`
  readonly stateLayout: number
}

/** An epoch that never comes. */
const FAR_FUTURE_EPOCH = 2n ** 64n - 1n

const SPEC_PATH = '/eth/v1/config/spec'
const epoch = z
  .string()
  .regex(/^\d{1,20}$/)
  .transform((text) => BigInt(text))
const version = z.custom<`0x${string}`>((value) => isHex(value) && value.length === 10)
const schema = z.object({ data: z.record(z.string(), z.unknown()) })

/** The forks that a node's `config/spec` has, without those that never come. @throws NodeAnswerError */
export function parseSchedule(json: unknown): readonly ForkEpoch[] {
  const parsed = schema.safeParse(json)
  if (!parsed.success) throw new NodeAnswerError(`${SPEC_PATH}: no configuration`, { expected: '{data: {…}}' })
  const spec = parsed.data.data
  return forkNames.flatMap((name): readonly ForkEpoch[] => {
    const key = name.toUpperCase()
    const given = spec[`${key}_FORK_EPOCH`]
    if (given === undefined) return []
    const at = epoch.safeParse(given)
    const by = version.safeParse(spec[`${key}_FORK_VERSION`])
    if (!at.success || !by.success)
      throw new NodeAnswerError(`${SPEC_PATH}: ${key}_FORK_EPOCH or ${key}_FORK_VERSION is malformed`, { given })
    return at.data === FAR_FUTURE_EPOCH ? [] : [{ name, epoch: at.data, version: by.data }]
  })
}

/** @throws NodeAnswerError */
export async function readSchedule(node: BeaconNode): Promise<readonly ForkEpoch[]> {
  return parseSchedule(await node.get(SPEC_PATH))
}

function text(fork: ScheduledFork | undefined): string {
  if (fork === undefined) return 'none'
  const name = Object.entries(layouts).findLast(([, layout]) => layout === fork.stateLayout)?.[0]
  return `${fork.version} at epoch ${fork.epoch} (laid out as ${name ?? 'unknown'})`
}

/** What is in force at the client's first epoch, and what follows it up to `until`. */
function relevant(forks: readonly ScheduledFork[], from: bigint, until: bigint): readonly ScheduledFork[] {
  const start = forks.findLast((fork) => fork.epoch <= from)
  const later = forks.filter((fork) => fork.epoch > from && fork.epoch <= until)
  return start === undefined ? later : [{ ...start, epoch: from }, ...later]
}

/**
 * Holds a schedule against the one that a light client was deployed with, from the client's first epoch up to `until`. A fork
 * that lies further ahead is not missed yet.
 * @param who Whose schedule it is, for the message. @throws ForkScheduleError at the first difference.
 */
export function requireSchedule(
  client: readonly ScheduledFork[],
  forks: readonly ForkEpoch[],
  until: bigint,
  who: string,
): void {
  const [first] = client
  if (first === undefined) return
  const theirs = relevant(clientForks({ forks }), first.epoch, until)
  const ours = relevant(client, first.epoch, until)
  for (let i = 0; i < Math.max(theirs.length, ours.length); i++) {
    const [expected, given] = [ours[i], theirs[i]]
    if (expected?.epoch === given?.epoch && expected?.version === given?.version.toLowerCase()) {
      if (expected?.stateLayout === given?.stateLayout) continue
    }
    throw new ForkScheduleError(`${who} has fork ${text(given)}, the light client ${text(expected)}`, {
      expected: text(expected),
      given: text(given),
    })
  }
}
