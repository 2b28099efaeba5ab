import type { Hex } from 'viem'
import { type ForkEpoch, forkAtEpoch } from './forks.ts'
import { gnosisPreset, mainnetPreset, type Preset } from './presets.ts'

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
    { name: 'gloas', epoch: 353024n, version: '0x90000076' },
  ],
}

/** eth-clients/hoodi `metadata/config.yaml`. */
export const hoodi: Network = {
  name: 'hoodi',
  chainId: 560048n,
  preset: mainnetPreset,
  secondsPerSlot: 12n,
  genesisTime: 1742213400n,
  genesisValidatorsRoot: '0x212f13fc4df078b6cb7db228f1c8307566dcecf900867401a92023d7ba99cb5f',
  forks: [
    { name: 'capella', epoch: 0n, version: '0x40000910' },
    { name: 'deneb', epoch: 0n, version: '0x50000910' },
    { name: 'electra', epoch: 2048n, version: '0x60000910' },
    { name: 'fulu', epoch: 50688n, version: '0x70000910' },
  ],
}

/** gnosischain/configs `mainnet/config.yaml`. */
export const gnosis: Network = {
  name: 'gnosis',
  chainId: 100n,
  preset: gnosisPreset,
  secondsPerSlot: 5n,
  genesisTime: 1638993340n,
  genesisValidatorsRoot: '0xf5dcb5564e829aab27264b9becd5dfaa017085611224cb3036f573368dbb9d47',
  forks: [
    { name: 'capella', epoch: 648704n, version: '0x03000064' },
    { name: 'deneb', epoch: 889856n, version: '0x04000064' },
    { name: 'electra', epoch: 1337856n, version: '0x05000064' },
    { name: 'fulu', epoch: 1714688n, version: '0x06000064' },
  ],
}

/** gnosischain/configs `chiado/config.yaml`. */
export const chiado: Network = {
  name: 'chiado',
  chainId: 10200n,
  preset: gnosisPreset,
  secondsPerSlot: 5n,
  genesisTime: 1665396300n,
  genesisValidatorsRoot: '0x9d642dac73058fbf39c0ae41ab1e34e4d889043cb199851ded7095bc99eb4c1e',
  forks: [
    { name: 'capella', epoch: 244224n, version: '0x0300006f' },
    { name: 'deneb', epoch: 516608n, version: '0x0400006f' },
    { name: 'electra', epoch: 948224n, version: '0x0500006f' },
    { name: 'fulu', epoch: 1353216n, version: '0x0600006f' },
  ],
}

export const networks: Readonly<Record<string, Network>> = { mainnet, sepolia, hoodi, gnosis, chiado }

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
