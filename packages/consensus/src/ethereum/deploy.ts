import { type Address, type Hex, zeroAddress } from 'viem'
import { encodeBeaconHeader } from './encode.ts'
import { type ForkName, gindices } from './forks.ts'
import { verifyBranch } from './merkle.ts'
import { forkAtSlot, type Network } from './networks.ts'
import { beaconHeaderRoot, syncCommitteeRoot } from './ssz.ts'
import type { Bootstrap } from './types.ts'

/** The contract's `Layout`: forks that move no field share one. */
export const layouts: Readonly<Record<ForkName, number>> = { capella: 0, deneb: 1, electra: 2, fulu: 2, gloas: 3 }

/** The contract's `Bootstrap`. */
export interface BootstrapArgs {
  /** Root of the trusted block: what an operator compares with other sources. */
  readonly blockRoot: Hex
  /** The trusted block's header, packed as the spec says: 112 bytes. */
  readonly header: Hex
  /** `hash_tree_root(current_sync_committee)`. */
  readonly syncCommitteeRoot: Hex
  /** Its branch in the header's state, bottom-up. */
  readonly branch: readonly Hex[]
}

/**
 * Checks a bootstrap's branch and turns it into the constructor's `Bootstrap`.
 * @throws VerifyError `BRANCH_CURRENT_COMMITTEE` where the committee is not the header's.
 */
export function bootstrapArgs(bootstrap: Bootstrap, network: Network): BootstrapArgs {
  const { beacon } = bootstrap.header
  const root = syncCommitteeRoot(bootstrap.currentSyncCommittee)
  verifyBranch({
    code: 'BRANCH_CURRENT_COMMITTEE',
    gindex: gindices[forkAtSlot(network, beacon.slot).name].currentSyncCommittee,
    leaf: root,
    branch: bootstrap.currentSyncCommitteeBranch,
    root: beacon.stateRoot,
  })
  return {
    blockRoot: beaconHeaderRoot(beacon),
    header: encodeBeaconHeader(beacon),
    syncCommitteeRoot: root,
    branch: bootstrap.currentSyncCommitteeBranch,
  }
}

/** The contract's `Parameters`. */
export interface ClientParameters {
  readonly chainId: bigint
  readonly genesisTime: bigint
  readonly genesisValidatorsRoot: Hex
  readonly secondsPerSlot: bigint
  readonly slotsPerEpoch: bigint
  readonly epochsPerSyncCommitteePeriod: bigint
  readonly syncCommitteeSize: bigint
  readonly slotsPerHistoricalRoot: bigint
  readonly trustingPeriod: bigint
  readonly clockDrift: bigint
  readonly forkScheduler: Address
  readonly forkNotice: bigint
}

/** What a deployer chooses beside the network. */
export interface ClientPolicy {
  /** Seconds; shorter than the weak-subjectivity period. */
  readonly trustingPeriod: bigint
  /** Seconds. */
  readonly clockDrift?: bigint
  /** A timelock; nobody where it is absent. */
  readonly forkScheduler?: Address
  /** Seconds. */
  readonly forkNotice?: bigint
}

/** The part of the constructor's `Parameters` that the network decides, and not its deployer. */
export function networkParameters(network: Network) {
  return {
    chainId: network.chainId,
    genesisTime: network.genesisTime,
    genesisValidatorsRoot: network.genesisValidatorsRoot,
    secondsPerSlot: network.secondsPerSlot,
    slotsPerEpoch: network.preset.slotsPerEpoch,
    epochsPerSyncCommitteePeriod: network.preset.epochsPerSyncCommitteePeriod,
    syncCommitteeSize: BigInt(network.preset.syncCommitteeSize),
    slotsPerHistoricalRoot: network.preset.slotsPerHistoricalRoot,
  }
}

/** The constructor's `Parameters` for a network. */
export function clientParameters(network: Network, policy: ClientPolicy): ClientParameters {
  return {
    ...networkParameters(network),
    trustingPeriod: policy.trustingPeriod,
    clockDrift: policy.clockDrift ?? 0n,
    forkScheduler: policy.forkScheduler ?? zeroAddress,
    forkNotice: policy.forkNotice ?? 0n,
  }
}

/** The constructor's schedule of forks: `Fork[]`, ascending by epoch, one an epoch. */
export function clientForks(network: Pick<Network, 'forks'>): { epoch: bigint; version: Hex; stateLayout: number }[] {
  const inForce = network.forks.filter((fork, i) => network.forks[i + 1]?.epoch !== fork.epoch)
  return inForce.map((fork) => ({ epoch: fork.epoch, version: fork.version, stateLayout: layouts[fork.name] }))
}
