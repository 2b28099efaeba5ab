import { iMessageServiceAbi } from '@meridian/abi'
import { call, type Refusal } from '@meridian/chain'
import { decodeFunctionResult, type Hex, size } from 'viem'
import { min } from '../bigint.ts'
import type { ChainContext } from '../chain-context.ts'
import type { Message } from '../message.ts'
import { batches, deliveryGas } from '../plan.ts'
import { policyOf } from '../policy.ts'
import { type Delivery, encodeDelivery, type ProvableBlock } from './proof.ts'

/** A delivery that the target's own check passed. */
export interface Simulated {
  readonly delivery: Delivery
  readonly gasLimit: bigint
}

/** What can be sent, and what cannot and why. */
export interface Partition {
  readonly ready: readonly Simulated[]
  readonly refused: readonly (readonly [Message, Refusal])[]
}

/** Gas that updates may add to a delivery. */
const UPDATE_GAS = 2_000_000n

/**
 * Splits the messages of a proven block into deliveries that succeed in simulation. A batch that would revert or pass
 * over a member is halved until what is at fault stands alone, so that nobody pays for it and nobody waits for it.
 */
export async function partition(
  target: ChainContext,
  from: Hex,
  block: ProvableBlock,
  blockProof: Hex,
  messages: readonly Message[],
  updates: readonly Hex[],
): Promise<Partition> {
  const ready: Simulated[] = []
  const refused: (readonly [Message, Refusal])[] = []
  const queue: (readonly Message[])[] = [...batches(messages, target.tuning)]
  for (let next = queue.shift(); next !== undefined; next = queue.shift()) {
    const result = await simulate(target, from, encodeDelivery(block, blockProof, next, updates), updates.length)
    if (result.ok) {
      ready.push(result.simulated)
      continue
    }
    const [first] = next
    if (next.length === 1 && first !== undefined) {
      refused.push([first, result.revert])
      continue
    }
    const middle = next.length >> 1
    queue.unshift(next.slice(0, middle), next.slice(middle))
  }
  return { ready, refused }
}

type SimulateResult =
  | { readonly ok: true; readonly simulated: Simulated }
  | { readonly ok: false; readonly revert: Refusal }

async function simulate(target: ChainContext, from: Hex, delivery: Delivery, updates: number): Promise<SimulateResult> {
  const cap = target.tuning.maxTransactionGas
  const bound = deliveryGas(delivery.messages, size(delivery.data)) + UPDATE_GAS * BigInt(updates)
  for (let gas = min(bound, cap); ; gas = min(gas * 2n, cap)) {
    const result = await call(target.ports.rpc, { to: target.mos, data: delivery.data, from, gas })
    if (!result.ok) {
      if (policyOf(result.revert) === 'moreGas' && gas < cap) continue
      return { ok: false, revert: result.revert }
    }
    if (delivery.batch) {
      const abi = iMessageServiceAbi
      const delivered = decodeFunctionResult({ abi, functionName: 'transferInBatch', data: result.data })
      if (delivered < BigInt(delivery.messages.length))
        return { ok: false, revert: { kind: 'custom', name: 'MOS_NothingDelivered', args: {} } }
    }
    return { ok: true, simulated: { delivery, gasLimit: gas } }
  }
}
