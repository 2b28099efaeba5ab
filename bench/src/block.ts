import { buildReceiptsTrie, type ReceiptsTrie, type RpcReceipt } from '@meridian/proofs'
import { type Hex, keccak256, numberToHex, stringToHex } from 'viem'

/** A log as a receipt holds it. */
export interface Log {
  readonly address: Hex
  readonly topics: readonly Hex[]
  readonly data: Hex
}

/** What a transaction left behind. */
export interface Outcome {
  readonly logs: readonly Log[]
  /** Without a single bit where it is not given. */
  readonly logsBloom?: Hex
}

const EMPTY_BLOOM: Hex = `0x${'00'.repeat(256)}`
const GAS_PER_TRANSACTION = 90_000
/** EIP-1559 transactions, as nearly all are. */
const TYPE: Hex = '0x2'

/**
 * A block of `size` transactions with token transfers of one to three logs each, about 580 bytes a receipt as on mainnet;
 * the ones in `outcomes`, by their place, hold those logs alone. Deterministic.
 */
export function blockWith(outcomes: ReadonlyMap<number, Outcome>, size: number): ReceiptsTrie {
  const receipts = Array.from(
    { length: size },
    (_, index): RpcReceipt => ({
      type: TYPE,
      status: '0x1',
      cumulativeGasUsed: numberToHex((index + 1) * GAS_PER_TRANSACTION),
      logsBloom: outcomes.get(index)?.logsBloom ?? EMPTY_BLOOM,
      logs: outcomes.get(index)?.logs ?? transfers(index),
      transactionIndex: numberToHex(index),
    }),
  )
  return buildReceiptsTrie(receipts)
}

function transfers(index: number): readonly Log[] {
  return Array.from({ length: 1 + (index % 3) }, (_, nth) => transfer(index, nth))
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
