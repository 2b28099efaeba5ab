import { decompressSignature } from './bls.ts'
import { isQuorum, participants } from './committee.ts'
import { epochAtSlot, type Network } from './networks.ts'
import type { SignedUpdate } from './signed-update.ts'
import type { EthereumSource } from './source.ts'

/** Epochs below the wanted slot in which a block is looked for that enough members signed. */
const MAX_EPOCHS = 2n

/**
 * An update out of blocks, as consensus-specs `full-node.md` makes one: for where nodes serve no updates, or none of the
 * period that is wanted. The newest one whose signature is in a slot up to `slot` and that two thirds signed; undefined
 * where no node has the blocks, or the state that was attested.
 *
 * Its next committee is left out: only its finality is proven.
 * @throws what the nodes fail with.
 */
export async function updateOfBlocks(
  source: EthereumSource,
  network: Network,
  slot: bigint,
): Promise<SignedUpdate | undefined> {
  const size = network.preset.syncCommitteeSize
  const last = slot - MAX_EPOCHS * network.preset.slotsPerEpoch
  for (let at = slot; at > 0n && at > last; at--) {
    const block = await source.signedBlock(at)
    if (block === undefined || !isQuorum(participants(block.syncAggregate.bits, size), size)) continue
    const attested = await source.headerByRoot(block.header.parentRoot)
    if (attested === undefined || epochAtSlot(network, attested.slot) === 0n) return undefined
    const inState = await source.finalityBranch(attested)
    const finalized = inState && (await source.headerByRoot(inState.leaf))
    if (inState === undefined || finalized === undefined) return undefined
    return {
      attested,
      finalized,
      finalityBranch: inState.branch,
      signatureSlot: at,
      bits: block.syncAggregate.bits,
      signature: decompressSignature(block.syncAggregate.signature),
    }
  }
  return undefined
}
