import { describeRevert, type Refusal } from '@meridian/chain'
import type { Reason } from './message.ts'

/**
 * What to do about a revert.
 *
 * `readOutcome`: somebody may have done it already; ask the chain. `moreGas`: the same again with more. `replan`: the light
 * client or its clock moved on; build the proof anew soon. `inOrder`: the message before it in its stream comes first.
 * `operator`: only a person or the passing of a long time helps. `wait`: try again, later each time. Nothing is ever
 * dropped.
 */
export type Policy = 'readOutcome' | 'moreGas' | 'replan' | 'inOrder' | 'operator' | 'wait'

/** Policies of the errors that have one of their own; every other error waits. */
export const policies: Readonly<Record<string, Policy>> = {
  MOS_AlreadyDelivered: 'readOutcome',
  MOS_NothingDelivered: 'readOutcome',
  MOS_InsufficientGas: 'moreGas',
  MOS_OutOfOrder: 'inOrder',
  // somebody retried it, or it expired, since it was looked at
  MOS_NotStored: 'readOutcome',
  MOS_Expired: 'readOutcome',
  // what was proven is not what was meant: the proof was built of something else
  MOS_HintMismatch: 'replan',
  MOS_LanePaused: 'operator',
  MOS_NoRoute: 'operator',
  MOS_LightClientStatus: 'operator',
  MOS_NotVouchedFor: 'operator',
  // the genuine MOS sent it, and this one cannot read or run it: a later version's, or a hub is missing
  MOS_MalformedMessage: 'operator',
  MOS_RelayNotSupported: 'operator',
  MOS_RetryFailed: 'operator',
  // another message is being received in the same transaction: only a contract that calls MOS meets it
  MOS_Reentered: 'wait',
  MOS_NotByThisHub: 'operator',
  Hub_AlreadyForwarded: 'readOutcome',
  Hub_NothingForwarded: 'readOutcome',
  Hub_NotStored: 'readOutcome',
  Hub_Expired: 'readOutcome',
  Hub_InsufficientGas: 'moreGas',
  Hub_NoRoute: 'operator',
  Hub_NotDirect: 'operator',
  Hub_LanePaused: 'operator',
  Hub_LightClientStatus: 'operator',
  Hub_NotVouchedFor: 'operator',
  Hub_ForeignMos: 'operator',
  Hub_NotFromAnAccount: 'operator',
  Hub_RetryFailed: 'operator',
  FeeService_HubRoute: 'operator',
  FeeService_NothingToSettle: 'readOutcome',
  FeeService_NothingOwed: 'readOutcome',
  FeeService_NoRoute: 'operator',
  FeeService_PaymentFailed: 'operator',
  LightClient_Frozen: 'operator',
  LightClient_Expired: 'operator',
  QbftLightClient_FutureHeader: 'replan',
  QbftLightClient_UnknownRange: 'replan',
  QbftLightClient_HeightOutOfRange: 'replan',
  QbftLightClient_NotStored: 'replan',
  QbftLightClient_TrustedSet: 'replan',
  IstanbulLightClient_FutureHeader: 'replan',
  IstanbulLightClient_UnknownEpoch: 'replan',
  IstanbulLightClient_SetExpired: 'replan',
  IstanbulLightClient_NotStored: 'replan',
  EthereumLightClient_Future: 'replan',
  EthereumLightClient_UnknownPeriod: 'replan',
  EthereumLightClient_UnknownBlock: 'replan',
  EthereumLightClient_AncestorSlot: 'replan',
  EthereumLightClient_KeptAggregate: 'replan',
}

/** The policy for a revert. An unknown one waits: it is never "done". */
export function policyOf(revert: Refusal): Policy {
  if (revert.kind !== 'custom') return 'wait'
  return policies[revert.name] ?? 'wait'
}

/** Milliseconds between tries of what only an operator or a long time resolves. */
const OPERATOR_MS = 60_000
const REPLAN_MS = 10_000
/** A message that waits for its predecessor is woken by it; this is for one whose predecessor Compass does not carry. */
const IN_ORDER_MS = 15_000

/** When to try again: by the policy, or `backoff` milliseconds for those that wait. */
export function retryDelayMs(policy: Policy, backoff: number): number {
  switch (policy) {
    case 'readOutcome':
      return 0
    case 'replan':
      return Math.min(backoff, REPLAN_MS)
    case 'inOrder':
      return IN_ORDER_MS
    case 'operator':
      return Math.max(backoff, OPERATOR_MS)
    // more was tried before: what the most does not cover must not be tried without end
    case 'moreGas':
    case 'wait':
      return backoff
  }
}

/** A revert as the reason that a message shows. */
export function revertReason(revert: Refusal): Reason {
  return { code: revert.name, detail: describeRevert(revert) }
}
