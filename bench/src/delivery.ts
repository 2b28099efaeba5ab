import {
  counterAbi,
  counterBytecode,
  feeServiceAbi,
  feeServiceBytecode,
  messageServiceAbi,
  messageServiceBytecode,
  timelockAbi,
  timelockBytecode,
} from '@meridian/abi'
import { initCodeOf } from '@meridian/cli/deploy'
import type { PrivateChain } from '@meridian/cli/private-chain'
import { type BeaconHeader, encodeBlockProof, timeAtSlot } from '@meridian/consensus/ethereum'
import { encodeMessageData, orderId } from '@meridian/core'
import { encodeReceiptProof, type ReceiptsTrie } from '@meridian/proofs'
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
  keccak256,
  numberToHex,
  stringToHex,
  toRlp,
  zeroAddress,
  zeroHash,
} from 'viem'
import { FINALIZED_SLOT, network } from './beacon.ts'
import { blockWith, type Log } from './block.ts'

/** The chain that `createPrivateChain` makes by itself. */
const TARGET_CHAIN = 31_337n
const TRANSACTIONS = 300
/** In the middle of the block, where the trie is deepest. The first message only makes the slots non-zero. */
const PLACES = [149, 150] as const
const BODY_BYTES = 512
const GAS_LIMIT = 100_000n
const BLOCK_NUMBER = 25_697_208n

const remoteMos = getAddress(`0x${keccak256(stringToHex('MOS on the source chain')).slice(-40)}`)
const sender = getAddress(`0x${keccak256(stringToHex('sender')).slice(-40)}`)

/** A target chain that takes messages of the source chain, with a counter that takes those of `sender`. */
export interface Target {
  readonly mos: Address
  readonly counter: Address
}

/** Transactions before the counter's: the light client, the timelock, the fee service, MOS, and the route in two. */
const COUNTER_NONCE = 6n

/** Where {@link deployTarget} puts the counter when the light client was the account's first contract. */
export function counterAddress(account: Address): Address {
  return getContractAddress({ from: account, nonce: COUNTER_NONCE })
}

/** Deploys MOS, a route through `lightClient` and a counter. */
export async function deployTarget(chain: PrivateChain, lightClient: Address): Promise<Target> {
  const timelock = await chain.deploy(
    initCodeOf(timelockAbi, timelockBytecode, [0n, [chain.account], [zeroAddress], zeroAddress]),
  )
  const feeService = await chain.deploy(
    initCodeOf(feeServiceAbi, feeServiceBytecode, [timelock, chain.account, chain.account]),
  )
  const mos = await chain.deploy(
    initCodeOf(messageServiceAbi, messageServiceBytecode, [timelock, feeService, chain.account, sender]),
  )
  const route = encodeFunctionData({
    abi: messageServiceAbi,
    functionName: 'setRoute',
    args: [network.chainId, lightClient, remoteMos],
  })
  const operation = [mos, 0n, route, zeroHash, zeroHash] as const
  await must(chain, timelock, timelockAbi, 'schedule', [...operation, 0n])
  await must(chain, timelock, timelockAbi, 'execute', operation)
  const counter = await chain.deploy(initCodeOf(counterAbi, counterBytecode, [mos, chain.account]))
  if (counter !== counterAddress(chain.account)) throw new Error('the messages are for another counter')
  await must(chain, counter, counterAbi, 'setTrustedRemote', [network.chainId, sender, true])
  return { mos, counter }
}

/** The source chain's block with two messages to `counter`, as its receipts and its header. */
export interface SourceBlock {
  readonly trie: ReceiptsTrie
  readonly header: Hex
  readonly hash: Hex
}

/** The block of {@link FINALIZED_SLOT}. */
export function sourceBlock(counter: Address): SourceBlock {
  const logs = PLACES.map((place, nonce) => [place, messageLog(counter, BigInt(nonce))] as const)
  const trie = blockWith(new Map(logs), TRANSACTIONS)
  const header = executionHeader(bytesToHex(trie.root))
  return { trie, header, hash: keccak256(header) }
}

/** `transferIn…`'s proof of one of the two messages, from the finalized block itself. */
export function proofOf(
  which: 0 | 1,
  block: SourceBlock,
  finalized: BeaconHeader,
  blockHashBranch: readonly Hex[],
): Hex {
  const blockProof = encodeBlockProof({ finalized, blockHashBranch, executionHeader: block.header })
  const txIndex = PLACES[which]
  return encodeReceiptProof({ blockProof, txIndex, nodes: block.trie.prove(txIndex).nodes })
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

function messageLog(counter: Address, nonce: bigint): Log {
  const messageData = encodeMessageData({
    msgType: 'MESSAGE',
    target: counter,
    payload: `0x${(0x5a + Number(nonce)).toString(16).repeat(BODY_BYTES)}`,
    gasLimit: GAS_LIMIT,
  })
  const order = { fromChain: network.chainId, mos: remoteMos, toChain: TARGET_CHAIN, nonce, sender, messageData }
  const topics = encodeEventTopics({
    abi: messageServiceAbi,
    eventName: 'mapMessageOut',
    args: { fromChain: network.chainId, toChain: TARGET_CHAIN },
  })
  return {
    address: remoteMos,
    topics: topics.filter((topic) => typeof topic === 'string'),
    data: encodeAbiParameters(
      [{ type: 'bytes32' }, { type: 'bytes' }, { type: 'bytes' }],
      [orderId(order), sender, messageData],
    ),
  }
}

/** A header of mainnet's shape under Fulu: 21 fields, about 630 bytes. */
function executionHeader(receiptsRoot: Hex): Hex {
  const word = (label: string) => keccak256(stringToHex(label))
  return toRlp([
    word('parent'),
    '0x1dcc4de8dec75d7aab85b567b6ccd41ad312451b948a7413f0a142fd40d49347',
    `0x${word('coinbase').slice(-40)}`,
    word('state'),
    word('transactions'),
    receiptsRoot,
    `0x${'5a'.repeat(256)}`,
    '0x',
    numberToHex(BLOCK_NUMBER),
    numberToHex(60_000_000),
    numberToHex(27_000_000),
    numberToHex(timeAtSlot(network, FINALIZED_SLOT)),
    stringToHex('builder of blocks'),
    word('randao'),
    '0x0000000000000000',
    numberToHex(1_500_000_000),
    word('withdrawals'),
    numberToHex(786_432),
    numberToHex(131_072),
    word('beacon parent'),
    word('requests'),
  ])
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
