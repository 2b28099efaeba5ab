import type { Scenario } from '../scenario.ts'
import { finality511 } from './ethereum-finality-511.ts'
import { rotation509 } from './ethereum-rotation-509.ts'
import { deliver1 } from './mos-deliver-1.ts'
import { updateDeliver } from './mos-update-deliver.ts'
import { epoch21 } from './parlia-epoch-21.ts'
import { finalize20 } from './parlia-finalize-20.ts'
import { receipt300 } from './proofs-receipt-300.ts'

/** Every scenario, in the order of the table. */
export const scenarios: readonly Scenario[] = [
  finality511,
  rotation509,
  finalize20,
  epoch21,
  receipt300,
  deliver1,
  updateDeliver,
]
