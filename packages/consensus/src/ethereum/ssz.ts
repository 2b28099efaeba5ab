import {
  ByteListType,
  ByteVectorType,
  ContainerType,
  UintBigintType,
  type ValueOf,
  VectorCompositeType,
} from '@chainsafe/ssz'
import { bytesToHex, type Hex, hexToBytes } from 'viem'
import { ForkError } from './errors.ts'
import type { ForkName } from './forks.ts'
import type { BeaconHeader, ExecutionHeader, SyncCommittee } from './types.ts'

export const Uint64 = new UintBigintType(8)
export const Uint256 = new UintBigintType(32)
export const Bytes4 = new ByteVectorType(4)
export const Bytes20 = new ByteVectorType(20)
export const Bytes32 = new ByteVectorType(32)
export const Bytes48 = new ByteVectorType(48)
export const Bytes96 = new ByteVectorType(96)
const BYTES_PER_LOGS_BLOOM = 256
const MAX_EXTRA_DATA_BYTES = 32
export const LogsBloom = new ByteVectorType(BYTES_PER_LOGS_BLOOM)
export const ExtraData = new ByteListType(MAX_EXTRA_DATA_BYTES)

export const BeaconBlockHeaderType = new ContainerType({
  slot: Uint64,
  proposerIndex: Uint64,
  parentRoot: Bytes32,
  stateRoot: Bytes32,
  bodyRoot: Bytes32,
})

const capellaExecutionFields = {
  parentHash: Bytes32,
  feeRecipient: Bytes20,
  stateRoot: Bytes32,
  receiptsRoot: Bytes32,
  logsBloom: LogsBloom,
  prevRandao: Bytes32,
  blockNumber: Uint64,
  gasLimit: Uint64,
  gasUsed: Uint64,
  timestamp: Uint64,
  extraData: ExtraData,
  baseFeePerGas: Uint256,
  blockHash: Bytes32,
  transactionsRoot: Bytes32,
  withdrawalsRoot: Bytes32,
}

export const CapellaExecutionHeaderType = new ContainerType(capellaExecutionFields)
/** Deneb to Fulu: Electra and Fulu left it as it is. */
export const DenebExecutionHeaderType = new ContainerType({
  ...capellaExecutionFields,
  blobGasUsed: Uint64,
  excessBlobGas: Uint64,
})

const committeeTypes = new Map<number, ReturnType<typeof createSyncCommitteeType>>()

function createSyncCommitteeType(size: number) {
  return new ContainerType({ pubkeys: new VectorCompositeType(Bytes48, size), aggregatePubkey: Bytes48 })
}

/** `SyncCommittee` of `size` members, whatever the preset of the process. */
export function syncCommitteeType(size: number): ReturnType<typeof createSyncCommitteeType> {
  const known = committeeTypes.get(size)
  if (known !== undefined) return known
  const created = createSyncCommitteeType(size)
  committeeTypes.set(size, created)
  return created
}

/** `hash_tree_root(BeaconBlockHeader)`. */
export function beaconHeaderRoot(header: BeaconHeader): Hex {
  return bytesToHex(
    BeaconBlockHeaderType.hashTreeRoot({
      slot: header.slot,
      proposerIndex: header.proposerIndex,
      parentRoot: hexToBytes(header.parentRoot),
      stateRoot: hexToBytes(header.stateRoot),
      bodyRoot: hexToBytes(header.bodyRoot),
    }),
  )
}

function committeeValue(committee: SyncCommittee) {
  return {
    pubkeys: committee.pubkeys.map((key) => hexToBytes(key)),
    aggregatePubkey: hexToBytes(committee.aggregatePubkey),
  }
}

/** `hash_tree_root(SyncCommittee)`: the one word that the contract stores for a period. */
export function syncCommitteeRoot(committee: SyncCommittee): Hex {
  return bytesToHex(syncCommitteeType(committee.pubkeys.length).hashTreeRoot(committeeValue(committee)))
}

/** `hash_tree_root(SyncCommittee.pubkeys)`. */
export function pubkeysRoot(committee: SyncCommittee): Hex {
  const type = syncCommitteeType(committee.pubkeys.length)
  return bytesToHex(type.fields.pubkeys.hashTreeRoot(committeeValue(committee).pubkeys))
}

/** The execution header's type at a fork. */
export function executionHeaderType(fork: ForkName) {
  return fork === 'capella' ? CapellaExecutionHeaderType : DenebExecutionHeaderType
}

function capellaExecutionValue(header: ExecutionHeader): ValueOf<typeof CapellaExecutionHeaderType> {
  return {
    parentHash: hexToBytes(header.parentHash),
    feeRecipient: hexToBytes(header.feeRecipient),
    stateRoot: hexToBytes(header.stateRoot),
    receiptsRoot: hexToBytes(header.receiptsRoot),
    logsBloom: hexToBytes(header.logsBloom),
    prevRandao: hexToBytes(header.prevRandao),
    blockNumber: header.blockNumber,
    gasLimit: header.gasLimit,
    gasUsed: header.gasUsed,
    timestamp: header.timestamp,
    extraData: hexToBytes(header.extraData),
    baseFeePerGas: header.baseFeePerGas,
    blockHash: hexToBytes(header.blockHash),
    transactionsRoot: hexToBytes(header.transactionsRoot),
    withdrawalsRoot: hexToBytes(header.withdrawalsRoot),
  }
}

/** The tree of an execution header at a fork, from which its root and its branches are read. */
export function executionHeaderTree(fork: ForkName, header: ExecutionHeader) {
  const common = capellaExecutionValue(header)
  if (fork === 'capella') return CapellaExecutionHeaderType.toView(common)
  if (header.blobGasUsed === undefined || header.excessBlobGas === undefined)
    throw new ForkError(`an execution header of ${fork} carries blob gas`, { fork, expected: 17, given: 15 })
  return DenebExecutionHeaderType.toView({
    ...common,
    blobGasUsed: header.blobGasUsed,
    excessBlobGas: header.excessBlobGas,
  })
}

/** `hash_tree_root(ExecutionPayloadHeader)` at a fork. */
export function executionHeaderRoot(fork: ForkName, header: ExecutionHeader): Hex {
  return bytesToHex(executionHeaderTree(fork, header).hashTreeRoot())
}
