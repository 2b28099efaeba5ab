import type { Expression, Matcher, Selector } from './parse.ts'

/** A value under its labels. */
export interface Sample {
  readonly labels: Readonly<Record<string, string>>
  readonly value: number
}

/** What was exported at a moment. */
export interface Scrape {
  /** Unix seconds. */
  readonly at: number
  readonly series: ReadonlyMap<string, readonly Sample[]>
}

/** Seconds after which a series that is not scraped any more is gone: Prometheus' default. */
const STALE = 300

/** Reads the exposition format. */
export function scrapeOf(text: string, at: number): Scrape {
  const series = new Map<string, Sample[]>()
  for (const line of text.split('\n')) {
    if (line === '' || line.startsWith('#')) continue
    const [, name, labels = '', value] = /^([a-zA-Z_:][\w:]*)(?:\{(.*)\})? (\S+)$/.exec(line) ?? []
    if (name === undefined || value === undefined) throw new Error(`no sample: ${line}`)
    const pairs = [...labels.matchAll(/(\w+)="((?:[^"\\]|\\.)*)"/g)].map(([, key, text]) => [key ?? '', text ?? ''])
    const all = series.get(name) ?? []
    all.push({ labels: Object.fromEntries(pairs), value: Number(value.replace('Inf', 'Infinity')) })
    series.set(name, all)
  }
  return { at, series }
}

/**
 * What an expression comes to at a moment, over scrapes, oldest first. As Prometheus does, but that a range is not
 * extrapolated to its ends. Quantiles are not known.
 */
export function evaluate(expression: Expression, scrapes: readonly Scrape[], at: number): number | readonly Sample[] {
  const vector = (one: Expression, when = at): readonly Sample[] => {
    const found = evaluate(one, scrapes, when)
    if (typeof found === 'number') throw new Error('expected a vector')
    return found
  }
  switch (expression.type) {
    case 'number':
      return expression.value
    case 'selector': {
      const last = scrapes.findLast((scrape) => scrape.at <= at)
      return last === undefined || at - last.at > STALE ? [] : select(expression, last)
    }
    case 'aggregate': {
      const { op, by, inner } = expression
      const groups = Map.groupBy(vector(inner), ({ labels }) => JSON.stringify(by.map((label) => labels[label] ?? '')))
      return [...groups.values()].map((members) => ({
        labels: pick(members[0]?.labels ?? {}, by),
        value: aggregate(
          op,
          members.map(({ value }) => value),
        ),
      }))
    }
    case 'call': {
      const [argument] = expression.args
      if (expression.name === 'time') return at
      if (argument?.type !== 'range' && argument?.type !== 'subquery') throw new Error('expected a range')
      const moments =
        argument.type === 'range'
          ? scrapes.filter((scrape) => scrape.at > at - argument.seconds && scrape.at <= at)
          : []
      const steps = argument.type === 'range' ? 0 : Math.floor(argument.seconds / argument.step)
      const looks =
        argument.type === 'range'
          ? moments.map((scrape) => ({ at: scrape.at, samples: select(argument.inner, scrape) }))
          : Array.from({ length: steps }, (_, i) => {
              const when = at - (steps - 1 - i) * argument.step
              return { at: when, samples: vector(argument.inner, when) }
            })
      return overTime(expression.name, looks)
    }
    case 'binary':
      return combine(expression.op, evaluate(expression.left, scrapes, at), evaluate(expression.right, scrapes, at))
    default:
      throw new Error(`${expression.type} by itself`)
  }
}

const keyOf = ({ labels }: Sample): string => JSON.stringify(Object.entries(labels).sort())
const pick = (labels: Sample['labels'], by: readonly string[]) =>
  Object.fromEntries(by.map((label) => [label, labels[label] ?? '']))

function select({ metric, matchers }: Selector, scrape: Scrape): readonly Sample[] {
  const all = scrape.series.get(metric) ?? []
  return all.filter(({ labels }) => matchers.every((matcher) => matches(matcher, labels[matcher.label] ?? '')))
}

function matches({ op, value }: Matcher, given: string): boolean {
  const fits = op.endsWith('~') ? new RegExp(`^(?:${value})$`).test(given) : given === value
  return op.startsWith('!') ? !fits : fits
}

function aggregate(op: string, values: readonly number[]): number {
  if (op === 'sum') return values.reduce((sum, value) => sum + value, 0)
  if (op === 'min') return Math.min(...values)
  if (op === 'max') return Math.max(...values)
  throw new Error(`${op} is not known here`)
}

interface Look {
  readonly at: number
  readonly samples: readonly Sample[]
}

function overTime(name: string, looks: readonly Look[]): readonly Sample[] {
  const series = new Map<string, { readonly labels: Sample['labels']; readonly points: [number, number][] }>()
  for (const { at, samples } of looks)
    for (const sample of samples) {
      const one = series.get(keyOf(sample)) ?? { labels: sample.labels, points: [] }
      one.points.push([at, sample.value])
      series.set(keyOf(sample), one)
    }
  return [...series.values()].flatMap(({ labels, points }) =>
    points.length < 2 ? [] : [{ labels, value: name === 'deriv' ? slope(points) : grown(name, points) }],
  )
}

/** What a counter grew by; where it fell it began anew. */
function grown(name: string, points: readonly [number, number][]): number {
  if (name !== 'increase') throw new Error(`${name} is not known here`)
  return points.slice(1).reduce((sum, [, value], i) => {
    const before = points[i]?.[1] ?? 0
    return sum + (value < before ? value : value - before)
  }, 0)
}

/** By least squares. */
function slope(points: readonly [number, number][]): number {
  const mean = (index: 0 | 1) => points.reduce((sum, point) => sum + point[index], 0) / points.length
  const [atMean, valueMean] = [mean(0), mean(1)]
  const [over, under] = points.reduce(
    ([a, b], [at, value]) => [a + (at - atMean) * (value - valueMean), b + (at - atMean) ** 2],
    [0, 0],
  )
  return over / under
}

function combine(op: string, left: number | readonly Sample[], right: number | readonly Sample[]) {
  if (typeof left === 'number' && typeof right === 'number') return calculate(op, left, right) ?? 0
  if (op === 'and' || op === 'or') {
    if (typeof left === 'number' || typeof right === 'number') throw new Error(`${op} takes two vectors`)
    const [here, there] = [new Set(left.map(keyOf)), new Set(right.map(keyOf))]
    if (op === 'and') return left.filter((sample) => there.has(keyOf(sample)))
    return [...left, ...right.filter((sample) => !here.has(keyOf(sample)))]
  }
  const pairs =
    typeof left === 'number'
      ? asList(right).map((sample) => [sample.labels, left, sample.value, sample.value] as const)
      : left.flatMap((sample) => {
          const other = typeof right === 'number' ? right : right.find((one) => keyOf(one) === keyOf(sample))?.value
          return other === undefined ? [] : [[sample.labels, sample.value, other, sample.value] as const]
        })
  return pairs.flatMap(([labels, a, b, kept]) => {
    const value = calculate(op, a, b)
    if (value !== null) return [{ labels, value }]
    return compare(op, a, b) ? [{ labels, value: kept }] : []
  })
}

const asList = (given: number | readonly Sample[]): readonly Sample[] => (typeof given === 'number' ? [] : given)

/** Null: it is no arithmetic. */
function calculate(op: string, a: number, b: number): number | null {
  if (op === '+') return a + b
  if (op === '-') return a - b
  if (op === '*') return a * b
  return op === '/' ? a / b : null
}

function compare(op: string, a: number, b: number): boolean {
  if (op === '==') return a === b
  if (op === '!=') return a !== b
  if (op === '>') return a > b
  if (op === '<') return a < b
  if (op === '>=') return a >= b
  if (op === '<=') return a <= b
  throw new Error(`${op} is not known here`)
}

/**
 * Under which labels an alert fires at the last scrape: what its expression named at each scrape for as long as it has to.
 *
 * @param forSeconds How long. The scrapes have to go back as far.
 */
export function firing(expression: Expression, forSeconds: number, scrapes: readonly Scrape[]): readonly Sample[] {
  const end = scrapes.at(-1)?.at ?? 0
  if ((scrapes[0]?.at ?? end) > end - forSeconds) throw new Error('there are too few scrapes')
  const looks = scrapes.filter(({ at }) => at >= end - forSeconds)
  const named = looks.map(({ at }) => asList(evaluate(expression, scrapes, at)))
  const [last = [], ...before] = named.reverse()
  return last.filter((sample) => before.every((look) => look.some((other) => keyOf(other) === keyOf(sample))))
}
