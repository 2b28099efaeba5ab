import {
  feeServiceAbi,
  feeServiceBytecode,
  messageServiceAbi,
  messageServiceBytecode,
  mosGatewayAbi,
  mosGatewayBytecode,
  proverAbi,
  proverBytecode,
  timelockAbi,
  timelockBytecode,
} from '@meridian/abi'
import { type Address, getAddress, getContractAddress, zeroAddress } from 'viem'
import { RunError, UsageError } from '../errors.ts'
import { type Deployer, initCodeOf } from './deployer.ts'

/** Who may do what once the chain is connected. What each power is worth is in `docs/TRUST-MODEL.md`. */
export interface Roles {
  /** Schedules what the timelock does. Must not be the deployer, who gives up everything. */
  readonly governor: Address
  readonly pauser: Address
  /** Must not be the pauser. */
  readonly unpauser: Address
  /** Sets the prices of messages. */
  readonly pricer: Address
}

/** The contracts that a chain has before it is connected to any other. */
export interface ChainContracts {
  readonly chainId: bigint
  readonly timelock: Address
  readonly feeService: Address
  readonly mos: Address
  /** Sends and receives ERC-7786 messages. */
  readonly gateway: Address
  /** Proves logs, storage and transactions of the chains that this one has light clients of. */
  readonly prover: Address
  /** The block in which MOS was deployed, or one before it: no message is older. */
  readonly fromBlock: bigint
}

/**
 * Deploys the timelock, the fee service, the message service, the gateway and the prover of one chain. The timelock's delay is zero and the
 * deployer may schedule until `connect` hands over.
 *
 * @throws {@link UsageError} for roles that MOS would refuse
 */
export async function deployChain(deployer: Deployer, roles: Roles): Promise<ChainContracts> {
  if (roles.governor === deployer.address) throw new UsageError('governor', 'must not be the deploying account')
  if (roles.pauser === roles.unpauser) throw new UsageError('unpauser', 'must not be the pauser')
  const fromBlock = await deployer.client.getBlockNumber({ cacheTime: 0 })
  const timelock = await deployer.deploy(
    'the timelock',
    initCodeOf(timelockAbi, timelockBytecode, [0n, [roles.governor, deployer.address], [zeroAddress], zeroAddress]),
  )
  // Either of the two names the other: the fee service by the address that MOS will have, and MOS checks it.
  const nonce = await deployer.client.getTransactionCount({ address: deployer.address, blockTag: 'pending' })
  const predicted = getAddress(getContractAddress({ from: deployer.address, nonce: BigInt(nonce) + 1n }))
  const feeService = await deployer.deploy(
    'the fee service',
    initCodeOf(feeServiceAbi, feeServiceBytecode, [timelock, roles.pricer, predicted]),
  )
  const mos = await deployer.deploy(
    'the message service',
    initCodeOf(messageServiceAbi, messageServiceBytecode, [timelock, feeService, roles.pauser, roles.unpauser]),
  )
  if (mos !== predicted) {
    throw new RunError('the message service', `is at ${mos}, not at ${predicted}: the key was used from outside`)
  }
  const gateway = await deployer.deploy('the gateway', initCodeOf(mosGatewayAbi, mosGatewayBytecode, [mos, timelock]))
  const prover = await deployer.deploy('the prover', initCodeOf(proverAbi, proverBytecode, [mos]))
  return { chainId: deployer.chainId, timelock, feeService, mos, gateway, prover, fromBlock }
}
