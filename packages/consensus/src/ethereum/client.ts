import { ethereumLightClientAbi } from '@meridian/abi'
import { type Address, decodeFunctionResult, encodeFunctionData, type Hex, numberToHex, toFunctionSelector } from 'viem'
import type { ClientState, RpcPort } from '../types.ts'
import { networkParameters } from './deploy.ts'
import { ClientMismatchError } from './errors.ts'
import { type CommittedAggregate, findKeptAggregate } from './kept-aggregate.ts'
import { type Network, periodAtSlot } from './networks.ts'
import type { ScheduledFork } from './schedule.ts'
import type { LightClientStore } from './verify.ts'

/** What an Ethereum client holds beside its head. */
export interface EthereumClientDetail {
  /** `hash_tree_root(SyncCommittee)` of the periods that may sign: the head's, and the next once it is known. */
  readonly committeeRoots: ReadonlyMap<bigint, Hex>
  /** Members that signed the head, 0 for a bootstrap. */
  readonly headParticipants: number
  /** What the client has kept for updates to start from, where its event was found. */
  readonly kept?: CommittedAggregate
  /** The schedule of forks that it verifies by. */
  readonly forks: readonly ScheduledFork[]
  /** Seconds. */
  readonly trustingPeriod: bigint
  /** Seconds. */
  readonly clockDrift: bigint
}

/** Views without arguments: their calldata is the selector. */
const selectors = {
  consensus: toFunctionSelector('consensus()'),
  status: toFunctionSelector('status()'),
  head: toFunctionSelector('head()'),
  expiresAt: toFunctionSelector('expiresAt()'),
  parameters: toFunctionSelector('parameters()'),
  syncCommitteePeriods: toFunctionSelector('syncCommitteePeriods()'),
  keptAggregate: toFunctionSelector('keptAggregate()'),
  forks: toFunctionSelector('forks()'),
} as const
type PlainView = keyof typeof selectors

const statuses = ['active', 'expired', 'frozen'] as const

/** Reads one contract at one block. */
function createViews(target: RpcPort, address: Address, blockNumber: bigint) {
  const tag = numberToHex(blockNumber)
  return async (data: Hex): Promise<Hex> => {
    const result = await target.request('eth_call', [{ to: address, data }, tag])
    if (typeof result !== 'string' || !/^0x([0-9a-fA-F]{2})+$/.test(result))
      throw new ClientMismatchError('there is no light client at the address', { address, given: result })
    return `0x${result.slice(2)}`
  }
}

async function latestBlock(target: RpcPort): Promise<bigint> {
  const given = await target.request('eth_blockNumber', [])
  if (typeof given !== 'string') throw new ClientMismatchError('no block number', { expected: 'a quantity', given })
  return BigInt(given)
}

/**
 * Reads the client at `address`, every view at one block.
 * @throws ClientMismatchError where it is no Ethereum client, or one of another chain than `network`.
 */
export async function readEthereumClient(target: RpcPort, address: Address, network: Network): Promise<ClientState> {
  const blockNumber = await latestBlock(target)
  const call = createViews(target, address, blockNumber)
  const read = (functionName: PlainView) => call(selectors[functionName])
  const kind = decodeFunctionResult({
    abi: ethereumLightClientAbi,
    functionName: 'consensus',
    data: await read('consensus'),
  })
  if (kind !== 'ethereum')
    throw new ClientMismatchError('not an Ethereum light client', { expected: 'ethereum', given: kind })
  const parameters = decodeFunctionResult({
    abi: ethereumLightClientAbi,
    functionName: 'parameters',
    data: await read('parameters'),
  })
  requireNetwork(parameters, network)
  const [statusData, headData, expiresAtData, periodsData, forksData] = await Promise.all([
    read('status'),
    read('head'),
    read('expiresAt'),
    read('syncCommitteePeriods'),
    read('forks'),
  ])
  const forks = decodeFunctionResult({ abi: ethereumLightClientAbi, functionName: 'forks', data: forksData })
  const statusIndex = decodeFunctionResult({ abi: ethereumLightClientAbi, functionName: 'status', data: statusData })
  const head = decodeFunctionResult({ abi: ethereumLightClientAbi, functionName: 'head', data: headData })
  const expiresAt = decodeFunctionResult({
    abi: ethereumLightClientAbi,
    functionName: 'expiresAt',
    data: expiresAtData,
  })
  const [, last] = decodeFunctionResult({
    abi: ethereumLightClientAbi,
    functionName: 'syncCommitteePeriods',
    data: periodsData,
  })
  const status = statuses[statusIndex]
  if (status === undefined) throw new ClientMismatchError('unknown status', { expected: statuses, given: statusIndex })
  const committeeRoots = new Map<bigint, Hex>()
  // Older committees are kept for evidence; only the head's and the next one sign updates.
  for (let period = periodAtSlot(network, head.number); period <= last; period++) {
    const data = await call(
      encodeFunctionData({ abi: ethereumLightClientAbi, functionName: 'syncCommitteeRoot', args: [period] }),
    )
    const root = decodeFunctionResult({ abi: ethereumLightClientAbi, functionName: 'syncCommitteeRoot', data })
    if (BigInt(root) !== 0n) committeeRoots.set(period, root)
  }
  const stored = decodeFunctionResult({
    abi: ethereumLightClientAbi,
    functionName: 'storedBlock',
    data: await call(
      encodeFunctionData({ abi: ethereumLightClientAbi, functionName: 'storedBlock', args: [head.number, head.hash] }),
    ),
  })
  const commitment = decodeFunctionResult({
    abi: ethereumLightClientAbi,
    functionName: 'keptAggregate',
    data: await read('keptAggregate'),
  })
  const kept = await findKeptAggregate(target, address, commitment, blockNumber)
  const detail: EthereumClientDetail = {
    ...(kept === undefined ? {} : { kept }),
    committeeRoots,
    headParticipants: Number(stored[1]),
    forks,
    trustingPeriod: parameters.trustingPeriod,
    clockDrift: parameters.clockDrift,
  }
  return {
    address,
    kind: 'ethereum',
    status,
    head: { number: head.number, timestamp: head.timestamp, hash: head.hash },
    expiresAt,
    detail,
  }
}

function requireNetwork(given: Readonly<Record<string, unknown>>, network: Network): void {
  for (const [name, value] of Object.entries(networkParameters(network)))
    if (given[name] !== value)
      throw new ClientMismatchError(`the client follows another chain than ${network.name}: ${name} differs`, {
        name,
        expected: value,
        given: given[name],
      })
}

function isDetail(detail: unknown): detail is EthereumClientDetail {
  return typeof detail === 'object' && detail !== null && 'committeeRoots' in detail && 'trustingPeriod' in detail
}

/** The detail of a state that {@link readEthereumClient} read. @throws ClientMismatchError for any other. */
export function detailOf(client: ClientState): EthereumClientDetail {
  if (client.kind !== 'ethereum' || !isDetail(client.detail))
    throw new ClientMismatchError('not an Ethereum light client', { expected: 'ethereum', given: client.kind })
  return client.detail
}

/** The client's state as a store that updates are validated against before anybody pays for them. */
export function storeOf(client: ClientState): LightClientStore {
  const { committeeRoots, headParticipants } = detailOf(client)
  return {
    head: { slot: client.head.number, root: client.head.hash },
    finalizedBlocks: new Map([[client.head.number, { root: client.head.hash, participants: headParticipants }]]),
    committeeRoots,
  }
}
