import { encodeMessageData as encode } from '@meridian/core'
import type { Address, Hex } from 'viem'
import { RelayError } from './errors.ts'

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
  /**
   * Whether the hub of the lane runs it, at `target` there, and sends on what that returns. Default: false. Such a target
   * believes the hub, and has credit there for what it sends on.
   */
  readonly relay?: boolean
}

/**
 * `abi.encode(MessageData)` as `transferOut` takes it.
 *
 * @throws MessageError for a gas limit out of bounds or a message that is too long
 * @throws {@link RelayError} a hub runs messages of the kind `message` only
 */
export function encodeMessage(message: Message): Hex {
  const { kind, target, payload, gasLimit, relay = false } = message
  if (relay && kind !== 'message') throw new RelayError('a hub runs messages of the kind message only', 'message', kind)
  return encode({ msgType: kind === 'calldata' ? 'CALLDATA' : 'MESSAGE', target, payload, gasLimit, relay })
}
