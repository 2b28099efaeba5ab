import { feeServiceAbi, messageServiceAbi } from '@meridian/abi'
import { type Address, encodeFunctionData, type Hex, keccak256, stringToHex, zeroAddress } from 'viem'
import type { ChainContracts } from './chain.ts'
import type { Deployer } from './deployer.ts'
import { runAndHandOver, type TimelockCall } from './governance.ts'

/** What a message to one chain costs. */
export interface LanePrice {
  /** Gas charged beside the message's own gas limit: proof, update and delivery. */
  readonly baseGas: bigint
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
}

/** `FeeService.PRICER_ROLE`. */
const PRICER_ROLE = keccak256(stringToHex('PRICER_ROLE'))

/**
 * Connects two chains: on each, one operation of the timelock sets the route and the price of the lane, raises the
 * timelock's delay to `delay` (seconds) and takes the deployer's powers. What it does afterwards waits for the delay.
 */
export async function connect(a: Side, b: Side, delay: bigint): Promise<void> {
  await Promise.all([connectSide(a, b.contracts, delay), connectSide(b, a.contracts, delay)])
}

function connectSide(side: Side, remote: ChainContracts, delay: bigint): Promise<void> {
  const { deployer, contracts, lightClient, price } = side
  const { mos, feeService, timelock } = contracts
  // The timelock prices the lane itself, as the administrator who may lend itself the role; the deployer never has it.
  const calls: readonly TimelockCall[] = [
    call(mos, messageServiceAbi, 'setRoute', [remote.chainId, lightClient, remote.mos]),
    call(feeService, feeServiceAbi, 'grantRole', [PRICER_ROLE, timelock]),
    call(feeService, feeServiceAbi, 'setBaseGas', [remote.chainId, price.baseGas]),
    call(feeService, feeServiceAbi, 'setChainGasPrice', [remote.chainId, zeroAddress, price.gasPrice]),
    call(feeService, feeServiceAbi, 'revokeRole', [PRICER_ROLE, timelock]),
  ]
  return runAndHandOver(deployer, timelock, calls, delay)
}

const call: <const abi extends typeof messageServiceAbi | typeof feeServiceAbi>(
  to: Address,
  abi: abi,
  functionName: string,
  args: readonly (bigint | Address | Hex)[],
) => TimelockCall = (to, abi, functionName, args) => ({
  to,
  // CAST: viem checks name and arguments against the ABI when it encodes; here they stand as literals above
  data: encodeFunctionData({ abi, functionName, args } as unknown as Parameters<typeof encodeFunctionData>[0]),
})
