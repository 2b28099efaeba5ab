import type { Hex } from 'viem'
import { encodeHeader } from '../execution/header.ts'
import { isRecord } from '../rpc/blocks.ts'
import { invalidParams } from '../rpc/error.ts'
import { blockQuery } from '../rpc/front.ts'
import { type SealedIndex, sealedBlocks } from '../rpc/sealed.ts'
import type { RpcHandler } from '../rpc/server.ts'
import type { Upstream } from '../rpc/upstream.ts'
import type { ParliaBlock } from './block.ts'
import type { ParliaSet } from './validators.ts'

/** The sealed chain as the front reads it. */
export interface ParliaIndex extends SealedIndex<ParliaBlock> {
  justified(): bigint
  finalized(): bigint
  inForce(target: bigint): ParliaSet
}

const quantity = (value: bigint): Hex => `0x${value.toString(16)}`

/** JSON-RPC of a BNB Smart Chain node over anvil: the same answers with the sealed chain's headers and hashes. */
export function parliaFront(upstream: Upstream, index: ParliaIndex): RpcHandler {
  const final = (tag: 'safe' | 'finalized') => quantity(tag === 'safe' ? index.justified() : index.finalized())
  const { select, answer } = sealedBlocks(upstream, index, final)
  const handle: RpcHandler = async (method, params) => {
    switch (method) {
      case 'web3_clientVersion':
        return 'Geth/meridian-devnet/parlia'
      case 'parlia_getValidators':
        return index.inForce(select(params[0]).number + 1n).members.map(({ address }) => address)
      case 'parlia_getTurnLength':
        return quantity(BigInt(index.inForce(select(params[0]).number + 1n).turnLength))
      case 'parlia_getJustifiedNumber':
        return quantity(index.justified())
      case 'parlia_getFinalizedNumber':
        return quantity(index.finalized())
      case 'debug_getRawHeader': {
        const query = blockQuery(params)
        const block = await handle(query.method, query.params)
        if (!isRecord(block)) throw invalidParams('unknown block')
        return encodeHeader(block)
      }
      default:
        return answer(method, params)
    }
  }
  return handle
}
