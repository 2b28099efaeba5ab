import { feeServiceAbi, messageServiceAbi, mosGatewayAbi } from '@meridian/abi'
import { type Address, encodeFunctionData, type Hex, keccak256, stringToHex, zeroAddress } from 'viem'
import type { ChainContracts } from './chain.ts'
import type { Deployer } from './deployer.ts'
import { runAndHandOver, type TimelockCall } from './governance.ts'

/** What a message to one chain costs. */
export interface LanePrice {
  /** Gas of a delivery beside the message's own gas limit: proof, MOS, record, and the claim of the fee. */
  readonly baseGas: bigint
  /** A message's share of the light-client updates there. Gas; 0: somebody sponsors them. */
  readonly updateGas: bigint
  /** Bytes of an encoded message that the base covers. */
  readonly includedBytes: bigint
  /** Gas for each byte beyond. */
  readonly gasPerByte: bigint
  /** Wei of the sending chain's coin for a unit of gas. */
  readonly gasPrice: bigint
}

/** How a chain believes another, and what messages to it cost. */
export interface Connection {
  readonly remote: ChainContracts
  /** The light client here that follows the other chain, or the chain of the hub. */
  readonly lightClient: Address
  /** The hub on the chain that the light client follows. Absent: the route is direct. */
  readonly hub?: Address
  readonly price: LanePrice
}

/** A chain, and the chains that it is connected to. */
export interface ConnectedChain {
  readonly deployer: Deployer
  readonly contracts: ChainContracts
  readonly connections: readonly Connection[]
  /** What else the timelock does in the same operation, after the routes stand. */
  readonly calls?: readonly TimelockCall[]
}

/** One side of a connection. */
export interface Side {
  readonly deployer: Deployer
  readonly contracts: ChainContracts
  /** The light client on this chain that follows the other one. */
  readonly lightClient: Address
  /** What messages from here to the other chain cost. */
  readonly price: LanePrice
  /** What else the timelock does in the same operation, after the route stands. */
  readonly calls?: readonly TimelockCall[]
}

/** Gas for the recipients of gateway messages that do not say: a token's arrival with its limits and books, rounded up. */
const GATEWAY_GAS = 300_000n

/** `FeeService.PRICER_ROLE`. */
const PRICER_ROLE = keccak256(stringToHex('PRICER_ROLE'))

/** Connects two chains directly, as {@link connectAll} does. `delay`: seconds. */
export async function connect(a: Side, b: Side, delay: bigint): Promise<void> {
  const toOther = (side: Side, { contracts: remote }: Side): ConnectedChain => {
    const { lightClient, price } = side
    return { ...side, connections: [{ remote, lightClient, price }] }
  }
  await connectAll([toOther(a, b), toOther(b, a)], delay)
}

/**
 * Connects chains: on each, one operation of the timelock sets the routes, the other chains' gateways and the prices of the
 * lanes, raises the timelock's delay to `delay` (seconds) and takes the deployer's powers. What it does afterwards waits for
 * the delay.
 */
export async function connectAll(chains: readonly ConnectedChain[], delay: bigint): Promise<void> {
  await Promise.all(chains.map((chain) => connectChain(chain, delay)))
}

function connectChain({ deployer, contracts, connections, calls = [] }: ConnectedChain, delay: bigint): Promise<void> {
  const { feeService, timelock } = contracts
  const pricer = [PRICER_ROLE, timelock] as const
  const onFees = (data: Hex): TimelockCall => ({ to: feeService, data })
  // The timelock prices the lanes itself, as the administrator who may lend itself the role; the deployer never has it.
  const all: readonly TimelockCall[] = [
    ...connections.flatMap((connection) => routeCalls(contracts, connection)),
    onFees(encodeFunctionData({ abi: feeServiceAbi, functionName: 'grantRole', args: pricer })),
    ...connections.map((connection) => onFees(priceCall(connection))),
    onFees(encodeFunctionData({ abi: feeServiceAbi, functionName: 'revokeRole', args: pricer })),
    ...calls,
  ]
  return runAndHandOver(deployer, timelock, all, delay)
}

/** What a timelock calls so that its chain believes another, and takes messages to it. */
export function routeCalls(contracts: ChainContracts, connection: Connection): readonly TimelockCall[] {
  const { mos, gateway, feeService } = contracts
  const { remote, lightClient, hub, price } = connection
  const terms = {
    served: true,
    baseGas: Number(price.baseGas),
    updateGas: Number(price.updateGas),
    includedBytes: Number(price.includedBytes),
    gasPerByte: Number(price.gasPerByte),
    oracle: zeroAddress,
  }
  const abi = messageServiceAbi
  const route = [remote.chainId, lightClient, remote.mos] as const
  const remoteGateway = [remote.chainId, remote.gateway, GATEWAY_GAS] as const
  const setTerms = { abi: feeServiceAbi, functionName: 'setTerms', args: [remote.chainId, terms] } as const
  return [
    {
      to: mos,
      data:
        hub === undefined
          ? encodeFunctionData({ abi, functionName: 'setRoute', args: route })
          : encodeFunctionData({ abi, functionName: 'setHubRoute', args: [...route, hub] }),
    },
    { to: gateway, data: encodeFunctionData({ abi: mosGatewayAbi, functionName: 'setRemote', args: remoteGateway }) },
    { to: feeService, data: encodeFunctionData(setTerms) },
  ]
}

function priceCall({ remote, price }: Connection): Hex {
  const args = [remote.chainId, zeroAddress, price.gasPrice] as const
  return encodeFunctionData({ abi: feeServiceAbi, functionName: 'setChainGasPrice', args })
}
