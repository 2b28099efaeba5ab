import assert from 'node:assert/strict'
import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { test } from 'node:test'
import { parse } from 'yaml'
import { z } from 'zod'
import { createMetrics } from './metrics.ts'

const root = new URL('../../../../', import.meta.url)
const read = (path: string) => readFileSync(new URL(path, root), 'utf8')

const alertsSchema = z.strictObject({
  groups: z.array(
    z.strictObject({
      name: z.string(),
      rules: z.array(
        z.strictObject({
          alert: z.string().regex(/^[A-Z][A-Za-z]+$/),
          expr: z.string(),
          for: z.string().regex(/^\d+[smh]$/),
          labels: z.strictObject({ severity: z.enum(['critical', 'warning', 'info']) }),
          annotations: z.strictObject({ summary: z.string(), description: z.string(), runbook: z.string() }),
        }),
      ),
    }),
  ),
})
const dashboardSchema = z.looseObject({
  uid: z.string(),
  panels: z.array(
    z.looseObject({
      title: z.string(),
      targets: z.array(z.looseObject({ expr: z.string() })).default([]),
    }),
  ),
})

const alerts = alertsSchema.parse(parse(read('deploy/prometheus/alerts.yaml'))).groups.flatMap(({ rules }) => rules)
const dashboard = dashboardSchema.parse(JSON.parse(read('deploy/grafana/compass.json')))
const expressions = [
  ...alerts.map(({ expr }) => expr),
  ...dashboard.panels.flatMap(({ targets }) => targets.map(({ expr }) => expr)),
]
/** Names of metrics in an expression; a histogram's series stand for it. */
const namesIn = (expression: string) =>
  [...expression.matchAll(/\bmeridian_\w+/g)].map(([name]) => name.replace(/_(bucket|sum|count)$/, ''))

test('every metric is on the dashboard or in an alert, and nothing else is asked for', () => {
  const known = new Set(createMetrics().names())
  const asked = new Set(expressions.flatMap(namesIn))
  assert.deepEqual(
    [...known].filter((name) => !asked.has(name)),
    [],
    'metrics that nobody looks at',
  )
  assert.deepEqual(
    [...asked].filter((name) => !known.has(name)),
    [],
    'metrics that do not exist',
  )
})

test('every alert has its runbook, and every runbook its alert', () => {
  const names = alerts.map(({ alert }) => alert)
  assert.equal(new Set(names).size, names.length)
  for (const { alert, annotations } of alerts) {
    assert.equal(annotations.runbook, `docs/runbooks/${alert}.md`)
    assert.ok(existsSync(new URL(annotations.runbook, root)), annotations.runbook)
    const text = read(annotations.runbook)
    for (const part of [`# ${alert}\n`, '**Means.**', '**Costs.**', '**Do.**'])
      assert.ok(text.includes(part), `${alert}: ${part}`)
  }
  const files = readdirSync(new URL('docs/runbooks/', root)).filter((name) => name !== 'README.md')
  assert.deepEqual(files.map((name) => name.replace(/\.md$/, '')).sort(), [...names].sort())
  for (const name of names) assert.ok(read('docs/runbooks/README.md').includes(`[${name}](${name}.md)`), name)
})

test('links and commands in the runbooks lead somewhere', () => {
  const verbs = new Set([
    'start',
    'watch',
    'status',
    'pending',
    'retry',
    'clear',
    'release',
    'pause',
    'resume',
    'doctor',
  ])
  for (const file of readdirSync(new URL('docs/runbooks/', root))) {
    const text = read(`docs/runbooks/${file}`)
    for (const [, target] of text.matchAll(/\]\(([^)#]+)\)/g))
      assert.ok(existsSync(new URL(target ?? '', new URL('docs/runbooks/', root))), `${file}: ${target}`)
    for (const [, verb] of text.matchAll(/meridian compass (\w+)/g))
      assert.ok(verbs.has(verb ?? ''), `${file}: ${verb}`)
  }
})

test('labels that an alert names are labels of its metric', async () => {
  const text = await createMetrics().render()
  assert.ok(text.text.length > 0)
  for (const { alert, expr, annotations } of alerts)
    for (const [, label] of `${annotations.summary}${annotations.description}`.matchAll(/\$labels\.(\w+)/g)) {
      const grouped = /by \(([^)]*)\)/.exec(expr)?.[1]?.split(/,\s*/)
      assert.ok(grouped === undefined || grouped.includes(label ?? ''), `${alert}: ${label} is summed away`)
    }
})
