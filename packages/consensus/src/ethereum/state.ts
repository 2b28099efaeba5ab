import {
  BitVectorType,
  BooleanType,
  ContainerType,
  ListBasicType,
  ListCompositeType,
  UintNumberType,
  VectorBasicType,
  VectorCompositeType,
} from '@chainsafe/ssz'
import { ForkError } from './errors.ts'
import type { ForkName } from './forks.ts'
import type { Preset } from './presets.ts'
import {
  BeaconBlockHeaderType,
  Bytes4,
  Bytes32,
  Bytes48,
  Bytes96,
  CapellaExecutionHeaderType,
  DenebExecutionHeaderType,
  syncCommitteeType,
  Uint64,
} from './ssz.ts'

const JUSTIFICATION_BITS_LENGTH = 4
const HISTORICAL_ROOTS_LIMIT = 2 ** 24
const VALIDATOR_REGISTRY_LIMIT = 2 ** 40
const PENDING_DEPOSITS_LIMIT = 2 ** 27
const MIN_SEED_LOOKAHEAD = 1
const Byte = new UintNumberType(1)

const Fork = new ContainerType({ previousVersion: Bytes4, currentVersion: Bytes4, epoch: Uint64 })
const Checkpoint = new ContainerType({ epoch: Uint64, root: Bytes32 })
const Eth1Data = new ContainerType({ depositRoot: Bytes32, depositCount: Uint64, blockHash: Bytes32 })
const Validator = new ContainerType({
  pubkey: Bytes48,
  withdrawalCredentials: Bytes32,
  effectiveBalance: Uint64,
  slashed: new BooleanType(),
  activationEligibilityEpoch: Uint64,
  activationEpoch: Uint64,
  exitEpoch: Uint64,
  withdrawableEpoch: Uint64,
})
const HistoricalSummary = new ContainerType({ blockSummaryRoot: Bytes32, stateSummaryRoot: Bytes32 })
const PendingDeposit = new ContainerType({
  pubkey: Bytes48,
  withdrawalCredentials: Bytes32,
  amount: Uint64,
  signature: Bytes96,
  slot: Uint64,
})
const PendingPartialWithdrawal = new ContainerType({
  validatorIndex: Uint64,
  amount: Uint64,
  withdrawableEpoch: Uint64,
})
const PendingConsolidation = new ContainerType({ sourceIndex: Uint64, targetIndex: Uint64 })

const mainnetSizes = {
  epochsPerEth1VotingPeriod: 64,
  epochsPerHistoricalVector: 65_536,
  epochsPerSlashingsVector: 8_192,
  pendingPartialWithdrawalsLimit: 2 ** 27,
  pendingConsolidationsLimit: 2 ** 18,
} as const

/** What sizes a state beside what sizes the rest. */
const sizes = {
  mainnet: mainnetSizes,
  gnosis: mainnetSizes,
  minimal: {
    epochsPerEth1VotingPeriod: 4,
    epochsPerHistoricalVector: 64,
    epochsPerSlashingsVector: 64,
    pendingPartialWithdrawalsLimit: 64,
    pendingConsolidationsLimit: 64,
  },
} as const

function capellaFields(preset: Preset) {
  const size = sizes[preset.name]
  const slotsPerEpoch = Number(preset.slotsPerEpoch)
  const roots = new VectorCompositeType(Bytes32, Number(preset.slotsPerHistoricalRoot))
  const committee = syncCommitteeType(preset.syncCommitteeSize)
  const participation = new ListBasicType(Byte, VALIDATOR_REGISTRY_LIMIT)
  return {
    genesisTime: Uint64,
    genesisValidatorsRoot: Bytes32,
    slot: Uint64,
    fork: Fork,
    latestBlockHeader: BeaconBlockHeaderType,
    blockRoots: roots,
    stateRoots: roots,
    historicalRoots: new ListCompositeType(Bytes32, HISTORICAL_ROOTS_LIMIT),
    eth1Data: Eth1Data,
    eth1DataVotes: new ListCompositeType(Eth1Data, size.epochsPerEth1VotingPeriod * slotsPerEpoch),
    eth1DepositIndex: Uint64,
    validators: new ListCompositeType(Validator, VALIDATOR_REGISTRY_LIMIT),
    balances: new ListBasicType(Uint64, VALIDATOR_REGISTRY_LIMIT),
    randaoMixes: new VectorCompositeType(Bytes32, size.epochsPerHistoricalVector),
    slashings: new VectorBasicType(Uint64, size.epochsPerSlashingsVector),
    previousEpochParticipation: participation,
    currentEpochParticipation: participation,
    justificationBits: new BitVectorType(JUSTIFICATION_BITS_LENGTH),
    previousJustifiedCheckpoint: Checkpoint,
    currentJustifiedCheckpoint: Checkpoint,
    finalizedCheckpoint: Checkpoint,
    inactivityScores: new ListBasicType(Uint64, VALIDATOR_REGISTRY_LIMIT),
    currentSyncCommittee: committee,
    nextSyncCommittee: committee,
    latestExecutionPayloadHeader: CapellaExecutionHeaderType,
    nextWithdrawalIndex: Uint64,
    nextWithdrawalValidatorIndex: Uint64,
    historicalSummaries: new ListCompositeType(HistoricalSummary, HISTORICAL_ROOTS_LIMIT),
  }
}

function denebFields(preset: Preset) {
  return { ...capellaFields(preset), latestExecutionPayloadHeader: DenebExecutionHeaderType }
}

function electraFields(preset: Preset) {
  const size = sizes[preset.name]
  return {
    ...denebFields(preset),
    depositRequestsStartIndex: Uint64,
    depositBalanceToConsume: Uint64,
    exitBalanceToConsume: Uint64,
    earliestExitEpoch: Uint64,
    consolidationBalanceToConsume: Uint64,
    earliestConsolidationEpoch: Uint64,
    pendingDeposits: new ListCompositeType(PendingDeposit, PENDING_DEPOSITS_LIMIT),
    pendingPartialWithdrawals: new ListCompositeType(PendingPartialWithdrawal, size.pendingPartialWithdrawalsLimit),
    pendingConsolidations: new ListCompositeType(PendingConsolidation, size.pendingConsolidationsLimit),
  }
}

function createFuluStateType(preset: Preset) {
  const lookahead = (MIN_SEED_LOOKAHEAD + 1) * Number(preset.slotsPerEpoch)
  return new ContainerType({ ...electraFields(preset), proposerLookahead: new VectorBasicType(Uint64, lookahead) })
}

/**
 * `BeaconState` at a fork: for nodes that serve no state proofs, at the price of downloading the state.
 * @throws ForkError from Gloas on.
 */
export function beaconStateType(fork: ForkName, preset: Preset) {
  if (fork === 'gloas')
    throw new ForkError('states of Gloas are read by proofs, not whole', { expected: 'fulu or earlier', given: fork })
  if (fork === 'capella') return new ContainerType(capellaFields(preset))
  if (fork === 'deneb') return new ContainerType(denebFields(preset))
  return fork === 'electra' ? new ContainerType(electraFields(preset)) : createFuluStateType(preset)
}
