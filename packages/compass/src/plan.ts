import { decodeMessageData, MessageError } from '@meridian/core'
import type { Hex } from 'viem'
import type { Message } from './message.ts'
import { streamOf } from './streams.ts'

/** What is known of the two chains of a lane. */
export interface LaneObservation {
  /** Newest final block of the target; null while it is not known. */
  readonly targetFinal: bigint | null
}

/** How much goes into one transaction. */
export interface Limits {
  /** Messages. */
  readonly maxBatch: number
  /** Gas. */
  readonly maxTransactionGas: bigint
}

/** Messages of one source block: they share a block proof. */
export interface BlockGroup {
  readonly blockNumber: bigint
  readonly blockHash: Hex
  readonly blockTimestamp: bigint
  readonly messages: readonly Message[]
}

/** What to do next for a lane. */
export type Action =
  /** Prove the block and deliver its messages. */
  | { readonly type: 'prove'; readonly group: BlockGroup }
  /** Its block on the target is final: read the outcome for good. */
  | { readonly type: 'settle'; readonly message: Message }
  /** Failed: has anybody retried it, or has it expired? */
  | { readonly type: 'recheck'; readonly message: Message }

/**
 * Decides what to do for a lane. Pure. Messages at their end get nothing, submitted ones belong to the submitter, those
 * whose next try is later wait. Groups come with those that failed least first, so that a poisonous block starves nobody.
 */
export function plan(messages: readonly Message[], observation: LaneObservation, now: number): readonly Action[] {
  const due = messages.filter(({ nextAttemptAt }) => nextAttemptAt <= now)
  const groups = new Map<string, Message[]>()
  for (const message of due) {
    if (message.state !== 'final' && message.state !== 'provable') continue
    const key = `${message.blockNumber}:${message.blockHash}`
    const group = groups.get(key)
    if (group === undefined) groups.set(key, [message])
    else group.push(message)
  }
  const fewestAttempts = (group: readonly Message[]): number => Math.min(...group.map(({ attempts }) => attempts))
  const proving = [...groups.values()]
    .sort(
      (a, b) => fewestAttempts(a) - fewestAttempts(b) || Number((a[0]?.blockNumber ?? 0n) - (b[0]?.blockNumber ?? 0n)),
    )
    .flatMap((group): readonly Action[] => {
      const [first] = group
      if (first === undefined) return []
      const { blockNumber, blockHash, blockTimestamp } = first
      const ordered = [...group].sort((a, b) => a.logIndex - b.logIndex)
      return [{ type: 'prove', group: { blockNumber, blockHash, blockTimestamp, messages: ordered } }]
    })
  const { targetFinal } = observation
  const settling = due
    .filter(
      ({ state, targetBlock }) =>
        state === 'included' && targetBlock !== null && targetFinal !== null && targetBlock <= targetFinal,
    )
    .map((message): Action => ({ type: 'settle', message }))
  const rechecking = due
    .filter(({ state }) => state === 'failed')
    .map((message): Action => ({ type: 'recheck', message }))
  return [...settling, ...proving, ...rechecking]
}

/** Verification of the block and the receipt, dispatch, events: measured below 400,000 with either consensus. */
const DELIVERY_BASE_GAS = 400_000n
/** A message's own log, replay bit, events and dispatch, beside its gas limit. */
const MEMBER_GAS = 120_000n
/** Storing and emitting a failed or delivered body: 8 gas a byte to log, 3 a word to copy, rounded up. */
const BODY_BYTE_GAS = 16n
/** Sending on what a relayed message's target returned: an account for it at first, the fee, the log of the longest message. */
const RELAY_GAS = 600_000n
/** EIP-7623: what a calldata byte costs at most. */
const CALLDATA_BYTE_GAS = 40n

/** Gas that a message may use: EIP-150 keeps back a 64th at each of two calls. */
export function memberGas({ gasLimit, messageData }: Message): bigint {
  return MEMBER_GAS + (gasLimit * 64n * 64n) / (63n * 63n) + BODY_BYTE_GAS * BigInt(messageData.length / 2)
}

/** What a leg's transactions cost, and which of its messages have to keep their order. */
export interface Work {
  /** Gas of a transaction beside its messages. */
  readonly baseGas: bigint
  /** Gas that a message may use. */
  memberGas(message: Message): bigint
  streamOf(message: Message): string | null
}

/** Delivering messages where they end. */
export const deliveryWork: Work = { baseGas: DELIVERY_BASE_GAS, memberGas, streamOf }

/** Logging a byte of a forwarded message, copying it, and hashing it for its order id; rounded up. */
const FORWARD_BYTE_GAS = 12n

/** Forwarding messages at a hub, which runs none but those with `relay` set; a stream's order is for its target to keep. */
export const forwardWork: Work = {
  baseGas: DELIVERY_BASE_GAS,
  memberGas: (message) =>
    isRelayed(message)
      ? memberGas(message) + RELAY_GAS
      : MEMBER_GAS + FORWARD_BYTE_GAS * BigInt(message.messageData.length / 2),
  streamOf: () => null,
}

/** Gas to give a transaction; what it does not use is not paid. `calldata` in bytes. */
export function transactionGas(work: Work, messages: readonly Message[], calldata: number): bigint {
  const members = messages.reduce((sum, message) => sum + work.memberGas(message), 0n)
  return work.baseGas + members + CALLDATA_BYTE_GAS * BigInt(calldata)
}

/** Whether a hub is to run the message. One that cannot be read is not. */
export function isRelayed({ messageData }: Pick<Message, 'messageData'>): boolean {
  try {
    return decodeMessageData(messageData).relay
  } catch (error) {
    if (error instanceof MessageError) return false
    throw error
  }
}

/** Transactions to make, and what has to wait until one of them is done. */
export interface Batches {
  readonly batches: readonly (readonly Message[])[]
  /** Later members of streams of which a transaction has earlier ones: until it is in a block, they are out of order. */
  readonly later: readonly Message[]
}

/**
 * Splits the messages of a block into transactions. What failed before goes into smaller ones, half as large each time,
 * and in the end alone: nobody suffers for long from a neighbour. The members of a stream stay in their order and in one
 * transaction: what does not fit comes later.
 */
export function batches(messages: readonly Message[], limits: Limits, work: Work = deliveryWork): Batches {
  const { memberGas, streamOf } = work
  const result: Message[][] = []
  const later: Message[] = []
  const placed = new Map<string, number>()
  const cut = new Set<string>()
  const room = limits.maxTransactionGas - work.baseGas
  for (const { message, attempts } of inSendingOrder(messages, streamOf)) {
    const stream = streamOf(message)
    const before = stream === null ? undefined : placed.get(stream)
    const size = Math.max(1, limits.maxBatch >> Math.min(attempts, 30))
    const current = result.at(-1)
    const used = current?.reduce((sum, m) => sum + memberGas(m), 0n) ?? 0n
    const fits = current !== undefined && current.length < size && used + memberGas(message) <= room
    const follows = before === undefined || (fits && before === result.length - 1)
    if (stream !== null && (cut.has(stream) || !follows)) {
      cut.add(stream)
      later.push(message)
      continue
    }
    if (fits) current.push(message)
    else result.push([message])
    if (stream !== null) placed.set(stream, result.length - 1)
  }
  return { batches: result, later }
}

/** A message and the tries that count for it: a stream's member counts those that it waits for as well. */
interface Ranked {
  readonly message: Message
  readonly attempts: number
  readonly logIndex: number
}

/** Fewest attempts first, then as they were sent; a stream's member never before one that it waits for. */
function inSendingOrder(messages: readonly Message[], streamOf: Work['streamOf']): readonly Ranked[] {
  const last = new Map<string, Ranked>()
  return [...messages]
    .sort((a, b) => Number(a.sequence - b.sequence))
    .map((message) => {
      const stream = streamOf(message)
      const before = stream === null ? undefined : last.get(stream)
      const attempts = Math.max(message.attempts, before?.attempts ?? 0)
      const logIndex = Math.max(message.logIndex, before?.logIndex ?? 0)
      const ranked = { message, attempts, logIndex }
      if (stream !== null) last.set(stream, ranked)
      return ranked
    })
    .sort((a, b) => a.attempts - b.attempts || a.logIndex - b.logIndex)
}
