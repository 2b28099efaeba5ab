import assert from 'node:assert/strict'
import { test } from 'node:test'
import { type Ran, runIn, scratch } from '../testing.ts'

const address = (digit: string) => `0x${digit.repeat(40)}`
const env = { KEY: `0x${'11'.repeat(32)}` }

function assertRefused(ran: Ran, names: RegExp): void {
  assert.equal(ran.code, 2, ran.err.join('\n'))
  assert.equal(ran.err.length, 1)
  assert.match(ran.err[0] ?? '', /^meridian: [^\n]+$/)
  assert.match(ran.err[0] ?? '', names)
  assert.deepEqual(ran.out, [])
}

test('deploy: each malformed or contradictory flag is refused before anything is sent', async () => {
  const good: Readonly<Record<string, string>> = {
    '--a-rpc': 'http://127.0.0.1:1',
    '--a-consensus': 'qbft',
    '--b-rpc': 'http://127.0.0.1:1',
    '--b-consensus': 'qbft',
    '--key': 'env:KEY',
    '--governor': address('1'),
    '--pauser': address('2'),
    '--unpauser': address('3'),
    '--pricer': address('4'),
    '--out': '/nowhere/deployment.json',
  }
  const flags = (change: Readonly<Record<string, string>>) => [
    'deploy',
    ...Object.entries({ ...good, ...change }).flat(),
  ]
  const bad: readonly (readonly [Readonly<Record<string, string>>, RegExp])[] = [
    [{ '--a-rpc': 'localhost:8545' }, /--a-rpc/],
    [{ '--b-rpc': 'ws://localhost' }, /--b-rpc/],
    [{ '--a-consensus': 'pow' }, /--a-consensus/],
    [{ '--a-consensus': 'ethereum' }, /--a-beacon/],
    [{ '--b-consensus': 'ethereum' }, /--b-beacon/],
    [{ '--a-name': 'Left Chain' }, /--a-name/],
    [{ '--governor': '0x1' }, /--governor/],
    [{ '--governor': '0x19E7E376E7C213B7E7e7e46cc70A5dD086DAff2A' }, /--governor: must not be the deploying account/],
    [{ '--unpauser': address('2') }, /--unpauser: must not be the pauser/],
    [{ '--pricer': 'me' }, /--pricer/],
    [{ '--delay': '-5' }, /--delay/],
    [{ '--base-gas': '0' }, /--base-gas/],
    [{ '--base-gas': '4294967296' }, /--base-gas/],
    [{ '--update-gas': '-1' }, /--update-gas/],
    [{ '--included-bytes': '65536' }, /--included-bytes/],
    [{ '--gas-per-byte': 'many' }, /--gas-per-byte/],
    [{ '--gas-price': '1.5' }, /--gas-price/],
    [{ '--gas-price': `${2n ** 128n}` }, /--gas-price/],
    [{ '--key': 'KEY' }, /--key/],
  ]
  for (const [change, names] of bad) assertRefused(await runIn(flags(change), env), names)
  for (const flag of Object.keys(good)) {
    const rest = Object.entries(good).filter(([name]) => name !== flag)
    assertRefused(await runIn(['deploy', ...rest.flat()], env), new RegExp(flag))
  }
})

test('compass start: a deployment or a configuration, whole and well-formed', async (t) => {
  const write = scratch(t)
  const file = write('deployment.json', { version: 1, chains: [] })
  const config = write('compass.json', { store: 's', chains: [], lanes: [] })
  const start = (...flags: readonly string[]) => runIn(['compass', 'start', ...flags], env)
  assertRefused(await start(), /--deployment/)
  assertRefused(await start('--deployment', file), /--key/)
  assertRefused(await start('--deployment', file, '--key', 'env:KEY'), /--store/)
  assertRefused(await start('--deployment', file, '--key', 'env:NONE', '--store', 's'), /--key/)
  assertRefused(await start('--deployment', file, '--key', 'env:KEY', '--store', 's'), /deployment\.json.*two chains/)
  assertRefused(await start('--config', config, '--store', 's'), /--store/)
  assertRefused(await start('--config', config), /compass\.json.*chains/)
  assertRefused(await start('--config', write('broken.json', '{')), /broken\.json.*not YAML/)
  assertRefused(await start('--config', '/nowhere/compass.json'), /no such file/)
  assertRefused(await start('--config', config, '--log-level', 'loud'), /--log-level/)
})

test('light-client replay: each malformed flag or file is refused in one line that names it', async (t) => {
  const write = scratch(t)
  const replay = (...flags: readonly string[]) => runIn(['light-client', 'replay', ...flags])
  const ethereum = ['--consensus', 'ethereum', '--network', 'mainnet']
  assertRefused(await replay(), /--consensus/)
  assertRefused(await replay('--consensus', 'clique'), /--consensus/)
  assertRefused(await replay('--consensus', 'ethereum'), /--network/)
  assertRefused(await replay('--consensus', 'ethereum', '--network', 'holesky'), /--network.*mainnet or sepolia/)
  assertRefused(await replay('--consensus', 'ethereum', '--network', '__proto__'), /--network/)
  assertRefused(await replay(...ethereum), /--bootstrap/)
  assertRefused(await replay(...ethereum, '--beacon', 'ftp://x'), /--beacon/)
  assertRefused(await replay(...ethereum, '--count', '0', '--beacon', 'http://127.0.0.1:1'), /--count/)
  assertRefused(await replay(...ethereum, '--from-period', '1'), /--from-period: goes with --beacon/)
  assertRefused(
    await replay('--consensus', 'ethereum', '--network', 'x', '--beacon', 'http://127.0.0.1:1'),
    /--network/,
  )
  assertRefused(await replay(...ethereum, '--bootstrap', '/nowhere/b.json'), /--update/)
  ethereum.push('--update', '/nowhere/u.json')
  assertRefused(await replay(...ethereum, '--bootstrap', '/nowhere/b.json'), /\/nowhere\/b\.json: .*no such file/)
  for (const content of ['', 'null', '[]', '{"data":{}}', '{"version":"fulu","data":{"header":{}}}', '<html>']) {
    const file = write('bootstrap.json', content)
    assertRefused(await replay(...ethereum, '--bootstrap', file), /bootstrap\.json: /)
  }
  const qbft = ['--consensus', 'qbft']
  const validators = `${address('1')},${address('2')}`
  assertRefused(await replay(...qbft), /--validators/)
  assertRefused(await replay(...qbft, '--validators', validators), /--header/)
  assertRefused(await replay(...qbft, '--validators', '0x12', '--header', write('h', '0xc0')), /--validators/)
  assertRefused(
    await replay(...qbft, '--validators', `${address('1')},${address('1')}`, '--header', write('h', '0xc0')),
    /--validators/,
  )
  for (const content of ['', '0x', '0xc0', '0xzz', '{}', '{"rlp":"0x00"}', '[]', '{"result":null}']) {
    const file = write('header.json', content)
    assertRefused(await replay(...qbft, '--validators', validators, '--header', file), /header\.json: /)
  }
  assertRefused(await replay(...qbft, '--validators', validators, '--header', '/nowhere/h'), /no such file/)
  const istanbul = ['--consensus', 'istanbul']
  const keys = [['0x1', '0x2']]
  const bootstrap = write('keys.json', { epochSize: 1000, initialG1Keys: keys })
  assertRefused(await replay(...istanbul), /--bootstrap/)
  assertRefused(await replay(...istanbul, '--bootstrap', bootstrap), /--header/)
  assertRefused(await replay(...istanbul, '--bootstrap', '/nowhere/b', '--header', '/nowhere/h'), /no such file/)
  for (const content of [
    '',
    'null',
    '{}',
    '[]',
    { epochSize: 0, initialG1Keys: keys },
    { epochSize: 1, validators: [] },
  ]) {
    const file = write('bootstrap.json', content)
    assertRefused(await replay(...istanbul, '--bootstrap', file, '--header', '/nowhere/h'), /bootstrap\.json: /)
  }
  for (const key of [['0x1', '0x3'], ['0x0', '0x0'], ['0x1'], '0x12', { x: '1' }, null]) {
    const file = write('bootstrap.json', { epochSize: 1000, initialG1Keys: [key] })
    assertRefused(await replay(...istanbul, '--bootstrap', file, '--header', '/nowhere/h'), /bootstrap\.json: /)
  }
  for (const content of ['', '0x', '0xc0', '{}', '{"header":{}}', '[{}]', '{"result":null}', '{"blocks":[0]}']) {
    const file = write('header.json', content)
    assertRefused(await replay(...istanbul, '--bootstrap', bootstrap, '--header', file), /header\.json: /)
  }
})
