import assert from 'node:assert/strict'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, afterEach, before, test } from 'node:test'
import { setTimeout as delay } from 'node:timers/promises'
import { run } from '@meridian/cli'
import { putEmptyStore } from '@meridian/compass/testing/empty-store'
import type { Hex } from 'viem'
import { stringify } from 'yaml'
import { rawConfigOf, secretsOf } from './support/compass-config.ts'
import { startTwoChains, type TwoChains } from './support/two-qbft.ts'

const TIMEOUT = { timeout: 240_000 }
/** Milliseconds in which a Compass that is told to stop has stopped. */
const GRACE = 5_000
let chains: TwoChains
let folder: string
let api: string
let env: Record<string, string>
const write = (name: string, content: string) => {
  writeFileSync(join(folder, name), content)
  return join(folder, name)
}

before(async () => {
  chains = await startTwoChains()
  folder = mkdtempSync(join(tmpdir(), 'compass-operations-'))
  await putEmptyStore(join(folder, 'store'))
  api = `http://127.0.0.1:${await freePort()}`
  env = { ...secretsOf(chains), API_TOKEN: 'a-token-of-enough-characters' }
})
after(async () => {
  await chains?.stop()
  if (folder !== undefined) rmSync(folder, { recursive: true })
})

async function freePort(): Promise<number> {
  const server = createServer()
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const address = server.address()
  assert.ok(address !== null && typeof address === 'object')
  await new Promise((resolve) => server.close(resolve))
  return address.port
}

/** A configuration file, in YAML. */
function configFile(extra: { readonly top?: object; readonly a?: object; readonly b?: object } = {}): string {
  const top = {
    api: { port: Number(new URL(api).port), token: 'env:API_TOKEN' },
    telemetryMs: 100,
    balanceMs: 100,
    ...extra.top,
  }
  const raw = rawConfigOf(chains, join(folder, 'store'), {
    top,
    ...(extra.a === undefined ? {} : { a: { ...extra.a } }),
    ...(extra.b === undefined ? {} : { b: { ...extra.b } }),
  })
  return write('compass.yaml', stringify(raw))
}

const running = new Set<{ stop(): void; readonly done: Promise<number> }>()
afterEach(async () => {
  for (const command of running) command.stop()
  await Promise.all([...running].map(({ done }) => done))
  running.clear()
})

/** Runs a command in this process, until it ends or is told to stop. */
function start(...argv: readonly string[]) {
  return startAt(Date.now, argv)
}

function startAt(now: () => number, argv: readonly string[]) {
  const abort = new AbortController()
  const [out, err]: [string[], string[]] = [[], []]
  const done = run(argv, {
    env,
    out: (line) => void out.push(line),
    err: (line) => void err.push(line),
    signal: abort.signal,
    now,
    sleep: (milliseconds, signal) => delay(milliseconds, undefined, signal === undefined ? {} : { signal }),
  })
  const command = { out, err, done, stop: () => abort.abort() }
  running.add(command)
  return command
}
async function meridian(...argv: readonly string[]) {
  const { out, err, done } = start(...argv)
  const code = await done
  return { code, out: out.join('\n'), err: err.join('\n') }
}

/** Asks again with every second of the chains until the answer fits. */
async function until<T>(ask: () => Promise<T>, fits: (answer: T) => boolean): Promise<T> {
  for (;;) {
    const answer = await ask()
    if (fits(answer)) return answer
    await chains.clock.waitUntil(chains.clock.now() + 1)
  }
}
const live = () =>
  until(
    () =>
      fetch(`${api}/health/live`).then(
        ({ ok }) => ok,
        () => false,
      ),
    (ok) => ok,
  )
const stateOf = async (orderId: Hex): Promise<{ state: string; reason: { code: string } | null }> => {
  const path = `/v1/messages/${chains.a.contracts.chainId}/${orderId}`
  const response = await fetch(`${api}${path}`)
  const { message } = (await response.json()) as { message?: { state: string; reason: { code: string } | null } } // CAST: the test looks
  return message ?? { state: 'unknown', reason: null }
}

test('doctor: all is well; then each thing that is not is a line with what mends it', TIMEOUT, async () => {
  const clock = () => chains.clock.now() * 1_000
  const checked = startAt(clock, ['compass', 'doctor', '--config', configFile()])
  const well = { code: await checked.done, out: checked.out.join('\n') }
  assert.equal(well.code, 0, well.out)
  const early = startAt(() => clock() - 60_000, ['compass', 'doctor', '--config', configFile()])
  assert.equal(await early.done, 1)
  assert.match(
    early.out.join('\n'),
    /^fail alpha clock: its newest block is \d+ s ahead of this machine — set the clock/m,
  )
  assert.ok(!/^(warn|fail)/m.test(well.out), well.out)
  for (const subject of [
    'alpha rpc[0]',
    'beta mos',
    'alpha signer',
    'lane alpha-beta route',
    'lane beta-alpha head',
    'store',
  ])
    assert.match(well.out, new RegExp(`^ok +${subject.replace(/[[\]]/g, '\\$&')}: `, 'm'))
  const bad = configFile({
    a: { mos: '0x00000000000000000000000000000000000000A1' },
    b: { signer: 'env:MISSING', rpc: ['http://127.0.0.1:1', chains.b.chain.rpcUrl, chains.a.chain.rpcUrl] },
    top: { filters: { sanctions: join(folder, 'nothing.txt') } },
  })
  const ill = await meridian('compass', 'doctor', '--config', bad)
  assert.equal(ill.code, 1)
  assert.match(ill.out, /^fail alpha mos: no code at .* — correct/m)
  assert.match(ill.out, /^fail beta rpc\[0\]: .* — /m)
  assert.match(ill.out, /^fail beta rpc\[2\]: .*serves chain 7001, not 7002/m)
  assert.match(ill.out, /^fail beta signer: .*the variable is not set/m)
  assert.match(ill.out, /^fail lane alpha-beta route: it names MOS/m)
  assert.match(ill.out, /^fail filters.sanctions: .*ENOENT/m)
  assert.match(ill.out, /^ok +beta rpc\[1\]/m, 'what works is told apart')
})

test('a dry run says what it would send, without a signer and without sending', TIMEOUT, async () => {
  const [sent] = await chains.a.send(['dry'])
  assert.ok(sent)
  const before = await chains.b.count()
  const noSigners = configFile({ a: { signer: undefined }, b: { signer: undefined } })
  assert.equal((await meridian('compass', 'start', '--config', noSigners)).code, 2, 'only a dry run goes without')
  const compass = start('compass', 'start', '--config', noSigners, '--dry-run')
  await live()
  await until(
    () => stateOf(sent.orderId),
    ({ reason }) => reason?.code === 'DRY_RUN',
  )
  assert.equal(await chains.b.count(), before)
  compass.stop()
  assert.equal(await compass.done, 0, compass.err.join())
})

test(
  'what a filter stops is shown with its reason; a release delivers it; a pause and a clear hold until they are taken back',
  TIMEOUT,
  async () => {
    const { a, b } = chains
    const deny = { action: 'deny', sender: [a.counter], note: 'asked by legal' }
    const file = configFile({ top: { filters: { rules: [deny] } } })
    const compass = start('compass', 'start', '--config', file)
    await live()
    const [first, second] = await a.send(['one', 'two'])
    assert.ok(first && second)
    for (const { orderId } of [first, second])
      await until(
        () => stateOf(orderId),
        ({ reason }) => reason?.code === 'FILTERED',
      )
    const pending = await meridian('compass', 'pending', '--config', file, '--reason', 'FILTERED')
    assert.match(pending.out, new RegExp(`${first.orderId} alpha -> beta final .*asked by legal`))

    const noToken = await meridian('compass', 'release', first.orderId, '--api', api)
    assert.deepEqual([noToken.code, /UNAUTHORIZED/.test(noToken.err)], [1, true])
    const before = await b.count()
    assert.equal((await meridian('compass', 'release', first.orderId, '--config', file)).out, 'release: done')
    await until(
      () => stateOf(first.orderId),
      ({ state }) => state === 'delivered',
    )
    assert.equal(await b.count(), before + 1n)

    const [from, to] = [String(a.contracts.chainId), String(b.contracts.chainId)]
    const lane = ['--from', from, '--to', to, '--config', file]
    assert.equal((await meridian('compass', 'pause', ...lane)).code, 0)
    assert.equal((await meridian('compass', 'release', second.orderId, '--config', file)).code, 0)
    await until(
      () => stateOf(second.orderId),
      ({ reason }) => reason?.code === 'PAUSED',
    )
    const status = await meridian('compass', 'status', '--config', file)
    assert.equal(status.code, 0, 'a lane that an operator paused is no failure')
    assert.match(status.out, /^running$/m)
    assert.match(status.out, /^lane +alpha -> beta: .*PAUSED/m)
    assert.match(status.out, /^client +alpha on beta: active, head \d+/m)
    assert.match(status.out, /^wallet +beta 0x\w+: [\d.]+, lasts/m)
    assert.match(status.out, /^cost +alpha -> beta: delivery 1, \d+ gas/m)
    assert.equal((await meridian('compass', 'clear', second.orderId, '--config', file)).code, 0)
    assert.equal((await meridian('compass', 'resume', ...lane)).code, 0)
    // what is read once more is known already: nothing is delivered twice
    const reread = (block: string) =>
      meridian('compass', 'reread', '--chain', from, '--from-block', block, '--config', file)
    assert.deepEqual([(await reread('1')).code, (await reread('999999999')).code], [0, 1])
    await until(
      () => stateOf(second.orderId),
      ({ reason }) => reason?.code === 'CLEARED',
    )

    const metrics = await (await fetch(`${api}/metrics`)).text()
    assert.match(metrics, new RegExp(`meridian_stage_seconds_count\\{from="${from}",to="${to}",stage="included"\\} 1`))
    assert.match(metrics, new RegExp(`meridian_light_client_active\\{from="${from}",to="${to}"\\} 1`))
    assert.ok(!metrics.includes(first.orderId), 'no label for each message')
    assert.equal((await fetch(`${api}/health/ready`)).status, 200)

    const stopped = Date.now()
    compass.stop()
    assert.equal(await compass.done, 0)
    assert.ok(Date.now() - stopped < GRACE)

    // nobody runs: the same commands read and write the store
    const offline = await meridian('compass', 'pending', '--config', file)
    assert.match(offline.out, new RegExp(`${second.orderId}.*CLEARED`))
    assert.match((await meridian('compass', 'status', '--config', file)).out, /not running/)
    assert.equal((await meridian('compass', 'retry', second.orderId, '--config', file)).out, 'retry: done')
    const unknown = await meridian('compass', 'retry', `0x${'12'.repeat(32)}`, '--config', file)
    assert.deepEqual([unknown.code, /knows no message/.test(unknown.err)], [1, true])

    // the clearing took the release back: the filter is asked again
    const again = start('compass', 'start', '--config', file)
    await live()
    await until(
      () => stateOf(second.orderId),
      ({ reason, state }) => reason?.code === 'FILTERED' || state === 'delivered',
    )
    await meridian('compass', 'release', second.orderId, '--config', file)
    await until(
      () => stateOf(second.orderId),
      ({ state }) => state === 'delivered',
    )
    assert.equal(await b.count(), before + 2n)
    again.stop()
    assert.equal(await again.done, 0)
  },
)

test('config init, check and print speak of the same file', TIMEOUT, async () => {
  const out = join(folder, 'new.yaml')
  assert.equal((await meridian('config', 'init', '--out', out)).code, 0)
  assert.equal((await meridian('config', 'init', '--out', out)).code, 2, 'nothing is overwritten')
  assert.match((await meridian('config', 'check', '--config', out)).out, /ok: 2 chains, 2 lanes/)
  const printed = await meridian('config', 'print', '--config', out)
  assert.match(printed.out, /pollMs: 2000 # default/)
  const broken = write('broken.yaml', readFileSync(out, 'utf8').replace('startBlock', 'startBlok'))
  const checked = await meridian('config', 'check', '--config', broken)
  assert.equal(checked.code, 2)
  assert.match(checked.err, /broken\.yaml: line \d+: chains\[0\]\.startBlok: unknown key; did you mean startBlock\?/)
})
