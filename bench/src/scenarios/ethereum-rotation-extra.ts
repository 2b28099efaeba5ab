import { gasOfGenerated } from '../generated-update.ts'
import type { Scenario } from '../scenario.ts'

/** What a new next committee adds to a finality update signed by 512 of 512: the difference of two whole transactions. */
export const rotationExtra: Scenario = {
  id: 'ethereum/rotation-extra',
  unit: 'gas',
  measure: 'transaction',
  floor: 14_000,
  aim: 11_000,
  peers: [{ name: 'CLPR EthMainnetVerifier, a rotation in all', value: 4_836_081, source: 'published; 66.9 kB' }],
  run: async () => (await gasOfGenerated({ absent: [], rotates: true })) - (await gasOfGenerated({ absent: [] })),
}
