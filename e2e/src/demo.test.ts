import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { join } from 'node:path'
import { test } from 'node:test'
import { fileURLToPath } from 'node:url'

const root = join(fileURLToPath(import.meta.url), '..', '..', '..')
/** Milliseconds in which `--once` must end on two cores. */
const ONCE_LIMIT = 90_000
const HASH = /^0x[0-9a-f]{64}$/

function demo(...flags: readonly string[]) {
  const child = spawn(process.execPath, [join(root, 'scripts', 'demo.ts'), ...flags], {
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  const output = { out: '', err: '' }
  child.stdout.on('data', (chunk: Buffer) => {
    output.out += chunk.toString()
  })
  child.stderr.on('data', (chunk: Buffer) => {
    output.err += chunk.toString()
  })
  return { child, output, exited: once(child, 'exit') }
}

test('demo --once carries a message each way between Ethereum and QBFT and a token there and back, and says so in its last line', async () => {
  const started = performance.now()
  const { output, exited } = demo('--once')
  const [code] = await exited
  assert.equal(code, 0, output.err)
  assert.equal(output.err, '')
  assert.ok(performance.now() - started < ONCE_LIMIT)
  const last = output.out.trimEnd().split('\n').at(-1) ?? ''
  const { messages, transfers } = JSON.parse(last)
  assert.deepEqual(
    messages.map(({ from, to, executed }: Record<string, unknown>) => [from, to, executed]),
    [
      ['ethereum', 'qbft', true],
      ['qbft', 'ethereum', true],
    ],
  )
  assert.deepEqual(
    transfers.map(({ from, to, amount, executed }: Record<string, unknown>) => [from, to, amount, executed]),
    [
      ['ethereum', 'qbft', '2500000000000000000', true],
      ['qbft', 'ethereum', '2500000000000000000', true],
    ],
  )
  for (const message of [...messages, ...transfers]) {
    for (const key of ['orderId', 'sourceTx', 'targetTx']) assert.match(message[key], HASH)
    assert.ok(message.deliveryGas > 100_000)
    assert.ok(message.secondsFinalToExecuted >= 0)
  }
  assert.ok(messages[0].updateGas > 150_000)
})

test('demo --topology hub --once does the same over a hub, between chains that have no light client of each other', async () => {
  const { output, exited } = demo('--topology', 'hub', '--once')
  const [code] = await exited
  assert.equal(code, 0, output.err)
  assert.equal(output.err, '')
  const { messages, transfers } = JSON.parse(output.out.trimEnd().split('\n').at(-1) ?? '')
  const ways = (list: readonly Record<string, unknown>[]) => list.map(({ from, to, executed }) => [from, to, executed])
  const both = [
    ['bsc', 'ethereum', true],
    ['ethereum', 'bsc', true],
  ]
  assert.deepEqual(ways(messages), both)
  assert.deepEqual(ways(transfers), both)
  for (const message of [...messages, ...transfers])
    assert.equal(new Set([message.sourceTx, message.hubTx, message.targetTx]).size, 3)
})

test('the demo runs until it is interrupted, then ends with exit code 0 and leaves no process behind', async () => {
  const { child, output, exited } = demo('--chains', 'qbft,qbft')
  while (!output.out.includes('executed by its target') && child.exitCode === null) {
    await Promise.race([once(child.stdout, 'data'), exited])
  }
  child.kill('SIGINT')
  const [code, signal] = await exited
  assert.deepEqual([code, signal], [0, null], output.err)
  assert.equal(output.err, '')
  assert.ok(!output.out.includes('\x1b'))
})

test('a flag that the demo does not have ends with exit code 2 and one line', async () => {
  for (const flags of [['--chains', 'ethereum'], ['--rate', '0'], ['--forever']]) {
    const { output, exited } = demo(...flags)
    const [code] = await exited
    assert.equal(code, 2)
    assert.match(output.err, /^demo: [^\n]+\n$/)
  }
})
