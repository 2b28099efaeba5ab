import { encodeMessageData as encode } from '@meridian/core'
import type { Address, Hex } from 'viem'

/** How the target is called: `message` runs `mapoExecute`, `calldata` runs the payload itself. */
export type MessageKind = 'calldata' | 'message'

/** What an app sends. */
export interface Message {
  readonly kind: MessageKind
  /** The app on the target chain. */
  readonly target: Address
  readonly payload: Hex
  /** Gas that the target receives at least. */
  readonly gasLimit: bigint
}

/**
 * `abi.encode(MessageData)` as `transferOut` takes it.
 *
 * @throws MessageError for a gas limit out of bounds or a message that is too long
 */
export function encodeMessage(message: Message): Hex {
  const { kind, target, payload, gasLimit } = message
  return encode({ msgType: kind === 'calldata' ? 'CALLDATA' : 'MESSAGE', target, payload, gasLimit })
}
