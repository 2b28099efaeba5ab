import { type Address, encodeAbiParameters, type Hex } from 'viem'
import { fromHex, toHex } from './hex.ts'
import { defaultKeccak, type Keccak256 } from './keccak.ts'

/** `RemoteMos.CONSUMED_SLOT`. */
export const CONSUMED_SLOT = 5n

/**
 * The storage slot of a MOS with the bit of an order, which is bit `nonce & 0xff` of its value. Counterpart of
 * `RemoteMos.consumedSlot`.
 */
export function consumedSlot(
  fromChain: bigint,
  fromMos: Address,
  toChain: bigint,
  nonce: bigint,
  mappingSlot: bigint = CONSUMED_SLOT,
  keccak: Keccak256 = defaultKeccak,
): Hex {
  const hash = (encoded: Hex): Hex => toHex(keccak(fromHex(encoded)))
  const types = [{ type: 'uint256' }, { type: 'address' }, { type: 'uint256' }, { type: 'uint64' }] as const
  const key = hash(encodeAbiParameters(types, [fromChain, fromMos, toChain, nonce >> 8n]))
  return hash(encodeAbiParameters([{ type: 'bytes32' }, { type: 'uint256' }], [key, mappingSlot]))
}

/** Whether the order's bit is set in the value of its `consumedSlot`. */
export const isConsumed = (value: Hex, nonce: bigint): boolean => ((BigInt(value) >> (nonce & 0xffn)) & 1n) === 1n
