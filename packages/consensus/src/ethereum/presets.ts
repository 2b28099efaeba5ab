/** The constants of a consensus-specs preset that a light client needs. Two presets can live in one process. */
export interface Preset {
  readonly name: 'mainnet' | 'minimal' | 'gnosis'
  readonly slotsPerEpoch: bigint
  readonly epochsPerSyncCommitteePeriod: bigint
  /** Members of a sync committee: 512 or 32, always a power of two. */
  readonly syncCommitteeSize: number
  /** Length of `state.block_roots`. */
  readonly slotsPerHistoricalRoot: bigint
  /** Of the preset's own networks; a network may set its own. */
  readonly secondsPerSlot: bigint
  /** What sizes a block body's type beside the fork. */
  readonly maxWithdrawalsPerPayload: number
  readonly maxCommitteesPerSlot: number
}

/** consensus-specs `presets/mainnet`. */
export const mainnetPreset: Preset = {
  name: 'mainnet',
  slotsPerEpoch: 32n,
  epochsPerSyncCommitteePeriod: 256n,
  syncCommitteeSize: 512,
  slotsPerHistoricalRoot: 8192n,
  secondsPerSlot: 12n,
  maxWithdrawalsPerPayload: 16,
  maxCommitteesPerSlot: 64,
}

/** gnosischain/specs `consensus/preset/gnosis`: a period has as many slots as mainnet's. */
export const gnosisPreset: Preset = {
  ...mainnetPreset,
  name: 'gnosis',
  slotsPerEpoch: 16n,
  epochsPerSyncCommitteePeriod: 512n,
  secondsPerSlot: 5n,
  maxWithdrawalsPerPayload: 8,
}

/** consensus-specs `presets/minimal`. */
export const minimalPreset: Preset = {
  name: 'minimal',
  slotsPerEpoch: 8n,
  epochsPerSyncCommitteePeriod: 8n,
  syncCommitteeSize: 32,
  slotsPerHistoricalRoot: 64n,
  secondsPerSlot: 6n,
  maxWithdrawalsPerPayload: 4,
  maxCommitteesPerSlot: 4,
}

export const presets = { mainnet: mainnetPreset, minimal: minimalPreset, gnosis: gnosisPreset } as const
