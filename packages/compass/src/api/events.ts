import { randomUUID } from 'node:crypto'

/** Something that happened, as a client of the stream receives it. */
export interface StreamEvent {
  /** `RUN-N`: the run of the service, and the event's number in it. */
  readonly id: string
  readonly type: string
  /** JSON. */
  readonly data: string
}

/** A client of the stream. */
export interface Subscriber {
  /** The next event, or null when the stream has ended for it. */
  next(): Promise<StreamEvent | null>
  close(): void
}

/** Sends events to every client, and to those who come back what they missed. */
export interface EventHub {
  publish(type: string, value: unknown): void
  /**
   * @param lastEventId The last event that the client had. Where what came after it is not known any more, the first event
   *   is a `reset`: read everything again.
   * @param onLetGo The client is too far behind and gets nothing more: it may be one that never reads.
   * @returns null where there are too many clients.
   */
  subscribe(lastEventId: string | null, onLetGo?: () => void): Subscriber | null
  /** Ends every stream. */
  close(): void
  readonly clients: () => number
}

/** Events that are kept for those who come back, and that a client may be behind before it is let go. */
const KEPT = 1_000
const MAX_BEHIND = 1_000

/** A hub with bounds: neither many clients nor slow ones can take the memory of the service. */
export function createEventHub(maxClients: number): EventHub {
  const run = randomUUID().slice(0, 8)
  const kept: StreamEvent[] = []
  const clients = new Set<{ push(event: StreamEvent): void; end(): void }>()
  let number = 0

  /** What came after an event of this run; null where it is not known. */
  function since(lastEventId: string): readonly StreamEvent[] | null {
    const [, ofRun, text] = /^([0-9a-f]{8})-(\d{1,15})$/.exec(lastEventId) ?? []
    if (ofRun !== run || text === undefined) return null
    const seen = Number(text)
    const oldest = number - kept.length
    if (seen > number || seen < oldest) return null
    return kept.slice(seen - oldest)
  }

  return {
    clients: () => clients.size,
    publish(type, value) {
      number += 1
      const data = JSON.stringify(value, (_, item: unknown) => (typeof item === 'bigint' ? String(item) : item))
      const event = { id: `${run}-${number}`, type, data }
      kept.push(event)
      if (kept.length > KEPT) kept.shift()
      for (const client of clients) client.push(event)
    },
    subscribe(lastEventId, onLetGo) {
      if (clients.size >= maxClients) return null
      const missed = lastEventId === null ? [] : since(lastEventId)
      const reset = { id: `${run}-${number}`, type: 'reset', data: '{}' }
      const queue: StreamEvent[] = [...(missed ?? [reset])]
      let waiting: ((event: StreamEvent | null) => void) | null = null
      let ended = false
      const client = {
        push(event: StreamEvent) {
          if (waiting !== null) {
            waiting(event)
            waiting = null
          } else if (queue.length < MAX_BEHIND) queue.push(event)
          else {
            client.end()
            onLetGo?.()
          }
        },
        end() {
          ended = true
          queue.length = 0
          clients.delete(client)
          waiting?.(null)
          waiting = null
        },
      }
      clients.add(client)
      return {
        next() {
          const event = queue.shift()
          if (event !== undefined) return Promise.resolve(event)
          if (ended) return Promise.resolve(null)
          return new Promise((resolve) => {
            waiting = resolve
          })
        },
        close: client.end,
      }
    },
    close() {
      for (const client of [...clients]) client.end()
    },
  }
}
