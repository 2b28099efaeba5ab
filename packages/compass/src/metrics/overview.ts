import type { ClientState } from '@meridian/consensus'
import type { Address } from 'viem'
import type { MessageState, Reason } from '../message.ts'
import type { TransactionKind } from '../store/transactions.ts'
import type { Backlog, Spending } from '../store/views.ts'

/** A lane as an operator looks at it. Times are milliseconds. */
export interface LaneOverview {
  readonly fromChain: bigint
  readonly toChain: bigint
  /** Messages that are not at their end, by state. */
  readonly states: Readonly<Partial<Record<MessageState, number>>>
  /** Of those, the ones that show a reason. */
  readonly reasons: readonly { readonly code: string; readonly count: number }[]
  /** When the oldest message that could still be delivered was seen. */
  readonly oldestPendingAt: number | null
  readonly paused: boolean
  /** Why it makes no progress although it could; null while it does, or where nothing is to be done. */
  readonly stalled: Reason | null
}

/** A light client as it was last read. Seconds. */
export interface LightClientOverview {
  readonly fromChain: bigint
  readonly toChain: bigint
  readonly address: Address
  readonly status: 'active' | 'expired' | 'frozen'
  readonly head: { readonly number: bigint; readonly timestamp: bigint }
  readonly expiresAt: bigint
  /** From the head to the newest final block of the source; null while that is not known. */
  readonly lagSeconds: number | null
  /** By the target's own clock; null while that is not known. */
  readonly expirySeconds: number | null
}

/** A wallet as it was last looked at. */
export interface WalletOverview {
  readonly chainId: bigint
  readonly address: Address
  /** Wei. */
  readonly balance: bigint
  readonly readAt: number
  /** Wei that landed in the last 24 hours. */
  readonly spentPerDay: bigint
  /** Days that the balance lasts at that rate; null where nothing was spent. */
  readonly runwayDays: number | null
}

/** What a route has cost: gas and wei of one chain. */
export interface RouteCost {
  readonly fromChain: bigint
  readonly toChain: bigint
  readonly kind: TransactionKind
  /** Where it was paid: on the target, for claims on the source, or on a hub between them. */
  readonly paidOn: bigint
  readonly transactions: number
  readonly gas: bigint
  readonly wei: bigint
}

/** A worker's trouble, as `Compass.status` tells it. */
export interface Trouble {
  readonly name: string
  readonly trouble: { readonly reason: Reason; readonly since: number; readonly failures: number } | null
}

/**
 * Reasons that are nobody's to mend but the sender's or the operator's own decision, or that a chain's rules set: a lane
 * that has only such messages has nothing to do.
 */
const excused: ReadonlySet<string> = new Set([
  'FILTERED',
  'FILTERED_SANCTIONS',
  'FILTERED_LIMIT',
  'CLEARED',
  'PAUSED',
  'DEADLINE_PASSED',
  'OUT_OF_ORDER',
  'EXECUTION_FAILED',
  'EXPIRED',
  'UNPROFITABLE',
  'DRY_RUN',
  'NOT_FINAL',
  'MOS_LanePaused',
  'MOS_MalformedMessage',
  'MOS_RelayNotSupported',
])

/** Whether a message that waits for this could not go whatever a healthy service did. */
export const isExcused = (reason: string | null): boolean => reason !== null && excused.has(reason)

/** States in which a message is ours to move. */
const ours: ReadonlySet<MessageState> = new Set(['final', 'provable', 'submitted'])
/** States in which it may still be delivered. */
const pending: ReadonlySet<MessageState> = new Set(['seen', 'final', 'provable', 'submitted'])

/** What is known when a lane is judged. */
export interface LaneFacts {
  readonly fromChain: bigint
  readonly toChain: bigint
  readonly fromName: string
  readonly toName: string
  readonly backlog: readonly Backlog[]
  readonly workers: readonly Trouble[]
  readonly paused: boolean
  /** When a message of the lane took a step, or the service started. */
  readonly lastStepAt: number
  readonly now: number
  readonly stallMs: number
}

/**
 * A lane as it stands. It is stalled when what reads its source, keeps its wallet or carries it has failed for
 * `stallMs`, or when messages are there that could go and none has taken a step for as long. Pure.
 */
export function laneOverview(facts: LaneFacts): LaneOverview {
  const { fromChain, toChain, paused } = facts
  const rows = facts.backlog.filter((row) => row.fromChain === fromChain && row.toChain === toChain)
  const states: Partial<Record<MessageState, number>> = {}
  const reasons = new Map<string, number>()
  for (const { state, reason, count } of rows) {
    states[state] = (states[state] ?? 0) + count
    if (reason !== null) reasons.set(reason, (reasons.get(reason) ?? 0) + count)
  }
  const waiting = rows.filter(({ state, reason }) => pending.has(state) && !isExcused(reason))
  return {
    fromChain,
    toChain,
    states,
    reasons: [...reasons].map(([code, count]) => ({ code, count })),
    oldestPendingAt: waiting.length === 0 ? null : Math.min(...waiting.map(({ oldestSeenAt }) => oldestSeenAt)),
    paused,
    stalled: paused ? null : stallOf(facts, rows),
  }
}

function stallOf(facts: LaneFacts, rows: readonly Backlog[]): Reason | null {
  const { fromName, toName, workers, now, stallMs } = facts
  const needed = [`source ${fromName}`, `submitter ${toName}`, `lane ${fromName}-${toName}`]
  /** A lane over a hub has a worker for each of its legs. */
  const legs = [`lane ${fromName}-${toName} over `, `lane ${fromName}-${facts.toChain} to `]
  const isNeeded = (name: string): boolean => needed.includes(name) || legs.some((leg) => name.startsWith(leg))
  for (const { name, trouble } of workers)
    if (trouble !== null && isNeeded(name) && now - trouble.since >= stallMs)
      return { code: trouble.reason.code, detail: `${name}: ${trouble.reason.detail}` }
  const able = rows.filter(({ state, reason }) => ours.has(state) && !isExcused(reason))
  const [count, lastStepAt] = [
    able.reduce((sum, row) => sum + row.count, 0),
    // what was written down by a clock that was ahead says nothing
    Math.max(facts.lastStepAt, ...able.map((row) => row.lastStepAt).filter((at) => at <= now + stallMs)),
  ]
  if (count === 0 || now - lastStepAt < stallMs) return null
  const why = able.find(({ reason }) => reason !== null)?.reason ?? 'no reason given'
  const seconds = Math.floor((now - lastStepAt) / 1_000)
  return { code: 'NO_PROGRESS', detail: `${count} messages could go, none has moved for ${seconds} s (${why})` }
}

/** A light client by what was last read of it and of both chains. Pure. */
export function lightClientOverview(
  lane: { readonly fromChain: bigint; readonly toChain: bigint },
  client: ClientState,
  /** Unix seconds of the newest final block of each chain; null while not known. */
  final: { readonly source: bigint | null; readonly target: bigint | null },
): LightClientOverview {
  const { address, status, head, expiresAt } = client
  return {
    fromChain: lane.fromChain,
    toChain: lane.toChain,
    address,
    status,
    head: { number: head.number, timestamp: head.timestamp },
    expiresAt,
    lagSeconds: final.source === null ? null : Math.max(0, Number(final.source - head.timestamp)),
    expirySeconds: final.target === null ? null : Number(expiresAt - final.target),
  }
}

/** Days that a balance lasts; null where nothing is spent. */
export function runwayDays(balance: bigint, spentPerDay: bigint): number | null {
  return spentPerDay === 0n ? null : Number((balance * 1_000n) / spentPerDay) / 1_000
}

/**
 * What each route has cost. What carries messages, runs them again or claims their fees is of their lane, wherever on its way
 * it was paid: on the target, on a hub or on the source. An update is of the light client that it moved, for whichever
 * message. What is for no lane (a withdrawal) is left out.
 */
export function routeCosts(
  spending: readonly Spending[],
  /** The light client on `toChain` that follows `fromChain`. */
  clients: readonly { readonly fromChain: bigint; readonly toChain: bigint; readonly address: Address }[],
): readonly RouteCost[] {
  const found = new Map<string, RouteCost>()
  for (const { chainId, kind, to, fromChain, toChain, transactions, gas, wei } of spending) {
    const moved = clients.find((one) => one.toChain === chainId && one.address.toLowerCase() === to.toLowerCase())
    const from = kind === 'update' ? (moved?.fromChain ?? fromChain) : fromChain
    const end = kind === 'update' ? chainId : toChain
    if (from === null || end === null) continue
    const route = { from, to: end }
    const key = `${from}:${end}:${kind}:${chainId}`
    const before = found.get(key)
    found.set(key, {
      fromChain: route.from,
      toChain: route.to,
      kind,
      paidOn: chainId,
      transactions: transactions + (before?.transactions ?? 0),
      gas: gas + (before?.gas ?? 0n),
      wei: wei + (before?.wei ?? 0n),
    })
  }
  return [...found.values()]
}
