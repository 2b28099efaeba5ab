import type { Address, Hex } from 'viem'
import { toHex } from '../src/hex.ts'
import type { RpcLog, RpcReceipt } from '../src/receipt.ts'

/** Integers in `[0, limit)` that depend on the seed only. */
export type Random = (limit: number) => number

/** Mulberry32. */
export function createRandom(seed: number): Random {
  let state = seed >>> 0
  return (limit) => {
    state = (state + 0x6d2b79f5) >>> 0
    let mixed = Math.imul(state ^ (state >>> 15), state | 1)
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61)
    return Math.floor((((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32) * limit)
  }
}

export const randomBytes = (random: Random, size: number): Uint8Array =>
  Uint8Array.from({ length: size }, () => random(256))

const randomHex = (random: Random, size: number): Hex => toHex(randomBytes(random, size))

/** A log with so many topics and bytes of data. */
export function syntheticLog(random: Random, topics: number, dataSize: number): RpcLog {
  const address: Address = randomHex(random, 20)
  return {
    address,
    topics: Array.from({ length: topics }, () => randomHex(random, 32)),
    data: randomHex(random, dataSize),
  }
}

/** A receipt of any type in use, failed one time in sixteen, with these logs. */
export function syntheticReceipt(random: Random, index: number, logs: readonly RpcLog[]): RpcReceipt {
  const type = random(5)
  return {
    type: `0x${type.toString(16)}`,
    status: random(16) === 0 ? '0x0' : '0x1',
    cumulativeGasUsed: `0x${((index + 1) * 21000 + random(21000)).toString(16)}`,
    logsBloom: randomHex(random, 256),
    logs,
    transactionIndex: `0x${index.toString(16)}`,
  }
}

/**
 * A block's receipts as they look on a busy chain, 500 to 600 bytes on average: most have no log or one, some have
 * many. The one at `target` has a single log of three topics and 512 bytes: a message.
 */
export function syntheticBlock(random: Random, size: number, target: number): RpcReceipt[] {
  return Array.from({ length: size }, (_, index) => {
    if (index === target) return syntheticReceipt(random, index, [syntheticLog(random, 3, 512)])
    const logs = Array.from({ length: Math.max(0, random(5) - 1) }, () =>
      syntheticLog(random, random(4) === 0 ? random(5) : 3, random(8) === 0 ? random(200) : 32),
    )
    return syntheticReceipt(random, index, logs)
  })
}
