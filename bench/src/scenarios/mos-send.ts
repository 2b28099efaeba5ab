import { ethereumClientInit } from '@meridian/cli/deploy'
import { createPrivateChain } from '@meridian/cli/private-chain'
import { timeAtSlot } from '@meridian/consensus/ethereum'
import { keccak256, stringToHex } from 'viem'
import { createBootstrap, createCommittee, FINALIZED_SLOT, network } from '../beacon.ts'
import { deployTarget, encodeSend, priceMessages } from '../delivery.ts'
import type { Scenario } from '../scenario.ts'

/**
 * `transferOut` of a message with a body of 512 bytes, its fee in the native coin and exact. A whole transaction; a message
 * before it has made the lane's nonce and the fee service's slots non-zero.
 */
export const send: Scenario = {
  id: 'mos/send',
  unit: 'gas',
  measure: 'transaction',
  floor: 100_000,
  aim: 85_000,
  peers: [
    {
      name: 'Hyperlane dispatch',
      value: 93_900,
      source: 'measured; 512-byte body, nothing escrowed; 96,400 from another sender',
    },
  ],
  async run() {
    const chain = await createPrivateChain({ start: timeAtSlot(network, FINALIZED_SLOT) + 1n })
    try {
      const { committee } = createCommittee('current')
      const { bootstrap } = createBootstrap(FINALIZED_SLOT, keccak256(stringToHex('receipts')), committee)
      const target = await deployTarget(chain, await chain.deploy(ethereumClientInit(bootstrap, network)))
      const value = await priceMessages(chain, target)
      const gasOf = async (nonce: bigint): Promise<number> => {
        const mined = await chain.transact(target.mos, encodeSend(nonce), { value })
        if (!mined.ok) throw new Error('the message was not sent')
        return Number(mined.gasUsed)
      }
      await gasOf(0n)
      return await gasOf(1n)
    } finally {
      await chain.stop()
    }
  },
}
