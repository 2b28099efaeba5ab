import { iParliaLightClientAbi } from '@meridian/abi'
import { type Address, decodeFunctionResult, encodeFunctionData, type Hex, numberToHex } from 'viem'
import type { ClientState, RpcPort } from '../types.ts'
import { ParliaSourceError } from './errors.ts'

const abi = iParliaLightClientAbi
const statuses = ['active', 'expired', 'frozen'] as const

/** What a Parlia client holds beside its head. */
export interface ParliaClientDetail {
  readonly chainId: bigint
  /** Blocks in an epoch, as the client counts them now. */
  readonly epochLength: bigint
  /** Seconds. */
  readonly trustingPeriod: bigint
  /** Seconds. */
  readonly clockDrift: bigint
  /** The block that lists the newest set. */
  readonly epoch: bigint
  /** First target on which the newest set does not vote any more. */
  readonly end: bigint
  /** Commitments to the newest sets, by epoch; those that the client does not have are left out. */
  readonly sets: ReadonlyMap<bigint, Hex>
}

/** How many sets below the newest are looked for: blocks further back are reached from a stored block. */
const SETS = 3n

function isParliaDetail(detail: unknown): detail is ParliaClientDetail {
  return typeof detail === 'object' && detail !== null && 'sets' in detail && 'epochLength' in detail
}

/** @throws ParliaSourceError if `client` was read by another consensus. */
export function parliaDetail(client: ClientState): ParliaClientDetail {
  if (client.kind !== 'parlia' || !isParliaDetail(client.detail))
    throw new ParliaSourceError('PARLIA_CLIENT_MISMATCH', 'not the state of a Parlia client', { given: client.kind })
  return client.detail
}

/** Reads the client at `address`, every view at one block. @throws ParliaSourceError where it is no Parlia client. */
export async function readParliaClient(target: RpcPort, address: Address): Promise<ClientState> {
  const latest = await target.request('eth_blockNumber', [])
  if (typeof latest !== 'string')
    throw new ParliaSourceError('PARLIA_NODE_ANSWER', 'no block number', { expected: 'a quantity', given: latest })
  const tag = numberToHex(BigInt(latest))
  const call = async (data: Hex): Promise<Hex> => {
    const result = await target.request('eth_call', [{ to: address, data }, tag])
    if (typeof result !== 'string' || !/^0x([0-9a-fA-F]{2})+$/.test(result))
      throw new ParliaSourceError('PARLIA_CLIENT_MISMATCH', 'there is no light client at the address', {
        address,
        given: result,
      })
    return `0x${result.slice(2)}`
  }
  const view = (functionName: 'consensus' | 'status' | 'head' | 'expiresAt' | 'parameters' | 'newestSet') =>
    call(encodeFunctionData({ abi, functionName }))

  const consensus = decodeFunctionResult({ abi, functionName: 'consensus', data: await view('consensus') })
  if (consensus !== 'parlia')
    throw new ParliaSourceError('PARLIA_CLIENT_MISMATCH', 'not a Parlia light client', {
      expected: 'parlia',
      given: consensus,
    })
  const [statusData, headData, expiresData, parametersData, newestData] = await Promise.all([
    view('status'),
    view('head'),
    view('expiresAt'),
    view('parameters'),
    view('newestSet'),
  ])
  const given = decodeFunctionResult({ abi, functionName: 'status', data: statusData })
  const status = statuses[given]
  if (status === undefined)
    throw new ParliaSourceError('PARLIA_CLIENT_MISMATCH', 'unknown status', { expected: statuses, given })
  const parameters = decodeFunctionResult({ abi, functionName: 'parameters', data: parametersData })
  const [epoch, end] = decodeFunctionResult({ abi, functionName: 'newestSet', data: newestData })
  const epochLength = BigInt(parameters.epochLength)
  const sets = new Map<bigint, Hex>()
  for (let i = 0n; i <= SETS && epoch >= i * epochLength; i += 1n) {
    const args = [epoch - i * epochLength] as const
    const data = await call(encodeFunctionData({ abi, functionName: 'setCommitment', args }))
    const commitment = decodeFunctionResult({ abi, functionName: 'setCommitment', data })
    if (BigInt(commitment) !== 0n) sets.set(args[0], commitment)
  }
  const detail: ParliaClientDetail = {
    chainId: parameters.chainId,
    epochLength,
    trustingPeriod: BigInt(parameters.trustingPeriod),
    clockDrift: BigInt(parameters.clockDrift),
    epoch,
    end,
    sets,
  }
  return {
    address,
    kind: 'parlia',
    status,
    head: decodeFunctionResult({ abi, functionName: 'head', data: headData }),
    expiresAt: decodeFunctionResult({ abi, functionName: 'expiresAt', data: expiresData }),
    detail,
  }
}
