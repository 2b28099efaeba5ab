import {
  BitListType,
  BitVectorType,
  ByteListType,
  ContainerType,
  ListBasicType,
  ListCompositeType,
  VectorCompositeType,
} from '@chainsafe/ssz'
import { ForkError } from './errors.ts'
import type { ForkName } from './forks.ts'
import type { Preset } from './presets.ts'
import {
  BeaconBlockHeaderType,
  Bytes20,
  Bytes32,
  Bytes48,
  Bytes96,
  ExtraData,
  LogsBloom,
  Uint64,
  Uint256,
} from './ssz.ts'

/**
 * Limits of consensus-specs that both presets share, so that a whole block can be hashed. They only shape the tree; no
 * block of this size is ever read.
 */
const DEPOSIT_CONTRACT_TREE_DEPTH = 32
const MAX_PROPOSER_SLASHINGS = 16
const MAX_ATTESTER_SLASHINGS = 2
const MAX_ATTESTER_SLASHINGS_ELECTRA = 1
const MAX_ATTESTATIONS = 128
const MAX_ATTESTATIONS_ELECTRA = 8
const MAX_DEPOSITS = 16
const MAX_VOLUNTARY_EXITS = 16
const MAX_VALIDATORS_PER_COMMITTEE = 2048
const MAX_BYTES_PER_TRANSACTION = 2 ** 30
const MAX_TRANSACTIONS_PER_PAYLOAD = 2 ** 20
const MAX_BLS_TO_EXECUTION_CHANGES = 16
const MAX_BLOB_COMMITMENTS_PER_BLOCK = 4096
const MAX_DEPOSIT_REQUESTS_PER_PAYLOAD = 8192
const MAX_WITHDRAWAL_REQUESTS_PER_PAYLOAD = 16
const MAX_CONSOLIDATION_REQUESTS_PER_PAYLOAD = 2

const Eth1Data = new ContainerType({ depositRoot: Bytes32, depositCount: Uint64, blockHash: Bytes32 })
const Checkpoint = new ContainerType({ epoch: Uint64, root: Bytes32 })
const AttestationData = new ContainerType({
  slot: Uint64,
  index: Uint64,
  beaconBlockRoot: Bytes32,
  source: Checkpoint,
  target: Checkpoint,
})
const SignedBeaconBlockHeader = new ContainerType({ message: BeaconBlockHeaderType, signature: Bytes96 })
const ProposerSlashing = new ContainerType({
  signedHeader1: SignedBeaconBlockHeader,
  signedHeader2: SignedBeaconBlockHeader,
})
const DepositData = new ContainerType({
  pubkey: Bytes48,
  withdrawalCredentials: Bytes32,
  amount: Uint64,
  signature: Bytes96,
})
const Deposit = new ContainerType({
  proof: new VectorCompositeType(Bytes32, DEPOSIT_CONTRACT_TREE_DEPTH + 1),
  data: DepositData,
})
const SignedVoluntaryExit = new ContainerType({
  message: new ContainerType({ epoch: Uint64, validatorIndex: Uint64 }),
  signature: Bytes96,
})
const Withdrawal = new ContainerType({ index: Uint64, validatorIndex: Uint64, address: Bytes20, amount: Uint64 })
const SignedBLSToExecutionChange = new ContainerType({
  message: new ContainerType({ validatorIndex: Uint64, fromBlsPubkey: Bytes48, toExecutionAddress: Bytes20 }),
  signature: Bytes96,
})
const ExecutionRequests = new ContainerType({
  deposits: new ListCompositeType(
    new ContainerType({
      pubkey: Bytes48,
      withdrawalCredentials: Bytes32,
      amount: Uint64,
      signature: Bytes96,
      index: Uint64,
    }),
    MAX_DEPOSIT_REQUESTS_PER_PAYLOAD,
  ),
  withdrawals: new ListCompositeType(
    new ContainerType({ sourceAddress: Bytes20, validatorPubkey: Bytes48, amount: Uint64 }),
    MAX_WITHDRAWAL_REQUESTS_PER_PAYLOAD,
  ),
  consolidations: new ListCompositeType(
    new ContainerType({ sourceAddress: Bytes20, sourcePubkey: Bytes48, targetPubkey: Bytes48 }),
    MAX_CONSOLIDATION_REQUESTS_PER_PAYLOAD,
  ),
})

function capellaPayload(preset: Preset) {
  return {
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
    transactions: new ListCompositeType(new ByteListType(MAX_BYTES_PER_TRANSACTION), MAX_TRANSACTIONS_PER_PAYLOAD),
    withdrawals: new ListCompositeType(Withdrawal, preset.maxWithdrawalsPerPayload),
  }
}

function denebPayload(preset: Preset) {
  return { ...capellaPayload(preset), blobGasUsed: Uint64, excessBlobGas: Uint64 }
}

function attesterSlashingType(maxIndices: number) {
  const indexed = new ContainerType({
    attestingIndices: new ListBasicType(Uint64, maxIndices),
    data: AttestationData,
    signature: Bytes96,
  })
  return new ContainerType({ attestation1: indexed, attestation2: indexed })
}

function bodyHead() {
  return {
    randaoReveal: Bytes96,
    eth1Data: Eth1Data,
    graffiti: Bytes32,
    proposerSlashings: new ListCompositeType(ProposerSlashing, MAX_PROPOSER_SLASHINGS),
  }
}

function bodyOperations(preset: Preset) {
  return {
    deposits: new ListCompositeType(Deposit, MAX_DEPOSITS),
    voluntaryExits: new ListCompositeType(SignedVoluntaryExit, MAX_VOLUNTARY_EXITS),
    syncAggregate: new ContainerType({
      syncCommitteeBits: new BitVectorType(preset.syncCommitteeSize),
      syncCommitteeSignature: Bytes96,
    }),
  }
}

function blsToExecutionChanges() {
  return new ListCompositeType(SignedBLSToExecutionChange, MAX_BLS_TO_EXECUTION_CHANGES)
}

function bodyTail(preset: Preset) {
  return {
    ...bodyOperations(preset),
    executionPayload: new ContainerType(denebPayload(preset)),
    blsToExecutionChanges: blsToExecutionChanges(),
    blobKzgCommitments: new ListCompositeType(Bytes48, MAX_BLOB_COMMITMENTS_PER_BLOCK),
  }
}

function attestations() {
  return {
    attesterSlashings: new ListCompositeType(
      attesterSlashingType(MAX_VALIDATORS_PER_COMMITTEE),
      MAX_ATTESTER_SLASHINGS,
    ),
    attestations: new ListCompositeType(
      new ContainerType({
        aggregationBits: new BitListType(MAX_VALIDATORS_PER_COMMITTEE),
        data: AttestationData,
        signature: Bytes96,
      }),
      MAX_ATTESTATIONS,
    ),
  }
}

function createCapellaBodyType(preset: Preset) {
  return new ContainerType({
    ...bodyHead(),
    ...attestations(),
    ...bodyOperations(preset),
    executionPayload: new ContainerType(capellaPayload(preset)),
    blsToExecutionChanges: blsToExecutionChanges(),
  })
}

function createDenebBodyType(preset: Preset) {
  return new ContainerType({ ...bodyHead(), ...attestations(), ...bodyTail(preset) })
}

function createElectraBodyType(preset: Preset) {
  const attesters = MAX_VALIDATORS_PER_COMMITTEE * preset.maxCommitteesPerSlot
  return new ContainerType({
    ...bodyHead(),
    attesterSlashings: new ListCompositeType(attesterSlashingType(attesters), MAX_ATTESTER_SLASHINGS_ELECTRA),
    attestations: new ListCompositeType(
      new ContainerType({
        aggregationBits: new BitListType(attesters),
        data: AttestationData,
        signature: Bytes96,
        committeeBits: new BitVectorType(preset.maxCommitteesPerSlot),
      }),
      MAX_ATTESTATIONS_ELECTRA,
    ),
    ...bodyTail(preset),
    executionRequests: ExecutionRequests,
  })
}

type BodyType = ReturnType<typeof createCapellaBodyType | typeof createDenebBodyType | typeof createElectraBodyType>

function signed<Body extends BodyType>(body: Body) {
  return new ContainerType({
    message: new ContainerType({
      slot: Uint64,
      proposerIndex: Uint64,
      parentRoot: Bytes32,
      stateRoot: Bytes32,
      body,
    }),
    signature: Bytes96,
  })
}

function refuseGloas(fork: ForkName): void {
  if (fork === 'gloas')
    throw new ForkError('blocks of Gloas are read by proofs, not whole', { expected: 'fulu or earlier', given: fork })
}

/** `BeaconBlockBody` at a fork; Fulu left Electra's as it is. @throws ForkError from Gloas on. */
export function beaconBlockBodyType(fork: ForkName, preset: Preset) {
  refuseGloas(fork)
  if (fork === 'capella') return createCapellaBodyType(preset)
  return fork === 'deneb' ? createDenebBodyType(preset) : createElectraBodyType(preset)
}

/** `SignedBeaconBlock` at a fork, as `/eth/v2/beacon/blocks` serves it in SSZ. @throws ForkError from Gloas on. */
export function signedBeaconBlockType(fork: ForkName, preset: Preset) {
  refuseGloas(fork)
  if (fork === 'capella') return signed(createCapellaBodyType(preset))
  return fork === 'deneb' ? signed(createDenebBodyType(preset)) : signed(createElectraBodyType(preset))
}
