/** What the official vectors say about their chain: `config.yaml`, and the fork digests that name the forms of objects. */
import { sha256 } from '@noble/hashes/sha2.js'
import { bytesToHex, type Hex, hexToBytes } from 'viem'
import { parse } from 'yaml'
import { z } from 'zod'
import { type ForkEpoch, forkNames, mainnetPreset, minimalPreset, type Network } from '../src/ethereum/index.ts'

/** Forks that have light-client data, oldest first. The client knows those since Capella. */
export const specForks = ['altair', 'bellatrix', 'capella', 'deneb', 'electra', 'fulu', 'gloas'] as const
export type SpecFork = (typeof specForks)[number]

/** An epoch that never comes. */
const FAR_FUTURE_EPOCH = 2n ** 64n - 1n
const FULU = specForks.indexOf('fulu')

const uint = z
  .string()
  .regex(/^\d+$/)
  .transform((text) => BigInt(text))
const bytes4 = z.custom<Hex>((value) => typeof value === 'string' && /^0x[0-9a-f]{8}$/.test(value), 'not 4 bytes')
const schema = z.looseObject({
  PRESET_BASE: z.enum(['mainnet', 'minimal']),
  BLOB_SCHEDULE: z.array(z.object({ EPOCH: uint, MAX_BLOBS_PER_BLOCK: uint })).optional(),
  MAX_BLOBS_PER_BLOCK_ELECTRA: uint.optional(),
})

/** A fork of a case's schedule. */
export interface SpecForkEpoch {
  readonly name: SpecFork
  readonly epoch: bigint
  readonly version: Hex
}

/** A case's `config.yaml`. */
export interface SpecConfig {
  readonly preset: 'mainnet' | 'minimal'
  /** Those that ever come, ascending. */
  readonly forks: readonly SpecForkEpoch[]
  readonly blobs: readonly { readonly epoch: bigint; readonly max: bigint }[]
}

/** Reads YAML with every scalar as text: a fork version is no number. */
export function parseYaml(text: string): unknown {
  return parse(text, { schema: 'failsafe' })
}

/** @throws where it is not what the official vectors have. */
export function parseSpecConfig(text: string): SpecConfig {
  const given = schema.parse(parseYaml(text))
  const forks = specForks.flatMap((name): readonly SpecForkEpoch[] => {
    const key = name.toUpperCase()
    if (given[`${key}_FORK_EPOCH`] === undefined) return []
    const epoch = uint.parse(given[`${key}_FORK_EPOCH`])
    return epoch === FAR_FUTURE_EPOCH ? [] : [{ name, epoch, version: bytes4.parse(given[`${key}_FORK_VERSION`]) }]
  })
  const listed = (given.BLOB_SCHEDULE ?? []).map((entry) => ({ epoch: entry.EPOCH, max: entry.MAX_BLOBS_PER_BLOCK }))
  const electra = forks.find(({ name }) => name === 'electra')
  const first = electra && { epoch: electra.epoch, max: given.MAX_BLOBS_PER_BLOCK_ELECTRA ?? 9n }
  return { preset: given.PRESET_BASE, forks, blobs: first === undefined ? listed : [first, ...listed] }
}

/** The case's chain as the client knows it. */
export function networkOf(config: SpecConfig, genesisValidatorsRoot: Hex): Network {
  const preset = config.preset === 'mainnet' ? mainnetPreset : minimalPreset
  const forks = config.forks.flatMap(({ name, ...rest }): readonly ForkEpoch[] => {
    const known = forkNames.find((fork) => fork === name)
    return known === undefined ? [] : [{ name: known, ...rest }]
  })
  return {
    name: `spec vectors, ${config.preset}`,
    chainId: 1n,
    preset,
    secondsPerSlot: preset.secondsPerSlot,
    genesisTime: 0n,
    genesisValidatorsRoot,
    forks,
  }
}

/** Spec `compute_fork_digest`, from Fulu on with the blob parameters of the epoch (EIP-7892). */
export function forkDigest(config: SpecConfig, genesisValidatorsRoot: Hex, epoch: bigint): Hex {
  const fork = config.forks.findLast((entry) => entry.epoch <= epoch)
  if (fork === undefined) throw new RangeError(`no fork at epoch ${epoch}`)
  const data = new Uint8Array(64)
  data.set(hexToBytes(fork.version))
  data.set(hexToBytes(genesisValidatorsRoot), 32)
  const base = sha256(data)
  if (specForks.indexOf(fork.name) >= FULU) {
    const { epoch: since, max } = config.blobs.findLast((entry) => entry.epoch <= epoch) ?? { epoch: 0n, max: 0n }
    const parameters = new DataView(new ArrayBuffer(16))
    parameters.setBigUint64(0, since, true)
    parameters.setBigUint64(8, max, true)
    const mask = sha256(new Uint8Array(parameters.buffer))
    for (let i = 0; i < 4; i++) base[i] = (base[i] ?? 0) ^ (mask[i] ?? 0)
  }
  return bytesToHex(base.slice(0, 4))
}

/** The fork that a digest names. @throws where the schedule has none with it. */
export function forkOfDigest(config: SpecConfig, genesisValidatorsRoot: Hex, digest: Hex): SpecFork {
  const epochs = [...config.forks, ...config.blobs].map(({ epoch }) => epoch)
  const first = config.forks[0]?.epoch ?? 0n
  const epoch = epochs.find((e) => e >= first && forkDigest(config, genesisValidatorsRoot, e) === digest)
  const fork = epoch === undefined ? undefined : config.forks.findLast((entry) => entry.epoch <= epoch)
  if (fork === undefined) throw new RangeError(`no fork of the schedule has the digest ${digest}`)
  return fork.name
}
