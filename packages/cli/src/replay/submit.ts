import { iLightClientAbi } from '@meridian/abi'
import { decodeRevert, type Revert } from '@meridian/chain'
import { type Address, decodeFunctionResult, encodeFunctionData, type Hex } from 'viem'
import { RunError } from '../errors.ts'
import type { PrivateChain } from '../private-chain.ts'
import type { ReplayError } from './report.ts'

/** What the contract made of an update. */
export interface Submitted {
  readonly result: 'updated' | 'noop' | 'rejected'
  readonly error: ReplayError | null
  readonly gasUsed: number
}

/** `ILightClient.UpdateResult`. */
const UPDATED = 1

/**
 * Sends an update to a light client on a private chain. A call on the same state tells what the transaction returns; the
 * transaction itself tells its gas.
 */
export async function submitUpdate(chain: PrivateChain, client: Address, update: Hex): Promise<Submitted> {
  const data = encodeFunctionData({ abi: iLightClientAbi, functionName: 'update', args: [update] })
  const call = await chain.call(client, data)
  const mined = await chain.transact(client, data)
  if (mined.ok !== call.ok) throw new RunError('replay', `the call and transaction ${mined.hash} differ`)
  const gasUsed = Number(mined.gasUsed)
  if (!call.ok) return { result: 'rejected', error: errorOf(decodeRevert(call.data)), gasUsed }
  const result = decodeFunctionResult({ abi: iLightClientAbi, functionName: 'update', data: call.data })
  return { result: result === UPDATED ? 'updated' : 'noop', error: null, gasUsed }
}

/** The head as the contract says it. */
export async function headOf(chain: PrivateChain, client: Address): Promise<{ number: bigint; hash: Hex }> {
  const { data } = await chain.call(client, encodeFunctionData({ abi: iLightClientAbi, functionName: 'head' }))
  const { number, hash } = decodeFunctionResult({ abi: iLightClientAbi, functionName: 'head', data })
  return { number, hash }
}

/** A revert by its name and parameters. */
export function errorOf(revert: Revert): ReplayError {
  switch (revert.kind) {
    case 'custom':
      return { name: revert.name, args: revert.args }
    case 'reason':
      return { name: revert.name, args: { reason: revert.reason } }
    case 'panic':
      return { name: revert.name, args: { code: revert.code } }
    case 'unknown':
      return { name: revert.name, args: { data: revert.data } }
  }
}
