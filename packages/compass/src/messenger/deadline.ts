import { isAddressEqual } from 'viem'
import type { ChainContext } from '../chain-context.ts'
import type { Message } from '../message.ts'

/** Whether a message is not run any more on a chain whose clock says `timestamp` (unix seconds). */
export function isPast(message: Message, timestamp: bigint): boolean {
  return message.deadline !== 0n && timestamp >= message.deadline
}

/**
 * Whether the operator pays for recording that a message expired. A record earns nothing: it frees the fee for the refund
 * recipient, and lets the rest of an ordered stream go on.
 */
export function recordsExpiry(message: Message, source: ChainContext, target: ChainContext): boolean {
  switch (target.tuning.recordExpiry) {
    case 'none':
      return false
    case 'all':
      return true
    case 'own': {
      const ours = [source.payee, source.signer?.address, target.signer?.address]
      const theirs = [message.refundRecipient, message.fromAddress]
      return ours.some((own) => own != null && theirs.some((other) => other !== null && isAddressEqual(own, other)))
    }
  }
}
