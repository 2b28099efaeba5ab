import { type Address, type Hex, hexToBytes, keccak256 } from 'viem'
import type { BlockHeader } from './blocks.ts'

/** Yellow paper, equation 28: 2048 bits, of which each item sets three. */
const BLOOM_BYTES = 256
const BITS_OF_ITEM = 3

function mayHold(bloom: Uint8Array, item: Hex): boolean {
  const hash = hexToBytes(keccak256(item))
  for (let i = 0; i < BITS_OF_ITEM; i++) {
    const bit = (((hash[2 * i] ?? 0) << 8) | (hash[2 * i + 1] ?? 0)) & 0x7ff
    if ((((bloom[BLOOM_BYTES - 1 - (bit >> 3)] ?? 0) >> (bit & 7)) & 1) === 0) return false
  }
  return true
}

/**
 * Whether a block can hold a log of `address` with such topics, by its header's bloom, which has no false negatives. True where
 * the node shows no bloom. The answer is as true as the header: one that is made up is found out when its successor, or the
 * finality of the chain, does not lead to it.
 *
 * @param topics By position: exactly one, one of several, or null for anything.
 */
export function mayHoldLog(
  { raw }: Pick<BlockHeader, 'raw'>,
  address: Address,
  topics: readonly (Hex | readonly Hex[] | null)[],
): boolean {
  const { logsBloom } = raw
  if (typeof logsBloom !== 'string' || !/^0x[0-9a-fA-F]{512}$/.test(logsBloom)) return true
  const bloom = hexToBytes(`0x${logsBloom.slice(2)}`)
  if (!mayHold(bloom, address)) return false
  return topics.every((topic) => topic === null || [topic].flat().some((one) => mayHold(bloom, one)))
}
