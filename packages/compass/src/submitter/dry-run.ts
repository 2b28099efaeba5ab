import type { Address } from 'viem'
import type { ChainContext, Common } from '../chain-context.ts'
import type { Submitter } from './submitter.ts'

/** Who seems to send where there is no signer.. */
const NOBODY: Address = '0x000000000000000000000000000000000000dEaD'

/** A submitter that sends nothing and says what it would send. What asked it waits as `DRY_RUN`. */
export function createDryRun(chain: ChainContext, { log }: Common): Submitter {
  const address = chain.signer?.address ?? NOBODY
  return {
    address,
    addresses: [address],
    async send({ kind, to, gasLimit, messages }) {
      const orderIds = messages.map(({ orderId }) => orderId)
      log.info({ chain: chain.name, kind, to, gasLimit: String(gasLimit), orderIds }, 'would send')
      const detail = `a ${kind} of at most ${gasLimit} gas to ${to} would be sent`
      return { status: 'refused', reason: { code: 'DRY_RUN', detail } }
    },
    poll: async () => undefined,
    pending: async () => [],
  }
}
