import assert from 'node:assert/strict'
import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { test } from 'node:test'
import { parse } from 'yaml'
import { z } from 'zod'
import { messageStates } from '../message.ts'
import { stages } from '../progress.ts'
import { type Catalogue, judge, type SeriesKind } from '../testing/promql/judge.ts'
import { parseExpression, selectorsOf } from '../testing/promql/parse.ts'
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
      targets: z.array(z.looseObject({ expr: z.string(), legendFormat: z.string() })).default([]),
    }),
  ),
})

const alerts = alertsSchema.parse(parse(read('deploy/prometheus/alerts.yaml'))).groups.flatMap(({ rules }) => rules)
const dashboard = dashboardSchema.parse(JSON.parse(read('deploy/grafana/compass.json')))
const panels = dashboard.panels.flatMap(({ title, targets }) => targets.map((target) => ({ title, ...target })))
const kinds = createMetrics().catalogue()

/** What Prometheus gets to see, by the names of series: Compass' own, and whether it answers. */
const catalogue: Catalogue = {
  series: new Map<string, SeriesKind>([
    ['up', { type: 'gauge', labels: ['job', 'instance'] }],
    ...kinds.flatMap(({ name, type, labels }): [string, SeriesKind][] =>
      type === 'histogram'
        ? [
            [`${name}_bucket`, { type: 'bucket', labels: [...labels, 'le'] }],
            [`${name}_sum`, { type: 'counter', labels }],
            [`${name}_count`, { type: 'counter', labels }],
          ]
        : [[name, { type, labels }]],
    ),
  ]),
  values: { stage: stages, state: messageStates, by: ['data', 'quorum'], job: ['compass'] },
}

test('every metric is on the dashboard or in an alert', () => {
  const asked = new Set(
    [...alerts, ...panels].flatMap(({ expr }) => selectorsOf(parseExpression(expr)).map(({ metric }) => metric)),
  )
  for (const { name, type } of kinds)
    assert.ok(asked.has(type === 'histogram' ? `${name}_bucket` : name), `nobody looks at ${name}`)
})

test('every expression parses by Prometheus’ grammar, over series that exist, each used as what it is', () => {
  for (const { alert, expr, annotations } of alerts) {
    const { kind, labels } = judge(parseExpression(expr), catalogue)
    assert.equal(kind, 'vector', alert)
    for (const [, label] of `${annotations.summary}${annotations.description}`.matchAll(/\$labels\.(\w+)/g))
      assert.ok(labels.includes(label ?? ''), `${alert}: ${label} is no label of what it finds (${labels})`)
  }
  for (const { title, expr, legendFormat } of panels) {
    const { labels } = judge(parseExpression(expr), catalogue)
    for (const [, label] of legendFormat.matchAll(/\{\{(\w+)\}\}/g))
      assert.ok(labels.includes(label ?? ''), `${title}: ${label} is no label of what it shows (${labels})`)
  }
})

test('an expression that cannot say what it means is found', () => {
  for (const [expr, why] of [
    ['sum(', /parse/],
    ['meridian_lane_stalled == 1 and', /parse/],
    ['meridian_lane_stalld == 1', /does not exist/],
    ['meridian_lane_stalled{chain="1"} == 1', /no label chain/],
    ['meridian_messages{state="finl"} > 0', /never finl/],
    ['increase(meridian_message_steps_total{stage="fail"}[1h]) > 0', /never fail/],
    ['rate(meridian_messages[5m]) > 0', /rate over a gauge/],
    ['rate(meridian_reverts_total) > 0', /takes a range/],
    ['meridian_reverts_total > 5', /counter as it stands/],
    ['sum by (chain) (meridian_reverts_total) > 5', /counter as it stands/],
    ['deriv(meridian_reverts_total[5m]) > 0', /deriv over a counter/],
    ['sum by (host) (meridian_lane_stalled) > 0', /no such label/],
    ['histogram_quantile(0.95, sum by (from) (rate(meridian_stage_seconds_bucket[5m])))', /by le/],
    ['histogram_quantile(0.95, rate(meridian_stage_seconds_sum[5m]))', /buckets/],
    ['meridian_lane_stalled == 1 and meridian_worker_failures > 1', /never matches/],
    ['meridian_lane_stalled[5m] == 1', /over a range/],
  ] as const)
    assert.throws(() => judge(parseExpression(expr), catalogue), why, expr)
})

test('every alert has its runbook, and every runbook its alert', () => {
  const names = alerts.map(({ alert }) => alert)
  assert.equal(new Set(names).size, names.length)
  for (const { alert, expr, annotations, for: since } of alerts) {
    assert.equal(annotations.runbook, `docs/runbooks/${alert}.md`)
    assert.ok(existsSync(new URL(annotations.runbook, root)), annotations.runbook)
    const text = read(annotations.runbook)
    for (const part of [
      `# ${alert}\n`,
      `**Fires.** \`${expr}\` for ${since}.\n`,
      '**Means.**',
      '**Costs.**',
      '**Do.**',
    ])
      assert.ok(text.includes(part), `${alert}: ${part}`)
  }
  const files = readdirSync(new URL('docs/runbooks/', root)).filter((name) => name !== 'README.md')
  assert.deepEqual(files.map((name) => name.replace(/\.md$/, '')).sort(), [...names].sort())
  const index = read('docs/runbooks/README.md')
  for (const { alert, expr, labels, for: since } of alerts) {
    const when = `\`${expr.replaceAll('|', '\\|')}\` for ${since}`
    assert.ok(index.includes(`| [${alert}](${alert}.md) | ${labels.severity} | ${when} |\n`), alert)
  }
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
    'reread',
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
