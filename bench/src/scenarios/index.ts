import type { Scenario } from '../scenario.ts'
import { erc20 } from './assets-erc20.ts'
import { ancestry } from './ethereum-ancestry.ts'
import { finality486 } from './ethereum-finality-486.ts'
import { finality486Sticky } from './ethereum-finality-486-sticky.ts'
import { finality511 } from './ethereum-finality-511.ts'
import { finality512 } from './ethereum-finality-512.ts'
import { rotation509 } from './ethereum-rotation-509.ts'
import { rotationExtra } from './ethereum-rotation-extra.ts'
import { hubDeliver1 } from './hub-deliver-1.ts'
import { hubForward } from './hub-forward.ts'
import { log, logSealed } from './istanbul-log.ts'
import { update5 } from './istanbul-update-5.ts'
import { update50 } from './istanbul-update-50.ts'
import { deliver1 } from './mos-deliver-1.ts'
import { deliver10 } from './mos-deliver-10.ts'
import { send } from './mos-send.ts'
import { updateDeliver } from './mos-update-deliver.ts'
import { epoch21 } from './parlia-epoch-21.ts'
import { finalize20 } from './parlia-finalize-20.ts'
import { receipt300 } from './proofs-receipt-300.ts'

/** Every scenario, in the order of the table. */
export const scenarios: readonly Scenario[] = [
  finality512,
  finality511,
  finality486,
  finality486Sticky,
  rotation509,
  rotationExtra,
  ancestry,
  finalize20,
  epoch21,
  update5,
  update50,
  logSealed,
  log,
  receipt300,
  send,
  deliver1,
  deliver10,
  updateDeliver,
  hubForward,
  hubDeliver1,
  erc20,
]
