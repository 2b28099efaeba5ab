/** Votes that justify a block among `size` validators: `ceil(2N/3)`. */
export const quorum = (size: number): number => Math.ceil((2 * size) / 3)

/** Share of `voted` among `size` in basis points, rounded down. */
export const participation = (voted: number, size: number): bigint => (BigInt(voted) * 10_000n) / BigInt(size)

/**
 * Blocks from an epoch's first until the set that it lists is in force, counted by the set in force until then: the first
 * target that the new set votes on is `epoch + switchOffset` (parlia `minerHistoryCheckLen() + 1`).
 */
export const switchOffset = (size: number, turnLength: number): bigint =>
  BigInt((Math.floor(size / 2) + 1) * turnLength)

/** The bits of a voter set, lowest first. */
export function votersOf(voters: bigint): number[] {
  const seats: number[] = []
  for (let seat = 0, rest = voters; rest > 0n; seat += 1, rest >>= 1n) if ((rest & 1n) === 1n) seats.push(seat)
  return seats
}
