import { counterAbi, counterBytecode, iMOSV3Abi } from '@meridian/abi'
import {
  type ChainContracts,
  connect,
  createDeployer,
  type Deployer,
  deployChain,
  deployLightClient,
  initCodeOf,
} from '@meridian/cli/deploy'
import { mapMessageOutTopic, parseMapMessageOut } from '@meridian/core'
import {
  createQbftChain,
  createVirtualClock,
  type DevnetChain,
  devAccounts,
  type QbftChain,
  type VirtualClock,
} from '@meridian/devnet'
import { type Address, encodeFunctionData, type Hex, numberToHex, parseEther, stringToHex, zeroAddress } from 'viem'

/** One of two chains with its contracts and its counter. */
export interface Side<C extends DevnetChain = QbftChain> {
  readonly chain: C
  readonly deployer: Deployer
  readonly contracts: ChainContracts
  readonly counter: Address
  /** Private key of the account that Compass pays with here. */
  readonly relayerKey: Hex
  readonly relayer: Address
  /** Messages that the counter has received. */
  count(): Promise<bigint>
  /** Sends messages to the counter of the other chain, one transaction each, and waits until they are in blocks. */
  send(texts: readonly string[], gasLimit?: bigint): Promise<readonly Sent[]>
}

/** A message on its source chain. */
export interface Sent {
  readonly orderId: Hex
  readonly hash: Hex
}

/** Two QBFT chains on one clock, each with the other's light client, a route, and counters that trust each other. */
export interface TwoChains {
  readonly clock: VirtualClock
  readonly a: Side
  readonly b: Side
  stop(): Promise<void>
}

/** Seconds of the chains in a second of the wall: a block each 100 ms. */
const RATE = 10
const DEPLOYER = 0
const RELAYER = 1
const GAS_LIMIT = 200_000n

/** Starts and connects two QBFT chains. */
export async function startTwoChains(): Promise<TwoChains> {
  const clock = createVirtualClock({ start: Math.floor(Date.now() / 1000), rate: RATE })
  const chains = await Promise.all(
    [7001, 7002].map((chainId) => createQbftChain({ chainId, clock, blockPeriodSeconds: 1 })),
  )
  const stop = async (): Promise<void> => {
    await clock.stop()
    await Promise.all(chains.map((chain) => chain.stop()))
  }
  try {
    const [a, b] = await Promise.all(chains.map((chain) => deploySide(chain)))
    if (a === undefined || b === undefined) throw new Error('two chains')
    const source = ({ chain, contracts }: Deployed) =>
      ({ chainId: contracts.chainId, consensus: 'qbft', rpc: chain.rpcUrl }) as const
    const [onA, onB] = await Promise.all([
      deployLightClient(source(b), a.deployer, a.contracts.timelock),
      deployLightClient(source(a), b.deployer, b.contracts.timelock),
    ])
    const price = { baseGas: 100_000n, gasPrice: 1n }
    await connect({ ...a, lightClient: onA, price }, { ...b, lightClient: onB, price }, 3_600n)
    await Promise.all([trust(a, b), trust(b, a)])
    return { clock, a: sideOf(a, b), b: sideOf(b, a), stop }
  } catch (error) {
    await stop()
    throw error
  }
}

export type Deployed<C extends DevnetChain = QbftChain> = Omit<Side<C>, 'count' | 'send'>

/** Deploys a chain's contracts and its counter. */
export async function deploySide<C extends DevnetChain>(chain: C): Promise<Deployed<C>> {
  const accounts = devAccounts(6)
  const at = (i: number) => {
    const account = accounts[i]
    if (account === undefined) throw new Error(`account ${i}`)
    return account
  }
  const deployer = await createDeployer(chain.rpcUrl, at(DEPLOYER).account)
  const contracts = await deployChain(deployer, {
    governor: at(2).account.address,
    pauser: at(3).account.address,
    unpauser: at(4).account.address,
    pricer: at(5).account.address,
    feeReceiver: at(5).account.address,
  })
  const counter = await deployer.deploy(
    'the counter',
    initCodeOf(counterAbi, counterBytecode, [contracts.mos, deployer.address]),
  )
  const { account, privateKey } = at(RELAYER)
  return { chain, deployer, contracts, counter, relayerKey: privateKey, relayer: account.address }
}

/** Has the counter of `here` take messages of the other. */
export async function trust(here: Deployed<DevnetChain>, there: Deployed<DevnetChain>): Promise<void> {
  const args = [there.contracts.chainId, there.counter, true] as const
  const data = encodeFunctionData({ abi: counterAbi, functionName: 'setTrustedRemote', args })
  await here.deployer.call('trusting the other counter', here.counter, data)
}

/** A chain that sends to the counter of the other. */
export function sideOf<C extends DevnetChain>(here: Deployed<C>, there: Deployed<DevnetChain>): Side<C> {
  const { client, wallet, address } = here.deployer
  const toChain = there.contracts.chainId

  async function submit(text: string, gasLimit: bigint, nonce: number): Promise<Hex> {
    const [value] = await client.readContract({
      abi: iMOSV3Abi,
      address: here.contracts.mos,
      functionName: 'getMessageFee',
      args: [toChain, zeroAddress, gasLimit],
    })
    return wallet.writeContract({
      abi: counterAbi,
      address: here.counter,
      functionName: 'send',
      args: [toChain, there.counter, stringToHex(text), gasLimit],
      value,
      nonce,
      chain: null,
    })
  }

  async function sent(hash: Hex): Promise<Sent> {
    const { logs } = await client.waitForTransactionReceipt({ hash })
    const out = logs.find(({ topics }) => topics[0] === mapMessageOutTopic)
    if (out === undefined) throw new Error(`no message in ${hash}`)
    return { orderId: parseMapMessageOut(out).orderId, hash }
  }

  return {
    ...here,
    count: () => client.readContract({ abi: counterAbi, address: here.counter, functionName: 'count' }),
    async send(texts, gasLimit = GAS_LIMIT) {
      const first = await client.getTransactionCount({ address, blockTag: 'pending' })
      const hashes = await Promise.all(texts.map((text, i) => submit(text, gasLimit, first + i)))
      return Promise.all(hashes.map(sent))
    },
  }
}

/** Sets what an account has. */
export async function setBalance(side: Side, account: Address, wei: bigint = parseEther('10000')): Promise<void> {
  // CAST: viem's client type does not know anvil's methods
  await (side.deployer.client as { request(args: { method: string; params: unknown[] }): Promise<unknown> }).request({
    method: 'anvil_setBalance',
    params: [account, numberToHex(wei)],
  })
}
