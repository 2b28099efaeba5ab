import { counterAbi, counterBytecode, iMOSV3Abi } from '@meridian/abi'
import {
  type ChainContracts,
  connect,
  consensusOf,
  createDeployer,
  type Deployer,
  deployChain,
  deployLightClient,
  initCodeOf,
  portsOf,
  type SourceInfo,
} from '@meridian/cli/deploy'
import { mapMessageOutTopic, parseMapMessageOut } from '@meridian/core'
import { createQbftChain, createVirtualClock, type DevnetChain, devAccounts, type VirtualClock } from '@meridian/devnet'
import {
  type ChainEndpoint,
  escrowOf,
  finalityOf,
  type ProvableChain,
  type SendOptions,
  type SentMessage,
  send,
} from '@meridian/sdk'
import { type Address, encodeFunctionData, type Hex, numberToHex, parseEther, stringToHex, zeroAddress } from 'viem'

/** One of two chains with its contracts and its counter. */
export interface Side<C extends DevnetChain = DevnetChain> {
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
  /** Sends one message to the counter of the other chain from the deployer's own account. */
  sendWith(text: string, options: SendOptions, gasLimit?: bigint): Promise<SentMessage>
  /** Texts that the counter has received, as hashes, in their order. */
  received(): Promise<readonly Hex[]>
  /** What lies in escrow for an order that was sent here. Wei. */
  escrow(orderId: Hex): Promise<bigint>
  readonly endpoint: ChainEndpoint
  readonly provable: ProvableChain
}

/** A message on its source chain. */
export interface Sent {
  readonly orderId: Hex
  readonly hash: Hex
}

/** Two chains on one clock, each with the other's light client, a route, and counters that trust each other. */
export interface TwoChains {
  readonly clock: VirtualClock
  readonly a: Side
  readonly b: Side
  stop(): Promise<void>
}

/** Seconds of the chains in a second of the wall: a block with transactions 100 ms after the one before. */
const RATE = 10
/** The same while contracts are deployed, which only waits for blocks. */
export const SETUP_RATE = 20
/** Seconds between blocks of the chains with transactions, and without: sealing and reading a block costs a processor much. */
const PERIOD = { blockPeriodSeconds: 1, emptyBlockPeriodSeconds: 3 } as const
const DEPLOYER = 0
const RELAYER = 1
const GAS_LIMIT = 200_000n

/** Starts a chain on a clock. */
export type StartChain = (clock: VirtualClock) => Promise<DevnetChain>

const qbft =
  (chainId: number): StartChain =>
  (clock) =>
    createQbftChain({ chainId, clock, ...PERIOD })

/** What differs from two QBFT chains. */
export interface TwoChainsOptions {
  readonly starts?: readonly [StartChain, StartChain]
  /** Seconds of the chains in a second of the wall. */
  readonly rate?: number
  /** Wei for a unit of gas of the other chain. */
  readonly gasPrice?: bigint
}

/** Starts and connects two chains. */
export async function startTwoChains({
  starts = [qbft(7001), qbft(7002)],
  gasPrice = 1n,
  rate = RATE,
}: TwoChainsOptions = {}): Promise<TwoChains> {
  const clock = createVirtualClock({ start: Math.floor(Date.now() / 1000), rate: SETUP_RATE })
  const chains = await Promise.all(starts.map((start) => start(clock)))
  const stop = async (): Promise<void> => {
    await clock.stop()
    await Promise.all(chains.map((chain) => chain.stop()))
  }
  try {
    const [a, b] = await Promise.all(chains.map((chain) => deploySide(chain)))
    if (a === undefined || b === undefined) throw new Error('two chains')
    const [onA, onB] = await Promise.all([
      deployLightClient(source(b), a.deployer, a.contracts.timelock),
      deployLightClient(source(a), b.deployer, b.contracts.timelock),
    ])
    const price = { baseGas: 100_000n, updateGas: 0n, includedBytes: 16_384n, gasPerByte: 0n, gasPrice }
    await connect({ ...a, lightClient: onA, price }, { ...b, lightClient: onB, price }, 3_600n)
    await Promise.all([trust(a, b), trust(b, a)])
    const [sideA, sideB] = await Promise.all([sideOf(a, b), sideOf(b, a)])
    clock.setRate(rate)
    return { clock, a: sideA, b: sideB, stop }
  } catch (error) {
    await stop()
    throw error
  }
}

/** A chain as another's light client follows it. */
export function source({ chain, contracts }: Pick<Deployed, 'chain' | 'contracts'>): SourceInfo {
  const beacon = chain.beaconUrl === undefined ? {} : { beacon: chain.beaconUrl }
  const info = { chainId: contracts.chainId, consensus: chain.kind, rpc: chain.rpcUrl, ...beacon }
  const epochLength = 'epochLength' in chain ? chain.epochLength : undefined
  return typeof epochLength === 'bigint' ? { ...info, epochLength } : info
}

/** What `deploySide` leaves: everything but the sending. */
export type Deployed<C extends DevnetChain = DevnetChain> = Pick<
  Side<C>,
  'chain' | 'deployer' | 'contracts' | 'counter' | 'relayerKey' | 'relayer'
>

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
  })
  const counter = await deployer.deploy(
    'the counter',
    initCodeOf(counterAbi, counterBytecode, [contracts.mos, deployer.address]),
  )
  const { account, privateKey } = at(RELAYER)
  return { chain, deployer, contracts, counter, relayerKey: privateKey, relayer: account.address }
}

/** Has the counter of `here` take messages of the other, and of who deployed it. */
export async function trust(here: Deployed, there: Deployed): Promise<void> {
  await setTrust(here, there, there.counter, true)
  await setTrust(here, there, there.deployer.address, true)
}

/** Lets a chain's counter begin or cease to take messages from an account on the other chain. */
export async function setTrust(
  here: Pick<Side, 'deployer' | 'counter'>,
  there: Pick<Side, 'contracts'>,
  sender: Address,
  trusted: boolean,
): Promise<void> {
  const args = [there.contracts.chainId, sender, trusted] as const
  const data = encodeFunctionData({ abi: counterAbi, functionName: 'setTrustedRemote', args })
  await here.deployer.call('trusting the other side', here.counter, data)
}

/** A chain that sends to the counter of the other. */
export async function sideOf<C extends DevnetChain>(here: Deployed<C>, there: Deployed): Promise<Side<C>> {
  const { client, wallet, address } = here.deployer
  const toChain = there.contracts.chainId
  const { chainId, mos, fromBlock } = here.contracts
  const finality = here.chain.kind === 'qbft' || here.chain.kind === 'istanbul' ? 'instant' : 'tag'
  const endpoint = { chainId, client, mos, fromBlock, finalized: finalityOf(client, finality) }
  const ports = portsOf(source(here))
  const consensus = await consensusOf(source(here), ports)

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
    endpoint,
    provable: { chainId, consensus, ports },
    escrow: async (orderId) => (await escrowOf(endpoint, orderId))?.amount ?? 0n,
    sendWith: (text, options, gasLimit = GAS_LIMIT) => {
      const message = { kind: 'message', target: there.counter, payload: stringToHex(text), gasLimit } as const
      return send(endpoint, wallet, { toChain, message, options })
    },
    async received() {
      const counted = { abi: counterAbi, address: here.counter, eventName: 'Counted', fromBlock: 0n } as const
      const logs = await client.getContractEvents({ ...counted, strict: true })
      return logs.map(({ args }) => args.messageHash)
    },
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
