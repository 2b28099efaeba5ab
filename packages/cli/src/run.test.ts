import assert from 'node:assert/strict'
import { test } from 'node:test'
import { type Ran, runIn, scratch } from './testing.ts'

const address = '0x00000000000000000000000000000000000000aa'
const chain = (name: string, chainId: string) => ({
  name,
  chainId,
  consensus: 'qbft',
  rpc: 'http://127.0.0.1:1',
  fromBlock: '0',
  timelock: address,
  feeService: address,
  mos: address,
  lightClients: [],
})
const deployment = { version: 1, chains: [chain('left', '11'), chain('right', '12')] }
const lane = (file: string) => ['--deployment', file, '--from', 'left', '--to', 'right']

/** Exit code 2 and one line that names what is wrong. */
function assertRefused(ran: Ran, names: RegExp): void {
  assert.equal(ran.code, 2, ran.err.join('\n'))
  assert.equal(ran.err.length, 1)
  assert.match(ran.err[0] ?? '', /^meridian: [^\n]+$/)
  assert.match(ran.err[0] ?? '', names)
  assert.deepEqual(ran.out, [])
}

test('an unknown command, flag or missing flag is refused in one line', async (t) => {
  const file = scratch(t)('deployment.json', deployment)
  assertRefused(await runIn([]), /no command/)
  assertRefused(await runIn(['fly']), /fly/)
  assertRefused(await runIn(['quote', ...lane(file), '--gas-limit', '1', '--nope']), /--nope/)
  assertRefused(await runIn(['quote', ...lane(file)]), /--gas-limit/)
  assertRefused(await runIn(['quote', ...lane(file), '--gas-limit']), /--gas-limit/)
  assertRefused(await runIn(['quote', ...lane(file), '--gas-limit', '1', 'surplus']), /argument/)
})

test('each malformed flag value is refused in one line that names the flag', async (t) => {
  const file = scratch(t)('deployment.json', deployment)
  const good: Readonly<Record<string, string>> = {
    '--gas-limit': '100000',
    '--target': address,
    '--payload': '0x01',
    '--key': 'env:KEY',
    '--kind': 'message',
    '--fee-token': address,
    '--deadline': '1800000000',
    '--refund': address,
    '--rpc': 'left=http://127.0.0.1:1',
  }
  const bad: readonly (readonly [string, string])[] = [
    ['--gas-limit', '-1'],
    ['--gas-limit', '0'],
    ['--gas-limit', '1e6'],
    ['--gas-limit', '0x10'],
    ['--gas-limit', '18446744073709551616'],
    ['--target', '0x12'],
    ['--target', '0x00000000000000000000000000000000000000AaB'],
    ['--target', '0xfb6916095ca1df60bb79Ce92ce3ea74c37c5d359'],
    ['--payload', 'hello'],
    ['--payload', '0x1'],
    ['--payload', '0xzz'],
    ['--kind', 'letter'],
    ['--fee-token', 'native'],
    ['--deadline', '0'],
    ['--deadline', 'tomorrow'],
    ['--deadline', '18446744073709551616'],
    ['--refund', 'me'],
    ['--key', '0x0123'],
    ['--key', 'env:ABSENT'],
    ['--key', 'env:SHORT'],
    ['--key', 'env:ZERO'],
    ['--key', 'file:/nowhere/at/all'],
    ['--rpc', 'left'],
    ['--rpc', 'left=ftp://host'],
    ['--rpc', '=http://host'],
  ]
  const env = { KEY: `0x${'11'.repeat(32)}`, SHORT: '0x1234', ZERO: `0x${'00'.repeat(32)}` }
  for (const [flag, value] of bad) {
    const flags = Object.entries({ ...good, [flag]: value }).flat()
    const ran = await runIn(['send', ...lane(file), ...flags], env)
    assertRefused(ran, new RegExp(flag))
  }
})

test('a key given in place of its reference is refused and not repeated', async (t) => {
  const file = scratch(t)('deployment.json', deployment)
  const key = `0x${'ab'.repeat(32)}`
  const flags = ['--gas-limit', '1', '--target', address, '--payload', '0x', '--key', key]
  const ran = await runIn(['send', ...lane(file), ...flags])
  assertRefused(ran, /--key/)
  assert.ok(!ran.err.join().includes('abab'))
})

test('quote, topup and claim: each malformed flag is refused in one line that names it', async (t) => {
  const file = scratch(t)('deployment.json', deployment)
  const env = { KEY: `0x${'11'.repeat(32)}` }
  const order = `0x${'12'.repeat(32)}`
  for (const length of ['-1', '16385', '0x10', 'long'])
    assertRefused(await runIn(['quote', ...lane(file), '--gas-limit', '1', '--length', length]), /--length/)
  const topUp = ['topup', ...lane(file), order, '--key', 'env:KEY']
  assertRefused(await runIn(topUp, env), /--amount/)
  for (const amount of ['0', '-1', '1.5', `${2n ** 128n}`])
    assertRefused(await runIn([...topUp, '--amount', amount], env), /--amount/)
  assertRefused(await runIn(['topup', ...lane(file), '0x12', '--key', 'env:KEY', '--amount', '1'], env), /orderId/)
  assertRefused(await runIn(['claim', ...lane(file), order], env), /--key/)
  assertRefused(await runIn(['claim', ...lane(file), order, '--key', 'env:NONE'], env), /--key/)
  assertRefused(await runIn(['claim', ...lane(file), 'order', '--key', 'env:KEY'], env), /orderId/)
  assertRefused(await runIn(['claim', ...lane(file), order, '--key', 'env:KEY', '--payee', address], env), /--payee/)
})

test('a refund recipient of a message that cannot expire is refused', async (t) => {
  const file = scratch(t)('deployment.json', deployment)
  const flags = [
    '--gas-limit',
    '100000',
    '--target',
    address,
    '--payload',
    '0x',
    '--key',
    'env:KEY',
    '--refund',
    address,
  ]
  assertRefused(await runIn(['send', ...lane(file), ...flags], { KEY: `0x${'11'.repeat(32)}` }), /--refund.*--deadline/)
})

test('an order id that is not 32 bytes is refused', async (t) => {
  const file = scratch(t)('deployment.json', deployment)
  assertRefused(await runIn(['status', ...lane(file), '0x1234']), /orderId/)
  assertRefused(await runIn(['status', ...lane(file), 'order']), /orderId/)
  assertRefused(await runIn(['status', ...lane(file)]), /orderId/)
})

test('each malformed deployment file is refused in one line that names the file and the place', async (t) => {
  const write = scratch(t)
  const [left, right] = deployment.chains
  const cases: readonly (readonly [unknown, RegExp])[] = [
    ['', /is not JSON/],
    ['{"version":1', /is not JSON/],
    [[], /expected object/],
    [{ ...deployment, version: 2 }, /version/],
    [{ ...deployment, extra: true }, /extra/],
    [{ version: 1, chains: [left] }, /two chains/],
    [{ version: 1, chains: [left, left] }, /chains\.1\.name: left is there twice/],
    [{ version: 1, chains: [left, { ...right, chainId: '11' }] }, /chains\.1\.chainId: 11 is there twice/],
    [{ version: 1, chains: [left, { ...right, mos: '0x12' }] }, /chains\.1\.mos/],
    [{ version: 1, chains: [left, { ...right, chainId: 12 }] }, /chains\.1\.chainId/],
    [{ version: 1, chains: [left, { ...right, rpc: 'ws://host' }] }, /chains\.1\.rpc/],
    [{ version: 1, chains: [left, { ...right, consensus: 'clique' }] }, /chains\.1\.consensus/],
    [{ version: 1, chains: [left, { ...right, consensus: 'ethereum' }] }, /chains\.1\.beacon/],
  ]
  for (const [content, names] of cases) {
    const file = write('deployment.json', content)
    const ran = await runIn(['quote', ...lane(file), '--gas-limit', '1'])
    assertRefused(ran, names)
    assert.ok(ran.err[0]?.includes('deployment.json'))
  }
  assertRefused(await runIn(['quote', ...lane('/nowhere/deployment.json'), '--gas-limit', '1']), /no such file/)
})

test('a chain that the deployment does not have is refused with those that it has', async (t) => {
  const file = scratch(t)('deployment.json', deployment)
  const flags = ['--deployment', file, '--gas-limit', '1']
  assertRefused(await runIn(['quote', ...flags, '--from', 'left', '--to', 'middle']), /left \(11\), right \(12\)/)
  assertRefused(await runIn(['quote', ...flags, '--from', 'left', '--to', '11']), /another chain/)
})

test('an endpoint that cannot be reached is a failure, not bad input', async (t) => {
  const file = scratch(t)('deployment.json', deployment)
  const ran = await runIn(['quote', ...lane(file), '--gas-limit', '1'])
  assert.equal(ran.code, 1)
  assert.equal(ran.err.length, 1)
  assert.match(ran.err[0] ?? '', /^meridian: [^\n]+$/)
})

test('help and version are answers', async () => {
  const help = await runIn(['--help'])
  assert.equal(help.code, 0)
  assert.match(help.out.join('\n'), /Usage: meridian/)
  assert.deepEqual(await runIn(['--version']), { code: 0, out: ['0.1.0'], err: [] })
})
