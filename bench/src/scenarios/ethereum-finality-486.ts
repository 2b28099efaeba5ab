import { gasOfGenerated, scattered } from '../generated-update.ts'
import type { Scenario } from '../scenario.ts'

/** A finality update signed by 486 of 512, as on Sepolia, with keys of our own and nothing to build on. */
export const finality486: Scenario = {
  id: 'ethereum/finality-486',
  unit: 'gas',
  measure: 'transaction',
  floor: 440_000,
  aim: 400_000,
  peers: [
    {
      name: 'CLPR EthMainnetVerifier, a bundle with account proof',
      value: 1_645_052,
      source: 'published; Sepolia Fulu, 486 of 512',
    },
  ],
  run: () => gasOfGenerated({ absent: scattered(26) }),
}
