import { ethereumClientInit } from '@meridian/cli/deploy'
import { createPrivateChain } from '@meridian/cli/private-chain'
import { timeAtSlot } from '@meridian/consensus/ethereum'
import { createBootstrap, createCommittee, FINALIZED_SLOT, network } from '../beacon.ts'
import {
  counterAddress,
  deployTarget,
  encodeBatchDelivery,
  encodeDelivery,
  gasOfDelivery,
  sourceBlock,
} from '../delivery.ts'
import type { Scenario } from '../scenario.ts'

const MESSAGES = 10
/** The first message only makes the slots non-zero. */
const BEFORE = 149
/** All over the block, so that no two of them share more of the trie than they must. */
const PLACES = Array.from({ length: MESSAGES }, (_, i) => 14 + 30 * i)

/**
 * Ten messages to one counter, each with a body of 512 bytes, of one block of 300 transactions that is the finalized
 * Ethereum block itself and that the light client has: one transaction, and the figure is a tenth of its gas. As in
 * `mos/deliver-1` a message went before.
 */
export const deliver10: Scenario = {
  id: 'mos/deliver-10',
  unit: 'gas',
  measure: 'transaction',
  floor: 78_000,
  aim: 62_000,
  peers: [
    {
      name: 'Hyperlane process, multisig of 5 of 8, each alone',
      value: 208_000,
      source: 'measured; fresh 512-byte body, validators trusted',
    },
    { name: 'IBC Eureka recvPacket, zero-knowledge', value: 173_000, source: 'published; batched, up to 179,000' },
  ],
  async run() {
    const chain = await createPrivateChain({ start: timeAtSlot(network, FINALIZED_SLOT) + 1n })
    try {
      const source = sourceBlock(counterAddress(chain.account), [BEFORE, ...PLACES])
      const { committee } = createCommittee('current')
      const { bootstrap, ...beacon } = createBootstrap(FINALIZED_SLOT, source.receiptsRoot, committee)
      const block = { ...source, ...beacon }
      const target = await deployTarget(chain, await chain.deploy(ethereumClientInit(bootstrap, network)))
      await gasOfDelivery(chain, target, encodeDelivery(block, BEFORE), 1n)
      const gas = await gasOfDelivery(chain, target, encodeBatchDelivery(block, PLACES), BigInt(1 + MESSAGES))
      return Math.ceil(gas / MESSAGES)
    } finally {
      await chain.stop()
    }
  },
}
