import {
  counterAbi,
  counterBytecode,
  feeServiceAbi,
  feeServiceBytecode,
  hubAbi,
  hubBytecode,
  messageServiceAbi,
  messageServiceBytecode,
  timelockAbi,
  timelockBytecode,
} from '@meridian/abi'
import { initCodeOf } from '@meridian/cli/deploy'
import type { PrivateChain } from '@meridian/cli/private-chain'
import { type BeaconHeader, encodeReceiptsRootProof } from '@meridian/consensus/ethereum'
import { encodeMessageData, orderId } from '@meridian/core'
import { encodeBatchProof, encodeReceiptProof, type ReceiptsTrie } from '@meridian/proofs'
import {
  type Abi,
  type Address,
  bytesToHex,
  decodeFunctionResult,
  encodeAbiParameters,
  encodeEventTopics,
  encodeFunctionData,
  getAddress,
  getContractAddress,
  type Hex,
  hexToBytes,
  keccak256,
  stringToHex,
  zeroAddress,
  zeroHash,
} from 'viem'
import { network } from './beacon.ts'
import { blockWith, type Log, type Outcome } from './block.ts'

/** The chain that `createPrivateChain` makes by itself. */
const TARGET_CHAIN = 31_337n
const TRANSACTIONS = 300
const BODY_BYTES = 512
const GAS_LIMIT = 100_000n
/** What a message to the source chain is priced by: gas beside the message's own, and wei a gas. */
const BASE_GAS = 200_000
const GAS_PRICE = 1_000_000_000n

/** Of a transaction: its base cost, and EIP-7623's floor for its calldata. */
const BASE_COST = 21_000
const FLOOR_GAS_PER_TOKEN = 10
const TOKENS_PER_NON_ZERO_BYTE = 4

const remoteMos = getAddress(`0x${keccak256(stringToHex('MOS on the source chain')).slice(-40)}`)
const sender = getAddress(`0x${keccak256(stringToHex('sender')).slice(-40)}`)

/** Where messages start and whose log carries them: MOS' own on the chain that the light client follows, or a hub's. */
export interface Lane {
  readonly fromChain: bigint
  readonly emitter: Address
}

const direct: Lane = { fromChain: network.chainId, emitter: remoteMos }
/** From a third chain, over a hub on the chain that the light client follows. */
export const overHub: Lane = {
  fromChain: 1_000n,
  emitter: getAddress(`0x${keccak256(stringToHex('hub')).slice(-40)}`),
}

/** A target chain that takes messages of the source chain, with a counter that takes those of `sender`. */
export interface Target {
  readonly mos: Address
  readonly feeService: Address
  readonly counter: Address
}

/** Transactions before the counter's: the light client, the timelock, the fee service, MOS, and the route in two. */
const COUNTER_NONCE = 6n

/** Where {@link deployTarget} puts the counter when the light client was the account's first contract. */
export function counterAddress(account: Address): Address {
  return getContractAddress({ from: account, nonce: COUNTER_NONCE })
}

/** Deploys MOS, a route through `lightClient` and a counter. */
export async function deployTarget(chain: PrivateChain, lightClient: Address, lane: Lane = direct): Promise<Target> {
  const deployed = await deployMos(chain, 1n)
  const { feeService, mos } = deployed
  const args = [lane.fromChain, lightClient, remoteMos] as const
  await byTimelock(
    chain,
    deployed,
    lane === direct
      ? encodeFunctionData({ abi: messageServiceAbi, functionName: 'setRoute', args })
      : encodeFunctionData({ abi: messageServiceAbi, functionName: 'setHubRoute', args: [...args, lane.emitter] }),
  )
  const counter = await chain.deploy(initCodeOf(counterAbi, counterBytecode, [mos, chain.account]))
  if (counter !== counterAddress(chain.account)) throw new Error('the messages are for another counter')
  await must(chain, counter, counterAbi, 'setTrustedRemote', [lane.fromChain, sender, true])
  return { mos, feeService, counter }
}

/** Where messages go that pass the hub. */
const BEHIND = 2_000n

/**
 * Deploys MOS and a hub, a route through `lightClient` and one from the chain that messages go on to. The light clients
 * are the account's first two contracts.
 *
 * @param behind - light client of that chain; its chain id is {@link behindNetwork}'s
 * @returns the hub
 */
export async function deployHub(chain: PrivateChain, lightClient: Address, behind: Address): Promise<Address> {
  const deployed = await deployMos(chain, 2n)
  for (const [fromChain, client] of [
    [network.chainId, lightClient],
    [BEHIND, behind],
  ] as const) {
    const args = [fromChain, client, remoteMos] as const
    await byTimelock(chain, deployed, encodeFunctionData({ abi: messageServiceAbi, functionName: 'setRoute', args }))
  }
  return await chain.deploy(initCodeOf(hubAbi, hubBytecode, [deployed.mos]))
}

/** A network like the source chain's, for the light client of the chain behind the hub. */
export const behindNetwork = { ...network, chainId: BEHIND }

interface Mos {
  readonly timelock: Address
  readonly feeService: Address
  readonly mos: Address
}

/** @param before - transactions before, of the account */
async function deployMos(chain: PrivateChain, before: bigint): Promise<Mos> {
  const timelock = await chain.deploy(
    initCodeOf(timelockAbi, timelockBytecode, [0n, [chain.account], [zeroAddress], zeroAddress]),
  )
  const feeService = await chain.deploy(
    initCodeOf(feeServiceAbi, feeServiceBytecode, [
      timelock,
      chain.account,
      getContractAddress({ from: chain.account, nonce: before + 2n }),
    ]),
  )
  const mos = await chain.deploy(
    initCodeOf(messageServiceAbi, messageServiceBytecode, [timelock, feeService, chain.account, sender]),
  )
  return { timelock, feeService, mos }
}

async function byTimelock(chain: PrivateChain, { timelock, mos }: Mos, data: Hex): Promise<void> {
  const operation = [mos, 0n, data, zeroHash, zeroHash] as const
  await must(chain, timelock, timelockAbi, 'schedule', [...operation, 0n])
  await must(chain, timelock, timelockAbi, 'execute', operation)
}

/** A source block as its receipts: messages to a counter at these places, numbered in their order. */
export interface SourceBlock {
  readonly trie: ReceiptsTrie
  readonly receiptsRoot: Hex
}

/** A block of 300 transactions, of which those at `places` sent a message to `counter`, or carry one of the lane. */
export function sourceBlock(counter: Address, places: readonly number[], lane: Lane = direct): SourceBlock {
  return messagesAt(places, (nonce) => messageLog(lane, TARGET_CHAIN, counter, nonce))
}

/** A block of 300 transactions, of which those at `places` sent a message that passes the hub. */
export function sourceBlockForHub(places: readonly number[]): SourceBlock {
  return messagesAt(places, (nonce) => messageLog(direct, BEHIND, sender, nonce))
}

function messagesAt(places: readonly number[], log: (nonce: bigint) => Log): SourceBlock {
  return sourceBlockWith(new Map(places.map((place, nonce) => [place, { logs: [log(BigInt(nonce))] }] as const)))
}

/** A block of 300 transactions, of which those in `outcomes`, by their place, left that behind. */
export function sourceBlockWith(outcomes: ReadonlyMap<number, Outcome>): SourceBlock {
  const trie = blockWith(outcomes, TRANSACTIONS)
  return { trie, receiptsRoot: bytesToHex(trie.root) }
}

/** The source block inside its beacon block: the finalized one that the light client has, or one before it. */
export interface ProvableBlock extends SourceBlock {
  readonly header: BeaconHeader
  readonly receiptsRootBranch: readonly Hex[]
  /** Where it is older: the finalized block, and the branch of its root in that block's `block_roots`. */
  readonly finalized?: { readonly header: BeaconHeader; readonly blockRootBranch: readonly Hex[] }
}

/** What proves the source block's receipts root. */
export function blockProofOf({ header, receiptsRoot, receiptsRootBranch, finalized }: ProvableBlock): Hex {
  if (finalized === undefined) return encodeReceiptsRootProof({ finalized: header, receiptsRoot, receiptsRootBranch })
  const ancestor = { header, blockRootBranch: finalized.blockRootBranch }
  return encodeReceiptsRootProof({ finalized: finalized.header, ancestor, receiptsRoot, receiptsRootBranch })
}

function receiptProofOf(block: ProvableBlock, place: number): Hex {
  return encodeReceiptProof({
    blockProof: blockProofOf(block),
    txIndex: place,
    nodes: block.trie.prove(place).nodes,
  })
}

/** The call to MOS that delivers the message at `place`, whose log is the receipt's `logIndex`-th. */
export function encodeDelivery(block: ProvableBlock, place: number, logIndex = 0n, lane: Lane = direct): Hex {
  return encodeFunctionData({
    abi: messageServiceAbi,
    functionName: 'transferInWithIndex',
    args: [lane.fromChain, logIndex, receiptProofOf(block, place)],
  })
}

/** The call to a hub that forwards the first log at `place`. */
export function encodeForward(block: ProvableBlock, place: number): Hex {
  return encodeFunctionData({
    abi: hubAbi,
    functionName: 'forward',
    args: [network.chainId, [], 0n, receiptProofOf(block, place)],
  })
}

/** The call to MOS that delivers the first log at `place`, with the update that makes the block known. */
export function encodeUpdateAndDelivery(update: Hex, block: ProvableBlock, place: number): Hex {
  return encodeFunctionData({
    abi: messageServiceAbi,
    functionName: 'deliver',
    args: [network.chainId, [update], zeroHash, zeroAddress, 0n, receiptProofOf(block, place)],
  })
}

/** The call to MOS that delivers the messages at `places` at once. */
export function encodeBatchDelivery(block: ProvableBlock, places: readonly number[]): Hex {
  const { nodes, paths } = block.trie.proveMany(places)
  const members = places.map((txIndex, i) => ({ txIndex, logIndex: 0, path: paths[i] ?? new Uint8Array() }))
  const batchProof = encodeBatchProof({ blockProof: blockProofOf(block), nodes, members })
  return encodeFunctionData({
    abi: messageServiceAbi,
    functionName: 'transferInBatch',
    args: [network.chainId, [], [], zeroAddress, batchProof],
  })
}

/** Prices messages to the source chain and returns what one costs, in wei. */
export async function priceMessages(chain: PrivateChain, { mos, feeService }: Target): Promise<bigint> {
  await must(chain, feeService, feeServiceAbi, 'setTerms', [
    network.chainId,
    { served: true, baseGas: BASE_GAS, updateGas: 0, includedBytes: 1_024, gasPerByte: 40, oracle: zeroAddress },
  ])
  await must(chain, feeService, feeServiceAbi, 'setChainGasPrice', [network.chainId, zeroAddress, GAS_PRICE])
  const query = { abi: messageServiceAbi, functionName: 'getMessageFee' } as const
  const { data } = await chain.call(
    mos,
    encodeFunctionData({ ...query, args: [network.chainId, zeroAddress, GAS_LIMIT] }),
  )
  return decodeFunctionResult({ ...query, data })[0]
}

/** The call to MOS that sends a message to the source chain, its fee in the native coin. */
export function encodeSend(nonce: bigint): Hex {
  return encodeFunctionData({
    abi: messageServiceAbi,
    functionName: 'transferOut',
    args: [network.chainId, messageDataTo(remoteMos, nonce), zeroAddress],
  })
}

/**
 * As {@link gasOfDelivery}, where calldata is priced as standard (EIP-2028); throws where EIP-7623's floor sets the
 * price, because then it would hide what execution costs.
 */
export async function gasAboveFloor(chain: PrivateChain, target: Target, data: Hex, count: bigint): Promise<number> {
  const gas = await gasOfDelivery(chain, target, data, count)
  const bytes = hexToBytes(data)
  const nonZero = bytes.filter((byte) => byte !== 0).length
  const floor = BASE_COST + FLOOR_GAS_PER_TOKEN * (bytes.length - nonZero + TOKENS_PER_NON_ZERO_BYTE * nonZero)
  if (gas <= floor) throw new Error(`the floor of ${floor} hides what execution costs`)
  return gas
}

/** Gas of a whole transaction to MOS that delivers a message; throws unless the counter then stands at `count`. */
export async function gasOfDelivery(chain: PrivateChain, target: Target, data: Hex, count: bigint): Promise<number> {
  const mined = await chain.transact(target.mos, data)
  if (!mined.ok) throw new Error(`the delivery was refused: ${(await chain.call(target.mos, data)).data}`)
  const read = await chain.call(target.counter, encodeFunctionData({ abi: counterAbi, functionName: 'count' }))
  const given = decodeFunctionResult({ abi: counterAbi, functionName: 'count', data: read.data })
  if (given !== count) throw new Error(`the counter stands at ${given}, expected ${count}`)
  return Number(mined.gasUsed)
}

/** A message with a body of {@link BODY_BYTES}, none of them zero, another for each nonce. */
function messageDataTo(target: Address, nonce: bigint): Hex {
  const byte = (0x5a + Number(nonce)).toString(16)
  return encodeMessageData({ msgType: 'MESSAGE', target, payload: `0x${byte.repeat(BODY_BYTES)}`, gasLimit: GAS_LIMIT })
}

function messageLog({ fromChain, emitter }: Lane, toChain: bigint, target: Address, nonce: bigint): Log {
  const messageData = messageDataTo(target, nonce)
  const order = { fromChain, mos: remoteMos, toChain, nonce, sender, messageData }
  const topics = encodeEventTopics({
    abi: messageServiceAbi,
    eventName: 'mapMessageOut',
    args: { fromChain, toChain },
  })
  return {
    address: emitter,
    topics: topics.filter((topic) => typeof topic === 'string'),
    data: encodeAbiParameters(
      [{ type: 'bytes32' }, { type: 'bytes' }, { type: 'bytes' }],
      [orderId(order), sender, messageData],
    ),
  }
}

async function must(
  chain: PrivateChain,
  to: Address,
  abi: Abi,
  functionName: string,
  args: readonly unknown[],
): Promise<void> {
  const data = encodeFunctionData({ abi, functionName, args })
  const mined = await chain.transact(to, data)
  if (!mined.ok) throw new Error(`${functionName} failed: ${(await chain.call(to, data)).data}`)
}
