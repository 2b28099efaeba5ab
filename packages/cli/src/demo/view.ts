import type { Hex } from 'viem'

/** The steps of a message's way, in order; those with the hub in their name are of a message over one. */
export const steps = [
  'sent',
  'final',
  'updated',
  'forwarded',
  'hubFinal',
  'hubUpdated',
  'proven',
  'delivered',
  'executed',
] as const
export type Step = (typeof steps)[number]

/** The steps that are shown of messages between two chains, and of messages over a hub. */
export const directSteps = ['sent', 'final', 'updated', 'proven', 'delivered', 'executed'] as const
export const hubSteps = [
  'sent',
  'final',
  'updated',
  'forwarded',
  'hubFinal',
  'hubUpdated',
  'delivered',
  'executed',
] as const satisfies readonly Step[]

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

/** A chain's light client on another chain as the view shows it: its head is in the consensus' own unit. */
export interface ClientRow {
  readonly on: string
  readonly unit: string
  readonly head: bigint
  readonly status: string
}

/** A chain as the view shows it. */
export interface ChainRow {
  readonly name: string
  readonly consensus: string
  readonly chainId: bigint
  readonly head: bigint
  readonly finalized: bigint
  /** The light clients that follow it. */
  readonly clients: readonly ClientRow[]
  /** Messages that its app has counted; of a hub, messages that it has forwarded. */
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
  /** Which steps of the messages are shown. */
  readonly columns: readonly Step[]
  /** Oldest first. */
  readonly messages: readonly MessageRow[]
  readonly clockRate: number
  /** Milliseconds of the messages' clock. */
  readonly now: number
}

/** An empty screen. */
export function initialView(phase: string, clockRate: number, columns: readonly Step[] = directSteps): View {
  return { phase, running: false, chains: [], asset: null, columns, messages: [], clockRate, now: 0 }
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
