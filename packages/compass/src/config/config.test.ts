import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { test } from 'node:test'
import { ConfigError } from '../errors.ts'
import { placeName } from '../store/open.ts'
import { defaultTuning } from '../tuning.ts'
import { parseConfig } from './config.ts'
import { effectiveValues, effectiveYaml } from './effective.ts'
import { parseConfigFile } from './file.ts'
import { configJsonSchema } from './json-schema.ts'

const mos = '0x00000000000000000000000000000000000000A1'
const chain = (id: string, name: string) => ({
  id,
  name,
  consensus: 'qbft',
  rpc: ['http://127.0.0.1:8545'],
  mos,
  startBlock: '0',
  signer: 'env:KEY',
})
const good = { store: 'data', chains: [chain('1', 'one'), chain('2', 'two')], lanes: [{ from: '1', to: '2' }] }

function problems(given: unknown): readonly string[] {
  return problemsOf(() => parseConfig(given))
}

function problemsOf(parse: () => unknown): readonly string[] {
  try {
    parse()
    return []
  } catch (error) {
    assert.ok(error instanceof ConfigError)
    return error.context.problems
  }
}

test('a good configuration passes, with every default', () => {
  const config = parseConfig(good)
  assert.equal(config.chains[0]?.id, 1n)
  assert.equal(config.logLevel, 'info')
  for (const [key, value] of Object.entries(defaultTuning))
    assert.deepEqual((config.chains[0] as unknown as Record<string, unknown>)[key] ?? null, value, key)
  assert.deepEqual(config.chains[0]?.claims, { maxAgeMs: 86_400_000, updateAfterMs: 3_600_000 })
  assert.deepEqual(config.filters, { rules: [], otherwise: 'allow' })
  assert.equal(config.api, undefined, 'nothing listens unless it is asked to')
})

test('each problem is one line with its path', () => {
  assert.deepEqual(problems({ ...good, chains: [{ ...chain('1', 'one'), rcp: [] }, chain('2', 'two')] }), [
    'chains[0].rcp: unknown key; did you mean rpc?',
  ])
  assert.deepEqual(problems({ ...good, entirelyUnlike: 1 }), ['entirelyUnlike: unknown key'])
  assert.deepEqual(problems({ ...good, lanes: [{ from: '1', to: '3' }] }), ['lanes[0].to: no chain 3'])
  assert.deepEqual(problems({ ...good, lanes: [{ from: '1', to: '1' }] }), ['lanes[0]: a lane joins two chains'])
  assert.deepEqual(problems({ ...good, lanes: [{ to: '1' }] }), ['lanes[0].from: is missing'])
  const [one, two] = [chain('1', 'one'), chain('2', 'two')]
  const withTwo = (change: object) => problems({ ...good, chains: [one, { ...two, ...change }] })
  assert.deepEqual(withTwo({ consensus: 'ethereum' }), ['chains[1].beacon: Ethereum needs a beacon URL'])
  assert.deepEqual(withTwo({ mos: '0x12' }), ['chains[1].mos: expected an address'])
  assert.deepEqual(withTwo({ claims: { minAmuont: 1 } }), [
    'chains[1].claims.minAmuont: unknown key; did you mean minAmount?',
  ])
  assert.deepEqual(withTwo({ maxFeePerGas: 1.5 }), [
    'chains[1].maxFeePerGas: expected a whole number, 0 or more; one of 2^53 or more in quotes',
  ])
  assert.deepEqual(withTwo({ signer: undefined }), ['lanes[0].to: chain 2 has no signer'])
  const priced = { from: '1', to: '2', profit: { prices: [{ token: mos, units: '1' }] } }
  const third = { ...chain('3', 'three'), hub: mos }
  assert.deepEqual(problems({ ...good, chains: [one, two, third], lanes: [{ ...priced, via: '3' }] }), [
    'lanes[0].profit.hubPrices: is missing: a fee has to pay for both legs',
  ])
  const both = { ...priced.profit, hubPrices: priced.profit.prices }
  assert.deepEqual(problems({ ...good, lanes: [{ ...priced, profit: both }] }), [
    'lanes[0].profit.hubPrices: there is no hub on its way',
  ])
  const hub = { ...third, signer: undefined }
  assert.deepEqual(problems({ ...good, chains: [one, two, hub], lanes: [{ from: '1', to: '2', via: '3' }] }), [
    'lanes[0].via: chain 3 has no signer',
  ])
})

test('without signers, for a dry run, a lane needs none', () => {
  const chains = good.chains.map(({ signer: _, ...rest }) => rest)
  assert.equal(parseConfig({ ...good, chains }, { withoutSigners: true }).chains.length, 2)
  assert.deepEqual(problems({ ...good, chains }), ['lanes[0].to: chain 2 has no signer'])
})

test('a key in place of its reference is refused, and no error quotes it', () => {
  const key = `0x${'12'.repeat(32)}`
  for (const given of [
    key,
    `kms:${key}`,
    { keystore: key, password: 'env:P' },
    { keystore: 'file:k', password: key },
  ]) {
    const found = problems({ ...good, chains: [chain('1', 'one'), { ...chain('2', 'two'), signer: given }] })
    assert.match(found[0] ?? '', /^chains\[1\]\.signer.*expected .*never stands here/)
    assert.ok(!found.join().includes('1212'))
  }
})

test('a URL that carries a key is not quoted where it is wrong', () => {
  const found = problems({ ...good, chains: [{ ...chain('1', 'one'), rpc: ['wss://host/s3cret'] }, chain('2', 'two')] })
  assert.deepEqual(found, ['chains[0].rpc[0]: expected an http or https URL, or env:NAME or file:PATH that holds one'])
})

test('payees, claims, expiry, supply and metrics: read, with defaults, and each mistake is one line', () => {
  const supply = [{ name: 'usd', lock: { chain: '1', address: mos }, mint: { chain: '2', address: mos } }]
  const one = { ...chain('1', 'one'), payee: mos, claims: { minAmount: '5' }, recordExpiry: 'own' }
  const config = parseConfig({ ...good, chains: [one, chain('2', 'two')], supply, metrics: { port: 9464 } })
  assert.equal(config.supply[0]?.mint.read, 'outstanding')
  assert.equal(config.supply[0]?.lock.decimals, 18)
  assert.deepEqual(config.metrics, { host: '127.0.0.1', port: 9464 })
  assert.deepEqual(config.chains[0]?.claims, { minAmount: 5n, maxAgeMs: 86_400_000, updateAfterMs: 3_600_000 })
  const withOne = (change: object) => ({ ...good, chains: [{ ...one, ...change }, chain('2', 'two')] })
  assert.deepEqual(problems(withOne({ payee: '0x12' })), ['chains[0].payee: expected an address'])
  assert.equal(problems(withOne({ recordExpiry: 'mine' })).length, 1)
  assert.equal(problems(withOne({ claims: true })).length, 1)
  assert.deepEqual(problems({ ...good, metrics: { port: 65_536 } }).length, 1)
  const [pair] = supply
  assert.deepEqual(problems({ ...good, supply: [{ ...pair, mint: { chain: '3', address: mos } }] }), [
    'supply[0].mint.chain: no chain 3',
  ])
  assert.deepEqual(problems({ ...good, supply: [{ ...pair, mint: { chain: '1', address: mos } }] }), [
    'supply[0]: an asset is locked on one chain and minted on another',
  ])
  assert.deepEqual(problems({ ...good, supply: [pair, pair] }), ['supply[1].name: usd is there twice'])
})

test('a lane over a hub names a third chain, which has a hub', () => {
  const three = { ...chain('3', 'three'), hub: mos }
  const over = (via: string, third: object = three) => ({
    ...good,
    chains: [chain('1', 'one'), chain('2', 'two'), third],
    lanes: [{ from: '1', to: '2', via }],
  })
  const config = parseConfig(over('3'))
  assert.equal(config.lanes[0]?.via, 3n)
  assert.equal(config.chains[2]?.hub, mos)
  assert.deepEqual(problems(over('2')), ['lanes[0].via: a hub is on a third chain'])
  assert.deepEqual(problems(over('4')), ['lanes[0].via: no chain 4'])
  assert.deepEqual(problems(over('3', chain('3', 'three'))), ['lanes[0].via: chain 3 has no hub'])
})

const yaml = `# two chains
store: data
chains:
  - id: 1
    name: one
    consensus: qbft
    rpc: [env:ONE_RPC, 'https://user:pw@node.example/v2/s3cret?key=s3cret']
    mos: '${mos}'
    startBlock: 5
    signer: { keystore: file:one.json, password: env:ONE_PASSWORD }
    maxFeePerGas: '9007199254740993'
  - id: 2
    name: two
    consensus: qbft
    rpc: [http://127.0.0.1:8546]
    mos: '${mos}'
    startBlock: 0
    signer: env:KEY
lanes:
  - { from: 1, to: 2 }
`

test('a YAML file is read, and its mistakes have their lines', () => {
  const { config } = parseConfigFile(yaml)
  assert.equal(config.chains[0]?.maxFeePerGas, 9007199254740993n)
  const lines = (text: string) => problemsOf(() => parseConfigFile(text))
  assert.deepEqual(lines(yaml.replace('startBlock: 5', 'startBlok: 5')), [
    'line 4: chains[0].startBlock: is missing',
    'line 9: chains[0].startBlok: unknown key; did you mean startBlock?',
  ])
  assert.deepEqual(lines(yaml.replace('to: 2', 'to: 3')), ['line 20: lanes[0].to: no chain 3'])
  assert.match(lines(`${yaml}store: other\n`)[0] ?? '', /^line 21: not YAML: .*unique/)
  assert.match(lines('store: [')[0] ?? '', /^line 1: not YAML/)
  assert.deepEqual(lines(''), ['config: Invalid input: expected object, received null'])
})

test('a file that multiplies itself by aliases is refused', () => {
  const rows = Array.from({ length: 9 }, (_, i) => `a${i + 1}: &a${i + 1} [${Array(9).fill(`*a${i}`).join()}]`)
  const bomb = ['a0: &a0 [x]', ...rows].join('\n')
  assert.match(problemsOf(() => parseConfigFile(bomb))[0] ?? '', /not YAML: .*alias/)
})

test('JSON is read as the YAML that it is', () => {
  assert.deepEqual(parseConfigFile(JSON.stringify(good)).config, parseConfig(good))
})

test('the environment goes before the file, and a mistake in it names the variable', () => {
  const { config } = parseConfigFile(yaml, { MERIDIAN_STORE: '/var/lib/m', MERIDIAN_API_PORT: '8620', OTHER: 'x' })
  assert.equal(config.store, '/var/lib/m')
  assert.equal(config.api?.port, 8620)
  assert.match(
    problemsOf(() => parseConfigFile(yaml, { MERIDIAN_LOG_LEVEL: 'loud' }))[0] ?? '',
    /^MERIDIAN_LOG_LEVEL: /,
  )
})

test('the configuration in force shows each value with its source, and no secret', () => {
  const file = parseConfigFile(yaml, { MERIDIAN_STORE: '/var/lib/m' })
  const by = new Map(effectiveValues(file).map(({ path, value, source }) => [path.join('.'), { value, source }]))
  assert.deepEqual(by.get('store'), { value: '/var/lib/m', source: 'env MERIDIAN_STORE' })
  assert.deepEqual(by.get('chains.0.startBlock'), { value: 5, source: 'file' })
  assert.deepEqual(by.get('chains.0.pollMs'), { value: defaultTuning.pollMs, source: 'default' })
  assert.deepEqual(by.get('chains.0.rpc.1'), { value: 'https://node.example/…', source: 'file' })
  assert.deepEqual(by.get('chains.0.maxFeePerGas'), { value: '9007199254740993', source: 'file' })
  const text = effectiveYaml(file)
  assert.ok(!text.includes('s3cret') && !text.includes('pw@'))
  assert.match(text, /^store: \/var\/lib\/m # env MERIDIAN_STORE$/m)
  assert.match(text, /^ {4}startBlock: 5 # file$/m)
  assert.match(text, /pollMs: 2000 # default/)
  assert.match(text, /keystore: file:one.json # file/)
  const unmarked = text.split('\n').filter((line) => /^\s*(- )?\w+: \S/.test(line) && !/ # |: \[\]$/.test(line))
  assert.deepEqual(unmarked, [], 'every value has its source')
})

test('the JSON Schema for editors is the committed one (else: `meridian config schema > packages/compass/compass.schema.json`)', () => {
  const committed: unknown = JSON.parse(readFileSync(new URL('../../compass.schema.json', import.meta.url), 'utf8'))
  assert.deepEqual(committed, JSON.parse(JSON.stringify(configJsonSchema())))
})

test('every key says what it is for', () => {
  const silent: string[] = []
  const walk = (schema: unknown, path: string): void => {
    if (typeof schema !== 'object' || schema === null) return
    for (const [key, value] of Object.entries(schema)) {
      if (key === 'properties')
        for (const [name, property] of Object.entries(value as Record<string, { description?: string }>)) {
          if (!self.has(name) && (property.description ?? '').length < 5) silent.push(`${path}.${name}`)
          walk(property, `${path}.${name}`)
        }
      else walk(value, path)
    }
  }
  // the parts of an address, and what is said one level up
  const self = new Set([
    'chain',
    'address',
    'decimals',
    'read',
    'name',
    'keystore',
    'password',
    'action',
    'chains',
    'body',
    'host',
  ])
  walk(configJsonSchema(), '')
  assert.deepEqual(silent, [])
})

// once, a key in a host's own name was printed, and a password behind a question mark was taken and printed
test('a key in the name of a host, or in the query of the store, is a secret as well', () => {
  const host = 'still-wispy-0a1b2c3d4e5f6a7b8c9d.quiknode.example'
  const file = parseConfigFile(yaml.replaceAll('node.example', host))
  assert.ok(effectiveYaml(file).includes('quiknode') && !effectiveYaml(file).includes('0a1b2c3d4e5f'))
  assert.ok(!JSON.stringify(effectiveValues(file)).includes('0a1b2c3d4e5f'))
  for (const store of ['postgres://host/db?user=u&password=s3cret', 'postgresql://u:s3cret@host/db']) {
    const problems = problemsOf(() => parseConfigFile(yaml, { MERIDIAN_STORE: store }))
    assert.match(problems.join(), /password never stands here/)
    assert.ok(!problems.join().includes('s3cret'))
  }
  for (const url of ['postgres://u:p@s3cret@host/db', 'postgres://u:a/s3cret@host/db', 'postgres://u:s3cret?@host/db'])
    assert.equal(placeName(url), 'PostgreSQL at host/db')
})
