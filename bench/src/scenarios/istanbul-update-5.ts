import { withRealHeaders } from '../istanbul.ts'
import type { Scenario } from '../scenario.ts'

/** Headers of the epochs before the one that is measured, so that nothing but the epoch's own slots is fresh. */
const BEFORE = [203_000n, 204_000n, 205_000n] as const
const MEASURED = 206_000n

/**
 * The last block of an epoch of a MAP development network, sealed by three of four validators: a fifth joins. A whole
 * transaction that writes two fresh storage slots, the next epoch's set and the block.
 */
export const update5: Scenario = {
  id: 'istanbul/update-5',
  unit: 'gas',
  measure: 'transaction',
  floor: 250_000,
  aim: null,
  peers: [
    { name: 'MAP LightNodeV2, a set without a change', value: 435_000, source: 'measured; b9545ea, not sound' },
    { name: 'MAP LightNode V1, a set without a change', value: 675_000, source: 'measured; b9545ea' },
    { name: 'MAP LightNode V1, a validator more', value: 757_000, source: 'measured; b9545ea' },
  ],
  run: (context) =>
    withRealHeaders(context, async ({ block, update }) => {
      for (const number of BEFORE) await update(block(number).sealed)
      return update(block(MEASURED).sealed)
    }),
}
