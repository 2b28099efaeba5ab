import { iHubAbi, iMessageServiceAbi } from '@meridian/abi'
import { ChainDataError, getBlock, getBlockReceipts, type Log, type Receipt } from '@meridian/chain'
import type { RpcPort } from '@meridian/consensus'
import { buildReceiptsTrie, encodeBatchProof, encodeReceiptProof, type ReceiptsTrie } from '@meridian/proofs'
import { type Address, decodeFunctionResult, encodeFunctionData, type Hex } from 'viem'
import type { ChainContext } from '../chain-context.ts'
import type { Message } from '../message.ts'
import { overEndpoints } from './endpoints.ts'

/** The receipts of a source block, checked against the root in its header. */
export interface ProvableBlock {
  readonly trie: ReceiptsTrie
  /** The logs of its receipts, in order. */
  readonly logs: readonly Log[]
  /** Whether a message's log is where its row has it. */
  holds(message: Message): boolean
  /** Position of a message's log inside its receipt. @throws {ChainDataError} it is not there. */
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
  return overEndpoints(source.ports.rpc, (rpc) => readFrom(source, rpc, group))
}

async function readFrom(
  source: ChainContext,
  rpc: RpcPort,
  group: { readonly blockNumber: bigint; readonly blockHash: Hex },
): Promise<ProvableBlock> {
  const header = await getBlock(rpc, group.blockNumber)
  if (header.hash !== group.blockHash) throw new ChainDataError('block hash', group.blockHash, header.hash)
  const receipts = await getBlockReceipts(rpc, header)
  const hidden = (await source.consensus.hiddenReceipts?.({ ...source.ports, rpc }, header, receipts.length)) ?? []
  const trie = buildReceiptsTrie([...receipts, ...hidden], { expectedRoot: header.receiptsRoot })
  const logs = logsOf(receipts, group)
  const holds = (message: Message): boolean => {
    const log = logs[message.logIndex]
    const isThere = log?.transactionIndex === message.txIndex && log.address === message.emitter
    return isThere && log.data.includes(message.orderId.slice(2))
  }
  const logIndex = (message: Message): number => {
    if (!holds(message)) throw new ChainDataError('log in the receipt', message.orderId, 'another')
    return message.logIndex - logs.findIndex(({ transactionIndex }) => transactionIndex === message.txIndex)
  }
  return { trie, logs, holds, logIndex }
}

/** The logs in their places, which the receipts themselves fix: what a node says of places beside them is not asked. */
function logsOf(receipts: readonly Receipt[], block: { readonly blockNumber: bigint; readonly blockHash: Hex }): Log[] {
  const { blockNumber, blockHash } = block
  const flat = receipts.flatMap(({ logs, transactionHash }, transactionIndex) =>
    logs.map(({ address, topics, data }) => ({ address, topics, data, transactionHash, transactionIndex })),
  )
  return flat.map((log, logIndex) => ({ ...log, blockNumber, blockHash, logIndex }))
}

/** A call that carries messages of one block. */
export interface Delivery {
  readonly kind: 'delivery' | 'forward' | 'relay'
  readonly to: Address
  readonly messages: readonly Message[]
  readonly data: Hex
  /** How many of them it carried, by what it returned: a batch passes over what it cannot carry. */
  carried(returned: Hex): bigint
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

const all =
  ({ length }: readonly Message[]) =>
  (): bigint =>
    BigInt(length)

/**
 * Encodes the delivery of messages of one block at MOS, alone or as a batch. The order ids go along as hints, so that a
 * delivery that comes second fails before its proof is paid for.
 */
export function encodeDelivery(mos: Address, context: DeliveryContext, messages: readonly Message[]): Delivery {
  const { updates, payee } = context
  const call = { kind: 'delivery', to: mos, messages } as const
  const { first, rest } = split(messages)
  const { fromChain } = first
  const abi = iMessageServiceAbi
  if (rest.length === 0) {
    const { logIndex, proof } = proveOne(context, first)
    const args = [fromChain, updates, first.orderId, payee, logIndex, proof] as const
    return { ...call, data: encodeFunctionData({ abi, functionName: 'deliver', args }), carried: all(messages) }
  }
  const hints = messages.map(({ orderId }) => orderId)
  const args = [fromChain, updates, hints, payee, proveBatch(context, messages)] as const
  return {
    ...call,
    data: encodeFunctionData({ abi, functionName: 'transferInBatch', args }),
    carried: (data) => decodeFunctionResult({ abi, functionName: 'transferInBatch', data }),
  }
}

/** Encodes the forwarding of messages of one block at a hub, alone or as a batch. */
export function encodeForward(hub: Address, context: DeliveryContext, messages: readonly Message[]): Delivery {
  const { updates } = context
  const call = { kind: 'forward', to: hub, messages } as const
  const { first, rest } = split(messages)
  const { fromChain } = first
  const abi = iHubAbi
  if (rest.length === 0) {
    const { logIndex, proof } = proveOne(context, first)
    const args = [fromChain, updates, logIndex, proof] as const
    return { ...call, data: encodeFunctionData({ abi, functionName: 'forward', args }), carried: all(messages) }
  }
  const args = [fromChain, updates, proveBatch(context, messages)] as const
  return {
    ...call,
    data: encodeFunctionData({ abi, functionName: 'forwardBatch', args }),
    carried: (data) => decodeFunctionResult({ abi, functionName: 'forwardBatch', data }),
  }
}

/** Encodes the running of a message at a hub, which sends on what its target returns. */
export function encodeRelay(hub: Address, context: DeliveryContext, message: Message): Delivery {
  const { logIndex, proof } = proveOne(context, message)
  const args = [message.fromChain, context.updates, context.payee, logIndex, proof] as const
  const data = encodeFunctionData({ abi: iHubAbi, functionName: 'relay', args })
  return { kind: 'relay', to: hub, messages: [message], data, carried: () => 1n }
}

function split([first, ...rest]: readonly Message[]): { readonly first: Message; readonly rest: readonly Message[] } {
  if (first === undefined) throw new RangeError('a delivery has a message')
  return { first, rest }
}

function proveOne({ block, blockProof }: DeliveryContext, message: Message): { logIndex: bigint; proof: Hex } {
  const { txIndex } = message
  const { nodes } = block.trie.prove(txIndex)
  return { logIndex: BigInt(block.logIndex(message)), proof: encodeReceiptProof({ blockProof, txIndex, nodes }) }
}

function proveBatch({ block, blockProof }: DeliveryContext, messages: readonly Message[]): Hex {
  const shared = block.trie.proveMany(messages.map(({ txIndex }) => txIndex))
  const members = messages.map((message, i) => {
    const path = shared.paths[i]
    if (path === undefined) throw new RangeError('a path for each member')
    return { txIndex: message.txIndex, logIndex: block.logIndex(message), path }
  })
  return encodeBatchProof({ blockProof, nodes: shared.nodes, members })
}
