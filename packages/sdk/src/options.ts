import { type Address, zeroAddress } from 'viem'

/** What a sender may ask for beside the message. */
export interface SendOptions {
  /** Unix seconds on the target chain; from then on the message is not run any more. Without it, it never expires. */
  readonly deadline?: bigint
  /** Whether it runs after the sender's earlier ordered messages to the same target, and only then. */
  readonly ordered?: boolean
  /** Who gets the fee back if it expires without having been run. Without it, the sender. */
  readonly refundRecipient?: Address
}

/** `IMessageService.MessageOptions`; null where nothing is asked for: `transferOut` is cheaper. */
export function asMessageOptions(options: SendOptions | undefined) {
  const { deadline = 0n, ordered = false, refundRecipient = zeroAddress } = options ?? {}
  if (deadline === 0n && !ordered && refundRecipient === zeroAddress) return null
  return { deadline, ordered, refundRecipient } as const
}
