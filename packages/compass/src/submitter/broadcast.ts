import { RpcResponseError } from '@meridian/chain'
import type { RpcPort } from '@meridian/consensus'
import { MeridianError } from '@meridian/core'
import type { Hex } from 'viem'

/**
 * What a node said to a signed transaction. JSON-RPC has no codes for these: nodes are told apart by their words, and what
 * is not understood is `unclear`, which is asked again and never taken for a success or a loss.
 */
export type BroadcastResult =
  | { readonly type: 'accepted' }
  | { readonly type: 'nonceTooLow'; readonly detail: string }
  | { readonly type: 'underpriced'; readonly detail: string }
  | { readonly type: 'noFunds'; readonly detail: string }
  | { readonly type: 'invalid'; readonly detail: string }
  | { readonly type: 'unclear'; readonly detail: string }

const words: readonly (readonly [RegExp, Exclude<BroadcastResult['type'], 'unclear'>])[] = [
  [/already known|already imported|known transaction|already in (the )?(mem)?pool|already exists/i, 'accepted'],
  [/nonce (is )?too low|nonce.*(lower|below)|old nonce|already been used/i, 'nonceTooLow'],
  [/insufficient funds|insufficient balance|upfront cost exceeds|not enough (funds|balance)/i, 'noFunds'],
  [
    /underpriced|fee too low|gas price too low|less than block base fee|below (the )?(current )?base ?fee|replacement/i,
    'underpriced',
  ],
  [
    /intrinsic gas|exceeds block gas limit|gas limit (is )?too high|oversized|invalid sender|invalid chain|not supported|cap exceeded|max.*gas.*(limit|exceed)|too large/i,
    'invalid',
  ],
]

/** Shows a signed transaction to a node. Never throws what the node or the network says. */
export async function broadcast(rpc: RpcPort, raw: Hex): Promise<BroadcastResult> {
  try {
    await rpc.request('eth_sendRawTransaction', [raw])
    return { type: 'accepted' }
  } catch (error) {
    if (!(error instanceof RpcResponseError)) {
      if (error instanceof MeridianError) return { type: 'unclear', detail: error.message }
      throw error
    }
    const detail = error.context.rpcMessage
    const known = words.find(([pattern]) => pattern.test(detail))
    if (known === undefined) return { type: 'unclear', detail }
    return known[1] === 'accepted' ? { type: 'accepted' } : { type: known[1], detail }
  }
}
