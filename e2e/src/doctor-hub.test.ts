import assert from 'node:assert/strict'
import { test } from 'node:test'
import { type CompassConfig, type DoctorLine, runDoctor } from '@meridian/compass'
import { configOf, secretsOf, startHubWorld } from './support/over-hub.ts'
import { useWorld } from './support/use-compass.ts'

const { world, store } = useWorld(() => startHubWorld())

async function look(change: (config: CompassConfig) => CompassConfig = (config) => config) {
  const lines: DoctorLine[] = []
  const secrets = { env: secretsOf(world()), readFile: () => assert.fail('no file') }
  const now = () => world().clock.now() * 1_000
  for await (const line of runDoctor(change(configOf(world(), store())), { secrets, now })) lines.push(line)
  return lines
}
const text = ({ status, subject, detail }: DoctorLine) => `${status} ${subject}: ${detail}`

test('doctor over a hub that works finds nothing; with another hub in the configuration it says so on both legs', async () => {
  const well = await look()
  assert.deepEqual(well.filter(({ status }) => status !== 'ok').map(text), [])
  const { a, b } = world()
  for (const subject of ['hub', 'first leg light client', 'onwards route', 'last leg head', 'records route', 'fees'])
    assert.ok(
      well.some((line) => line.subject.endsWith(` ${subject}`)),
      subject,
    )
  const ill = await look((config) => ({
    ...config,
    chains: config.chains.map((chain) => (chain.hub === undefined ? chain : { ...chain, hub: a.counter })),
    lanes: config.lanes.filter(({ from, to }) => from === a.contracts.chainId && to === b.contracts.chainId),
  }))
  const found = ill.filter(({ status }) => status !== 'ok').map(text)
  assert.match(found.join('\n'), /^fail lane \S+ hub: no code at /m)
  assert.match(found.join('\n'), /^fail lane \S+ last leg route: it goes over the hub /m)
})
