/** Validators whose seals commit a block among `size`: `ceil(2N/3)`, atlas' `MinQuorumSize`. */
export const quorum = (size: number): number => Math.ceil((2 * size) / 3)

/** Share of `signed` among `size` in basis points, rounded down. */
export const participation = (signed: number, size: number): bigint => (BigInt(signed) * 10_000n) / BigInt(size)

/** Bits that are set. */
export function countBits(bitmap: bigint): number {
  let count = 0
  for (let rest = bitmap; rest > 0n; rest >>= 1n) if ((rest & 1n) === 1n) count += 1
  return count
}

/** Indices of the bits that are set, ascending. */
export function bitsOf(bitmap: bigint): number[] {
  const bits: number[] = []
  for (let index = 0, rest = bitmap; rest > 0n; rest >>= 1n, index += 1) if ((rest & 1n) === 1n) bits.push(index)
  return bits
}
