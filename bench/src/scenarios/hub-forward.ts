import { ethereumClientInit } from '@meridian/cli/deploy'
import { createPrivateChain } from '@meridian/cli/private-chain'
import { timeAtSlot } from '@meridian/consensus/ethereum'
import { createBootstrap, createCommittee, FINALIZED_SLOT, network } from '../beacon.ts'
import { behindNetwork, deployHub, encodeForward, sourceBlockForHub } from '../delivery.ts'
import type { Scenario } from '../scenario.ts'

/** In the middle of the block, where the trie is deepest. The first message only makes the bitmap's word non-zero. */
const [BEFORE, PLACE] = [149, 150] as const

/**
 * A hub forwards one message with a body of 512 bytes, in a block of 300 transactions that is the finalized Ethereum
 * block itself and that its light client has. A whole transaction.
 */
export const hubForward: Scenario = {
  id: 'hub/forward',
  unit: 'gas',
  measure: 'transaction',
  floor: null,
  aim: null,
  peers: [],
  async run() {
    const chain = await createPrivateChain({ start: timeAtSlot(network, FINALIZED_SLOT) + 1n })
    try {
      const source = sourceBlockForHub([BEFORE, PLACE])
      const { committee } = createCommittee('current')
      const { bootstrap, ...beacon } = createBootstrap(FINALIZED_SLOT, source.receiptsRoot, committee)
      const block = { ...source, ...beacon }
      const lightClient = await chain.deploy(ethereumClientInit(bootstrap, network))
      const behind = await chain.deploy(ethereumClientInit(bootstrap, behindNetwork))
      const hub = await deployHub(chain, lightClient, behind)
      await forward(encodeForward(block, BEFORE))
      return Number(await forward(encodeForward(block, PLACE)))

      async function forward(data: `0x${string}`): Promise<bigint> {
        const mined = await chain.transact(hub, data)
        if (!mined.ok) throw new Error(`the hub refused: ${(await chain.call(hub, data)).data}`)
        return mined.gasUsed
      }
    } finally {
      await chain.stop()
    }
  },
}
