import { call, type Refusal } from '@meridian/chain'
import { type Address, size } from 'viem'
import { min } from '../bigint.ts'
import type { Message } from '../message.ts'
import { batches, transactionGas } from '../plan.ts'
import { policyOf } from '../policy.ts'
import type { Leg } from './leg.ts'
import type { Delivery, DeliveryContext } from './proof.ts'

/** A delivery that the target's own check passed. */
export interface Simulated {
  readonly delivery: Delivery
  readonly gasLimit: bigint
}

/** What can be sent, and what cannot and why. */
export interface Partition {
  readonly ready: readonly Simulated[]
  readonly refused: readonly (readonly [Message, Refusal])[]
  /** Members of streams of which an earlier one is in `ready` or `refused`: their turn comes after it. */
  readonly later: readonly Message[]
}

/** Gas that updates may add to a delivery. */
const UPDATE_GAS = 2_000_000n

/**
 * Splits the messages of a proven block into transactions that succeed in simulation. A batch that would revert or pass
 * over a member is halved until what is at fault stands alone, so that nobody pays for it and nobody waits for it, but for
 * its own stream.
 */
export async function partition(
  leg: Leg,
  from: Address,
  context: DeliveryContext,
  messages: readonly Message[],
): Promise<Partition> {
  const { streamOf } = leg.work
  const ready: Simulated[] = []
  const refused: (readonly [Message, Refusal])[] = []
  const alone = messages.filter((message) => leg.alone(message))
  const planned = batches(
    messages.filter((message) => !alone.includes(message)),
    leg.target.tuning,
    leg.work,
  )
  const later = [...planned.later]
  /** Streams of which something is ready or refused already: what follows would be out of order until that is mined. */
  const taken = new Set<string>()
  const take = (done: readonly Message[]): void => {
    for (const message of done) {
      const stream = streamOf(message)
      if (stream !== null) taken.add(stream)
    }
  }
  const queue: (readonly Message[])[] = [...planned.batches, ...alone.map((message) => [message])]
  for (let next = queue.shift(); next !== undefined; next = queue.shift()) {
    const free = next.filter((message) => !taken.has(streamOf(message) ?? ''))
    later.push(...next.filter((message) => !free.includes(message)))
    const [first] = free
    if (first === undefined) continue
    const result = await simulate(leg, from, leg.encode(context, free), context.updates.length)
    if (result.ok) {
      ready.push(result.simulated)
      take(free)
    } else if (free.length === 1) {
      refused.push([first, result.revert])
      take(free)
    } else {
      const middle = free.length >> 1
      queue.unshift(free.slice(0, middle), free.slice(middle))
    }
  }
  return { ready, refused, later }
}

type SimulateResult =
  | { readonly ok: true; readonly simulated: Simulated }
  | { readonly ok: false; readonly revert: Refusal }

async function simulate(
  { target, work }: Leg,
  from: Address,
  delivery: Delivery,
  updates: number,
): Promise<SimulateResult> {
  const cap = target.tuning.maxTransactionGas
  const bound = transactionGas(work, delivery.messages, size(delivery.data)) + UPDATE_GAS * BigInt(updates)
  for (let gas = min(bound, cap); ; gas = min(gas * 2n, cap)) {
    const result = await call(target.ports.rpc, { to: delivery.to, data: delivery.data, from, gas })
    if (!result.ok) {
      if (policyOf(result.revert) === 'moreGas' && gas < cap) continue
      return { ok: false, revert: result.revert }
    }
    if (delivery.carried(result.data) < BigInt(delivery.messages.length))
      return { ok: false, revert: { kind: 'custom', name: 'MOS_NothingDelivered', args: {} } }
    return { ok: true, simulated: { delivery, gasLimit: gas } }
  }
}
