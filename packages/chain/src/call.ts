import type { RpcPort } from '@meridian/consensus'
import { type Address, type Hex, numberToHex } from 'viem'
import { RpcResponseError } from './errors.ts'
import { decodeRevert, type Refusal } from './revert.ts'
import { bytes, parseAnswer, quantity } from './schema.ts'

/** A call as `eth_call` takes it. */
export interface CallRequest {
  readonly to: Address
  readonly data: Hex
  readonly from?: Address
  readonly gas?: bigint
}

/** What a call came to. A node's refusal to run it counts as a revert without data: it is never a success. */
export type CallResult = { readonly ok: true; readonly data: Hex } | { readonly ok: false; readonly revert: Refusal }

/**
 * Runs a call without sending it.
 *
 * @param block Number or tag, default the latest. @throws transport errors, malformed answers, rate limits.
 */
export async function call(
  rpc: RpcPort,
  request: CallRequest,
  block: bigint | 'latest' = 'latest',
): Promise<CallResult> {
  const at = typeof block === 'bigint' ? numberToHex(block) : block
  try {
    const answer = await rpc.request('eth_call', [serialise(request), at])
    return { ok: true, data: parseAnswer(bytes, 'eth_call', answer) }
  } catch (error) {
    if (error instanceof RpcResponseError) return { ok: false, revert: revertOf(error) }
    throw error
  }
}

/** What `eth_estimateGas` says, or the revert. @throws transport errors, malformed answers, rate limits. */
export async function estimateGas(
  rpc: RpcPort,
  request: CallRequest,
): Promise<{ readonly ok: true; readonly gas: bigint } | { readonly ok: false; readonly revert: Refusal }> {
  try {
    const answer = await rpc.request('eth_estimateGas', [serialise(request)])
    return { ok: true, gas: parseAnswer(quantity, 'eth_estimateGas', answer) }
  } catch (error) {
    if (error instanceof RpcResponseError) return { ok: false, revert: revertOf(error) }
    throw error
  }
}

function revertOf({ context }: RpcResponseError): Refusal {
  if (context.data !== null && context.data !== '0x') return decodeRevert(context.data)
  return { kind: 'node', name: 'Node', message: context.rpcMessage }
}

function serialise({ to, data, from, gas }: CallRequest): Record<string, string> {
  return {
    to,
    data,
    ...(from === undefined ? {} : { from }),
    ...(gas === undefined ? {} : { gas: numberToHex(gas) }),
  }
}
