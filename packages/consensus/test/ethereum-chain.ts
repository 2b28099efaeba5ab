/**
 * A beacon chain in memory with real keys, real signatures and whole states, for tests and for the vectors. Blocks carry
 * empty payloads; everything a light client sees is what a beacon node would serve.
 */

import type { Node } from '@chainsafe/persistent-merkle-tree'
import { encodeHeaderFields } from '@meridian/proofs'
import { bls12_381 } from '@noble/curves/bls12-381.js'
import { sha256 } from '@noble/hashes/sha2.js'
import {
  bytesToHex,
  type Hex,
  hexToBytes,
  keccak256,
  numberToHex,
  stringToBytes,
  stringToHex,
  zeroAddress,
  zeroHash,
} from 'viem'
import {
  type BeaconHeader,
  type Bootstrap,
  beaconBlockBodyType,
  beaconHeaderRoot,
  beaconStateType,
  blockRootGindex,
  branchOfNode,
  type ExecutionHeader,
  epochAtSlot,
  forkAtSlot,
  gindices,
  type LightClientHeader,
  mainnet,
  mainnetPreset,
  minimalPreset,
  type Network,
  type PayloadLightClientHeader,
  periodAtSlot,
  type SyncCommittee,
  signedBeaconBlockType,
  signingRoot,
  sumPubkeys,
  timeAtSlot,
  type Update,
} from '../src/ethereum/index.ts'
import { publicKeyOf, signAggregate } from './bls.ts'

const { G1, fields } = bls12_381
const { Fr } = fields

const GENESIS_TIME = 1_700_000_000n
const EMPTY_UNCLES = '0x1dcc4de8dec75d7aab85b567b6ccd41ad312451b948a7413f0a142fd40d49347'
const EMPTY_TRIE = '0x56e81f171bcc55a6ff8345e692c0f86e5b48e01b996cadc001622fb5e363b421'
const EMPTY_REQUESTS: Hex = '0xe3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855'

/** A network of its own: `forks` names first epochs of forks, in the schedule's order. */
export function testNetwork(
  preset: 'mainnet' | 'minimal',
  forks: readonly (readonly ['capella' | 'deneb' | 'electra' | 'fulu' | 'gloas', bigint])[],
): Network {
  const values = preset === 'mainnet' ? mainnetPreset : minimalPreset
  return {
    name: `test-${preset}`,
    chainId: 1337n,
    preset: values,
    secondsPerSlot: values.secondsPerSlot,
    genesisTime: GENESIS_TIME,
    genesisValidatorsRoot: bytesToHex(sha256(stringToBytes(`meridian test ${preset}`))),
    forks: forks.map(([name, epoch]) => ({
      name,
      epoch,
      version: mainnet.forks.find((fork) => fork.name === name)?.version ?? '0x00000000',
    })),
  }
}

interface Member {
  readonly secret: bigint
  readonly pubkey: Hex
}

/** A committee with its secrets. */
export interface TestCommittee extends SyncCommittee {
  readonly secrets: readonly bigint[]
}

const pools = new Map<number, readonly Member[]>()

function membersOf(size: number): readonly Member[] {
  const known = pools.get(size)
  if (known !== undefined) return known
  const created = Array.from({ length: size }, (_, i) => {
    const secret = Fr.create(BigInt(bytesToHex(sha256(stringToBytes(`meridian test validator ${i}`)))))
    return { secret, pubkey: publicKeyOf(secret) }
  })
  pools.set(size, created)
  return created
}

/** The committee of a period: the same validators in another order, one of them twice, as a real committee may have. */
export function committeeOf(network: Network, period: bigint): TestCommittee {
  const size = network.preset.syncCommitteeSize
  const members = membersOf(size)
  const seats = members.map((_, i) => members[(i * 5 + Number(period % 1024n) * 7) % size] ?? members[0])
  seats[1] = seats[0]
  const taken = seats.flatMap((seat) => (seat === undefined ? [] : [seat]))
  const secrets = taken.map((member) => member.secret)
  return {
    secrets,
    pubkeys: taken.map((member) => member.pubkey),
    aggregatePubkey: publicKeyOf(...secrets),
  }
}

/** A block with all that can be asked about it. */
export interface TestBlock {
  readonly header: BeaconHeader
  readonly root: Hex
  readonly lightClientHeader: PayloadLightClientHeader
  readonly stateNode: Node
  readonly stateBytes: () => Uint8Array
  readonly bodyNode: Node
  readonly blockNode: Node
  readonly blockBytes: () => Uint8Array
  /** As `eth_getBlockByHash` answers. */
  readonly rpcBlock: Readonly<Record<string, unknown>> & { readonly hash: Hex }
  readonly executionRlp: Hex
}

/** Which members are absent, and what else makes an update special. */
export interface UpdateOptions {
  readonly absent?: readonly number[]
  /** Default: the slot after the attested one. */
  readonly signatureSlot?: bigint
  readonly withNext?: boolean
  /** Signs in the place of the period's own committee. */
  readonly signers?: TestCommittee
  /** Signs this message in the place of the right one. */
  readonly message?: Hex
}

/** The chain. `salt` sets it apart from another chain with the same slots. */
export interface TestChain {
  readonly network: Network
  readonly blocks: ReadonlyMap<bigint, TestBlock>
  /** Adds a block that names `finalized` as its state's finalized block; slots between stay empty. */
  add(slot: bigint, finalized?: TestBlock): TestBlock
  bootstrap(block: TestBlock): Bootstrap
  update(attested: TestBlock, finalized: TestBlock, options?: UpdateOptions): Update
  /** Bottom-up branch of `block_roots[slot]` in the state of `block`. */
  blockRootBranch(block: TestBlock, slot: bigint): readonly Hex[]
  /** Bottom-up branch of `execution_payload.block_hash` in the body of `block`. */
  blockHashBranch(block: TestBlock): readonly Hex[]
}

export function createTestChain(network: Network, options: { salt?: string; nextPeriodSalt?: bigint } = {}): TestChain {
  const salt = options.salt ?? ''
  const { preset } = network
  const blocks = new Map<bigint, TestBlock>()
  const blockRoots = new Map<bigint, Hex>()
  let latest: TestBlock | undefined

  function execution(slot: bigint) {
    const fork = forkAtSlot(network, slot).name
    const beaconParent = latest?.root ?? zeroHash
    const fields = {
      parentHash: latest?.rpcBlock.hash ?? zeroHash,
      sha3Uncles: EMPTY_UNCLES,
      miner: zeroAddress,
      stateRoot: bytesToHex(sha256(stringToBytes(`state ${salt} ${slot}`))),
      transactionsRoot: EMPTY_TRIE,
      receiptsRoot: bytesToHex(sha256(stringToBytes(`receipts ${salt} ${slot}`))),
      logsBloom: numberToHex(0, { size: 256 }),
      difficulty: '0x0',
      number: numberToHex(slot / 2n + 1n),
      gasLimit: '0x3938700',
      gasUsed: '0x0',
      timestamp: numberToHex(timeAtSlot(network, slot)),
      extraData: stringToHex(`meridian ${salt}`),
      mixHash: bytesToHex(sha256(stringToBytes(`randao ${slot}`))),
      nonce: '0x0000000000000000',
      baseFeePerGas: '0x7',
      withdrawalsRoot: EMPTY_TRIE,
      blobGasUsed: '0x0',
      excessBlobGas: '0x0',
      parentBeaconBlockRoot: beaconParent,
      ...(fork === 'deneb' ? {} : { requestsHash: EMPTY_REQUESTS }),
    } as const
    const executionRlp = bytesToHex(encodeHeaderFields(fields))
    return { fields, executionRlp, hash: keccak256(executionRlp) }
  }

  function state(slot: bigint, finalized: TestBlock | undefined) {
    const period = periodAtSlot(network, slot)
    const type = beaconStateType(forkAtSlot(network, slot).name, preset)
    const view = type.defaultViewDU()
    view.genesisTime = network.genesisTime
    view.genesisValidatorsRoot = hexToBytes(network.genesisValidatorsRoot)
    view.slot = slot
    for (const [at, root] of blockRoots)
      if (at + preset.slotsPerHistoricalRoot >= slot)
        view.blockRoots.set(Number(at % preset.slotsPerHistoricalRoot), hexToBytes(root))
    for (let end = preset.slotsPerHistoricalRoot; end <= slot; end += preset.slotsPerHistoricalRoot) {
      const roots = type.fields.blockRoots.defaultViewDU()
      for (let at = end - preset.slotsPerHistoricalRoot; at < end; at++)
        roots.set(Number(at % preset.slotsPerHistoricalRoot), hexToBytes(blockRoots.get(at) ?? zeroHash))
      const blockSummaryRoot = roots.hashTreeRoot()
      view.historicalSummaries.push(
        type.fields.historicalSummaries.elementType.toViewDU({
          blockSummaryRoot,
          stateSummaryRoot: new Uint8Array(32),
        }),
      )
    }
    if (finalized !== undefined) {
      view.finalizedCheckpoint.epoch = epochAtSlot(network, finalized.header.slot)
      view.finalizedCheckpoint.root = hexToBytes(finalized.root)
    }
    const { currentSyncCommittee, nextSyncCommittee } = type.fields
    view.currentSyncCommittee = currentSyncCommittee.toViewDU(committeeBytes(committeeOf(network, period)))
    view.nextSyncCommittee = nextSyncCommittee.toViewDU(
      committeeBytes(committeeOf(network, period + 1n + (options.nextPeriodSalt ?? 0n))),
    )
    view.commit()
    return view
  }

  function add(slot: bigint, finalized?: TestBlock): TestBlock {
    const fork = forkAtSlot(network, slot).name
    for (let at = latest?.header.slot ?? slot; latest !== undefined && at < slot; at++) blockRoots.set(at, latest.root)
    const { fields, executionRlp, hash } = execution(slot)
    const stateView = state(slot, finalized)
    const signed = signedBlockOf(network, slot, fields, hash)
    signed.message.parentRoot = hexToBytes(latest?.root ?? zeroHash)
    signed.message.stateRoot = stateView.hashTreeRoot()
    signed.commit()
    const bodyNode = signed.message.body.node
    const header: BeaconHeader = {
      slot,
      proposerIndex: signed.message.proposerIndex,
      parentRoot: bytesToHex(signed.message.parentRoot),
      stateRoot: bytesToHex(signed.message.stateRoot),
      bodyRoot: bytesToHex(bodyNode.root),
    }
    const block: TestBlock = {
      header,
      root: beaconHeaderRoot(header),
      lightClientHeader: {
        beacon: header,
        execution: executionHeaderOf(network, slot, fields, hash),
        executionBranch: branchOfNode(bodyNode, gindices[fork].executionPayload ?? 0n).branch,
      },
      stateNode: stateView.node,
      stateBytes: () => stateView.serialize(),
      bodyNode,
      blockNode: signed.message.node,
      blockBytes: () => signed.serialize(),
      rpcBlock: { ...fields, hash, transactions: [] },
      executionRlp,
    }
    blocks.set(slot, block)
    latest = block
    return block
  }

  return {
    network,
    blocks,
    add,
    bootstrap(block) {
      const places = gindices[forkAtSlot(network, block.header.slot).name]
      return {
        header: block.lightClientHeader,
        currentSyncCommittee: publicPart(committeeOf(network, periodAtSlot(network, block.header.slot))),
        currentSyncCommitteeBranch: branchOfNode(block.stateNode, places.currentSyncCommittee).branch,
      }
    },
    update(attested, finalized, update = {}) {
      const places = gindices[forkAtSlot(network, attested.header.slot).name]
      const signatureSlot = update.signatureSlot ?? attested.header.slot + 1n
      const signers = update.signers ?? committeeOf(network, periodAtSlot(network, signatureSlot))
      const next = committeeOf(
        network,
        periodAtSlot(network, attested.header.slot) + 1n + (options.nextPeriodSalt ?? 0n),
      )
      return {
        attestedHeader: attested.lightClientHeader,
        finalizedHeader: finalized.lightClientHeader,
        finalityBranch: branchOfNode(attested.stateNode, places.finalizedRoot).branch,
        signatureSlot,
        syncAggregate: sign(
          signers,
          update.absent ?? [],
          update.message ?? signingRoot(network, attested.root, signatureSlot),
        ),
        ...(update.withNext === true
          ? {
              nextSyncCommittee: {
                committee: publicPart(next),
                branch: branchOfNode(attested.stateNode, places.nextSyncCommittee).branch,
              },
            }
          : {}),
      }
    },
    blockHashBranch(block) {
      const fork = forkAtSlot(network, block.header.slot).name
      return branchOfNode(block.bodyNode, gindices[fork].executionBlockHash).branch
    },
    blockRootBranch(block, slot) {
      const fork = forkAtSlot(network, block.header.slot).name
      return branchOfNode(block.stateNode, blockRootGindex(fork, slot, preset)).branch
    },
  }
}

function publicPart({ pubkeys, aggregatePubkey }: SyncCommittee): SyncCommittee {
  return { pubkeys, aggregatePubkey }
}

function committeeBytes(committee: SyncCommittee) {
  return {
    pubkeys: committee.pubkeys.map((key) => hexToBytes(key)),
    aggregatePubkey: hexToBytes(committee.aggregatePubkey),
  }
}

/** The aggregate of all present members: one signature by the sum of their secrets is the sum of theirs. */
export function sign(committee: TestCommittee, absent: readonly number[], message: Hex): Update['syncAggregate'] {
  const size = committee.pubkeys.length
  const bits = new Uint8Array(size / 8)
  for (let i = 0; i < size; i++) {
    if (!absent.includes(i)) bits[i >> 3] = (bits[i >> 3] ?? 0) | (1 << (i & 7))
  }
  const present = committee.secrets.filter((_, i) => !absent.includes(i))
  return { bits: bytesToHex(bits), signature: signAggregate(present, message) }
}

/** The sum of a committee's keys, key by key: what `aggregate_pubkey` has to be. */
export function sumOfKeys(pubkeys: readonly Hex[]): Hex {
  return bytesToHex(sumPubkeys(pubkeys.map((key) => G1.Point.fromBytes(hexToBytes(key)))).toBytes(true))
}

type ExecutionFields = Readonly<
  Record<'parentHash' | 'stateRoot' | 'receiptsRoot' | 'number' | 'timestamp' | 'extraData' | 'mixHash', Hex>
>

function payloadOf(fields: ExecutionFields, hash: Hex) {
  return {
    parentHash: hexToBytes(fields.parentHash),
    feeRecipient: new Uint8Array(20),
    stateRoot: hexToBytes(fields.stateRoot),
    receiptsRoot: hexToBytes(fields.receiptsRoot),
    logsBloom: new Uint8Array(256),
    prevRandao: hexToBytes(fields.mixHash),
    blockNumber: BigInt(fields.number),
    gasLimit: 60_000_000n,
    gasUsed: 0n,
    timestamp: BigInt(fields.timestamp),
    extraData: hexToBytes(fields.extraData),
    baseFeePerGas: 7n,
    blockHash: hexToBytes(hash),
    transactions: [],
    withdrawals: [],
    blobGasUsed: 0n,
    excessBlobGas: 0n,
  }
}

function signedBlockOf(network: Network, slot: bigint, fields: ExecutionFields, hash: Hex) {
  const fork = forkAtSlot(network, slot).name
  const view = signedBeaconBlockType(fork, network.preset).defaultViewDU()
  const payloadType = beaconBlockBodyType(fork, network.preset).fields.executionPayload
  view.message.slot = slot
  view.message.proposerIndex = slot % 97n
  view.message.body.graffiti = hexToBytes(stringToHex('meridian', { size: 32 }))
  view.message.body.executionPayload = payloadType.toViewDU(payloadOf(fields, hash))
  return view
}

function executionHeaderOf(network: Network, slot: bigint, fields: ExecutionFields, hash: Hex): ExecutionHeader {
  const type = beaconBlockBodyType(forkAtSlot(network, slot).name, network.preset).fields.executionPayload
  const payload = payloadOf(fields, hash)
  return {
    parentHash: fields.parentHash,
    feeRecipient: zeroAddress,
    stateRoot: fields.stateRoot,
    receiptsRoot: fields.receiptsRoot,
    logsBloom: numberToHex(0, { size: 256 }),
    prevRandao: fields.mixHash,
    blockNumber: payload.blockNumber,
    gasLimit: payload.gasLimit,
    gasUsed: payload.gasUsed,
    timestamp: payload.timestamp,
    extraData: fields.extraData,
    baseFeePerGas: payload.baseFeePerGas,
    blockHash: hash,
    transactionsRoot: bytesToHex(type.fields.transactions.hashTreeRoot([])),
    withdrawalsRoot: bytesToHex(type.fields.withdrawals.hashTreeRoot([])),
    blobGasUsed: 0n,
    excessBlobGas: 0n,
  }
}

/** The execution header of a light-client header; every fork of these chains has one. */
export function executionOf(header: LightClientHeader): ExecutionHeader {
  if (!('execution' in header)) throw new Error('a header without an execution header')
  return header.execution
}

/** One nibble more or less: for mutations. */
export function flip(value: Hex, at = 0): Hex {
  const bytes = hexToBytes(value)
  bytes[at] = (bytes[at] ?? 0) ^ 1
  return bytesToHex(bytes)
}
