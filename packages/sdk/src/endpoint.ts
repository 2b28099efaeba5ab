import type { Address, PublicClient } from 'viem'
import { ChainIdError } from './errors.ts'

/** One side of a lane, as the SDK reads it. */
export interface ChainEndpoint {
  /** EIP-155 id. */
  readonly chainId: bigint
  readonly client: PublicClient
  /** The chain's message service. */
  readonly mos: Address
  /** No message is older than this block. */
  readonly fromBlock: bigint
  /** Number of the newest block that is final by the chain's own rule. */
  finalized(): Promise<bigint>
}

/** A chain that forwards between others, as the SDK reads it. */
export interface HubEndpoint extends ChainEndpoint {
  readonly hub: Address
}

/** Where a message starts and where it ends. */
export interface Lane {
  readonly from: ChainEndpoint
  readonly to: ChainEndpoint
  /** The hub that it goes over. Absent: it is direct. */
  readonly via?: HubEndpoint
}

/**
 * The newest final block: `instant` for consensus that never reverts a block (QBFT), `tag` where the node answers
 * `finalized` (Ethereum). Zero while nothing is final.
 */
export function finalityOf(client: PublicClient, rule: 'instant' | 'tag'): () => Promise<bigint> {
  return async () => {
    if (rule === 'instant') return client.getBlockNumber({ cacheTime: 0 })
    const block = await client.getBlock({ blockTag: 'finalized' })
    return block.number ?? 0n
  }
}

/** Refuses an endpoint that serves another chain. @throws {@link ChainIdError} */
export async function assertChainId(endpoint: Pick<ChainEndpoint, 'chainId' | 'client'>): Promise<void> {
  const given = BigInt(await endpoint.client.getChainId())
  if (given !== endpoint.chainId) throw new ChainIdError(endpoint.chainId, given)
}
