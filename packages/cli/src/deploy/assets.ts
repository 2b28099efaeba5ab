import {
  bridgedTokenAbi,
  bridgedTokenBytecode,
  lockBridgeAbi,
  lockBridgeBytecode,
  mintBridgeAbi,
  mintBridgeBytecode,
} from '@meridian/abi'
import { interoperableAddress } from '@meridian/core'
import { type Address, encodeFunctionData } from 'viem'
import type { ChainContracts, Roles } from './chain.ts'
import { type Deployer, initCodeOf } from './deployer.ts'
import type { TimelockCall } from './governance.ts'

/** A chain that an asset lives on or comes to. */
export interface AssetSide {
  readonly deployer: Deployer
  readonly contracts: ChainContracts
}

/** A token that is locked on one chain and issued on another. */
export interface Asset {
  /** On the chain where it lives. */
  readonly token: Address
  readonly name: string
  readonly symbol: string
  /** On both chains, and between them. */
  readonly decimals: number
  /** What may pass in each direction within the window. Token units. */
  readonly limit: bigint
  /** Seconds. */
  readonly window: bigint
  /** The chain whose hub vouches for either side to the other. Absent: they vouch for themselves. */
  readonly vouchingChain?: bigint
}

/** An asset's contracts, and what each timelock has to do before a transfer can leave. */
export interface DeployedAsset {
  readonly lockBridge: Address
  readonly mintBridge: Address
  /** On the chain that it comes to. */
  readonly bridgedToken: Address
  readonly lockCalls: readonly TimelockCall[]
  readonly mintCalls: readonly TimelockCall[]
}

/** Deploys the bridges of an asset and its token on the other chain. Nothing passes before the timelocks have linked them. */
export async function deployAsset(
  home: AssetSide,
  away: AssetSide,
  asset: Asset,
  roles: Pick<Roles, 'pauser' | 'unpauser'>,
): Promise<DeployedAsset> {
  const { decimals } = asset
  const rest = ({ contracts }: AssetSide) =>
    [decimals, contracts.prover, contracts.timelock, roles.pauser, roles.unpauser] as const
  const deployHome = () =>
    home.deployer.deploy('the lock bridge', initCodeOf(lockBridgeAbi, lockBridgeBytecode, [asset.token, ...rest(home)]))
  const deployAway = async () => {
    const { name, symbol } = asset
    const bridgedToken = await away.deployer.deploy(
      'the bridged token',
      initCodeOf(bridgedTokenAbi, bridgedTokenBytecode, [name, symbol, decimals, away.contracts.timelock]),
    )
    const mintBridge = await away.deployer.deploy(
      'the mint bridge',
      initCodeOf(mintBridgeAbi, mintBridgeBytecode, [bridgedToken, ...rest(away)]),
    )
    return { bridgedToken, mintBridge }
  }
  const [lockBridge, { bridgedToken, mintBridge }] = await Promise.all([deployHome(), deployAway()])
  return {
    lockBridge,
    mintBridge,
    bridgedToken,
    lockCalls: linkCalls(home, lockBridge, away, mintBridge, asset),
    mintCalls: [
      {
        to: bridgedToken,
        data: encodeFunctionData({ abi: bridgedTokenAbi, functionName: 'setBridge', args: [mintBridge] }),
      },
      ...linkCalls(away, mintBridge, home, lockBridge, asset),
    ],
  }
}

/** Links a bridge to its counterpart and opens it up to the limits. */
function linkCalls(
  here: AssetSide,
  bridge: Address,
  there: AssetSide,
  counterpart: Address,
  { limit, window, vouchingChain }: Asset,
): readonly TimelockCall[] {
  const { chainId } = there.contracts
  const vouching = vouchingChain ?? chainId
  // the functions of `ITokenBridge`, which both kinds of bridge have
  const abi = lockBridgeAbi
  const seconds = Number(window)
  const link = [here.contracts.gateway, interoperableAddress(chainId, counterpart)] as const
  return [
    encodeFunctionData({ abi, functionName: 'setLink', args: link }),
    encodeFunctionData({ abi, functionName: 'setLimit', args: [chainId, true, limit, seconds] }),
    encodeFunctionData({ abi, functionName: 'setLimit', args: [chainId, false, limit, seconds] }),
    encodeFunctionData({ abi, functionName: 'setVouchingLimit', args: [vouching, limit, seconds] }),
  ].map((data) => ({ to: bridge, data }))
}
