import { gasOfGenerated } from '../generated-update.ts'
import type { Scenario } from '../scenario.ts'

/** A finality update signed by all 512, with keys of our own. A whole transaction. */
export const finality512: Scenario = {
  id: 'ethereum/finality-512',
  unit: 'gas',
  measure: 'transaction',
  floor: 232_000,
  aim: 222_000,
  peers: [
    { name: 'CLPR EthMainnetVerifier, BLS step alone', value: 218_662, source: 'published; 512 of 512' },
    { name: 'DendrETH, zero-knowledge', value: 266_717, source: 'published; up to 357,029' },
    { name: 'SP1 Groth16, the proof alone', value: 270_000, source: 'published; approximate' },
  ],
  run: () => gasOfGenerated({ absent: [] }),
}
