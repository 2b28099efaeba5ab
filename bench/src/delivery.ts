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
import { encodeMessageData, mapMessageOutTopic, orderId } from '@meridian/core'
import { encodeHeaderFields, encodeReceiptProof, type RpcBlock } from '@meridian/proofs'
import {
  type Address,
  bytesToHex,
  decodeFunctionResult,
  encodeAbiParameters,
  encodeFunctionData,
  type Hex,
  keccak256,
  numberToHex,
  parseAbiParameters,
  stringToHex,
  zeroAddress,
  zeroHash,
} from 'viem'
import { beaconBlock, createBootstrap, createCommittee, createUpdate, FINALIZED_SLOT, network } from './beacon.ts'
import { blockWith } from './block.ts'
import { soilBlock } from './client-storage.ts'
import { withClient } from './ethereum-client.ts'

/** Bytes of the message's body. */
const BODY = 512
/** Transactions of a block, and where the message is: in its middle, where the receipts trie is deepest. */
const TRANSACTIONS = 300
const PLACE = 150
/** Gas that the message asks for its target. */
const GAS_LIMIT = 100_000n
/** One member of 512 does not sign, as on mainnet. */
const ABSENT = [141]
/** The client starts two epochs before the block that the update finalizes. */
const START = FINALIZED_SLOT - 64n
/** MOS on the source chain, and who sends there. */
const REMOTE_MOS: Address = `0x${'a1'.repeat(20)}`
const SENDER: Address = `0x${'b2'.repeat(20)}`

/** Lane nonces whose bits are in different words of MOS' bitmap: the measured message writes a word that is still zero. */
const EARLIER_NONCE = 300n
const MEASURED_NONCE = 7n

/** How a message and the update that it needs are delivered. */
export interface Delivery {
  readonly update: Hex
  readonly receiptProof: Hex
  readonly sourceChain: bigint
  readonly mos: Address
}

/**
 * Puts an Ethereum light client, MOS and a counter on a private chain, delivers one message so that the counter's slots
 * are not zero, and hands `body` the next message: in a block of 300 transactions that is the finalized block itself.
 * Returns what `body` does; throws unless the counter counted it.
 */
export function withDelivery(
  body: (chain: PrivateChain, client: Address, delivery: Delivery) => Promise<number>,
): Promise<number> {
  const signers = createCommittee('current')
  // The contracts' addresses follow from the deployer's nonces, so the messages can be made before the chain is there.
  return withAddresses(signers, async (place) => {
    const earlier = sourceBlock(place, EARLIER_NONCE, START)
    const measured = sourceBlock(place, MEASURED_NONCE, FINALIZED_SLOT)
    const { bootstrap, header, blockHashBranch } = createBootstrap(START, earlier.hash, signers.committee)
    const finalized = beaconBlock(FINALIZED_SLOT, measured.hash, keccak256(stringToHex('state')))
    const update = createUpdate({ signers, finalized: finalized.header, absent: ABSENT })
    return withClient(bootstrap, network, async (chain, client) => {
      const { mos, counter } = await deployMos(chain, client)
      if (mos !== place.mos || counter !== place.counter) throw new Error('the contracts are not where they should be')
      const send = async (data: Hex) => {
        const mined = await chain.transact(mos, data)
        if (!mined.ok) throw new Error(`the delivery was refused: ${(await chain.call(mos, data)).data}`)
      }
      await send(transferIn(place.sourceChain, earlier.proof(header, blockHashBranch)))
      await chain.warp(timeAtSlot(network, update.signatureSlot) + 1n)
      await soilBlock(chain, client, FINALIZED_SLOT)
      const receiptProof = measured.proof(finalized.header, finalized.blockHashBranch)
      const gas = await body(chain, client, { update: update.data, receiptProof, sourceChain: place.sourceChain, mos })
      const answer = await chain.call(counter, encodeFunctionData({ abi: counterAbi, functionName: 'count' }))
      const count = decodeFunctionResult({ abi: counterAbi, functionName: 'count', data: answer.data })
      if (count !== 2n) throw new Error(`the counter counted ${count} messages, not 2`)
      return gas
    })
  })
}

/** Calldata of the delivery of one message. */
export function transferIn(sourceChain: bigint, receiptProof: Hex): Hex {
  return encodeFunctionData({
    abi: messageServiceAbi,
    functionName: 'transferInWithIndex',
    args: [sourceChain, 0n, receiptProof],
  })
}

interface Place {
  readonly sourceChain: bigint
  readonly targetChain: bigint
  readonly mos: Address
  readonly counter: Address
}

/** Deploys everything once on a chain that is thrown away, to learn the addresses. */
async function withAddresses<T>(
  signers: ReturnType<typeof createCommittee>,
  body: (place: Place) => Promise<T>,
): Promise<T> {
  const { bootstrap } = createBootstrap(START, zeroHash, signers.committee)
  const place = await withClient(bootstrap, network, async (chain, client) => {
    const targetChain = BigInt(String(await chain.rpc.request('eth_chainId', [])))
    return { sourceChain: network.chainId, targetChain, ...(await deployMos(chain, client)) }
  })
  return body(place)
}

async function deployMos(chain: PrivateChain, client: Address): Promise<{ mos: Address; counter: Address }> {
  const { account } = chain
  const timelock = await chain.deploy(
    initCodeOf(timelockAbi, timelockBytecode, [0n, [account], [zeroAddress], zeroAddress]),
  )
  const feeService = await chain.deploy(initCodeOf(feeServiceAbi, feeServiceBytecode, [timelock, account, account]))
  const other: Address = `0x${'c3'.repeat(20)}`
  const mos = await chain.deploy(
    initCodeOf(messageServiceAbi, messageServiceBytecode, [timelock, feeService, account, other]),
  )
  const counter = await chain.deploy(initCodeOf(counterAbi, counterBytecode, [mos, account]))
  const setRoute = encodeFunctionData({
    abi: messageServiceAbi,
    functionName: 'setRoute',
    args: [network.chainId, client, REMOTE_MOS],
  })
  const operation = [mos, 0n, setRoute, zeroHash, zeroHash] as const
  const calls: readonly (readonly [Address, Hex])[] = [
    [timelock, encodeFunctionData({ abi: timelockAbi, functionName: 'schedule', args: [...operation, 0n] })],
    [timelock, encodeFunctionData({ abi: timelockAbi, functionName: 'execute', args: operation })],
    [
      counter,
      encodeFunctionData({
        abi: counterAbi,
        functionName: 'setTrustedRemote',
        args: [network.chainId, SENDER, true],
      }),
    ],
  ]
  for (const [to, data] of calls) {
    if (!(await chain.transact(to, data)).ok) throw new Error(`setting up: ${(await chain.call(to, data)).data}`)
  }
  return { mos, counter }
}

/** The source chain's block at `slot` with one message to the counter in it. */
function sourceBlock(place: Place, nonce: bigint, slot: bigint) {
  const messageData = encodeMessageData({
    msgType: 'MESSAGE',
    target: place.counter,
    payload: `0x${'5a'.repeat(BODY)}`,
    gasLimit: GAS_LIMIT,
  })
  const id = orderId({
    fromChain: place.sourceChain,
    mos: REMOTE_MOS,
    toChain: place.targetChain,
    nonce,
    sender: SENDER,
    messageData,
  })
  const trie = blockWith(
    {
      address: REMOTE_MOS,
      topics: [mapMessageOutTopic, ...[place.sourceChain, place.targetChain].map((n) => numberToHex(n, { size: 32 }))],
      data: encodeAbiParameters(parseAbiParameters('bytes32, bytes, bytes'), [id, SENDER, messageData]),
    },
    PLACE,
    TRANSACTIONS,
  )
  const header = encodeHeaderFields(executionHeader(slot, bytesToHex(trie.root)))
  return {
    hash: keccak256(header),
    proof(finalized: BeaconHeader, blockHashBranch: readonly Hex[]): Hex {
      const blockProof = encodeBlockProof({ finalized, blockHashBranch, executionHeader: bytesToHex(header) })
      return encodeReceiptProof({ blockProof, txIndex: PLACE, nodes: trie.prove(PLACE).nodes })
    },
  }
}

/** A Fulu execution header, with fields of mainnet's sizes. */
function executionHeader(slot: bigint, receiptsRoot: Hex): Omit<RpcBlock, 'hash'> {
  const word = (label: string) => keccak256(stringToHex(`${label} ${slot}`))
  return {
    parentHash: word('parent'),
    sha3Uncles: word('uncles'),
    miner: `0x${word('miner').slice(-40)}`,
    stateRoot: word('state'),
    transactionsRoot: word('transactions'),
    receiptsRoot,
    logsBloom: `0x${word('bloom').slice(2).repeat(8)}`,
    difficulty: '0x0',
    number: numberToHex(24_000_000n),
    gasLimit: numberToHex(60_000_000n),
    gasUsed: numberToHex(27_000_000n),
    timestamp: numberToHex(timeAtSlot(network, slot)),
    extraData: stringToHex('Meridian'),
    mixHash: word('randao'),
    nonce: '0x0000000000000000',
    baseFeePerGas: numberToHex(1_000_000_000n),
    withdrawalsRoot: word('withdrawals'),
    blobGasUsed: numberToHex(786_432n),
    excessBlobGas: numberToHex(131_072n),
    parentBeaconBlockRoot: word('beacon'),
    requestsHash: word('requests'),
  }
}
