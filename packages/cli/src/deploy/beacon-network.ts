import type { BeaconPort } from '@meridian/consensus'
import { type ForkName, forkNames, type Network, networks, presets } from '@meridian/consensus/ethereum'
import { isHex } from 'viem'
import { z } from 'zod'
import { RunError } from '../errors.ts'

const decimal = z
  .string()
  .regex(/^[0-9]{1,20}$/)
  .transform((text) => BigInt(text))
const bytes = z.string().refine((text) => isHex(text))
const genesisSchema = z.object({ data: z.object({ genesis_time: decimal, genesis_validators_root: bytes }) })
const specSchema = z.object({
  data: z
    .object({ PRESET_BASE: z.enum(['mainnet', 'minimal']), SECONDS_PER_SLOT: decimal, DEPOSIT_CHAIN_ID: decimal })
    .catchall(z.unknown()),
})

/** Epoch of a fork that is not scheduled. */
const FAR_FUTURE_EPOCH = 2n ** 64n - 1n

/**
 * What names the beacon chain behind a node. Mainnet and Sepolia are known here and the node must agree with what is
 * known; for any other chain the node is believed, as it is with the bootstrap: compare both with other sources.
 *
 * @throws {@link RunError} where the node's answers make no network
 */
export async function networkOf(beacon: BeaconPort): Promise<Network> {
  const genesis = genesisSchema.safeParse(await beacon.get('/eth/v1/beacon/genesis'))
  const spec = specSchema.safeParse(await beacon.get('/eth/v1/config/spec'))
  if (!genesis.success || !spec.success) {
    throw new RunError('the beacon node', 'does not answer genesis and spec as the beacon API has them')
  }
  const { genesis_time: genesisTime, genesis_validators_root: root } = genesis.data.data
  const config = spec.data.data
  const known = Object.values(networks).find((network) => network.chainId === config.DEPOSIT_CHAIN_ID)
  if (known !== undefined) {
    if (known.genesisValidatorsRoot !== root || known.genesisTime !== genesisTime) {
      throw new RunError('the beacon node', `calls itself chain ${known.chainId} and has another genesis`)
    }
    return known
  }
  if (!isHex(root)) throw new RunError('the beacon node', 'has no genesis validators root')
  return {
    name: `chain-${config.DEPOSIT_CHAIN_ID}`,
    chainId: config.DEPOSIT_CHAIN_ID,
    preset: presets[config.PRESET_BASE],
    secondsPerSlot: config.SECONDS_PER_SLOT,
    genesisTime,
    genesisValidatorsRoot: root,
    forks: forkNames.flatMap((name) => forkOf(name, config)),
  }
}

function forkOf(name: ForkName, config: Readonly<Record<string, unknown>>): Network['forks'] {
  const prefix = name.toUpperCase()
  const epoch = decimal.safeParse(config[`${prefix}_FORK_EPOCH`])
  const version = config[`${prefix}_FORK_VERSION`]
  if (!epoch.success || epoch.data === FAR_FUTURE_EPOCH || !isHex(version)) return []
  return [{ name, epoch: epoch.data, version }]
}
