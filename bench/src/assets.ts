import { bridgedTokenAbi, iTokenBridgeAbi, wrappedNativeAbi, wrappedNativeBytecode } from '@meridian/abi'
import {
  type ChainContracts,
  connect,
  type DeployedAsset,
  type Deployer,
  deployAsset,
  deployChain,
  initCodeOf,
} from '@meridian/cli/deploy'
import type { Mined, PrivateChain } from '@meridian/cli/private-chain'
import { interoperableAddress, mapMessageOutTopic } from '@meridian/core'
import {
  type Address,
  createPublicClient,
  createWalletClient,
  decodeFunctionResult,
  encodeFunctionData,
  getAddress,
  type Hex,
  http,
  isAddressEqual,
  keccak256,
  maxUint256,
  parseEther,
  stringToHex,
  zeroAddress,
} from 'viem'
import type { Log, Outcome } from './block.ts'

const accountOf = (label: string): Address => getAddress(`0x${keccak256(stringToHex(label)).slice(-40)}`)

const roles = {
  governor: accountOf('governor'),
  pauser: accountOf('pauser'),
  unpauser: accountOf('unpauser'),
  pricer: accountOf('pricer'),
} as const
const recipient = accountOf('recipient')

/** What the timelocks wait once the chains are connected. Seconds. */
const DELAY = 86_400n
/** What a message costs, in either direction. */
const PRICE = {
  baseGas: 300_000n,
  updateGas: 150_000n,
  includedBytes: 1_024n,
  gasPerByte: 60n,
  gasPrice: 1_000_000_000n,
} as const

const DECIMALS = 18
/** Token units of a transfer. */
const AMOUNT = parseEther('2.5')
/** What may pass in a window: so slow that a transfer before is still felt in the limits' slots. */
const LIMIT = parseEther('1000')
/** Seconds. */
const WINDOW = 86_400n
/** Token units that the sender has, of which something is left after every transfer here. */
const FUNDS = parseEther('100')

/** Two connected chains, and a token of the first with its bridges. */
export interface AssetLane {
  readonly lock: PrivateChain
  readonly mint: PrivateChain
  readonly onLock: ChainContracts
  readonly onMint: ChainContracts
  readonly asset: DeployedAsset
}

/** A transfer that left. */
export interface Departure {
  /** Of the whole transaction. */
  readonly gas: number
  /** The transaction's own logs and bloom. */
  readonly outcome: Outcome
  /** Which of the logs is the message. */
  readonly logIndex: bigint
}

/**
 * Deploys on both chains what `meridian deploy` and the demo do, with the same code, and connects them through these light
 * clients. The sender, who is the lock chain's account, has the token and lets the bridge take all of it.
 */
export async function deployLane(
  lock: PrivateChain,
  mint: PrivateChain,
  clients: { readonly onLock: Address; readonly onMint: Address },
): Promise<AssetLane> {
  const [home, away] = [await createSide(lock), await createSide(mint)]
  const token = await lock.deploy(initCodeOf(wrappedNativeAbi, wrappedNativeBytecode, ['Token', 'TOKEN']))
  const about = { token, name: 'Token', symbol: 'TOKEN', decimals: DECIMALS, limit: LIMIT, window: WINDOW }
  const asset = await deployAsset(home, away, about, roles)
  await connect(
    { ...home, lightClient: clients.onLock, price: PRICE, calls: asset.lockCalls },
    { ...away, lightClient: clients.onMint, price: PRICE, calls: asset.mintCalls },
    DELAY,
  )
  const deposit = encodeFunctionData({ abi: wrappedNativeAbi, functionName: 'deposit' })
  await must(lock, 'the deposit', token, deposit, FUNDS)
  const approve = [asset.lockBridge, maxUint256] as const
  const approval = encodeFunctionData({ abi: wrappedNativeAbi, functionName: 'approve', args: approve })
  await must(lock, 'the approval', token, approval)
  return { lock, mint, onLock: home.contracts, onMint: away.contracts, asset }
}

/** Sends a transfer to the recipient, its fee in coin and exact. Throws unless the message left at once. */
export async function depart({ lock, onLock, onMint, asset }: AssetLane): Promise<Departure> {
  const { abi, bridge } = { abi: iTokenBridgeAbi, bridge: asset.lockBridge }
  const quote = { abi, functionName: 'quoteTransfer' } as const
  const quoted = await lock.call(bridge, encodeFunctionData({ ...quote, args: [onMint.chainId, 0n] }))
  const value = decodeFunctionResult({ ...quote, data: quoted.data })
  if (value === 0n) throw new Error('the transfer has no price')
  const options = { deadline: 0n, gasLimit: 0n, refundRecipient: zeroAddress }
  const args = [interoperableAddress(onMint.chainId, recipient), AMOUNT, options] as const
  const data = encodeFunctionData({ abi, functionName: 'crosschainTransfer', args })
  const { hash, gasUsed } = await must(lock, 'the transfer', bridge, data, value)
  const receipt = await clientOf(lock).getTransactionReceipt({ hash })
  const isMessage = ({ address, topics }: Log) =>
    isAddressEqual(address, onLock.mos) && topics[0] === mapMessageOutTopic
  const logIndex = receipt.logs.findIndex(isMessage)
  if (logIndex < 0) throw new Error('no message left')
  const { logs, logsBloom } = receipt
  return { gas: Number(gasUsed), outcome: { logs, logsBloom }, logIndex: BigInt(logIndex) }
}

/** Gas of the whole transaction to MOS that delivers a transfer; throws unless the recipient then has the amount more. */
export async function gasOfArrival({ mint, onMint, asset }: AssetLane, data: Hex): Promise<number> {
  const read = { abi: bridgedTokenAbi, functionName: 'balanceOf' } as const
  const balance = async () => {
    const { data: answer } = await mint.call(asset.bridgedToken, encodeFunctionData({ ...read, args: [recipient] }))
    return decodeFunctionResult({ ...read, data: answer })
  }
  const expected = (await balance()) + AMOUNT
  const { gasUsed } = await must(mint, 'the delivery', onMint.mos, data)
  const given = await balance()
  if (given !== expected) throw new Error(`the recipient has ${given}, expected ${expected}`)
  return Number(gasUsed)
}

async function createSide(chain: PrivateChain) {
  const deployer = await deployerOf(chain)
  return { deployer, contracts: await deployChain(deployer, roles) }
}

function clientOf(chain: PrivateChain) {
  return createPublicClient({ transport: http(chain.url) })
}

/** A private chain as something to deploy on. Its blocks are mined by {@link PrivateChain}, not awaited. */
async function deployerOf(chain: PrivateChain): Promise<Deployer> {
  const client = clientOf(chain)
  return {
    chainId: BigInt(await client.getChainId()),
    client,
    wallet: createWalletClient({ account: chain.account, transport: http(chain.url) }),
    address: chain.account,
    deploy: (_what, initCode) => chain.deploy(initCode),
    async call(what, to, data) {
      const { hash } = await must(chain, what, to, data)
      return client.getTransactionReceipt({ hash })
    },
  }
}

async function must(chain: PrivateChain, what: string, to: Address, data: Hex, value = 0n): Promise<Mined> {
  const mined = await chain.transact(to, data, { value })
  if (!mined.ok) throw new Error(`${what} was refused: ${(await chain.call(to, data)).data}`)
  return mined
}
