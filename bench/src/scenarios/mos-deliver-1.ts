import { iLightClientAbi } from '@meridian/abi'
import { encodeFunctionData } from 'viem'
import { transferIn, withDelivery } from '../delivery.ts'
import type { Scenario } from '../scenario.ts'

/**
 * One message with a body of 512 bytes delivered to a counter: block proof, receipt proof, replay bit, execution. The
 * block has 300 transactions and is the finalized Ethereum block itself; the light client knows it already. A whole
 * transaction; the counter's slots are not zero, the word of the replay bitmap still is (255 of 256 messages find it
 * written and pay 17,100 less).
 */
export const deliver1: Scenario = {
  id: 'mos/deliver-1',
  unit: 'gas',
  measure: 'transaction',
  floor: 200_000,
  aim: null,
  peers: [
    { name: 'Hyperlane process, multisig 3 of 5, fresh 512 B', value: 196_000, source: 'measured; multisig trust' },
    { name: 'Hyperlane process, multisig 9 of 13, fresh 512 B', value: 232_000, source: 'measured; multisig trust' },
    { name: 'IBC Eureka recvPacket, Groth16', value: 524_474, source: 'published' },
    { name: 'LayerZero V1 relayer overhead, Ethereum', value: 240_303, source: 'published; oracle trust' },
  ],
  run: () =>
    withDelivery(async (chain, client, { update, receiptProof, sourceChain, mos }) => {
      const applied = await chain.transact(
        client,
        encodeFunctionData({ abi: iLightClientAbi, functionName: 'update', args: [update] }),
      )
      if (!applied.ok) throw new Error('the update was refused')
      return Number((await chain.transact(mos, transferIn(sourceChain, receiptProof))).gasUsed)
    }),
}
