/** Real headers of BNB Smart Chain mainnet. */
import assert from 'node:assert/strict'
import { existsSync, readFileSync } from 'node:fs'
import { dirname, join, resolve } from 'node:path'
import { test } from 'node:test'
import { fileURLToPath } from 'node:url'
import {
  parseEpochFile,
  parseHeaderFile,
  readExtraData,
  recoverProposer,
  type ValidatorSet,
  verifyAttestation,
} from '../src/parlia/index.ts'

const repository = dirname(dirname(dirname(dirname(fileURLToPath(import.meta.url)))))
const fixtures = join(
  process.env.MERIDIAN_FIXTURES
    ? resolve(repository, process.env.MERIDIAN_FIXTURES)
    : join(repository, '..', 'shared', 'fixtures'),
  'bsc',
)
const skip = existsSync(fixtures) ? false : `no real chain data in ${fixtures}`
const text = (name: string): string => readFileSync(join(fixtures, name), 'utf8')
const MAINNET = 56n
const LORENTZ = 'headers_mainnet_51006562_lorentz.json'
const CONSECUTIVE = 'headers_mainnet_55891041-55891045_maxwell.json'
const MISSED = 'headers_mainnet_66277000-66277003_maxwell_epoch_missed_attestations.json'
const setAt = (epoch: number): ValidatorSet => {
  const set = parseEpochFile(text(`epoch_extradata_mainnet_${epoch}.json`))[0]
  assert.ok(set)
  return set
}
const attestationIn = (file: string, index: number) => {
  const header = parseHeaderFile(text(file))[index]
  assert.ok(header)
  const { attestation } = readExtraData(header.extraData, false)
  assert.ok(attestation)
  return attestation
}

test('every header hashes to its block hash and is sealed by its miner', { skip }, () => {
  let checked = 0
  for (const file of [LORENTZ, CONSECUTIVE, MISSED]) {
    const served = JSON.parse(text(file)) as { hash: string; miner: string; rlp: string }[] // CAST: the fixture's form
    for (const [index, header] of parseHeaderFile(text(file)).entries()) {
      assert.equal(header.hash, served[index]?.hash)
      assert.equal(header.raw, served[index]?.rlp)
      assert.equal(recoverProposer(header.raw, MAINNET), served[index]?.miner)
      checked += 1
    }
  }
  assert.equal(checked, 10)
})

test('epochs list 21 validators, with turn lengths of 16 and 8', { skip }, () => {
  for (const [epoch, turnLength] of [
    [55_890_000, 16],
    [66_276_000, 16],
    [76_371_000, 8],
  ] as const) {
    const set = setAt(epoch)
    assert.equal(set.validators.length, 21)
    assert.equal(set.turnLength, turnLength)
  }
  assert.equal(parseEpochFile(text(MISSED))[0]?.epoch, 66_277_000n)
})

test('five votes in a row hold under the set of their epoch, and under no other', { skip }, () => {
  for (let index = 0; index < 5; index += 1) {
    assert.equal(verifyAttestation(attestationIn(CONSECUTIVE, index), setAt(55_890_000)), 20)
    assert.throws(() => verifyAttestation(attestationIn(CONSECUTIVE, index), setAt(66_276_000)), {
      code: 'PARLIA_LIGHT_CLIENT_SIGNATURE',
    })
  }
})

test('votes that are not for the child finalize nothing; those just after an epoch header are of the set before', {
  skip,
}, () => {
  assert.throws(() => verifyAttestation(attestationIn(MISSED, 2), setAt(66_276_000)), {
    code: 'PARLIA_LIGHT_CLIENT_NOT_ADJACENT',
  })
  assert.equal(verifyAttestation(attestationIn(MISSED, 3), setAt(66_276_000)), 17)
  const own = parseEpochFile(text(MISSED))[0]
  assert.ok(own)
  assert.throws(() => verifyAttestation(attestationIn(MISSED, 3), own), { code: 'PARLIA_LIGHT_CLIENT_SIGNATURE' })
})
