import { iIstanbulLightClientAbi } from '@meridian/abi'
import { type Address, decodeFunctionResult, encodeFunctionData, type Hex, numberToHex } from 'viem'
import type { ClientState, RpcPort } from '../types.ts'
import { IstanbulSourceError } from './errors.ts'
import type { IstanbulChain } from './networks.ts'
import type { EpochSet } from './verify.ts'

const abi = iIstanbulLightClientAbi
const statuses = ['active', 'expired', 'frozen'] as const

/** What an Istanbul client holds beside its head. */
export interface IstanbulClientDetail {
  readonly chain: IstanbulChain
  /** Seconds. */
  readonly trustingPeriod: bigint
  /** Seconds. */
  readonly clockDrift: bigint
  /** The current epoch: that of the block after the head. */
  readonly epoch: bigint
  /** Sets of the newest epochs that the client knows, by epoch. */
  readonly sets: ReadonlyMap<bigint, EpochSet>
}

/** How many epochs are read: half a year of MAP's; older sets expired long ago. */
const MAX_EPOCHS = 64n

function isIstanbulDetail(detail: unknown): detail is IstanbulClientDetail {
  return typeof detail === 'object' && detail !== null && 'sets' in detail && 'epoch' in detail
}

const mismatch = (message: string, context: Readonly<Record<string, unknown>>): IstanbulSourceError =>
  new IstanbulSourceError('ISTANBUL_CLIENT_MISMATCH', message, context)

/** @throws {IstanbulSourceError} if `client` was read by another consensus */
export function istanbulDetail(client: ClientState): IstanbulClientDetail {
  if (client.kind !== 'istanbul' || !isIstanbulDetail(client.detail))
    throw mismatch('not the state of an Istanbul client', { given: client.kind })
  return client.detail
}

/** Reads the client at `address`, every view at one block. @throws {IstanbulSourceError} where it is no Istanbul client */
export async function readIstanbulClient(target: RpcPort, address: Address): Promise<ClientState> {
  const latest = await target.request('eth_blockNumber', [])
  if (typeof latest !== 'string')
    throw new IstanbulSourceError('ISTANBUL_NODE_ANSWER', 'no block number', { expected: 'a quantity', given: latest })
  const tag = numberToHex(BigInt(latest))
  const call = async (data: Hex): Promise<Hex> => {
    const result = await target.request('eth_call', [{ to: address, data }, tag])
    if (typeof result !== 'string' || !/^0x([0-9a-fA-F]{2})+$/.test(result))
      throw mismatch('there is no light client at the address', { address, given: result })
    return `0x${result.slice(2)}`
  }
  type Number_ = 'expiresAt' | 'chainId' | 'trustingPeriod' | 'clockDrift' | 'epochSize' | 'forkHeight' | 'currentEpoch'
  const view = (functionName: 'consensus' | 'status' | 'head' | Number_) =>
    call(encodeFunctionData({ abi, functionName }))
  const uint = async (functionName: Number_) =>
    decodeFunctionResult({ abi, functionName, data: await view(functionName) })

  const consensus = decodeFunctionResult({ abi, functionName: 'consensus', data: await view('consensus') })
  if (consensus !== 'istanbul')
    throw mismatch('not an Istanbul light client', { expected: 'istanbul', given: consensus })
  const [statusData, headData, expiresAt, chainId, trustingPeriod, clockDrift, epochSize, forkHeight, epoch] =
    await Promise.all([
      view('status'),
      view('head'),
      uint('expiresAt'),
      uint('chainId'),
      uint('trustingPeriod'),
      uint('clockDrift'),
      uint('epochSize'),
      uint('forkHeight'),
      uint('currentEpoch'),
    ])
  const given = decodeFunctionResult({ abi, functionName: 'status', data: statusData })
  const status = statuses[given]
  if (status === undefined) throw mismatch('unknown status', { expected: statuses, given })
  const sets = await readSets(call, epoch)
  if (!sets.has(epoch)) throw mismatch('the client has no validator set', { epoch })
  const detail: IstanbulClientDetail = {
    chain: { chainId, epochSize, forkHeight },
    trustingPeriod,
    clockDrift,
    epoch,
    sets,
  }
  return {
    address,
    kind: 'istanbul',
    status,
    head: decodeFunctionResult({ abi, functionName: 'head', data: headData }),
    expiresAt,
    detail,
  }
}

async function readSets(call: (data: Hex) => Promise<Hex>, epoch: bigint): Promise<ReadonlyMap<bigint, EpochSet>> {
  const first = epoch > MAX_EPOCHS ? epoch - MAX_EPOCHS + 1n : 1n
  const epochs = Array.from({ length: Number(epoch - first) + 1 }, (_, i) => first + BigInt(i))
  const sets = await Promise.all(
    epochs.map(async (args) => {
      const data = await call(encodeFunctionData({ abi, functionName: 'epochSet', args: [args] }))
      const { setHash, since } = decodeFunctionResult({ abi, functionName: 'epochSet', data })
      return [args, { setHash, since: BigInt(since) }] as const
    }),
  )
  return new Map(sets.filter(([, { setHash }]) => BigInt(setHash) !== 0n))
}
