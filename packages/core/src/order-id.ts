import { type Address, encodeAbiParameters, type Hex, keccak256 } from 'viem'
import { noOptions } from './options.ts'

/** `version` in the order ids of `transferOut`, and of `transferOutWithOptions`. */
export const orderVersion = 1n
export const orderVersionWithOptions = 2n

const nonceBits = 64n
const nonceMask = (1n << nonceBits) - 1n

/** Everything that an order id commits to. */
export interface OrderFields {
  /** EIP-155 id of the chain where the message starts. */
  readonly fromChain: bigint
  /** MOS on that chain. */
  readonly mos: Address
  /** EIP-155 id of the chain where it ends. */
  readonly toChain: bigint
  /** Lane nonce, below 2^64. */
  readonly nonce: bigint
  readonly sender: Address
  /** The encoded `MessageData`, byte for byte. */
  readonly messageData: Hex
  /** The encoded options, byte for byte; `transferOut` has none. */
  readonly options?: Hex
}

/**
 * Id of an order: 24 bytes of a hash of everything about it, then the 8-byte lane nonce. The version in the hash says
 * whether there are options, so that no message with options is one without.
 */
export function orderId(order: OrderFields): Hex {
  const options = order.options ?? noOptions
  const digest = keccak256(
    encodeAbiParameters(
      [
        { type: 'uint256' },
        { type: 'uint256' },
        { type: 'address' },
        { type: 'uint256' },
        { type: 'uint64' },
        { type: 'address' },
        { type: 'bytes32' },
        { type: 'bytes32' },
      ],
      [
        options === noOptions ? orderVersion : orderVersionWithOptions,
        order.fromChain,
        order.mos,
        order.toChain,
        order.nonce,
        order.sender,
        keccak256(order.messageData),
        keccak256(options),
      ],
    ),
  )
  const id = ((BigInt(digest) >> nonceBits) << nonceBits) | order.nonce
  return `0x${id.toString(16).padStart(64, '0')}`
}

/** The lane nonce in an order id. */
export function nonceOf(id: Hex): bigint {
  return BigInt(id) & nonceMask
}
