import { type Address, concatHex, type Hex, numberToHex, size, toHex } from 'viem'

/** Version 1 of ERC-7930, and CAIP-350's type of EIP-155 chains. */
const header = '0x00010000' as const

/**
 * An account on an EIP-155 chain as a canonical interoperable address (ERC-7930): version, chain type, length and shortest
 * big-endian form of the chain id, length and bytes of the address.
 *
 * @throws RangeError for chain id 0, which is no chain.
 */
export function interoperableAddress(chainId: bigint, address: Address): Hex {
  if (chainId <= 0n) throw new RangeError(`chain ${chainId}`)
  const digits = chainId.toString(16)
  const reference: Hex = `0x${digits.length % 2 === 0 ? '' : '0'}${digits}`
  const lengthOf = (bytes: Hex): Hex => numberToHex(size(bytes), { size: 1 })
  const account = toHex(BigInt(address), { size: 20 })
  return concatHex([header, lengthOf(reference), reference, lengthOf(account), account])
}
