import type { Logger } from 'pino'
import type { Clock } from '../clock.ts'
import type { Compass } from '../compass.ts'
import { cleared } from '../filters/gate.ts'
import { legal, type MessageKey, NEVER, type Reason } from '../message.ts'
import type { Store } from '../store/types.ts'

/** What came of an operator's wish. */
export type OperatorResult =
  | { readonly status: 'done' }
  /** It waits for something. */
  | { readonly status: 'waiting'; readonly reason: Reason }
  /** Its state does not allow it, or there is no such thing. */
  | { readonly status: 'refused'; readonly reason: Reason }

/** What an operator can do. Each is written down before it has an effect, so that a restart keeps it. */
export interface Operator {
  /** Tries it now, also where it was cleared. A failed one is run again with at least `gasLimit`. */
  retry(key: MessageKey, gasLimit?: bigint): Promise<OperatorResult>
  /** Gives up trying. It keeps its state, and waits as `CLEARED`. */
  clear(key: MessageKey): Promise<OperatorResult>
  /** Lets it past the filters. */
  release(key: MessageKey): Promise<OperatorResult>
  pause(fromChain: bigint, toChain: bigint): Promise<OperatorResult>
  resume(fromChain: bigint, toChain: bigint): Promise<OperatorResult>
  /**
   * Has a chain's logs read once more from a block on, and what is final there asked for anew. What is not on its way yet is
   * forgotten and comes back as the chain has it.
   */
  reread(chain: bigint, fromBlock: bigint): Promise<OperatorResult>
}

/** What acts for an operator. Without a running service (`compass` null) it writes into the store what is done later. */
export function createOperator(deps: {
  readonly store: Store
  readonly compass: Pick<Compass, 'retry'> | null
  readonly lanes: readonly { readonly from: bigint; readonly to: bigint }[]
  readonly clock: Clock
  readonly log: Logger
}): Operator {
  const { store, compass, lanes, clock } = deps
  const log = deps.log.child({ role: 'operator' })
  const done: OperatorResult = { status: 'done' }
  const refused = (code: string, detail: string): OperatorResult => ({ status: 'refused', reason: { code, detail } })
  const unknown = ({ orderId }: MessageKey): OperatorResult => refused('UNKNOWN_MESSAGE', `no message ${orderId}`)

  async function wake(key: MessageKey): Promise<void> {
    const message = await store.message(key)
    if (message !== null && legal.woken.includes(message.state))
      await store.apply([[key, { type: 'woken', at: clock.now() }]])
  }

  async function setPause(from: bigint, to: bigint, paused: boolean): Promise<OperatorResult> {
    if (!lanes.some((lane) => lane.from === from && lane.to === to))
      return refused('UNKNOWN_LANE', `no lane from ${from} to ${to}`)
    await store.decisions.pause(from, to, paused, clock.now())
    log.warn({ from: String(from), to: String(to) }, paused ? 'lane paused' : 'lane resumed')
    return done
  }

  return {
    async retry(key, gasLimit) {
      const message = await store.message(key)
      if (message === null) return unknown(key)
      const decision = (await store.decisions.of([key])).values().next().value
      if (decision === 'cleared') await store.decisions.decide(key, null, clock.now())
      log.info({ orderId: key.orderId, state: message.state }, 'retry')
      if (compass === null) {
        await wake(key)
        return message.state === 'failed'
          ? {
              status: 'waiting',
              reason: { code: 'NOT_RUNNING', detail: 'a failed message is run by the service only' },
            }
          : done
      }
      const reason = await compass.retry(key, gasLimit)
      return reason === null ? done : { status: 'waiting', reason }
    },
    async clear(key) {
      const message = await store.message(key)
      if (message === null) return unknown(key)
      if (!legal.waiting.includes(message.state) || message.state === 'included')
        return refused('NOT_WAITING', `it is ${message.state}`)
      const at = clock.now()
      await store.decisions.decide(key, 'cleared', at)
      await store.apply([[key, { type: 'waiting', at, reason: cleared, nextAttemptAt: NEVER, failure: false }]])
      log.warn({ orderId: key.orderId, state: message.state }, 'cleared')
      return done
    },
    async release(key) {
      if ((await store.message(key)) === null) return unknown(key)
      await store.decisions.decide(key, 'released', clock.now())
      await wake(key)
      log.warn({ orderId: key.orderId }, 'released past the filters')
      return done
    },
    pause: (from, to) => setPause(from, to, true),
    resume: (from, to) => setPause(from, to, false),
    async reread(chain, fromBlock) {
      if (!(await store.askReread(chain, fromBlock)))
        return refused('UNKNOWN_BLOCK', `of chain ${chain} nothing has been read from block ${fromBlock} on`)
      log.warn({ chain: String(chain), fromBlock: String(fromBlock) }, 'logs are read once more')
      return done
    },
  }
}
