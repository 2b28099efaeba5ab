import type { Scenario } from '../scenario.ts'
import { receipt300 } from './proofs-receipt-300.ts'

/** Every scenario, in the order of the table. */
export const scenarios: readonly Scenario[] = [receipt300]
