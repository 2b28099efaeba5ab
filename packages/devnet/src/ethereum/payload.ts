import { ssz } from '@lodestar/types'
import { type Hex, hexToBytes, keccak256 } from 'viem'
import { DevnetError } from '../errors.ts'
import type { ExecutionBlock } from '../execution/header.ts'
import type { Upstream } from '../rpc/upstream.ts'
import type { ExecutionPayload, ExecutionPayloadHeader } from './types.ts'

/** EIP-2718 bytes of the block's transactions, each checked against its hash. */
export async function rawTransactions(upstream: Upstream, block: ExecutionBlock): Promise<readonly Hex[]> {
  return Promise.all(
    block.transactions.map(async ({ hash }) => {
      const raw = await upstream.request('eth_getRawTransactionByHash', [hash])
      // CAST: the hash check is the check of the shape
      if (typeof raw !== 'string' || keccak256(raw as Hex) !== hash)
        throw new DevnetError('RAW_TRANSACTION', 'bytes differ from the hash', { expected: hash, given: raw })
      return raw as Hex // CAST: as above
    }),
  )
}

/** The payload that the execution block is in a beacon block. */
export function executionPayload(block: ExecutionBlock, transactions: readonly Hex[]): ExecutionPayload {
  return {
    parentHash: hexToBytes(block.parentHash),
    feeRecipient: hexToBytes(block.miner),
    stateRoot: hexToBytes(block.stateRoot),
    receiptsRoot: hexToBytes(block.receiptsRoot),
    logsBloom: hexToBytes(block.logsBloom ?? '0x'),
    prevRandao: hexToBytes(block.mixHash),
    blockNumber: Number(block.number),
    gasLimit: Number(block.gasLimit),
    gasUsed: Number(block.gasUsed),
    timestamp: Number(block.timestamp),
    extraData: hexToBytes(block.extraData),
    baseFeePerGas: BigInt(block.baseFeePerGas ?? '0x0'),
    blockHash: hexToBytes(block.hash),
    transactions: transactions.map((raw) => hexToBytes(raw)),
    withdrawals: [],
    blobGasUsed: BigInt(block.blobGasUsed),
    excessBlobGas: BigInt(block.excessBlobGas),
  }
}

/** consensus-specs `process_execution_payload`: the payload with its two lists replaced by their roots. */
export function payloadHeader(payload: ExecutionPayload): ExecutionPayloadHeader {
  const { transactions, withdrawals, ...rest } = payload
  return {
    ...rest,
    transactionsRoot: ssz.bellatrix.Transactions.hashTreeRoot(transactions),
    withdrawalsRoot: ssz.capella.Withdrawals.hashTreeRoot(withdrawals),
  }
}
