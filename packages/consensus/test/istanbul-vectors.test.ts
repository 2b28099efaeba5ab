/** The TypeScript rules against the vectors that the contract's tests read too. */
import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { test } from 'node:test'
import { fileURLToPath } from 'node:url'
import type { Hex } from 'viem'
import {
  applyEvidence,
  applyUpdate,
  G1_SIZE,
  type IstanbulState,
  initialState,
  splitPoints,
  verifyBlockProof,
} from '../src/istanbul/index.ts'

interface Step {
  readonly call: 'update' | 'verifyBlock' | 'reportMisbehaviour'
  readonly now: number
  readonly data: Hex
  readonly error: string
  readonly number?: number
  readonly hash?: Hex
  readonly participation?: number
  readonly result?: number
  readonly head?: number
}
interface Client {
  readonly cases: readonly string[]
  readonly chain: { chainId: number; epochSize: number; forkHeight: number }
  readonly anchor: { number: number; timestamp: number; hash: Hex; validators: Hex }
  readonly trustingPeriod: number
  readonly clockDrift: number
}

const repository = dirname(dirname(dirname(dirname(fileURLToPath(import.meta.url)))))
const read = (name: string): unknown =>
  JSON.parse(readFileSync(join(repository, 'vectors', 'istanbul', `${name}.json`), 'utf8'))
const vectors = read('client') as Client // CAST: our own vectors

/** The contract's error name as the code of the TypeScript error. */
const codeOf = (name: string): string => name.replaceAll(/([a-z])([A-Z])/g, '$1_$2').toUpperCase()

function run(state: IstanbulState, step: Step): IstanbulState {
  const now = BigInt(step.now)
  if (step.call === 'reportMisbehaviour') return applyEvidence(state, step.data, now)
  if (step.call === 'verifyBlock') {
    const block = verifyBlockProof(state, step.data, now)
    assert.equal(block.number, BigInt(step.number ?? -1))
    assert.equal(block.hash, step.hash)
    assert.equal(block.participation, BigInt(step.participation ?? -1))
    return state
  }
  const next = applyUpdate(state, step.data, now)
  assert.equal(next.number, BigInt(step.head ?? -1))
  assert.equal(next === state ? 0 : 1, step.result)
  return next
}

for (const name of vectors.cases) {
  const { story, steps } = read(name) as { readonly story: string; readonly steps: readonly Step[] } // CAST: our own
  test(`${name}: ${story}`, () => {
    const { number, timestamp, hash } = vectors.anchor
    const validators = splitPoints(vectors.anchor.validators, G1_SIZE)
    const anchor = { number: BigInt(number), timestamp: BigInt(timestamp), hash, validators }
    const { chainId, epochSize, forkHeight } = vectors.chain
    const chain = { chainId: BigInt(chainId), epochSize: BigInt(epochSize), forkHeight: BigInt(forkHeight) }
    let state = initialState(chain, anchor, BigInt(vectors.trustingPeriod), BigInt(vectors.clockDrift))
    for (const step of steps) {
      if (step.error === '') state = run(state, step)
      else assert.throws(() => run(state, step), { code: codeOf(step.error) }, step.error)
    }
  })
}
