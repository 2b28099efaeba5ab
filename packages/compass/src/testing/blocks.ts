import { pad } from 'viem'

/** Block 9 as a node shows it, as far as Compass reads it: empty, and without a base fee. */
export const testBlock = {
  number: '0x9',
  timestamp: '0x9',
  hash: pad('0x09'),
  parentHash: pad('0x08'),
  receiptsRoot: pad('0x00'),
  gasLimit: '0x1',
  transactions: [],
} as const
