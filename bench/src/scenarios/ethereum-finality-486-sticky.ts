import { gasOfGenerated, scattered } from '../generated-update.ts'
import type { Scenario } from '../scenario.ts'

/**
 * A finality update signed by 486 of 512 after one that the same members signed: it starts from the aggregate that the
 * client kept then, and asks to keep its own.
 */
export const finality486Sticky: Scenario = {
  id: 'ethereum/finality-486-sticky',
  unit: 'gas',
  measure: 'transaction',
  floor: 300_000,
  aim: 260_000,
  peers: [
    {
      name: 'CLPR EthMainnetVerifier, a bundle with account proof',
      value: 1_645_052,
      source: 'published; Sepolia Fulu, 486 of 512',
    },
  ],
  run: () => gasOfGenerated({ absent: scattered(26), keptAbsent: scattered(26) }),
}
