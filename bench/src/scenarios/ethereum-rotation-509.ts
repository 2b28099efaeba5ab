import { gasOfGenerated } from '../generated-update.ts'
import type { Scenario } from '../scenario.ts'

/** An update that moves the head and brings a new next committee, signed by 509 of 512 with keys of our own. */
export const rotation509: Scenario = {
  id: 'ethereum/rotation-509',
  unit: 'gas',
  measure: 'transaction',
  floor: 310_000,
  aim: 290_971,
  peers: [
    { name: 'CLPR EthMainnetVerifier, rotation', value: 4_836_081, source: 'published; 66.9 kB' },
    { name: 'DendrETH, zero-knowledge', value: 357_029, source: 'published; upper figure' },
  ],
  // Spread like those of a mainnet update.
  run: () => gasOfGenerated({ absent: [14, 141, 433], rotates: true }),
}
