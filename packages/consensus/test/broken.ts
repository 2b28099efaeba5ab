/** Bytes broken at random, for what reads them twice: in Solidity and in TypeScript. */
import assert from 'node:assert/strict'
import type { TestContext } from 'node:test'
import fc from 'fast-check'
import { bytesToHex, concatHex, type Hex, hexToBytes, numberToHex } from 'viem'

/** Bytes at the beginning that hold a proof's own fields, before headers and signatures. */
const OWN_FIELDS = 600

/** One of the given bytes with one thing done to it. */
export interface Broken {
  readonly data: Hex
  readonly kind: 'flip' | 'cut' | 'insert' | 'remove' | 'splice'
}

/** One of `from`, broken. A splice goes on with the end of another of them, so that it may be whole. */
export const broken = (from: readonly Hex[]): fc.Arbitrary<Broken> =>
  fc
    .record({
      kind: fc.constantFrom<Broken['kind'][]>('flip', 'cut', 'insert', 'remove', 'splice'),
      whole: fc.constantFrom(...from),
      other: fc.constantFrom(...from),
      at: fc.nat(),
      value: fc.integer({ min: 1, max: 255 }),
    })
    .map(({ kind, whole, other, at, value }) => {
      const bytes = hexToBytes(whole)
      // half of the places are among the proof's own fields
      const index = at % (at % 2 === 0 ? bytes.length : Math.min(bytes.length, OWN_FIELDS))
      const [before, after] = [bytesToHex(bytes.subarray(0, index)), bytesToHex(bytes.subarray(index + 1))]
      const byte = numberToHex(bytes[index] ?? 0, { size: 1 })
      const made = numberToHex(value, { size: 1 })
      const parts: Record<Broken['kind'], readonly Hex[]> = {
        flip: [before, numberToHex((bytes[index] ?? 0) ^ value, { size: 1 }), after],
        cut: [before],
        insert: [before, made, byte, after],
        remove: [before, after],
        splice: [before, bytesToHex(hexToBytes(other).subarray(index))],
      }
      return { kind, data: concatHex(parts[kind]) }
    })

/** Holds a property for `runs` of what it takes, by the run's seed where there is one, and says which it was. */
export async function hold<T>(t: TestContext, property: fc.IAsyncProperty<T>, runs: number): Promise<void> {
  const seed = process.env.MERIDIAN_SEED
  const result = await fc.check(property, { numRuns: runs, ...(seed === undefined ? {} : { seed: Number(seed) }) })
  t.diagnostic(`seed ${result.seed}, ${result.numRuns} runs`)
  assert.ok(
    !result.failed,
    `seed ${result.seed}: ${JSON.stringify(result.counterexample)} ${result.errorInstance ?? ''}`,
  )
}
