import { type Address, encodeAbiParameters, type Hex, keccak256 } from 'viem'

/** `version` of the order ids of `transferOut`. */
export const orderVersion = 1n

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
  /** Encoded options; `transferOut` has none. */
  readonly options?: Hex
}

/** Id of an order: 24 bytes of a hash of everything about it, then the 8-byte lane nonce. */
export function orderId(order: OrderFields): Hex {
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
        orderVersion,
        order.fromChain,
        order.mos,
        order.toChain,
        order.nonce,
        order.sender,
        keccak256(order.messageData),
        keccak256(order.options ?? '0x'),
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
