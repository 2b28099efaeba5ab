import type { Hex } from 'viem'
import { type ForkEpoch, forkAtEpoch } from './forks.ts'
import { mainnetPreset, type Preset } from './presets.ts'

/** What names one beacon chain: its preset, its genesis and its forks. Data, never a switch on the name. */
export interface Network {
  readonly name: string
  /** EIP-155 id of the execution chain. */
  readonly chainId: bigint
  readonly preset: Preset
  readonly secondsPerSlot: bigint
  /** Unix seconds of slot 0. */
  readonly genesisTime: bigint
  readonly genesisValidatorsRoot: Hex
  /** Ascending by epoch; of several entries at one epoch the last is in force. */
  readonly forks: readonly ForkEpoch[]
}

/** consensus-specs `configs/mainnet.yaml`. */
export const mainnet: Network = {
  name: 'mainnet',
  chainId: 1n,
  preset: mainnetPreset,
  secondsPerSlot: 12n,
  genesisTime: 1606824023n,
  genesisValidatorsRoot: '0x4b363db94e286120d76eb905340fdd4e54bfe9f06bf33ff6cf5ad27f511bfe95',
  forks: [
    { name: 'capella', epoch: 194048n, version: '0x03000000' },
    { name: 'deneb', epoch: 269568n, version: '0x04000000' },
    { name: 'electra', epoch: 364032n, version: '0x05000000' },
    { name: 'fulu', epoch: 411392n, version: '0x06000000' },
  ],
}

/** eth-clients/sepolia `metadata/config.yaml`. */
export const sepolia: Network = {
  name: 'sepolia',
  chainId: 11155111n,
  preset: mainnetPreset,
  secondsPerSlot: 12n,
  genesisTime: 1655733600n,
  genesisValidatorsRoot: '0xd8ea171f3c94aea21ebc42a1ed61052acf3f9209c00e4efbaaddac09ed9b8078',
  forks: [
    { name: 'capella', epoch: 56832n, version: '0x90000072' },
    { name: 'deneb', epoch: 132608n, version: '0x90000073' },
    { name: 'electra', epoch: 222464n, version: '0x90000074' },
    { name: 'fulu', epoch: 272640n, version: '0x90000075' },
  ],
}

export const networks: Readonly<Record<string, Network>> = { mainnet, sepolia }

export function epochAtSlot(network: Network, slot: bigint): bigint {
  return slot / network.preset.slotsPerEpoch
}

/** The sync-committee period of a slot. */
export function periodAtSlot(network: Network, slot: bigint): bigint {
  return epochAtSlot(network, slot) / network.preset.epochsPerSyncCommitteePeriod
}

/** The fork in force at a slot. @throws ForkError where it is not known here. */
export function forkAtSlot(network: Network, slot: bigint): ForkEpoch {
  return forkAtEpoch(network.forks, epochAtSlot(network, slot))
}

/** Unix seconds at which a slot starts. */
export function timeAtSlot(network: Network, slot: bigint): bigint {
  return network.genesisTime + slot * network.secondsPerSlot
}

/** The slot in progress at a time in unix seconds; execution payloads carry exactly their slot's start. */
export function slotAtTime(network: Network, timestamp: bigint): bigint {
  return (timestamp - network.genesisTime) / network.secondsPerSlot
}
