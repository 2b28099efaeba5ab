/** Seals that commit a block among `size` validators: `ceil(2N/3)`. */
export const quorum = (size: number): number => Math.ceil((2 * size) / 3)

/** Validators that may be faulty among `size`: `f = floor((N-1)/3)`. */
export const faulty = (size: number): number => Math.floor((size - 1) / 3)

/** Members of a trusted set of `size` that must have sealed a header whose set is one larger or smaller. */
export const trustedQuorum = (size: number): number => Math.max(faulty(size) + 1, quorum(size) - 1)

/** Share of `signed` among `size` in basis points, rounded down. */
export const participation = (signed: number, size: number): bigint => (BigInt(signed) * 10_000n) / BigInt(size)
