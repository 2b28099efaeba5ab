import { isAddressEqual } from 'viem'
import type { ChainContext, Common } from '../chain-context.ts'
import { createWalletSubmitter, type Finalized, type SendResult, type Submitter } from './submitter.ts'

/**
 * Every wallet of a chain behind one face. Each has its own nonces and its own writer; work goes to the one that has the
 * least on its way, and to the next where one is busy or empty, so that neither stops the chain.
 *
 * @param finalized The chain's newest final block, where somebody knows it already. Default: the chain is asked.
 */
export function createWallets(
  chain: ChainContext,
  common: Common,
  finalized: Finalized = () => chain.consensus.finalized(chain.ports),
): Submitter {
  if (chain.signer === null) throw new TypeError(`chain ${chain.id} has no signer`)
  const first = createWalletSubmitter(chain, chain.signer, common, finalized)
  const more = (chain.moreSigners ?? []).map((signer) => createWalletSubmitter(chain, signer, common, finalized))
  const wallets = [first, ...more]
  if (wallets.length === 1) return first

  return {
    address: first.address,
    addresses: wallets.map(({ address }) => address),
    async send(job) {
      const { from } = job
      const able = from === undefined ? wallets : wallets.filter(({ address }) => isAddressEqual(address, from))
      const load = await Promise.all(able.map(async (wallet) => ({ wallet, pending: (await wallet.pending()).length })))
      load.sort((a, b) => a.pending - b.pending)
      let last: SendResult = {
        status: 'refused',
        reason: { code: 'NO_WALLET', detail: `chain ${chain.id} has no wallet ${from}` },
      }
      for (const { wallet } of load) {
        last = await wallet.send(job)
        if (last.status === 'sent' || !elsewhere.includes(last.reason.code)) return last
      }
      return last
    },
    async poll() {
      // one wallet's trouble is not the others'; it is told once all had their turn
      const results = await Promise.allSettled(wallets.map((wallet) => wallet.poll()))
      for (const result of results) if (result.status === 'rejected') throw result.reason
    },
    async pending() {
      return (await Promise.all(wallets.map((wallet) => wallet.pending()))).flat()
    },
  }
}

/** Refusals that another wallet may not share. */
const elsewhere: readonly string[] = ['WALLET_BUSY', 'WALLET_EMPTY']
