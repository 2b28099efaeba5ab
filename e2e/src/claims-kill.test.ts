import assert from 'node:assert/strict'
import { test } from 'node:test'
import { iFeeServiceAbi } from '@meridian/abi'
import type { Hex } from 'viem'
import { rawConfigOf, secretsOf } from './support/compass-config.ts'
import type { CompassLine } from './support/compass-run.ts'
import { startTwoChains } from './support/two-qbft.ts'
import { useCompassProcesses } from './support/use-process.ts'

const { world, startCompass, tick } = useCompassProcesses({
  start: () => startTwoChains({ gasPrice: 1_000_000_000_000n }),
  config: (chains, store) => rawConfigOf(chains, store, { top: { logLevel: 'info' } }),
  secrets: secretsOf,
})

/** The moments of a claim's way at which the process dies. */
const moments: readonly (readonly [string, (line: CompassLine) => boolean])[] = [
  ['the delivery is mined', ({ stage }) => stage === 'delivered'],
  ['the claim is found', ({ msg }) => msg === 'delivery earned fees'],
  ['the claim is out', ({ msg }) => msg === 'claim sent'],
  ['the claim is mined', ({ msg, kind }) => msg === 'transaction mined' && kind === 'claim'],
  ['the withdrawal is out', ({ msg }) => msg === 'withdrawal sent'],
]

test('killed at each moment of a claim, it claims everything, once, and pays for no transaction in vain', {
  timeout: 290_000,
}, async () => {
  const { a } = world()
  const sent: Hex[] = []
  for (const [name, fits] of moments) {
    const compass = startCompass()
    assert.ok(await compass.until(({ stage }) => stage === 'started'))
    const messages = await a.send([`before ${name}`])
    sent.push(...messages.map(({ orderId }) => orderId))
    assert.ok(await compass.until(fits), name)
    compass.child.kill('SIGKILL')
    await compass.ended
  }
  const last = startCompass()
  const { client } = a.deployer
  const fees = { abi: iFeeServiceAbi, address: a.contracts.feeService, fromBlock: 0n, strict: true } as const
  const balance = () => client.getBalance({ address: a.contracts.feeService })
  const earned = () => client.getContractEvents({ ...fees, eventName: 'FeeEarned' })
  for (;;) {
    if ((await earned()).length >= sent.length && (await balance()) === 0n) break
    await tick()
  }
  assert.deepEqual(await last.stop(), { code: 0, errors: '' })

  const credits = await earned()
  assert.deepEqual(credits.map(({ args }) => args.orderId).sort(), [...sent].sort())
  assert.ok(credits.every(({ args }) => args.payee === a.relayer))
  const withdrawn = await client.getContractEvents({ ...fees, eventName: 'Withdrawn' })
  const sum = (list: readonly { readonly args: { readonly amount: bigint } }[]) =>
    list.reduce((total, { args }) => total + args.amount, 0n)
  assert.equal(sum(withdrawn), sum(credits))
  // each of the relayer's transactions here settled something or paid something out
  const useful = new Set([...credits, ...withdrawn].map(({ transactionHash }) => transactionHash))
  assert.equal(await client.getTransactionCount({ address: a.relayer }), useful.size)
})
