import { buildReceiptsTrie, type ReceiptsTrie, type RpcReceipt } from '@meridian/proofs'
import { type Hex, keccak256, numberToHex, stringToHex } from 'viem'

/** A log as a receipt holds it. */
export interface Log {
  readonly address: Hex
  readonly topics: readonly Hex[]
  readonly data: Hex
}

const GAS_PER_TRANSACTION = 90_000
/** EIP-1559 transactions, as nearly all are. */
const TYPE: Hex = '0x2'

/**
 * A block of `size` transactions with token transfers of one to three logs each, about 580 bytes a receipt as on mainnet;
 * the ones in `logs`, by their place, hold that log alone. Deterministic.
 */
export function blockWith(logs: ReadonlyMap<number, Log>, size: number): ReceiptsTrie {
  const receipts = Array.from(
    { length: size },
    (_, index): RpcReceipt => ({
      type: TYPE,
      status: '0x1',
      cumulativeGasUsed: numberToHex((index + 1) * GAS_PER_TRANSACTION),
      logsBloom: `0x${'00'.repeat(256)}`,
      logs: logsOf(logs.get(index), index),
      transactionIndex: numberToHex(index),
    }),
  )
  return buildReceiptsTrie(receipts)
}

function logsOf(log: Log | undefined, index: number): readonly Log[] {
  return log === undefined ? Array.from({ length: 1 + (index % 3) }, (_, nth) => transfer(index, nth)) : [log]
}

function transfer(index: number, nth: number): Log {
  const word = (label: string) => keccak256(stringToHex(`${label} ${index} ${nth}`))
  const account = (label: string): Hex => `0x${'00'.repeat(12)}${word(label).slice(-40)}`
  return {
    address: `0x${word('token').slice(-40)}`,
    topics: [keccak256(stringToHex('Transfer(address,address,uint256)')), account('from'), account('to')],
    data: word('amount'),
  }
}
