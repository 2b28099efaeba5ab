import { min } from '../bigint.ts'
import type { Reason } from '../message.ts'
import type { Tuning } from '../tuning.ts'

/** What a transaction is given beyond its estimate: a fifth, since the state that it meets may be another one. */
const MARGIN_NUMERATOR = 6n
const MARGIN_DENOMINATOR = 5n

/** Gas limit for an estimate; null where the chain's `maxTransactionGas` does not cover it: it would be paid for, and fail. */
export function limitWithin(estimate: bigint, { maxTransactionGas }: Tuning): bigint | null {
  if (estimate > maxTransactionGas) return null
  return min((estimate * MARGIN_NUMERATOR) / MARGIN_DENOMINATOR, maxTransactionGas)
}

/** Why it waits then. @param what Kind of the transaction. */
export function gasCap(what: string, estimate: bigint, { maxTransactionGas }: Tuning): Reason {
  return { code: 'GAS_CAP', detail: `${what} takes ${estimate} gas, maxTransactionGas is ${maxTransactionGas}` }
}
