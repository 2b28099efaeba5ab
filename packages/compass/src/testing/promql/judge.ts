import type { Expression, Matcher } from './parse.ts'

/** A series as it is exported. */
export interface SeriesKind {
  readonly type: 'counter' | 'gauge' | 'bucket'
  readonly labels: readonly string[]
}

/** What is known of series, by name; and of the values of some labels. */
export interface Catalogue {
  readonly series: ReadonlyMap<string, SeriesKind>
  /** Every value that a label can have, for labels of which they are known. */
  readonly values: Readonly<Record<string, readonly string[]>>
}

/** What an expression comes to. */
export interface Verdict {
  readonly kind: 'scalar' | 'vector' | 'range'
  readonly type: SeriesKind['type']
  /** Labels of its result. */
  readonly labels: readonly string[]
}

const comparisons = new Set(['==', '!=', '>', '<', '>=', '<='])
const arithmetic = new Set(['+', '-', '*', '/'])
const sets = new Set(['and', 'or', 'unless'])
const overCounters = new Set(['rate', 'increase'])
const overGauges = new Set(['deriv', 'delta'])
const aggregates = new Set(['sum', 'min', 'max', 'avg', 'count'])

/** Judges whether an expression can ever say what it means. @throws {Error} why it cannot. */
export function judge(expression: Expression, catalogue: Catalogue): Verdict {
  const inner = (one: Expression): Verdict => judge(one, catalogue)
  switch (expression.type) {
    case 'number':
      return { kind: 'scalar', type: 'gauge', labels: [] }
    case 'selector': {
      const { metric, matchers } = expression
      const known = catalogue.series.get(metric)
      if (known === undefined) throw new Error(`${metric} does not exist`)
      for (const matcher of matchers) requireMatcher(metric, matcher, known, catalogue)
      return { kind: 'vector', ...known }
    }
    case 'range':
      return { ...inner(expression.inner), kind: 'range' }
    case 'subquery': {
      const { kind, ...rest } = inner(expression.inner)
      if (kind !== 'vector') throw new Error(`a subquery over a ${kind}`)
      return { ...rest, kind: 'range' }
    }
    case 'aggregate': {
      const { op, by } = expression
      const given = inner(expression.inner)
      if (!aggregates.has(op)) throw new Error(`${op} is not known here`)
      if (given.kind !== 'vector') throw new Error(`${op} over a ${given.kind}`)
      if (given.type === 'counter') throw new Error(`${op} over a counter as it stands`)
      for (const label of by)
        if (!given.labels.includes(label)) throw new Error(`by (${label}): there is no such label`)
      return { ...given, labels: by }
    }
    case 'call':
      return judgeCall(expression.name, expression.args.map(inner))
    case 'binary':
      return judgeBinary(expression.op, inner(expression.left), inner(expression.right))
  }
}

function requireMatcher(metric: string, { label, op, value }: Matcher, known: SeriesKind, { values }: Catalogue): void {
  if (!known.labels.includes(label)) throw new Error(`${metric} has no label ${label}`)
  const possible = values[label]
  const wanted = new RegExp(`^(?:${value})$`)
  const fits = op.endsWith('~') ? (given: string) => wanted.test(given) : (given: string) => given === value
  if (possible !== undefined && !possible.some(fits)) throw new Error(`${label} is never ${value}`)
}

function judgeCall(name: string, args: readonly Verdict[]): Verdict {
  const [first, second, third] = args
  if (name === 'time' && first === undefined) return { kind: 'scalar', type: 'gauge', labels: [] }
  if (name === 'histogram_quantile') {
    if (first?.kind !== 'scalar' || second?.kind !== 'vector' || third !== undefined)
      throw new Error('histogram_quantile takes a number and buckets')
    if (second.type !== 'bucket' || !second.labels.includes('le'))
      throw new Error('histogram_quantile takes a rate of buckets by le')
    return { kind: 'vector', type: 'gauge', labels: second.labels.filter((label) => label !== 'le') }
  }
  if (first?.kind !== 'range' || second !== undefined) throw new Error(`${name} takes a range`)
  if (overCounters.has(name)) {
    if (first.type === 'gauge') throw new Error(`${name} over a gauge`)
    return { ...first, kind: 'vector', type: first.type === 'bucket' ? 'bucket' : 'gauge' }
  }
  if (!overGauges.has(name)) throw new Error(`${name} is not known here`)
  if (first.type !== 'gauge') throw new Error(`${name} over a ${first.type}`)
  return { ...first, kind: 'vector' }
}

function judgeBinary(op: string, left: Verdict, right: Verdict): Verdict {
  for (const side of [left, right]) {
    if (side.kind === 'range') throw new Error(`${op} over a range`)
    if (side.type !== 'gauge') throw new Error(`${op} over a ${side.type} as it stands`)
  }
  if (!comparisons.has(op) && !arithmetic.has(op) && !sets.has(op)) throw new Error(`${op} is not known here`)
  const vectors = [left, right].filter(({ kind }) => kind === 'vector')
  if (sets.has(op) && vectors.length < 2) throw new Error(`${op} takes two vectors`)
  const [one, other] = vectors
  if (one === undefined) return left
  if (other !== undefined && [...one.labels].sort().join() !== [...other.labels].sort().join())
    throw new Error(`${op}: (${one.labels}) never matches (${other.labels})`)
  return one
}
