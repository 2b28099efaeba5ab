import type { BeaconPort, Consensus, ConsensusKind, SourcePorts } from '@meridian/consensus'
import {
  createEthereumConsensus,
  type ForkEpoch,
  forkNames,
  mainnet,
  type Network,
  networks,
  presets,
} from '@meridian/consensus/ethereum'
import { istanbulConsensus } from '@meridian/consensus/istanbul'
import { createParliaConsensus, type ParliaSettings } from '@meridian/consensus/parlia'
import { qbftConsensus } from '@meridian/consensus/qbft'
import { hasCode } from '@meridian/core'
import { isHex } from 'viem'
import { z } from 'zod'
import { ConfigError } from './errors.ts'

/** What a consensus may want to know beside the ports. */
export interface ConsensusSettings {
  readonly chainId: bigint
  /** A network that is known by name, or `beacon`. */
  readonly network: string
}

/** Makes a consensus out of a chain's configuration: one row each. */
export const consensusRegistry: Readonly<
  Record<ConsensusKind, (settings: ConsensusSettings, ports: SourcePorts) => Promise<Consensus>>
> = {
  qbft: async () => qbftConsensus,
  istanbul: async () => istanbulConsensus,
  parlia: async ({ network }) => createParliaConsensus(parliaSettings(network)),
  ethereum: async ({ network, chainId }, { beacon }) => {
    const known = Object.hasOwn(networks, network) ? networks[network] : undefined
    if (known !== undefined) return createEthereumConsensus({ network: known })
    if (network !== 'beacon') throw new ConfigError([`network: unknown network "${network}"`])
    if (beacon === undefined) throw new ConfigError(['beacon: Ethereum needs a beacon URL'])
    const make = async () => createEthereumConsensus({ network: await readNetwork(beacon, chainId) })
    return make().catch((error: unknown) => {
      if (hasCode(error, 'BEACON')) return onceMade(make)
      throw error
    })
  },
}

/** Ethereum's consensus as soon as it can be made: beacon nodes that are down keep their chain waiting, and no other. */
function onceMade(make: () => Promise<Consensus>): Consensus {
  let made: Promise<Consensus> | null = null
  const ready = (): Promise<Consensus> => {
    made ??= make().catch((error: unknown) => {
      made = null
      throw error
    })
    return made
  }
  // what it reads of logs is the same on every network
  const { kind, otherClaims } = createEthereumConsensus({ network: mainnet })
  return {
    kind,
    ...(otherClaims === undefined ? {} : { otherClaims }),
    finalized: async (...args) => (await ready()).finalized(...args),
    readClient: async (...args) => (await ready()).readClient(...args),
    proveBlock: async (...args) => (await ready()).proveBlock(...args),
    proveReceiptsRoot: async (...args) => (await ready()).proveReceiptsRoot(...args),
    maintain: async (...args) => (await ready()).maintain(...args),
    ownViews: async (...args) => (await ready()).ownViews(...args),
    misbehaviour: async (...args) => (await ready()).misbehaviour(...args),
  }
}

/** `epoch-N` for N blocks in an epoch; what is left at its default is BNB Smart Chain's. */
function parliaSettings(network: string): ParliaSettings {
  const epochLength = /^epoch-([1-9]\d{0,6})$/.exec(network)?.[1]
  if (epochLength !== undefined) return { epochLength: BigInt(epochLength) }
  if (network === 'beacon' || network === 'bsc') return {}
  throw new ConfigError([`network: expected "bsc" or "epoch-N", given "${network}"`])
}

const hex = z.custom<`0x${string}`>((value) => isHex(value), 'expected hex')
const decimal = z
  .string()
  .regex(/^\d{1,20}$/, 'expected a decimal')
  .transform((value) => BigInt(value))
const genesisSchema = z.object({ data: z.object({ genesis_time: decimal, genesis_validators_root: hex }) })
const specSchema = z.object({ data: z.record(z.string(), z.unknown()) })

/** An epoch that never comes. */
const FAR_FUTURE_EPOCH = 2n ** 64n - 1n

/**
 * A beacon chain's parameters as its node serves them (`/eth/v1/config/spec`, `/eth/v1/beacon/genesis`). They only guide
 * what Compass builds: the light client on chain has its own, and checks everything by those.
 *
 * @throws {ConfigError} the node serves something else.
 */
export async function readNetwork(beacon: BeaconPort, chainId: bigint): Promise<Network> {
  const [genesis, served] = await Promise.all([beacon.get('/eth/v1/beacon/genesis'), beacon.get('/eth/v1/config/spec')])
  const parsed = genesisSchema.safeParse(genesis)
  const spec = specSchema.safeParse(served)
  if (!parsed.success || !spec.success) throw new ConfigError(['beacon: the node serves no genesis or no spec'])
  const text = (key: string): string => {
    const value = spec.data.data[key]
    if (typeof value === 'string') return value
    throw new ConfigError([`beacon: the node's spec has no ${key}`])
  }
  const number = (key: string): bigint => {
    const value = decimal.safeParse(text(key))
    if (value.success) return value.data
    throw new ConfigError([`beacon: the node's ${key} is not a number`])
  }
  const base = text('PRESET_BASE')
  const preset = Object.values(presets).find(({ name }) => name === base) ?? presets.mainnet
  const forks = forkNames.flatMap((name): readonly ForkEpoch[] => {
    const key = name.toUpperCase()
    if (spec.data.data[`${key}_FORK_EPOCH`] === undefined) return []
    const epoch = number(`${key}_FORK_EPOCH`)
    const version = text(`${key}_FORK_VERSION`)
    return epoch === FAR_FUTURE_EPOCH || !isHex(version) ? [] : [{ name, epoch, version }]
  })
  if (number('SYNC_COMMITTEE_SIZE') !== BigInt(preset.syncCommitteeSize))
    throw new ConfigError([`beacon: the node's sync committee is not the ${preset.name} preset's`])
  return {
    name: `chain ${chainId}`,
    chainId,
    preset,
    secondsPerSlot: number('SECONDS_PER_SLOT'),
    genesisTime: parsed.data.data.genesis_time,
    genesisValidatorsRoot: parsed.data.data.genesis_validators_root,
    forks,
  }
}
