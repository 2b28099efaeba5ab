/**
 * The epoch that block `number` is in: blocks `(e-1)·size + 1` to `e·size` are epoch e, whose set seals them. The genesis
 * block is epoch 0, which no set seals.
 */
export const epochOf = (number: bigint, size: bigint): bigint => (number + size - 1n) / size

/** The last block of an epoch: sealed by the epoch's set, it carries the difference to the next one. */
export const lastBlockOf = (epoch: bigint, size: bigint): bigint => epoch * size
