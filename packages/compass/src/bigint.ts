/** The larger of two. */
export const max = (a: bigint, b: bigint): bigint => (a > b ? a : b)
/** The smaller of two. */
export const min = (a: bigint, b: bigint): bigint => (a < b ? a : b)
