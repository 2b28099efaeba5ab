import { iMessageServiceAbi, iMOSV3Abi } from '@meridian/abi'
import { ChainDataError, getBlock, getBlockReceipts, type Receipt } from '@meridian/chain'
import { buildReceiptsTrie, encodeBatchProof, encodeReceiptProof, type ReceiptsTrie } from '@meridian/proofs'
import { encodeFunctionData, type Hex, hexToNumber } from 'viem'
import type { ChainContext } from '../chain-context.ts'
import type { Message } from '../message.ts'
import type { BlockGroup } from '../plan.ts'

/** The receipts of a source block, checked against the root in its header. */
export interface ProvableBlock {
  readonly trie: ReceiptsTrie
  /** Position of a message's log inside its receipt. */
  logIndex(message: Message): number
}

/**
 * Reads a block's receipts and builds their trie.
 *
 * @throws {ChainDataError} the block is not the group's, or its receipts do not contain what its logs said.
 * @throws {ReceiptError} the receipts are not those of the header.
 */
export async function readProvableBlock(source: ChainContext, group: BlockGroup): Promise<ProvableBlock> {
  const { rpc } = source.ports
  const header = await getBlock(rpc, group.blockNumber)
  if (header.hash !== group.blockHash) throw new ChainDataError('block hash', group.blockHash, header.hash)
  const receipts = await getBlockReceipts(rpc, header)
  const hidden = (await source.consensus.hiddenReceipts?.(source.ports, header, receipts.length)) ?? []
  const trie = buildReceiptsTrie([...receipts, ...hidden], { expectedRoot: header.receiptsRoot })
  return { trie, logIndex: (message) => positionIn(receipts[message.txIndex], message) }
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

/** Encodes the delivery of messages of one block, alone or as a batch, with the updates that go first if any. */
export function encodeDelivery(
  block: ProvableBlock,
  blockProof: Hex,
  messages: readonly Message[],
  updates: readonly Hex[],
): Delivery {
  const [first] = messages
  if (first === undefined) throw new RangeError('a delivery has a message')
  const { fromChain } = first
  if (messages.length === 1) {
    const { nodes } = block.trie.prove(first.txIndex)
    const proof = encodeReceiptProof({ blockProof, txIndex: first.txIndex, nodes })
    const logIndex = BigInt(block.logIndex(first))
    const data =
      updates.length === 0
        ? encodeFunctionData({
            abi: iMOSV3Abi,
            functionName: 'transferInWithIndex',
            args: [fromChain, logIndex, proof],
          })
        : encodeFunctionData({
            abi: iMessageServiceAbi,
            functionName: 'updateAndTransferIn',
            args: [fromChain, updates, logIndex, proof],
          })
    return { messages, data, batch: false }
  }
  const shared = block.trie.proveMany(messages.map(({ txIndex }) => txIndex))
  const members = messages.map((message, i) => {
    const path = shared.paths[i]
    if (path === undefined) throw new RangeError('a path for each member')
    return { txIndex: message.txIndex, logIndex: block.logIndex(message), path }
  })
  const proof = encodeBatchProof({ blockProof, nodes: shared.nodes, members })
  const data = encodeFunctionData({
    abi: iMessageServiceAbi,
    functionName: 'transferInBatch',
    args: [fromChain, updates, proof],
  })
  return { messages, data, batch: true }
}
