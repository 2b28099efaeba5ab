import { getBlock } from '@meridian/chain'
import type { Consensus, SourcePorts } from '@meridian/consensus'
import { hasCode } from '@meridian/core'
import { type Hex, zeroHash } from 'viem'
import { z } from 'zod'

/** A chain as its own nodes show it. */
export interface OwnChain {
  readonly consensus: Consensus
  readonly ports: SourcePorts
}

const headerSchema = z.object({
  data: z.object({
    root: z.string(),
    canonical: z.boolean(),
    header: z.object({ message: z.object({ slot: z.string().regex(/^\d{1,20}$/) }) }),
  }),
})

/**
 * What our own nodes have where a light client says its head is: the block's hash, or for Ethereum the root of the beacon
 * block in that slot, zero where the slot is empty and final. Null: they are not there yet.
 *
 * @throws what the endpoints do, where nothing can be said.
 */
export async function readHeadOf({ consensus, ports }: OwnChain, number: bigint): Promise<Hex | null> {
  if (consensus.kind === 'ethereum') return readBeaconRoot(ports, number)
  try {
    return (await getBlock(ports.rpc, number)).hash
  } catch (error) {
    if (hasCode(error, 'NOT_FOUND') && (await isAhead(ports, number))) return null
    throw error
  }
}

async function isAhead({ rpc }: SourcePorts, number: bigint): Promise<boolean> {
  return (await getBlock(rpc, 'latest')).number < number
}

async function readBeaconRoot({ beacon }: SourcePorts, slot: bigint): Promise<Hex | null> {
  if (beacon === undefined) throw new TypeError('Ethereum needs a beacon node')
  const header = async (id: string) => headerSchema.parse(await beacon.get(`/eth/v1/beacon/headers/${id}`)).data
  try {
    const { root, canonical } = await header(String(slot))
    return canonical ? (root as Hex) : null // CAST: compared as text, never decoded
  } catch (error) {
    if (!(error instanceof Error && 'context' in error && isNotFound(error.context))) throw error
  }
  const final = await header('finalized')
  return BigInt(final.header.message.slot) > slot ? zeroHash : null
}

const isNotFound = (context: unknown): boolean =>
  typeof context === 'object' && context !== null && 'status' in context && context.status === 404
