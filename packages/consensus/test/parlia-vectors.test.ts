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
  createValidatorSet,
  initialState,
  type ParliaState,
  type ParliaValidator,
  verifyBlockProof,
} from '../src/parlia/index.ts'

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
  readonly epoch?: number
}
interface Client {
  readonly cases: readonly string[]
  readonly parameters: { chainId: number; epochLength: number; trustingPeriod: number; clockDrift: number }
  readonly anchor: {
    number: number
    timestamp: number
    hash: Hex
    epoch: number
    epochTimestamp: number
    first: number
    turnLength: number
    validators: readonly ParliaValidator[]
  }
}

const repository = dirname(dirname(dirname(dirname(fileURLToPath(import.meta.url)))))
const read = (name: string): unknown =>
  JSON.parse(readFileSync(join(repository, 'vectors', 'parlia', `${name}.json`), 'utf8'))
const vectors = read('client') as Client // CAST: our own vectors

/** The contract's error name as the code of the TypeScript error. The proof libraries have names of their own for theirs. */
const codeOf = (name: string): string =>
  name
    .replaceAll(/([a-z0-9])([A-Z])/g, '$1_$2')
    .toUpperCase()
    .replace(/^MERKLE_PATRICIA/, 'TRIE')

function run(state: ParliaState, step: Step): ParliaState {
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
  assert.equal(next.epoch, BigInt(step.epoch ?? -1))
  assert.equal(next === state ? 0 : 1, step.result)
  return next
}

for (const name of vectors.cases) {
  const { story, steps } = read(name) as { readonly story: string; readonly steps: readonly Step[] } // CAST: our own
  test(`${name}: ${story}`, () => {
    const { number, timestamp, hash, epoch, epochTimestamp, first, turnLength, validators } = vectors.anchor
    const { chainId, epochLength, trustingPeriod, clockDrift } = vectors.parameters
    let state = initialState(
      {
        chainId: BigInt(chainId),
        epochLength: BigInt(epochLength),
        policy: { trustingPeriod: BigInt(trustingPeriod), clockDrift: BigInt(clockDrift) },
      },
      {
        number: BigInt(number),
        timestamp: BigInt(timestamp),
        hash,
        set: createValidatorSet(BigInt(epoch), turnLength, validators),
        epochTimestamp: BigInt(epochTimestamp),
        first: BigInt(first),
      },
    )
    for (const [index, step] of steps.entries()) {
      if (step.error === '') state = run(state, step)
      else assert.throws(() => run(state, step), { code: codeOf(step.error) }, `step ${index}: ${step.error}`)
    }
  })
}
