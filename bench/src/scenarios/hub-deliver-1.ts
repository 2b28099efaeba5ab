import { ethereumClientInit } from '@meridian/cli/deploy'
import { createPrivateChain } from '@meridian/cli/private-chain'
import { timeAtSlot } from '@meridian/consensus/ethereum'
import { createBootstrap, createCommittee, FINALIZED_SLOT, network } from '../beacon.ts'
import { counterAddress, deployTarget, encodeDelivery, gasOfDelivery, overHub, sourceBlock } from '../delivery.ts'
import type { Scenario } from '../scenario.ts'

/** In the middle of the block, where the trie is deepest. The first message only makes the slots non-zero. */
const [BEFORE, PLACE] = [149, 150] as const

/** As `mos/deliver-1`, where a hub on the chain that the light client follows forwarded the message of a third chain. */
export const hubDeliver1: Scenario = {
  id: 'hub/deliver-1',
  unit: 'gas',
  measure: 'transaction',
  floor: null,
  aim: null,
  peers: [],
  async run() {
    const chain = await createPrivateChain({ start: timeAtSlot(network, FINALIZED_SLOT) + 1n })
    try {
      const source = sourceBlock(counterAddress(chain.account), [BEFORE, PLACE], overHub)
      const { committee } = createCommittee('current')
      const { bootstrap, ...beacon } = createBootstrap(FINALIZED_SLOT, source.receiptsRoot, committee)
      const block = { ...source, ...beacon }
      const lightClient = await chain.deploy(ethereumClientInit(bootstrap, network))
      const target = await deployTarget(chain, lightClient, overHub)
      await gasOfDelivery(chain, target, encodeDelivery(block, BEFORE, 0n, overHub), 1n)
      return await gasOfDelivery(chain, target, encodeDelivery(block, PLACE, 0n, overHub), 2n)
    } finally {
      await chain.stop()
    }
  },
}
