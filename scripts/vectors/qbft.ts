/**
 * Writes `vectors/qbft/`, a file a case: updates, block proofs and evidence of a made-up QBFT chain, valid and hostile ones,
 * each with what the contract and its TypeScript twin must answer. `--check` writes nothing and fails if a file differs.
 */
import { anchorOfHeader } from '@meridian/consensus/qbft'
import { evidenceCases } from './qbft-evidence.ts'
import { headerCases } from './qbft-headers.ts'
import { sealCases } from './qbft-seals.ts'
import { setCases } from './qbft-sets.ts'
import { anchor, type Case, DAY, DRIFT, NOW } from './qbft-world.ts'
import { writeVectors } from './write.ts'

const cases: Readonly<Record<string, Case>> = { ...sealCases, ...setCases, ...headerCases, ...evidenceCases }

const { number, timestamp, hash, validators } = anchorOfHeader(anchor)
const files: Readonly<Record<string, unknown>> = {
  client: {
    cases: Object.keys(cases),
    anchor: { number, timestamp, hash, validators },
    trustingPeriod: DAY,
    clockDrift: DRIFT,
    now: NOW,
  },
  ...cases,
}
// forge reads quantities as numbers; all of these are far below 2^53.
const numeric = (_: string, value: unknown) => (typeof value === 'bigint' ? Number(value) : value)
writeVectors(
  Object.fromEntries(
    Object.entries(files).map(([name, content]) => [`qbft/${name}.json`, `${JSON.stringify(content, numeric, 1)}\n`]),
  ),
)
