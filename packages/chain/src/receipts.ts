import type { RpcPort } from '@meridian/consensus'
import { type Hex, numberToHex } from 'viem'
import { z } from 'zod'
import type { BlockHeader } from './blocks.ts'
import { ChainDataError, NotFoundError, RpcResponseError } from './errors.ts'
import { address, bytes, bytes32, parseAnswer, quantity } from './schema.ts'

const hexQuantity = z.custom<Hex>((value) => quantity.safeParse(value).success, 'not a quantity')

const receiptLog = z.object({ address, topics: z.array(bytes32).max(4), data: bytes, logIndex: hexQuantity })

const receiptSchema = z.object({
  transactionHash: bytes32,
  transactionIndex: hexQuantity,
  blockNumber: quantity,
  blockHash: bytes32,
  status: hexQuantity.nullish(),
  root: bytes32.nullish(),
  type: hexQuantity.nullish(),
  cumulativeGasUsed: hexQuantity,
  gasUsed: quantity,
  effectiveGasPrice: quantity.nullish(),
  logsBloom: bytes,
  logs: z.array(receiptLog),
})

/** A receipt as a node shows it: the fields that its encoding needs stay as they came. */
export type Receipt = z.infer<typeof receiptSchema>

/** The receipt of a transaction; null while it is in no block that the node knows. */
export async function getReceipt(rpc: RpcPort, hash: Hex): Promise<Receipt | null> {
  const answer = await rpc.request('eth_getTransactionReceipt', [hash])
  if (answer === null) return null
  const receipt = parseAnswer(receiptSchema, 'eth_getTransactionReceipt', answer)
  if (receipt.transactionHash !== hash) throw new ChainDataError('receipt', hash, receipt.transactionHash)
  return receipt
}

const METHOD_NOT_FOUND = -32601

/**
 * Every receipt of a block in order, by `eth_getBlockReceipts`, or one by one where the node does not have it. Whether
 * they are the header's receipts is for the receipts trie to say: its root must be the header's.
 *
 * @throws {ChainDataError} a receipt of another block, or a number of them that is not the block's.
 */
export async function getBlockReceipts(rpc: RpcPort, header: BlockHeader): Promise<readonly Receipt[]> {
  const receipts = (await allAtOnce(rpc, header)) ?? (await oneByOne(rpc, header))
  if (receipts.length !== header.transactions.length)
    throw new ChainDataError('receipts of the block', String(header.transactions.length), String(receipts.length))
  for (const receipt of receipts)
    if (receipt.blockHash !== header.hash) throw new ChainDataError('receipt block', header.hash, receipt.blockHash)
  return receipts
}

async function allAtOnce(rpc: RpcPort, header: BlockHeader): Promise<readonly Receipt[] | null> {
  try {
    const answer = await rpc.request('eth_getBlockReceipts', [numberToHex(header.number)])
    if (answer === null) throw new NotFoundError(`receipts of block ${header.number}`)
    return parseAnswer(z.array(receiptSchema), 'eth_getBlockReceipts', answer)
  } catch (error) {
    if (!(error instanceof RpcResponseError)) throw error
    const { rpcCode, rpcMessage } = error.context
    if (rpcCode !== METHOD_NOT_FOUND && !/not (found|supported|available)/i.test(rpcMessage)) throw error
    return null
  }
}

async function oneByOne(rpc: RpcPort, header: BlockHeader): Promise<readonly Receipt[]> {
  const receipts: Receipt[] = []
  for (const hash of header.transactions) {
    const receipt = await getReceipt(rpc, hash)
    if (receipt === null) throw new NotFoundError(`receipt ${hash}`)
    receipts.push(receipt)
  }
  return receipts
}
