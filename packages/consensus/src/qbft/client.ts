import { iQbftLightClientAbi } from '@meridian/abi'
import { type Address, decodeFunctionResult, encodeFunctionData, type Hex, numberToHex } from 'viem'
import type { ClientState, RpcPort } from '../types.ts'
import { QbftSourceError } from './errors.ts'

const abi = iQbftLightClientAbi
const statuses = ['active', 'expired', 'frozen'] as const

/** A validator set and the heights whose blocks it may vouch for; `SetRange` of the contract. */
export interface SetRange {
  readonly setHash: Hex
  readonly first: bigint
  /** Last height: that of the header that brought the next set. */
  readonly end: bigint
  /** Unix seconds from which the set's trusting period runs; 0 for the current set. */
  readonly vouchedAt: bigint
}

/** What a QBFT client holds beside its head. */
export interface QbftClientDetail {
  readonly chainId: bigint
  /** Seconds. */
  readonly trustingPeriod: bigint
  /** Seconds. */
  readonly clockDrift: bigint
  /** The newest set ranges, by their index on the client; the last is the current set's. */
  readonly ranges: readonly (SetRange & { readonly index: number })[]
}

/** How many ranges are read: older ones are of sets that expired long ago, or of a chain that votes all day. */
const MAX_RANGES = 64

function isQbftDetail(detail: unknown): detail is QbftClientDetail {
  return typeof detail === 'object' && detail !== null && 'ranges' in detail && 'trustingPeriod' in detail
}

/** @throws QbftSourceError if `client` was read by another consensus. */
export function qbftDetail(client: ClientState): QbftClientDetail {
  if (client.kind !== 'qbft' || !isQbftDetail(client.detail))
    throw new QbftSourceError('QBFT_CLIENT_MISMATCH', 'not the state of a QBFT client', { given: client.kind })
  return client.detail
}

/** The current set's range. @throws QbftSourceError if there is none. */
export function currentRange(detail: QbftClientDetail): SetRange & { readonly index: number } {
  const range = detail.ranges.at(-1)
  if (range === undefined) throw new QbftSourceError('QBFT_CLIENT_MISMATCH', 'the client has no validator set', {})
  return range
}

/** Reads the client at `address`, every view at one block. @throws QbftSourceError where it is no QBFT client. */
export async function readQbftClient(target: RpcPort, address: Address): Promise<ClientState> {
  const latest = await target.request('eth_blockNumber', [])
  if (typeof latest !== 'string')
    throw new QbftSourceError('QBFT_NODE_ANSWER', 'no block number', { expected: 'a quantity', given: latest })
  const tag = numberToHex(BigInt(latest))
  const call = async (data: Hex): Promise<Hex> => {
    const result = await target.request('eth_call', [{ to: address, data }, tag])
    if (typeof result !== 'string' || !/^0x([0-9a-fA-F]{2})+$/.test(result))
      throw new QbftSourceError('QBFT_CLIENT_MISMATCH', 'there is no light client at the address', {
        address,
        given: result,
      })
    return `0x${result.slice(2)}`
  }
  const view = (
    functionName:
      | 'consensus'
      | 'status'
      | 'head'
      | 'expiresAt'
      | 'chainId'
      | 'trustingPeriod'
      | 'clockDrift'
      | 'setRangeCount',
  ) => call(encodeFunctionData({ abi, functionName }))

  const consensus = decodeFunctionResult({ abi, functionName: 'consensus', data: await view('consensus') })
  if (consensus !== 'qbft')
    throw new QbftSourceError('QBFT_CLIENT_MISMATCH', 'not a QBFT light client', { expected: 'qbft', given: consensus })
  const [statusData, headData, expiresData, chainData, periodData, driftData, countData] = await Promise.all([
    view('status'),
    view('head'),
    view('expiresAt'),
    view('chainId'),
    view('trustingPeriod'),
    view('clockDrift'),
    view('setRangeCount'),
  ])
  const given = decodeFunctionResult({ abi, functionName: 'status', data: statusData })
  const status = statuses[given]
  if (status === undefined)
    throw new QbftSourceError('QBFT_CLIENT_MISMATCH', 'unknown status', { expected: statuses, given })
  const count = Number(decodeFunctionResult({ abi, functionName: 'setRangeCount', data: countData }))
  const ranges = await Promise.all(
    Array.from({ length: Math.min(count, MAX_RANGES) }, async (_, i) => {
      const index = Math.max(0, count - MAX_RANGES) + i
      const data = await call(encodeFunctionData({ abi, functionName: 'setRange', args: [BigInt(index)] }))
      return { index, ...decodeFunctionResult({ abi, functionName: 'setRange', data }) }
    }),
  )
  const detail: QbftClientDetail = {
    chainId: decodeFunctionResult({ abi, functionName: 'chainId', data: chainData }),
    trustingPeriod: decodeFunctionResult({ abi, functionName: 'trustingPeriod', data: periodData }),
    clockDrift: decodeFunctionResult({ abi, functionName: 'clockDrift', data: driftData }),
    ranges,
  }
  return {
    address,
    kind: 'qbft',
    status,
    head: decodeFunctionResult({ abi, functionName: 'head', data: headData }),
    expiresAt: decodeFunctionResult({ abi, functionName: 'expiresAt', data: expiresData }),
    detail,
  }
}
