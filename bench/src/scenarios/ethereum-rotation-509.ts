import { periodAtSlot, timeAtSlot } from '@meridian/consensus/ethereum'
import { keccak256, stringToHex } from 'viem'
import { beaconBlock, createBootstrap, createCommittee, createUpdate, FINALIZED_SLOT, network } from '../beacon.ts'
import { soilBlock, soilCommittee } from '../client-storage.ts'
import { gasOfUpdate, withClient } from '../ethereum-client.ts'
import type { Scenario } from '../scenario.ts'

/** Members that do not sign, spread like those of a mainnet update: 509 of 512 do. */
const ABSENT = [14, 141, 433]
/** The client starts two epochs before the block that the update finalizes. */
const START = FINALIZED_SLOT - 64n

/**
 * An update that moves the head and brings a new next committee, signed by 509 of 512 with keys of our own. A whole
 * transaction; the ring words that it writes hold an older block and an older committee, as on a client that has run for
 * longer than its rings are.
 */
export const rotation509: Scenario = {
  id: 'ethereum/rotation-509',
  unit: 'gas',
  measure: 'transaction',
  floor: 310_000,
  aim: 290_971,
  peers: [
    { name: 'CLPR EthMainnetVerifier, rotation', value: 4_836_081, source: 'published; 66.9 kB' },
    { name: 'DendrETH, zero-knowledge', value: 357_029, source: 'published; upper figure' },
  ],
  async run() {
    const signers = createCommittee('current')
    const next = createCommittee('next').committee
    const { bootstrap } = createBootstrap(START, keccak256(stringToHex('start')), signers.committee)
    const finalized = beaconBlock(FINALIZED_SLOT, keccak256(stringToHex('finalized')), keccak256(stringToHex('state')))
    const update = createUpdate({ signers, finalized: finalized.header, absent: ABSENT, next })
    return withClient(bootstrap, network, async (chain, client) => {
      await chain.warp(timeAtSlot(network, update.signatureSlot) + 1n)
      await soilBlock(chain, client, FINALIZED_SLOT)
      await soilCommittee(chain, client, periodAtSlot(network, FINALIZED_SLOT) + 1n)
      return gasOfUpdate(chain, client, update.data)
    })
  },
}
