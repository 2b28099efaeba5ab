import { call, getBlock } from '@meridian/chain'
import { min } from '../bigint.ts'
import type { Common } from '../chain-context.ts'
import { backoffMs, type Message, type Reason } from '../message.ts'
import { policyOf, retryDelayMs, revertReason } from '../policy.ts'
import { gasCap } from '../submitter/gas-limit.ts'
import type { Submitter } from '../submitter/submitter.ts'
import type { Leg } from './leg.ts'

/**
 * Runs a failed message again where it failed, as an operator asks.
 *
 * @param gasLimit For the message, at least. @returns what it waits for, or null where the retry is on its way.
 */
export async function retryFailed(
  leg: Leg,
  submitter: Submitter,
  { store, clock }: Common,
  message: Message,
  gasLimit: bigint = message.gasLimit,
): Promise<Reason | null> {
  const { rpc } = leg.target.ports
  // asked twice, it is run once: the second would pay for a revert
  for (const { id, kind } of await submitter.pending()) {
    if (kind !== 'retry') continue
    const [retried] = await store.transactionMessages(id)
    if (retried?.orderId === message.orderId && retried.fromChain === message.fromChain)
      return { code: 'RETRY_UNDER_WAY', detail: 'a retry of it is on its way' }
  }
  const { number: head } = await getBlock(rpc, 'latest')
  const data = await leg.retry(message, head)
  const { tuning } = leg.target
  const least = leg.work.memberGas({ ...message, gasLimit })
  if (least > tuning.maxTransactionGas) return gasCap('retry', least, tuning)
  const gas = min(least * 2n, tuning.maxTransactionGas)
  const simulated = await call(rpc, { to: leg.contract, data, from: submitter.address, gas })
  if (!simulated.ok) {
    const reason = revertReason(simulated.revert)
    const at = clock.now()
    const nextAttemptAt = at + retryDelayMs(policyOf(simulated.revert), backoffMs(message.attempts))
    await store.apply([[message, { type: 'waiting', at, reason, nextAttemptAt, failure: true }]])
    return reason
  }
  const job = { kind: 'retry', to: leg.contract, data, gasLimit: gas, messages: [message] } as const
  const sent = await submitter.send(job)
  return sent.status === 'sent' ? null : sent.reason
}
