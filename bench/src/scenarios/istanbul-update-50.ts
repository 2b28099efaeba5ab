import { MANY_NUMBER, withManyValidators } from '../istanbul.ts'
import type { Scenario } from '../scenario.ts'

const VALIDATORS = 50

/** As `istanbul/update-5` with as many validators as MAP's mainnet has, 34 of which signed: one leaves and one joins. */
export const update50: Scenario = {
  id: 'istanbul/update-50',
  unit: 'gas',
  measure: 'transaction',
  floor: null,
  aim: null,
  peers: [],
  run: () => withManyValidators(VALIDATORS, ({ block, update }) => update(block(MANY_NUMBER).sealed)),
}
