import { iLightClientAbi, iMessageServiceAbi } from '@meridian/abi'
import { getBlock, getBlockReceipts, getReceipt, NotFoundError } from '@meridian/chain'
import type { Consensus, SourcePorts, WaitReason } from '@meridian/consensus'
import { buildReceiptsTrie, encodeReceiptProof } from '@meridian/proofs'
import { type Address, encodeFunctionData, type Hex, hexToNumber, isAddressEqual, zeroAddress } from 'viem'
import type { ChainEndpoint } from './endpoint.ts'
import { HubRouteError, NoRouteError, NotProvableError } from './errors.ts'
import type { FoundLog } from './logs.ts'
import { type Sender, transact } from './transact.ts'

/** A chain whose blocks can be proven: its consensus, and how it is read. */
export interface ProvableChain {
  readonly chainId: bigint
  readonly consensus: Consensus
  readonly ports: SourcePorts
}

/** A receipt that the light client of its chain vouches for once the updates are applied. */
export interface ReceiptProof {
  readonly lightClient: Address
  /** For `ILightClient.update`, in order. Often empty. */
  readonly updates: readonly Hex[]
  /** `abi.encode(IMessageService.ReceiptProof)`: for MOS, the fee service, and whoever verifies logs. */
  readonly proof: Hex
  readonly txHash: Hex
  readonly blockNumber: bigint
}

/** Who vouches for one chain on another. */
export interface Route {
  readonly lightClient: Address
  /** MOS on the chain that is vouched for. */
  readonly remoteMos: Address
  /** The hub whose logs count, on the chain that the light client follows; null where it follows the chain itself. */
  readonly hub: Address | null
}

/** How MOS on one chain believes another. @throws {@link NoRouteError} it does not */
export async function routeOf(on: ChainEndpoint, chainId: bigint): Promise<Route> {
  const { lightClient, remoteMos, hub } = await on.client.readContract({
    address: on.mos,
    abi: iMessageServiceAbi,
    functionName: 'route',
    args: [chainId],
  })
  if (lightClient === zeroAddress) throw new NoRouteError(on.chainId, chainId)
  return { lightClient, remoteMos, hub: hub === zeroAddress ? null : hub }
}

/**
 * The light client by which MOS on one chain believes another directly.
 *
 * @throws {@link NoRouteError} it has none. @throws {@link HubRouteError} a hub vouches for the other chain
 */
export async function lightClientOf(on: ChainEndpoint, chainId: bigint): Promise<Address> {
  const { lightClient, hub } = await routeOf(on, chainId)
  if (hub !== null) throw new HubRouteError(on.chainId, chainId, hub)
  return lightClient
}

/**
 * Proves the receipt of a transaction on `of` to the light client of that chain on `on`: its logs can then be shown to
 * contracts there, such as a record of delivery or expiry to the fee service.
 *
 * @param forChain What `of` vouches for there, where it is a hub: the proof is for the route from that chain. Default: itself.
 * @throws {@link NotProvableError} it must wait, for finality or for an update
 * @throws {@link NoRouteError} {@link HubRouteError} `on` does not know the chain, or otherwise. @throws NotFoundError the chain has no such transaction.
 */
export async function proveReceipt(
  of: ProvableChain,
  on: ChainEndpoint,
  txHash: Hex,
  forChain: bigint = of.chainId,
): Promise<ReceiptProof> {
  const receipt = await getReceipt(of.ports.rpc, txHash)
  if (receipt === null) throw new NotFoundError(`transaction ${txHash}`)
  const direct = forChain === of.chainId
  const { lightClient } = direct ? { lightClient: await lightClientOf(on, forChain) } : await routeOf(on, forChain)
  const rpc = { request: (method: string, params: readonly unknown[]) => rawRequest(on, method, params) }
  const [block, client, head] = await Promise.all([
    getBlock(of.ports.rpc, receipt.blockNumber),
    of.consensus.readClient(rpc, lightClient),
    on.client.getBlock(),
  ])
  const proof = await of.consensus.proveReceiptsRoot(of.ports, client, block, head.timestamp)
  if (proof.status === 'waiting') throw new NotProvableError(of.chainId, block.number, waitText(proof.reason))
  const receipts = await getBlockReceipts(of.ports.rpc, block)
  const hidden = (await of.consensus.hiddenReceipts?.(of.ports, block, receipts.length)) ?? []
  const trie = buildReceiptsTrie([...receipts, ...hidden], { expectedRoot: block.receiptsRoot })
  const txIndex = hexToNumber(receipt.transactionIndex)
  const encoded = encodeReceiptProof({ blockProof: proof.proof, txIndex, nodes: trie.prove(txIndex).nodes })
  return { lightClient, updates: proof.updates, proof: encoded, txHash, blockNumber: block.number }
}

/** Where a log stands inside its receipt, as proofs count. @throws NotFoundError it is not there. */
export async function logIndexOf(of: ProvableChain, log: FoundLog): Promise<number> {
  const receipt = await getReceipt(of.ports.rpc, log.transactionHash)
  const index = receipt?.logs.findIndex(
    ({ address, topics, data }) =>
      isAddressEqual(address, log.address) && data === log.data && topics.join() === log.topics.join(),
  )
  if (index === undefined || index < 0) throw new NotFoundError(`log of transaction ${log.transactionHash}`)
  return index
}

/** Applies a proof's updates to its light client, one transaction each. @throws {@link ContractRevertError} */
export async function applyUpdates(on: ChainEndpoint, sender: Sender, proof: ReceiptProof): Promise<void> {
  for (const update of proof.updates) {
    const data = encodeFunctionData({ abi: iLightClientAbi, functionName: 'update', args: [update] })
    await transact(on, sender, 'the light-client update', { to: proof.lightClient, data })
  }
}

function rawRequest(on: ChainEndpoint, method: string, params: readonly unknown[]): Promise<unknown> {
  // CAST: viem types the methods that it knows; a consensus names its own
  const request = on.client.request as (call: { method: string; params: readonly unknown[] }) => Promise<unknown>
  return request({ method, params })
}

function waitText(reason: WaitReason): string {
  switch (reason.code) {
    case 'NOT_FINAL':
      return `block ${reason.wanted} is not final; ${reason.finalized} is`
    case 'UPDATE_NOT_SERVED':
      return reason.detail
    case 'CLOCK_BEHIND':
      return `the chain's clock is ${reason.now}; the update counts from ${reason.earliest}`
    case 'CLIENT_UNUSABLE':
      return `the light client is ${reason.status}`
  }
}
