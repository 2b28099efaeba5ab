import assert from 'node:assert/strict'
import { readFileSync, rmSync, writeFileSync } from 'node:fs'
import { test } from 'node:test'
import { counterAbi, counterBytecode } from '@meridian/abi'
import { initCodeOf } from '@meridian/cli/deploy'
import { send } from '@meridian/sdk'
import { stringToHex } from 'viem'
import { setTrust } from './support/two-qbft.ts'
import { useTwoChains } from './support/use-compass.ts'

// this one makes its store itself, as at an operator's
const { world, compass, steps, reached, until } = useTwoChains({ noStore: true })

test('a message each way is delivered and executed, and every step of its way is told once', {
  timeout: 60_000,
}, async () => {
  const { a, b } = world()
  const [there, back] = (await Promise.all([a.send(['there']), b.send(['back'])])).flat()
  assert.ok(there !== undefined && back !== undefined)
  const [onB, onA] = await Promise.all([reached(there.orderId, 'executed'), reached(back.orderId, 'executed')])
  assert.equal(await b.count(), 1n)
  assert.equal(await a.count(), 1n)
  for (const { data } of [onA, onB]) {
    assert.ok(data.targetTx !== null && data.deliveryGas !== null && data.deliveryGas > 100_000n)
    assert.equal(data.executed, true)
  }
  await reached(there.orderId, 'settled')
  const told = steps.filter(({ orderId }) => orderId === there.orderId).map(({ stage }) => stage)
  assert.deepEqual(told, ['sent', 'final', 'lightClientUpdated', 'proven', 'delivered', 'executed', 'settled'])
})

test('messages of one block share a transaction, and each is executed', { timeout: 60_000 }, async () => {
  const { a, b } = world()
  const before = await b.count()
  const sent = await a.send(['one', 'two', 'three', 'four'])
  const steps = await Promise.all(sent.map(({ orderId }) => reached(orderId, 'executed')))
  assert.equal(await b.count(), before + 4n)
  const blocks = new Set(steps.map(({ data }) => data.blockNumber))
  const transactions = new Set(steps.map(({ data }) => data.targetTx))
  assert.ok(transactions.size <= blocks.size, `${transactions.size} transactions for ${blocks.size} blocks`)
})

test('a target that runs out of gas fails visibly, and succeeds when an operator retries it with more', {
  timeout: 60_000,
}, async () => {
  const { a, b } = world()
  // a counter that has counted nothing yet: its first write alone costs more than the message brings
  const init = initCodeOf(counterAbi, counterBytecode, [b.contracts.mos, b.deployer.address])
  const counter = await b.deployer.deploy('a fresh counter', init)
  await setTrust({ ...b, counter }, a, a.deployer.address, true)
  const count = () => b.deployer.client.readContract({ abi: counterAbi, address: counter, functionName: 'count' })
  const message = { kind: 'message', target: counter, payload: stringToHex('starved'), gasLimit: 21_000n } as const
  const { orderId } = await send(a.endpoint, a.deployer.wallet, { toChain: b.contracts.chainId, message })
  const failed = await reached(orderId, 'failed')
  assert.equal(failed.data.executed, false)
  assert.equal(await count(), 0n)
  const key = { fromChain: a.contracts.chainId, orderId }
  await until(async () => (await compass().message(key))?.state === 'failed')
  assert.equal(await compass().retry(key, 200_000n), null)
  await reached(orderId, 'executed')
  assert.equal(await count(), 1n)
})

test('what the README tells an app developer to write sends a message', { timeout: 60_000 }, async (t) => {
  const readme = readFileSync(new URL('../../README.md', import.meta.url), 'utf8')
  const [, code] = /```ts\n(.*?)```/s.exec(readme) ?? []
  assert.ok(code !== undefined)
  const file = new URL(`./readme-${process.pid}.ts`, import.meta.url)
  writeFileSync(file, code)
  const log = t.mock.method(console, 'log', () => undefined)
  try {
    const { chain, sendText } = await import(file.href)
    const { a, b } = world()
    const [from, to] = await Promise.all([
      chain(a.chain.rpcUrl, a.contracts.mos, 'instant'),
      chain(b.chain.rpcUrl, b.contracts.mos, 'instant'),
    ])
    const before = await b.count()
    const orderId = await sendText({ from, to }, a.deployer.wallet, b.counter, 'by the book')
    assert.equal(await b.count(), before + 1n)
    const [first, ...stages] = log.mock.calls.map(({ arguments: [line] }) => line)
    assert.match(first, new RegExp(`^order ${orderId}, sent for \\d+ wei$`))
    assert.equal(stages.at(-1), 'delivered')
  } finally {
    rmSync(file)
  }
})
