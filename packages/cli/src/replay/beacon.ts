import { createBeacon, hostOf } from '@meridian/chain'
import {
  type Bootstrap,
  beaconHeaderRoot,
  createEthereumSource,
  type EthereumSource,
  type Network,
  networks,
  periodAtSlot,
  type Update,
} from '@meridian/consensus/ethereum'
import { MeridianError } from '@meridian/core'
import type { Hex } from 'viem'
import { z } from 'zod'
import { networkOf } from '../deploy/beacon-network.ts'
import { RunError, UsageError } from '../errors.ts'

/** Where updates come from: a beacon node, and how many periods' worth. */
export interface BeaconRange {
  readonly url: string
  /** The first sync-committee period; default: that of the newest finality. */
  readonly fromPeriod?: bigint
  /** Periods. */
  readonly count: bigint
}

/** Everything that a replay needs of a beacon node. */
export interface ServedReplay {
  readonly network: Network
  /** The trusted block's. @throws {@link RunError} */
  bootstrap(): Promise<Bootstrap>
  /** The best update of each period, ascending, then the newest finality update. */
  readonly updates: readonly Update[]
  /** The node, without what its URL may hide. */
  readonly host: string
}

const specSchema = z.object({ data: z.object({ DEPOSIT_CHAIN_ID: z.string().regex(/^\d{1,16}$/) }).loose() })

/**
 * Reads a range of updates and the newest finality update, and a bootstrap that they can start from. The node is believed for
 * nothing: what it serves is verified by the contract, from the bootstrap on. That one is the caller's to trust: compare its
 * root with other sources.
 *
 * @param network A network by name; `beacon`: as the node says.
 * @param trusted Root of the bootstrap's block; default: the block that the first update finalizes.
 * @throws {@link RunError} where the node does not serve it
 */
export async function readFromBeacon(range: BeaconRange, network: string, trusted?: Hex): Promise<ServedReplay> {
  const host = hostOf(range.url)
  const beacon = createBeacon({ urls: [range.url] })
  try {
    const known = network === 'beacon' ? undefined : networkByName(network)
    const chainId = async () => BigInt(specSchema.parse(await beacon.get('/eth/v1/config/spec')).data.DEPOSIT_CHAIN_ID)
    const followed = known ?? (await networkOf(beacon, await chainId()))
    const source = createEthereumSource({ rpc: { request: noRpc }, beacon }, followed)
    const finality = await source.finalityUpdate()
    const from = range.fromPeriod ?? periodAtSlot(followed, finality.finalizedHeader.beacon.slot)
    const updates = await updatesOf(source, from, range.count)
    const [first] = updates
    if (first === undefined) throw new RunError(host, `serves no update of period ${from}`)
    const root = trusted ?? beaconHeaderRoot(first.finalizedHeader.beacon)
    const bootstrap = () => source.bootstrap(root).catch((error: unknown) => fail(host, error))
    return {
      network: followed,
      updates: [...updates, finality],
      host,
      async bootstrap() {
        const found = await bootstrap()
        if (found === undefined) throw new RunError(host, `serves no light-client bootstrap for ${root}`)
        return found
      },
    }
  } catch (error) {
    return fail(host, error)
  }
}

/** What is wrong with a node's answers is told in one line that names the node. */
function fail(host: string, error: unknown): never {
  if (error instanceof UsageError || error instanceof RunError) throw error
  if (error instanceof MeridianError) throw new RunError(host, error.message, { cause: error })
  if (error instanceof z.ZodError) throw new RunError(host, 'serves no chain id in its config/spec')
  throw error
}

/** A network that is known by name. @throws {@link UsageError} */
export function networkByName(name: string): Network {
  const network = Object.hasOwn(networks, name) ? networks[name] : undefined
  if (network === undefined)
    throw new UsageError('--network', `expected ${Object.keys(networks).join(' or ')}, given "${name}"`)
  return network
}

/** As many as are served: nodes bound what one request may ask for. */
async function updatesOf(source: EthereumSource, from: bigint, count: bigint): Promise<readonly Update[]> {
  const updates: Update[] = []
  for (let next = from; next < from + count; ) {
    const served = await source.updates(next, from + count - next)
    if (served.length === 0) break
    updates.push(...served.map(({ value }) => value))
    next += BigInt(served.length)
  }
  return updates
}

async function noRpc(method: string): Promise<never> {
  throw new RunError('replay', `needs no execution node, but asked for ${method}`)
}
