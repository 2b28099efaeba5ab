import { encodeSealedProof, encodeStoredProof } from '@meridian/consensus/istanbul'
import { gasOfLog, withRealHeaders } from '../istanbul.ts'
import type { Scenario } from '../scenario.ts'

/** The headers that lead the client into the epoch of the block with a receipt. */
const BEFORE = [203_000n, 204_000n, 205_000n, 206_000n] as const
const MEASURED = 206_460n

/** A log of any block of the epoch: the block's seal is verified in the same call. Execution only; all storage cold. */
export const logSealed: Scenario = {
  id: 'istanbul/log-sealed',
  unit: 'gas',
  measure: 'execution',
  floor: 230_000,
  aim: null,
  peers: [
    { name: 'MAP LightNodeV2 verifyProofData', value: 373_000, source: 'measured; b9545ea, not sound' },
    { name: 'MAP LightNode V1 verifyProofData', value: 421_000, source: 'measured; b9545ea' },
  ],
  run: (context) =>
    withRealHeaders(context, async (bench) => {
      for (const number of BEFORE) await bench.update(bench.block(number).sealed)
      const { sealed, item } = bench.block(MEASURED)
      return gasOfLog(bench, item, encodeSealedProof(sealed))
    }),
}

/** A log of a block that the client has stored. Execution only; all storage cold. */
export const log: Scenario = {
  id: 'istanbul/log',
  unit: 'gas',
  measure: 'execution',
  floor: 30_000,
  aim: null,
  peers: [{ name: 'MAP LightNode V1, block cached', value: 88_000, source: 'measured; b9545ea' }],
  run: (context) =>
    withRealHeaders(context, async (bench) => {
      for (const number of BEFORE) await bench.update(bench.block(number).sealed)
      const { sealed, item } = bench.block(MEASURED)
      await bench.update(sealed)
      return gasOfLog(bench, item, encodeStoredProof(sealed.header))
    }),
}
