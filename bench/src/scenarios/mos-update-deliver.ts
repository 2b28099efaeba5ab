import { ethereumClientInit } from '@meridian/cli/deploy'
import { createPrivateChain } from '@meridian/cli/private-chain'
import { timeAtSlot } from '@meridian/consensus/ethereum'
import { keccak256, stringToHex } from 'viem'
import { beaconBlock, createBootstrap, createCommittee, createUpdate, FINALIZED_SLOT, network } from '../beacon.ts'
import { lowerHead } from '../client-storage.ts'
import { counterAddress, deployTarget, encodeUpdateAndDelivery, gasOfDelivery, sourceBlock } from '../delivery.ts'
import type { Scenario } from '../scenario.ts'

/** The client starts two epochs before the block that the update finalizes. */
const BEHIND = 64n
/** One member is absent, as in most mainnet updates. */
const ABSENT = [433]
/** In the middle of the block, where the trie is deepest. The first message only makes the slots non-zero. */
const [BEFORE, PLACE] = [149, 150] as const

/**
 * The finality update that makes the block known and the delivery of its message, in one transaction. As in
 * `mos/deliver-1` a message went before; the head is lowered again by cheatcode, so that the update is new and its
 * writes are paid.
 */
export const updateDeliver: Scenario = {
  id: 'mos/update-deliver',
  unit: 'gas',
  measure: 'transaction',
  floor: null,
  aim: null,
  peers: [
    {
      name: 'CLPR EthMainnetVerifier, a bundle with account proof',
      value: 1_645_052,
      source: 'published; attested header only',
    },
    { name: 'IBC Eureka recvPacket, zero-knowledge', value: 524_000, source: 'published; Groth16, one packet' },
  ],
  async run() {
    const start = FINALIZED_SLOT - BEHIND
    const chain = await createPrivateChain({ start: timeAtSlot(network, start) + 1n })
    try {
      const signers = createCommittee('current')
      const { bootstrap } = createBootstrap(start, keccak256(stringToHex('start')), signers.committee)
      const client = await chain.deploy(ethereumClientInit(bootstrap, network))
      const source = sourceBlock(counterAddress(chain.account), [BEFORE, PLACE])
      const block = { ...source, ...beaconBlock(FINALIZED_SLOT, source.receiptsRoot, keccak256(stringToHex('state'))) }
      const update = createUpdate({ signers, finalized: block.header, absent: ABSENT })
      const target = await deployTarget(chain, client)
      await chain.warp(timeAtSlot(network, update.signatureSlot) + 1n)
      const deliver = (place: number) => encodeUpdateAndDelivery(update.data, block, place)
      await gasOfDelivery(chain, target, deliver(BEFORE), 1n)
      await lowerHead(chain, client, FINALIZED_SLOT, BEHIND)
      return await gasOfDelivery(chain, target, deliver(PLACE), 2n)
    } finally {
      await chain.stop()
    }
  },
}
