import { messageServiceAbi } from '@meridian/abi'
import { ethereumClientInit } from '@meridian/cli/deploy'
import { createPrivateChain } from '@meridian/cli/private-chain'
import { timeAtSlot } from '@meridian/consensus/ethereum'
import { encodeFunctionData } from 'viem'
import { createBootstrap, createCommittee, FINALIZED_SLOT, network } from '../beacon.ts'
import { counterAddress, deployTarget, gasOfDelivery, proofOf, sourceBlock } from '../delivery.ts'
import type { Scenario } from '../scenario.ts'

/**
 * One message with a body of 512 bytes, in a block of 300 transactions that is the finalized Ethereum block itself and
 * that the light client has. A whole transaction; a message before it has made the counter's slots and the lane's word of
 * the replay bitmap non-zero, which they are for 255 of 256 messages.
 */
export const deliver1: Scenario = {
  id: 'mos/deliver-1',
  unit: 'gas',
  measure: 'transaction',
  floor: 200_000,
  aim: null,
  peers: [
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
      const block = sourceBlock(counterAddress(chain.account))
      const { bootstrap, header, blockHashBranch } = createBootstrap(
        FINALIZED_SLOT,
        block.hash,
        createCommittee('current').committee,
      )
      const target = await deployTarget(chain, await chain.deploy(ethereumClientInit(bootstrap, network)))
      const deliver = (which: 0 | 1) =>
        encodeFunctionData({
          abi: messageServiceAbi,
          functionName: 'transferInWithIndex',
          args: [network.chainId, 0n, proofOf(which, block, header, blockHashBranch)],
        })
      await gasOfDelivery(chain, target, deliver(0), 1n)
      return await gasOfDelivery(chain, target, deliver(1), 2n)
    } finally {
      await chain.stop()
    }
  },
}
