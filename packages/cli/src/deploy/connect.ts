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

/**
 * Connects two chains: on each, one operation of the timelock sets the route, the other chain's gateway and the price of
 * the lane, raises the timelock's delay to `delay` (seconds) and takes the deployer's powers. What it does afterwards waits for the delay.
 */
export async function connect(a: Side, b: Side, delay: bigint): Promise<void> {
  await Promise.all([connectSide(a, b.contracts, delay), connectSide(b, a.contracts, delay)])
}

function connectSide(side: Side, remote: ChainContracts, delay: bigint): Promise<void> {
  const { deployer, contracts, lightClient, price } = side
  const { mos, gateway, feeService, timelock } = contracts
  const terms = {
    served: true,
    baseGas: Number(price.baseGas),
    updateGas: Number(price.updateGas),
    includedBytes: Number(price.includedBytes),
    gasPerByte: Number(price.gasPerByte),
    oracle: zeroAddress,
  }
  const onMos = (data: Hex): TimelockCall => ({ to: mos, data })
  const onFees = (data: Hex): TimelockCall => ({ to: feeService, data })
  const fees = { abi: feeServiceAbi } as const
  const pricer = [PRICER_ROLE, timelock] as const
  const route = [remote.chainId, lightClient, remote.mos] as const
  const remoteGateway = [remote.chainId, remote.gateway, GATEWAY_GAS] as const
  const gasPrice = [remote.chainId, zeroAddress, price.gasPrice] as const
  // The timelock prices the lane itself, as the administrator who may lend itself the role; the deployer never has it.
  const calls: readonly TimelockCall[] = [
    onMos(encodeFunctionData({ abi: messageServiceAbi, functionName: 'setRoute', args: route })),
    { to: gateway, data: encodeFunctionData({ abi: mosGatewayAbi, functionName: 'setRemote', args: remoteGateway }) },
    onFees(encodeFunctionData({ ...fees, functionName: 'setTerms', args: [remote.chainId, terms] })),
    onFees(encodeFunctionData({ ...fees, functionName: 'grantRole', args: pricer })),
    onFees(encodeFunctionData({ ...fees, functionName: 'setChainGasPrice', args: gasPrice })),
    onFees(encodeFunctionData({ ...fees, functionName: 'revokeRole', args: pricer })),
    ...(side.calls ?? []),
  ]
  return runAndHandOver(deployer, timelock, calls, delay)
}
