import { type EncodingOptions, periodAtSlot, timeAtSlot } from '@meridian/consensus/ethereum'
import { type Hex, hexToBigInt, keccak256, stringToHex } from 'viem'
import { beaconBlock, createBootstrap, createCommittee, createUpdate, FINALIZED_SLOT, network } from './beacon.ts'
import { soilBlock, soilCommittee } from './client-storage.ts'
import { gasOfUpdate, withClient } from './ethereum-client.ts'

/** The client starts two epochs before the block that the update finalizes. */
const START = FINALIZED_SLOT - 64n
const EPOCH = 32n

/** `count` members spread over the committee without any order, as absent ones are. Deterministic. */
export function scattered(count: number): readonly number[] {
  const size = BigInt(network.preset.syncCommitteeSize)
  const members = new Set<number>()
  for (let i = 0; members.size < count; i++)
    members.add(Number(hexToBigInt(keccak256(stringToHex(`absent ${i}`))) % size))
  return [...members].sort((a, b) => a - b)
}

/** What {@link gasOfGenerated} measures. */
export interface GeneratedUpdate {
  readonly absent: readonly number[]
  readonly rotates?: boolean
  /** Members that were absent in an update before it, whose aggregate the client kept and this one starts from. */
  readonly keptAbsent?: readonly number[]
}

/**
 * Gas of the whole transaction of an update that moves the head, signed with keys of our own by all but the absent
 * members. The ring words that it writes hold an older block and an older committee, as on a client that has run for
 * longer than its rings are.
 */
export function gasOfGenerated({ absent, rotates = false, keptAbsent }: GeneratedUpdate): Promise<number> {
  const signers = createCommittee('current')
  const next = rotates ? { next: createCommittee('next').committee } : {}
  const { bootstrap } = createBootstrap(START, word('start'), signers.committee)
  const blockAt = (slot: bigint) => beaconBlock(slot, word(`receipts ${slot}`), word(`state ${slot}`)).header
  const finalized = blockAt(FINALIZED_SLOT)
  return withClient(bootstrap, network, async (chain, client) => {
    let encoding: EncodingOptions = {}
    if (keptAbsent !== undefined) {
      const before = createUpdate({
        signers,
        finalized: blockAt(FINALIZED_SLOT - EPOCH),
        absent: keptAbsent,
        encoding: { keep: true },
      })
      await chain.warp(timeAtSlot(network, before.signatureSlot) + 1n)
      await gasOfUpdate(chain, client, before.data)
      encoding = { from: { period: periodAtSlot(network, before.signatureSlot), bits: before.bits }, keep: true }
    }
    const { data, signatureSlot } = createUpdate({ signers, finalized, absent, ...next, encoding })
    await chain.warp(timeAtSlot(network, signatureSlot) + 1n)
    await soilBlock(chain, client, FINALIZED_SLOT)
    await soilCommittee(chain, client, periodAtSlot(network, FINALIZED_SLOT) + 1n)
    return gasOfUpdate(chain, client, data)
  })
}

function word(label: string): Hex {
  return keccak256(stringToHex(label))
}
