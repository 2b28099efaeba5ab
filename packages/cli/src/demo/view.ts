import type { Hex } from 'viem'

/** The steps of a message's way, in order. */
export const steps = ['sent', 'final', 'updated', 'proven', 'delivered', 'executed'] as const
export type Step = (typeof steps)[number]

/** A message as the view shows it. Times are milliseconds of one clock. */
export interface MessageRow {
  readonly orderId: Hex
  readonly from: string
  readonly to: string
  /** When the message reached each step. */
  readonly at: Partial<Readonly<Record<Step, number>>>
  /** Why it does not move, or why its target refused it. */
  readonly note: string | null
  readonly failed: boolean
  /** Whether it carries tokens. */
  readonly transfer: boolean
}

/** A chain as the view shows it. */
export interface ChainRow {
  readonly name: string
  readonly consensus: string
  readonly chainId: bigint
  readonly head: bigint
  readonly finalized: bigint
  /** What the chain's light client on the other chain has as its head, in the consensus' own unit. */
  readonly client: { readonly on: string; readonly unit: string; readonly head: bigint; readonly status: string }
  readonly counter: bigint
}

/** An asset as the view shows it. */
export interface AssetRow {
  readonly symbol: string
  readonly decimals: number
  readonly lockedOn: string
  /** Token units. */
  readonly locked: bigint
  readonly mintedOn: string
  /** Token units. */
  readonly outstanding: bigint
  /** What Compass' watch says; null before its first look. */
  readonly verdict: 'backed' | 'suspect' | 'mismatch' | null
}

/** Everything on the screen. */
export interface View {
  /** What is going on, while the chains start. */
  readonly phase: string
  readonly running: boolean
  readonly chains: readonly ChainRow[]
  readonly asset: AssetRow | null
  /** Oldest first. */
  readonly messages: readonly MessageRow[]
  readonly clockRate: number
  /** Milliseconds of the messages' clock. */
  readonly now: number
}

/** An empty screen. */
export function initialView(phase: string, clockRate: number): View {
  return { phase, running: false, chains: [], asset: null, messages: [], clockRate, now: 0 }
}

/** The view after a message took a step; a message that is new is added. */
export function withStep(
  view: View,
  message: { readonly orderId: Hex; readonly from: string; readonly to: string; readonly transfer?: boolean },
  step: Step | 'failed',
  at: number,
  note: string | null = null,
): View {
  const known = view.messages.find((row) => row.orderId === message.orderId && row.from === message.from)
  const before: MessageRow = known ?? { transfer: false, ...message, at: {}, note: null, failed: false }
  const after: MessageRow =
    step === 'failed'
      ? { ...before, failed: true, note: note ?? before.note }
      : { ...before, failed: step !== 'executed' && before.failed, note, at: { [step]: at, ...before.at } }
  const messages =
    known === undefined ? [...view.messages, after] : view.messages.map((row) => (row === known ? after : row))
  return { ...view, messages }
}

/** The last step that a message has reached. */
export function lastStep(row: MessageRow): Step {
  return steps.findLast((step) => row.at[step] !== undefined) ?? 'sent'
}
