import { bridgedTokenAbi, lockBridgeAbi, mintBridgeAbi, wrappedNativeAbi, wrappedNativeBytecode } from '@meridian/abi'
import { type SentTransfer, transferToken } from '@meridian/sdk'
import { type Address, createWalletClient, encodeFunctionData, http, parseEther } from 'viem'
import { type AssetSide, deployAsset } from '../deploy/assets.ts'
import type { Roles } from '../deploy/chain.ts'
import { initCodeOf } from '../deploy/deployer.ts'
import { RunError } from '../errors.ts'
import type { DemoAsset, DemoChain, World } from './types.ts'
import type { AssetRow } from './view.ts'

/** What Compass calls the asset. */
export const ASSET_NAME = 'wrapped-coin'
const NAME = 'Wrapped coin'
const SYMBOL = 'WCOIN'
const DECIMALS = 18
/** What may pass a lane in an hour. */
const LIMIT = parseEther('1000')
const WINDOW = 3_600n
/** What travels, and so much of it comes back. */
export const AMOUNT = parseEther('2.5')

/** Deploys the wrapped coin at home and its bridges on both chains. `vouchingChain`: of the hub between them, if there is one. */
export async function deployDemoAsset(
  home: AssetSide,
  away: AssetSide,
  roles: Pick<Roles, 'pauser' | 'unpauser'>,
  vouchingChain?: bigint,
): Promise<DemoAsset> {
  const init = initCodeOf(wrappedNativeAbi, wrappedNativeBytecode, [NAME, SYMBOL])
  const token = await home.deployer.deploy('the wrapped coin', init)
  const terms = { name: NAME, symbol: SYMBOL, decimals: DECIMALS, limit: LIMIT, window: WINDOW }
  const asset = { token, ...terms, ...(vouchingChain === undefined ? {} : { vouchingChain }) }
  return { token, ...(await deployAsset(home, away, asset, roles)) }
}

/** Wraps coin of the user's at home and lets the bridge take it. */
export async function wrap(world: World): Promise<void> {
  const [home] = world.chains
  const { token, lockBridge } = world.asset
  const wallet = walletOf(home)
  const call = async (what: string, data: `0x${string}`, value = 0n): Promise<void> => {
    const hash = await wallet.sendTransaction({ to: token, data, value, chain: null })
    const { status } = await home.endpoint.client.waitForTransactionReceipt({ hash })
    if (status !== 'success') throw new RunError('the demo', `${what} failed in ${hash}`)
  }
  await call('wrapping', encodeFunctionData({ abi: wrappedNativeAbi, functionName: 'deposit' }), AMOUNT)
  const approve = [lockBridge, AMOUNT] as const
  await call('approving', encodeFunctionData({ abi: wrappedNativeAbi, functionName: 'approve', args: approve }))
}

/** Sends what was wrapped to the user on the other chain. */
export function sendThere(world: World): Promise<SentTransfer> {
  const [home, away] = world.chains
  return transfer(world, home, away, world.asset.lockBridge)
}

/** Sends what the user has on the other chain home again. */
export function sendBack(world: World): Promise<SentTransfer> {
  const [home, away] = world.chains
  return transfer(world, away, home, world.asset.mintBridge)
}

/** What the user has of the asset on both chains. Token units. */
export async function balances(world: World): Promise<{ readonly home: bigint; readonly away: bigint }> {
  const [home, away] = world.chains
  const { token, bridgedToken } = world.asset
  const functionName = 'balanceOf'
  const [atHome, abroad] = await Promise.all([
    home.endpoint.client.readContract({
      address: token,
      abi: wrappedNativeAbi,
      functionName,
      args: [home.user.address],
    }),
    away.endpoint.client.readContract({
      address: bridgedToken,
      abi: bridgedTokenAbi,
      functionName,
      args: [away.user.address],
    }),
  ])
  return { home: atHome, away: abroad }
}

/** Both sides of the asset as the view shows them, with what Compass' watch says. */
export async function observeAsset(world: World): Promise<AssetRow> {
  const [home, away] = world.chains
  const { lockBridge, mintBridge } = world.asset
  const [locked, outstanding] = await Promise.all([
    home.endpoint.client.readContract({ address: lockBridge, abi: lockBridgeAbi, functionName: 'locked' }),
    away.endpoint.client.readContract({ address: mintBridge, abi: mintBridgeAbi, functionName: 'outstanding' }),
  ])
  const watched = world.compass.status().supply.find(({ name }) => name === ASSET_NAME)
  return {
    symbol: SYMBOL,
    decimals: DECIMALS,
    lockedOn: home.name,
    locked,
    mintedOn: away.name,
    outstanding,
    verdict: watched?.state?.verdict ?? null,
  }
}

async function transfer(world: World, from: DemoChain, to: DemoChain, bridge: Address): Promise<SentTransfer> {
  const toChain = to.endpoint.chainId
  const request = { bridge, toChain, to: to.user.address, amount: AMOUNT }
  const sent = await transferToken(from.endpoint, walletOf(from), request)
  if (sent.orderId === null) throw new RunError('the demo', `the transfer from ${from.name} waits for its limit`)
  world.transfers.add(sent.orderId)
  return sent
}

function walletOf(chain: DemoChain) {
  return createWalletClient({ account: chain.user, transport: http(chain.source.rpc) })
}
