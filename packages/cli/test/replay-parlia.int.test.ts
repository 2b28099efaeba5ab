import assert from 'node:assert/strict'
import { existsSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { test } from 'node:test'
import { fileURLToPath } from 'node:url'
import { z } from 'zod'
import { runIn, scratch } from '../src/testing.ts'

const root = join(fileURLToPath(import.meta.url), '..', '..', '..', '..')
const fixtures = process.env.MERIDIAN_FIXTURES
  ? resolve(root, process.env.MERIDIAN_FIXTURES)
  : join(root, '..', 'shared', 'fixtures')
const bsc = join(fixtures, 'bsc')
const skip = existsSync(bsc) ? false : `no real chain data in ${fixtures}`

const point = z.strictObject({ number: z.int(), hash: z.string().regex(/^0x[0-9a-f]{64}$/) })
const lineSchema = z.strictObject({
  file: z.string(),
  index: z.int().min(0),
  block: point.extend({ hashChecked: z.literal(true) }),
  source: point,
  target: point,
  votes: z.int(),
  epoch: z.int().nullable(),
  validators: z.int().nullable(),
  result: z.enum(['finalized', 'rejected', 'unapplied']),
  finalizes: point.nullable(),
  error: z.strictObject({ name: z.string(), args: z.record(z.string(), z.unknown()) }).nullable(),
  gasUsed: z.int().min(0),
  head: point.nullable(),
})
const CONSECUTIVE = 'headers_mainnet_55891041-55891045_maxwell.json'
const MISSED = 'headers_mainnet_66277000-66277003_maxwell_epoch_missed_attestations.json'
const epochFile = (epoch: number) => `epoch_extradata_mainnet_${epoch}.json`

async function replay(validators: readonly string[], headers: readonly string[]) {
  const paths = (names: readonly string[]) => names.map((name) => join(bsc, name))
  const sets = validators.length === 0 ? [] : ['--validators', ...paths(validators)]
  const ran = await runIn([
    ...['light-client', 'replay', '--consensus', 'parlia', ...sets],
    ...['--header', ...paths(headers), '--json'],
  ])
  assert.deepEqual(ran.err, [])
  return { code: ran.code, lines: ran.out.map((line) => lineSchema.parse(JSON.parse(line))) }
}
const gist = (lines: readonly z.output<typeof lineSchema>[]) =>
  lines.map(({ block, result, finalizes, error }) => [block.number, result, finalizes?.number ?? error?.name])

test('mainnet: five votes, of which three are for blocks that are in the file', { skip }, async () => {
  const { code, lines } = await replay([epochFile(55_890_000)], [CONSECUTIVE])
  assert.equal(code, 0)
  assert.deepEqual(gist(lines), [
    [55_891_041, 'unapplied', 'SOURCE_NOT_GIVEN'],
    [55_891_042, 'unapplied', 'SOURCE_NOT_GIVEN'],
    [55_891_043, 'finalized', 55_891_041],
    [55_891_044, 'finalized', 55_891_042],
    [55_891_045, 'finalized', 55_891_043],
  ])
  assert.ok(lines.every(({ votes, validators }) => votes === 20 && validators === 21))
  assert.ok(lines.slice(2).every(({ gasUsed }) => gasUsed > 200_000 && gasUsed < 290_000))
})

test('mainnet: votes that are not adjacent are refused; the next hold under the set of the epoch before', {
  skip,
}, async () => {
  const { code, lines } = await replay([epochFile(66_276_000)], [MISSED])
  assert.equal(code, 1)
  assert.deepEqual(gist(lines), [
    [66_277_002, 'rejected', 'PARLIA_LIGHT_CLIENT_NOT_ADJACENT'],
    [66_277_003, 'finalized', 66_277_001],
  ])
  // The epoch header is there as well: its own set is not in force yet.
  assert.deepEqual(gist((await replay([epochFile(66_276_000), MISSED], [MISSED])).lines), gist(lines))
  const own = await replay([MISSED], [MISSED])
  assert.equal(own.code, 1)
  assert.equal(own.lines[1]?.result, 'rejected')
  assert.equal(own.lines[1]?.error?.name, 'ParliaLightClient_HeightOutOfRange')
})

test('mainnet: without a set the hash of the header is checked, and the line says so', { skip }, async () => {
  for (const sets of [[], [epochFile(55_890_000)]]) {
    const { code, lines } = await replay(sets, ['headers_mainnet_51006562_lorentz.json'])
    assert.equal(code, 0)
    assert.deepEqual(gist(lines), [[51_006_562, 'unapplied', 'NO_VALIDATOR_SET']])
    assert.equal(lines[0]?.error?.args.checked, 'the hash of the header alone')
  }
})

test('a file that is no header, or a header that does not hash to its block hash, is one line on stderr', async (t) => {
  const write = scratch(t)
  for (const content of ['nonsense', '[]x', '{"hash":"0x00","extraData":"0x"}', '0x80']) {
    const header = write('header.json', content)
    const ran = await runIn(['light-client', 'replay', '--consensus', 'parlia', '--header', header])
    assert.equal(ran.code, 2, content)
    assert.equal(ran.err.length, 1)
  }
  const none = await runIn(['light-client', 'replay', '--consensus', 'parlia'])
  assert.equal(none.code, 2)
})
