import assert from 'node:assert/strict'
import { test } from 'node:test'
import { ConfigError } from '../errors.ts'
import { parseConfig, resolveSigner } from './config.ts'

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
  try {
    parseConfig(given)
    return []
  } catch (error) {
    assert.ok(error instanceof ConfigError)
    return error.context.problems
  }
}

test('a good configuration passes, with defaults', () => {
  const config = parseConfig(good)
  assert.equal(config.chains[0]?.id, 1n)
  assert.equal(config.logLevel, 'info')
})

test('each problem is one line with its path', () => {
  assert.deepEqual(problems({ ...good, chains: [{ ...chain('1', 'one'), rcp: [] }, chain('2', 'two')] }), [
    'chains[0]: Unrecognized key: "rcp"',
  ])
  assert.deepEqual(problems({ ...good, lanes: [{ from: '1', to: '3' }] }), ['lanes[0].to: no chain 3'])
  assert.deepEqual(problems({ ...good, lanes: [{ from: '1', to: '1' }] }), ['lanes[0]: a lane joins two chains'])
  assert.deepEqual(
    problems({ ...good, chains: [chain('1', 'one'), { ...chain('2', 'two'), consensus: 'ethereum' }] }),
    ['chains[1].beacon: Ethereum needs a beacon URL'],
  )
  assert.deepEqual(problems({ ...good, chains: [chain('1', 'one'), { ...chain('2', 'two'), mos: '0x12' }] }), [
    'chains[1].mos: expected an address',
  ])
})

test('a key in place of its reference is refused, and no error quotes it', () => {
  const key = `0x${'12'.repeat(32)}`
  const [problem] = problems({ ...good, chains: [chain('1', 'one'), { ...chain('2', 'two'), signer: key }] })
  assert.match(problem ?? '', /^chains\[1\]\.signer: expected env:NAME or file:PATH/)
  assert.ok(!problem?.includes('1212'))
})

test('signers come from the environment or a file', () => {
  const key = `0x${'12'.repeat(32)}`
  const files = {
    readFile: (path: string) => {
      if (path !== 'key') throw new Error('ENOENT')
      return `${key}\n`
    },
  }
  const { address } = resolveSigner('env:KEY', { ...files, env: { KEY: key } })
  assert.equal(resolveSigner('file:key', { ...files, env: {} }).address, address)
  const refuses = (reference: string, value: string, text: RegExp) =>
    assert.throws(
      () => resolveSigner(reference, { ...files, env: { KEY: value } }),
      (e) => e instanceof ConfigError && text.test(e.message) && !e.message.includes(value || '-'),
    )
  refuses('env:KEY', '', /not set/)
  refuses('env:KEY', '0x1234567890', /32 bytes/)
  refuses('env:KEY', `0x${'ff'.repeat(32)}`, /secp256k1/)
  refuses('file:nothing', 'x-no-value', /cannot be read/)
})

test('payees, claims, expiry, supply and metrics: read, with defaults, and each mistake is one line', () => {
  const supply = [{ name: 'usd', lock: { chain: '1', address: mos }, mint: { chain: '2', address: mos } }]
  const one = { ...chain('1', 'one'), payee: mos, claims: { minAmount: '5' }, recordExpiry: 'own' }
  const config = parseConfig({ ...good, chains: [one, chain('2', 'two')], supply, metrics: { port: 9464 } })
  assert.equal(config.supply[0]?.mint.read, 'outstanding')
  assert.equal(config.supply[0]?.lock.decimals, 18)
  assert.deepEqual(config.chains[0]?.claims, { minAmount: 5n })
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

test('a lane over a hub names a third chain, which has a hub and a signer', () => {
  const three = { ...chain('3', 'three'), hub: mos }
  const over = (via: string, third: object = three) => ({
    ...good,
    chains: [chain('1', 'one'), chain('2', 'two'), third],
    lanes: [{ from: '1', to: '2', via }],
  })
  const config = parseConfig(over('3'))
  assert.deepEqual(config.lanes, [{ from: 1n, to: 2n, via: 3n }])
  assert.equal(config.chains[2]?.hub, mos)
  assert.deepEqual(problems(over('2')), ['lanes[0].via: a hub is on a third chain'])
  assert.deepEqual(problems(over('4')), ['lanes[0].via: no chain 4'])
  assert.deepEqual(problems(over('3', chain('3', 'three'))), ['lanes[0].via: chain 3 has no hub'])
  assert.deepEqual(problems(over('3', { ...three, signer: undefined })), ['lanes[0].via: chain 3 has no signer'])
})
