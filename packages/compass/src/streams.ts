import type { Message, MessageOrigin } from './message.ts'

/**
 * Names the stream of an ordered message: the messages from one sender to one target by one MOS. Null for those that are
 * not ordered, and for those that cannot be read, which no stream waits for.
 */
export function streamOf(message: MessageOrigin): string | null {
  if (message.sequence === 0n || message.target === null) return null
  const { fromChain, mos, toChain, fromAddress, target } = message
  return [fromChain, mos, toChain, fromAddress, target].join(':').toLowerCase()
}

/** Which ordered messages can run now, and which are early and for what they wait. */
export interface StreamOrder {
  /** Each stream's members in their order, starting with the one that the target awaits; unordered ones as they are. */
  readonly ready: readonly Message[]
  /** Messages whose predecessor is not done, with the sequence that the target awaits. */
  readonly early: readonly (readonly [Message, bigint])[]
}

/**
 * Splits messages of one block by what the target awaits of their streams. A member that follows another one here may go
 * with it. One whose place is already past is ready: the target's outcome says what became of it. One that has expired is
 * ready out of its turn, since it will not run.
 *
 * @param awaited Sequence that the target awaits next, by stream.
 */
export function inOrder(
  messages: readonly Message[],
  awaited: ReadonlyMap<string, bigint>,
  expired: (message: Message) => boolean,
): StreamOrder {
  const next = new Map(awaited)
  const early: (readonly [Message, bigint])[] = []
  const ready = new Set<Message>()
  for (const message of [...messages].sort((a, b) => Number(a.sequence - b.sequence))) {
    const stream = streamOf(message)
    const expected = stream === null ? undefined : next.get(stream)
    if (stream === null || expected === undefined || message.sequence < expected) ready.add(message)
    else if (message.sequence === expected) {
      ready.add(message)
      next.set(stream, expected + 1n)
    } else if (expired(message)) ready.add(message)
    else early.push([message, expected])
  }
  return { ready: messages.filter((message) => ready.has(message)), early }
}
