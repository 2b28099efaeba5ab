import { encodeHeader } from '../execution/header.ts'
import { isRecord } from '../rpc/blocks.ts'
import { invalidParams } from '../rpc/error.ts'
import { blockQuery } from '../rpc/front.ts'
import { type SealedIndex, sealedBlocks } from '../rpc/sealed.ts'
import type { RpcHandler } from '../rpc/server.ts'
import type { Upstream } from '../rpc/upstream.ts'
import type { SealedBlock } from './block.ts'

/** JSON-RPC of a Besu node over anvil: the same answers with the sealed chain's headers and hashes. */
export function qbftFront(upstream: Upstream, index: SealedIndex<SealedBlock>): RpcHandler {
  const { select, answer } = sealedBlocks(upstream, index, () => 'latest')
  const handle: RpcHandler = async (method, params) => {
    switch (method) {
      case 'web3_clientVersion':
        return 'besu/meridian-devnet/qbft'
      case 'qbft_getValidatorsByBlockNumber':
        return [...select(params[0]).extra.validators]
      case 'qbft_getValidatorsByBlockHash':
        return [...select(params[0]).extra.validators]
      case 'debug_getRawHeader': {
        const block = await handle(...spread(blockQuery(params)))
        if (!isRecord(block)) throw invalidParams('unknown block')
        return encodeHeader(block)
      }
      default:
        return answer(method, params)
    }
  }
  return handle
}

const spread = ({ method, params }: { method: string; params: readonly unknown[] }) => [method, params] as const
