import { type BlockHeader, getBlock, parseAnswer, quantity } from '@meridian/chain'
import type { ChainContext } from '../chain-context.ts'
import type { Market } from './fees.ts'

/** What a chain's newest block, its node and the operator say of fees. @param head The newest block, where it is known. */
export async function readMarket({ ports, tuning }: ChainContext, head?: BlockHeader): Promise<Market> {
  const { rpc } = ports
  const [latest, tip] = await Promise.all([
    head ?? getBlock(rpc, 'latest'),
    rpc.request('eth_maxPriorityFeePerGas', []),
  ])
  return {
    baseFeePerGas: latest.baseFeePerGas ?? 0n,
    priorityFeePerGas: parseAnswer(quantity, 'eth_maxPriorityFeePerGas', tip),
    minPriorityFeePerGas: tuning.minPriorityFeePerGas,
    cap: tuning.maxFeePerGas,
  }
}
