import { messageServiceAbi } from '@meridian/abi'
import { encodeFunctionData } from 'viem'
import { withDelivery } from '../delivery.ts'
import type { Scenario } from '../scenario.ts'

/** The same delivery as `mos/deliver-1` with the finality update (511 of 512 signed) that it needs, in one transaction. */
export const updateDeliver: Scenario = {
  id: 'mos/update-deliver',
  unit: 'gas',
  measure: 'transaction',
  floor: null,
  aim: null,
  peers: [
    {
      name: 'CLPR EthMainnetVerifier, a bundle with account and storage proof',
      value: 1_645_052,
      source: 'published; attested header only, 486 of 512',
    },
  ],
  run: () =>
    withDelivery(async (chain, _client, { update, receiptProof, sourceChain, mos }) => {
      const data = encodeFunctionData({
        abi: messageServiceAbi,
        functionName: 'updateAndTransferIn',
        args: [sourceChain, [update], 0n, receiptProof],
      })
      return Number((await chain.transact(mos, data)).gasUsed)
    }),
}
