import type { Hex } from 'viem'
import { IllegalTransitionError } from './errors.ts'

/**
 * Where a leg of a message is. A message over a hub has two legs: from its source chain to the hub, and from the hub's own
 * log of it to its target chain. Any other has one.
 *
 *     seen ─► final ─► provable ─► submitted ─► included ─► delivered
 *              ▲ ▲         ▲            │           │ │ │       ▲
 *              │ └─────────┴────────────┴───────────┤ │ └───► expired
 *              │                                    │ │         ▲
 *              ├──────────── deadline ── failed ◄───┤ │         │
 *              └── the hub is left ── forwarded ◄───┴─┴─ the last leg ended
 *
 * `included` is in a block of the target that may still be reorganised; `delivered` and `expired` are final there and the
 * end of it. `failed` is final too, and stored on chain, where anybody may retry it until its deadline; from then on it
 * can be proven again, which records that it expired. `forwarded`: final on the hub; the first leg ends as the second does.
 */
export const messageStates = [
  'seen',
  'final',
  'provable',
  'submitted',
  'included',
  'delivered',
  'failed',
  'expired',
  'forwarded',
] as const
export type MessageState = (typeof messageStates)[number]

/** States that nothing leaves. */
export const endStates = ['delivered', 'expired'] as const satisfies readonly MessageState[]

/** How a leg ended where it went, or ended for now: a failed message may yet be retried, a forwarded one goes on. */
export type Settled = 'delivered' | 'failed' | 'expired' | 'forwarded'

/** Why a message does not move. `code` is for machines, `detail` for people. */
export interface Reason {
  readonly code: string
  readonly detail: string
}

/** Names a message in the store, or one leg of it. */
export interface MessageKey {
  readonly fromChain: bigint
  readonly orderId: Hex
  /** Chain whose log the leg carries: the source, or the hub. Absent: the last leg that there is. */
  readonly logChain?: bigint
}

/** What a log says of a message: that of its source chain's MOS, or the hub's, which repeats it. Never changes. */
export interface MessageOrigin extends MessageKey {
  /** Chain whose log this is: the source, or the hub. */
  readonly logChain: bigint
  /** Contract whose log this is: MOS on the source, or the hub. */
  readonly emitter: Hex
  readonly toChain: bigint
  /** Of the lane; from the order id. */
  readonly nonce: bigint
  /** MOS on the source chain, which issued the order id. */
  readonly mos: Hex
  readonly fromAddress: Hex
  /** The encoded `MessageData`, byte for byte as sent. */
  readonly messageData: Hex
  /** Gas that the target receives at least. */
  readonly gasLimit: bigint
  /** The application on the target chain; null where the message cannot be read. */
  readonly target: Hex | null
  /** The encoded options, byte for byte as sent; empty if there are none. */
  readonly options: Hex
  /** Unix seconds on the target chain; from then on it is not run any more. 0: it never expires. */
  readonly deadline: bigint
  /** Place in the stream from its sender to its target; 0: not ordered. */
  readonly sequence: bigint
  /** Who gets the fee back if it expires without having been run; null: it cannot expire. */
  readonly refundRecipient: Hex | null
  /** Of the log. */
  readonly blockNumber: bigint
  readonly blockHash: Hex
  /** Unix seconds. */
  readonly blockTimestamp: bigint
  readonly txHash: Hex
  readonly txIndex: number
  /** Counted inside the block. */
  readonly logIndex: number
}

/** A message and how far it is. Times are milliseconds of Compass' clock. */
export interface Message extends MessageOrigin {
  readonly state: MessageState
  readonly reason: Reason | null
  /** Tries to deliver that came to nothing. */
  readonly attempts: number
  readonly nextAttemptAt: number
  readonly seenAt: number
  readonly finalAt: number | null
  readonly provableAt: number | null
  readonly submittedAt: number | null
  readonly includedAt: number | null
  readonly settledAt: number | null
  /** The light-client update that made its block provable, where this Compass sent one. */
  readonly updateTx: Hex | null
  /** Gas of the updates it waited for, each shared by every message that waited. */
  readonly updateGas: bigint | null
  /** Row of the delivering transaction. */
  readonly transactionId: number | null
  readonly targetTx: Hex | null
  readonly targetBlock: bigint | null
  /** Gas of the delivering transaction, divided by its messages. */
  readonly deliveryGas: bigint | null
  /** What the target chain says of it; null until it is included. */
  readonly outcome: Settled | null
  /** Whether the target application accepted it; null while it has not been asked. */
  readonly executed: boolean | null
  /** What the target returned when it failed. */
  readonly executionReason: Hex | null
}

/** What can happen to a message. `at` is milliseconds of Compass' clock. */
export type MessageEvent =
  | { readonly type: 'finalized'; readonly at: number }
  /** A light-client update that it waited for is in a block. The target's head may show that before the update's receipt was
   *  looked for: the message can have gone on, and may be told of one update twice, which counts once. */
  | { readonly type: 'updated'; readonly at: number; readonly tx: Hex; readonly gas: bigint }
  | { readonly type: 'proven'; readonly at: number }
  | { readonly type: 'unproven'; readonly at: number; readonly reason: Reason; readonly nextAttemptAt: number }
  | { readonly type: 'submitted'; readonly at: number; readonly transactionId: number }
  | { readonly type: 'dropped'; readonly at: number; readonly reason: Reason; readonly nextAttemptAt: number }
  | {
      readonly type: 'included'
      readonly at: number
      readonly outcome: Settled
      readonly executionReason: Hex | null
      readonly tx: Hex | null
      readonly block: bigint
      readonly gas: bigint | null
    }
  | { readonly type: 'excluded'; readonly at: number }
  | { readonly type: 'settled'; readonly at: number; readonly outcome: Settled }
  /** It cannot proceed for now. `failure` counts as a try, so that the next one comes later. */
  | {
      readonly type: 'waiting'
      readonly at: number
      readonly reason: Reason
      readonly nextAttemptAt: number
      readonly failure: boolean
    }
  /** The last leg of a forwarded message has ended. */
  | { readonly type: 'arrived'; readonly at: number; readonly outcome: 'delivered' | 'expired' }
  /** Failed, and its deadline is past: it is to be proven again, so that its expiry is recorded. */
  | { readonly type: 'lapsed'; readonly at: number }
  /** The lane does not go over the hub any more: what the hub has is carried to its target directly. */
  | { readonly type: 'rerouted'; readonly at: number }
  /** An operator wants it tried now, or what it waited for is there. */
  | { readonly type: 'woken'; readonly at: number }

/** Which states take which event. */
export const legal: Readonly<Record<MessageEvent['type'], readonly MessageState[]>> = {
  finalized: ['seen'],
  updated: ['final', 'provable', 'submitted', 'included'],
  proven: ['final', 'provable'],
  unproven: ['provable'],
  submitted: ['provable'],
  dropped: ['submitted'],
  included: ['final', 'provable', 'submitted', 'failed'],
  excluded: ['included'],
  settled: ['included'],
  arrived: ['forwarded'],
  lapsed: ['failed'],
  rerouted: ['forwarded'],
  waiting: ['seen', 'final', 'provable', 'included', 'failed'],
  woken: ['seen', 'final', 'provable', 'included', 'failed'],
}

/** A message as the source chain's log shows it for the first time. */
export function seen(origin: MessageOrigin, at: number): Message {
  return {
    ...origin,
    state: 'seen',
    reason: null,
    attempts: 0,
    nextAttemptAt: 0,
    seenAt: at,
    finalAt: null,
    provableAt: null,
    submittedAt: null,
    includedAt: null,
    settledAt: null,
    updateTx: null,
    updateGas: null,
    transactionId: null,
    targetTx: null,
    targetBlock: null,
    deliveryGas: null,
    outcome: null,
    executed: null,
    executionReason: null,
  }
}

const unsent = {
  transactionId: null,
  submittedAt: null,
  includedAt: null,
  targetTx: null,
  targetBlock: null,
  deliveryGas: null,
  outcome: null,
  executed: null,
  executionReason: null,
} as const

/** What a message shows for how it ended. */
const endings: Readonly<Record<Settled, { readonly executed: boolean | null; readonly reason: Reason | null }>> = {
  delivered: { executed: true, reason: null },
  failed: {
    executed: false,
    reason: { code: 'EXECUTION_FAILED', detail: 'the target failed; anybody may retry it' },
  },
  expired: { executed: null, reason: { code: 'EXPIRED', detail: 'its deadline passed before it was run' } },
  forwarded: { executed: null, reason: null },
}

/**
 * The one function that moves a message.
 *
 * @throws {IllegalTransitionError} the state does not take the event.
 */
export function transition(message: Message, event: MessageEvent): Message {
  if (!legal[event.type].includes(message.state))
    throw new IllegalTransitionError(message.orderId, message.state, event.type)
  switch (event.type) {
    case 'finalized':
      return { ...message, state: 'final', finalAt: event.at, reason: null, nextAttemptAt: 0 }
    case 'updated':
      if (message.updateTx === event.tx) return message
      return {
        ...message,
        updateTx: event.tx,
        updateGas: (message.updateGas ?? 0n) + event.gas,
        ...(message.state === 'final' ? { reason: null, nextAttemptAt: 0 } : {}),
      }
    case 'proven':
      return { ...message, state: 'provable', provableAt: message.provableAt ?? event.at, reason: null }
    case 'unproven':
      return { ...message, state: 'final', provableAt: null, reason: event.reason, nextAttemptAt: event.nextAttemptAt }
    case 'submitted':
      return {
        ...message,
        state: 'submitted',
        submittedAt: event.at,
        transactionId: event.transactionId,
        reason: null,
        nextAttemptAt: 0,
      }
    case 'dropped':
      return {
        ...message,
        ...unsent,
        state: 'provable',
        reason: event.reason,
        attempts: message.attempts + 1,
        nextAttemptAt: event.nextAttemptAt,
      }
    case 'included':
      return {
        ...message,
        state: 'included',
        includedAt: event.at,
        outcome: event.outcome,
        ...endings[event.outcome],
        executionReason: event.executionReason,
        targetTx: event.tx,
        targetBlock: event.block,
        deliveryGas: event.gas ?? message.deliveryGas,
        nextAttemptAt: 0,
      }
    case 'excluded':
      return message.transactionId === null
        ? { ...message, ...unsent, state: 'final', nextAttemptAt: 0 }
        : {
            ...message,
            ...unsent,
            state: 'submitted',
            transactionId: message.transactionId,
            submittedAt: message.submittedAt,
          }
    case 'settled':
    case 'arrived':
      return {
        ...message,
        state: event.outcome,
        settledAt: event.at,
        outcome: event.outcome,
        ...endings[event.outcome],
        nextAttemptAt: 0,
      }
    case 'lapsed':
    case 'rerouted':
      return { ...message, ...unsent, state: 'final', provableAt: null, reason: null, nextAttemptAt: 0 }
    case 'waiting':
      return {
        ...message,
        reason: event.reason,
        attempts: message.attempts + (event.failure ? 1 : 0),
        nextAttemptAt: event.nextAttemptAt,
      }
    case 'woken':
      return { ...message, nextAttemptAt: 0 }
  }
}

/** Part of the time that something has stood unchanged for which it is left alone, and the longest of it. */
const REST_SHARE = 16
const LONGEST_REST_MS = 3_600_000

/**
 * Milliseconds until something that may never change is looked at again: the longer it has stood, the rarer. A sender can leave
 * any number of such messages behind, and each look costs requests.
 */
export function rarerMs(least: number, stoodMs: number): number {
  return Math.min(Math.max(least, Math.floor(stoodMs / REST_SHARE)), LONGEST_REST_MS)
}

/** When what an operator gave up is tried again: the same moment for all, beyond any clock. */
export const NEVER = Number.MAX_SAFE_INTEGER
/** Milliseconds that anything else is put off, and more. */
export const LONGEST_WAIT_MS = 7_200_000

/** An event for one message. */
export type Happening = readonly [MessageKey, MessageEvent]

/** Milliseconds until the next try after `attempts` failures: doubles from a second to ten minutes. */
export function backoffMs(attempts: number): number {
  return Math.min(1_000 * 2 ** Math.min(attempts, 20), 600_000)
}
