import { ethereumClientInit } from '@meridian/cli/deploy'
import { createPrivateChain } from '@meridian/cli/private-chain'
import { timeAtSlot } from '@meridian/consensus/ethereum'
import { createBootstrap, createCommittee, FINALIZED_SLOT, network } from '../beacon.ts'
import { counterAddress, deployTarget, encodeDelivery, gasOfDelivery, sourceBlock } from '../delivery.ts'
import type { Scenario } from '../scenario.ts'

/** In the middle of the block, where the trie is deepest. The first message only makes the slots non-zero. */
const [BEFORE, PLACE] = [149, 150] as const

/**
 * One message with a body of 512 bytes, in a block of 300 transactions that is the finalized Ethereum block itself and
 * that the light client has. A whole transaction; a message before it has made the counter's slots and the lane's word of
 * the replay bitmap non-zero, which they are for 255 of 256 messages.
 */
export const deliver1: Scenario = {
  id: 'mos/deliver-1',
  unit: 'gas',
  measure: 'transaction',
  floor: 165_000,
  aim: 139_000,
  peers: [
    {
      name: 'Hyperlane process, one trusted signer',
      value: 139_400,
      source: 'measured; multisig of 1 of 1, the body stored before',
    },
    {
      name: 'Hyperlane process, multisig of 5 of 8',
      value: 208_000,
      source: 'measured; fresh 512-byte body, validators trusted',
    },
    {
      name: 'Hyperlane process, multisig of 9 of 13',
      value: 232_000,
      source: 'measured; fresh 512-byte body, validators trusted',
    },
    { name: 'IBC Eureka recvPacket, zero-knowledge', value: 524_000, source: 'published; Groth16, one packet' },
  ],
  async run() {
    const chain = await createPrivateChain({ start: timeAtSlot(network, FINALIZED_SLOT) + 1n })
    try {
      const source = sourceBlock(counterAddress(chain.account), [BEFORE, PLACE])
      const { committee } = createCommittee('current')
      const { bootstrap, ...beacon } = createBootstrap(FINALIZED_SLOT, source.receiptsRoot, committee)
      const block = { ...source, ...beacon }
      const target = await deployTarget(chain, await chain.deploy(ethereumClientInit(bootstrap, network)))
      await gasOfDelivery(chain, target, encodeDelivery(block, BEFORE), 1n)
      return await gasOfDelivery(chain, target, encodeDelivery(block, PLACE), 2n)
    } finally {
      await chain.stop()
    }
  },
}
