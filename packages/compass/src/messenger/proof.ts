import { iMessageServiceAbi } from '@meridian/abi'
import { ChainDataError, getBlock, getBlockReceipts, type Receipt } from '@meridian/chain'
import { buildReceiptsTrie, encodeBatchProof, encodeReceiptProof, type ReceiptsTrie } from '@meridian/proofs'
import { type Address, encodeFunctionData, type Hex, hexToNumber } from 'viem'
import type { ChainContext } from '../chain-context.ts'
import type { Message } from '../message.ts'

/** The receipts of a source block, checked against the root in its header. */
export interface ProvableBlock {
  readonly trie: ReceiptsTrie
  readonly receipts: readonly Receipt[]
  /** Position of a message's log inside its receipt. */
  logIndex(message: Message): number
}

/**
 * Reads a block's receipts and builds their trie.
 *
 * @throws {ChainDataError} the chain has another block there, or its receipts do not contain what its logs said.
 * @throws {ReceiptError} the receipts are not those of the header.
 */
export async function readProvableBlock(
  source: ChainContext,
  group: { readonly blockNumber: bigint; readonly blockHash: Hex },
): Promise<ProvableBlock> {
  const { rpc } = source.ports
  const header = await getBlock(rpc, group.blockNumber)
  if (header.hash !== group.blockHash) throw new ChainDataError('block hash', group.blockHash, header.hash)
  const receipts = await getBlockReceipts(rpc, header)
  const hidden = (await source.consensus.hiddenReceipts?.(source.ports, header, receipts.length)) ?? []
  const trie = buildReceiptsTrie([...receipts, ...hidden], { expectedRoot: header.receiptsRoot })
  return { trie, receipts, logIndex: (message) => positionIn(receipts[message.txIndex], message) }
}

function positionIn(receipt: Receipt | undefined, message: Message): number {
  const position = receipt?.logs.findIndex((log) => hexToNumber(log.logIndex) === message.logIndex) ?? -1
  const log = receipt?.logs[position]
  if (log === undefined || log.address !== message.mos || !log.data.includes(message.orderId.slice(2)))
    throw new ChainDataError('log in the receipt', message.orderId, 'another')
  return position
}

/** A call that delivers messages. */
export interface Delivery {
  readonly messages: readonly Message[]
  readonly data: Hex
  /** Whether it is `transferInBatch`, which passes over what it cannot deliver. */
  readonly batch: boolean
}

/** What all deliveries of a block have in common. */
export interface DeliveryContext {
  readonly block: ProvableBlock
  readonly blockProof: Hex
  /** Updates that go first, if any. */
  readonly updates: readonly Hex[]
  /** Who receives the fees on the source chain; zero: who delivers. */
  readonly payee: Address
}

/**
 * Encodes the delivery of messages of one block, alone or as a batch. The order ids go along as hints, so that a delivery
 * that comes second fails before its proof is paid for.
 */
export function encodeDelivery(context: DeliveryContext, messages: readonly Message[]): Delivery {
  const { block, blockProof, updates, payee } = context
  const [first] = messages
  if (first === undefined) throw new RangeError('a delivery has a message')
  const { fromChain } = first
  const abi = iMessageServiceAbi
  if (messages.length === 1) {
    const { nodes } = block.trie.prove(first.txIndex)
    const proof = encodeReceiptProof({ blockProof, txIndex: first.txIndex, nodes })
    const args = [fromChain, updates, first.orderId, payee, BigInt(block.logIndex(first)), proof] as const
    return { messages, data: encodeFunctionData({ abi, functionName: 'deliver', args }), batch: false }
  }
  const shared = block.trie.proveMany(messages.map(({ txIndex }) => txIndex))
  const members = messages.map((message, i) => {
    const path = shared.paths[i]
    if (path === undefined) throw new RangeError('a path for each member')
    return { txIndex: message.txIndex, logIndex: block.logIndex(message), path }
  })
  const hints = messages.map(({ orderId }) => orderId)
  const proof = encodeBatchProof({ blockProof, nodes: shared.nodes, members })
  const args = [fromChain, updates, hints, payee, proof] as const
  return { messages, data: encodeFunctionData({ abi, functionName: 'transferInBatch', args }), batch: true }
}
