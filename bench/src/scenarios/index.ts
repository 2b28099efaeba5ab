import type { Scenario } from '../scenario.ts'
import { finality511 } from './ethereum-finality-511.ts'
import { rotation509 } from './ethereum-rotation-509.ts'
import { log, logSealed } from './istanbul-log.ts'
import { update5 } from './istanbul-update-5.ts'
import { update50 } from './istanbul-update-50.ts'
import { deliver1 } from './mos-deliver-1.ts'
import { updateDeliver } from './mos-update-deliver.ts'
import { receipt300 } from './proofs-receipt-300.ts'

/** Every scenario, in the order of the table. */
export const scenarios: readonly Scenario[] = [
  finality511,
  rotation509,
  receipt300,
  deliver1,
  updateDeliver,
  update5,
  update50,
  logSealed,
  log,
]
