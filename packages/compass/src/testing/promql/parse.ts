import { parser } from '@prometheus-io/lezer-promql'

/** What a label has to be. */
export interface Matcher {
  readonly label: string
  readonly op: '=' | '!=' | '=~' | '!~'
  readonly value: string
}

/** A series selector. */
export interface Selector {
  readonly type: 'selector'
  readonly metric: string
  readonly matchers: readonly Matcher[]
}

/** PromQL as far as our alerts and dashboards use it. Times are seconds. */
export type Expression =
  | { readonly type: 'number'; readonly value: number }
  | Selector
  | { readonly type: 'range'; readonly inner: Selector; readonly seconds: number }
  | { readonly type: 'subquery'; readonly inner: Expression; readonly seconds: number; readonly step: number }
  | { readonly type: 'aggregate'; readonly op: string; readonly by: readonly string[]; readonly inner: Expression }
  | { readonly type: 'call'; readonly name: string; readonly args: readonly Expression[] }
  | { readonly type: 'binary'; readonly op: string; readonly left: Expression; readonly right: Expression }

type Node = ReturnType<typeof parser.parse>['topNode']

const units: Readonly<Record<string, number>> = { s: 1, m: 60, h: 3_600, d: 86_400 }

/** Seconds of a duration such as `5m`. */
export function secondsOf(duration: string): number {
  const [, digits, unit] = /^(\d+)([smhd])$/.exec(duration) ?? []
  const size = units[unit ?? '']
  if (digits === undefined || size === undefined) throw new Error(`no duration: ${duration}`)
  return Number(digits) * size
}

/** Parses an expression by Prometheus' own grammar. @throws {Error} it does not parse, or uses what is not known here. */
export function parseExpression(text: string): Expression {
  const at = (node: Node): string => text.slice(node.from, node.to)

  function childrenOf(node: Node): readonly Node[] {
    const found: Node[] = []
    for (let child = node.firstChild; child !== null; child = child.nextSibling) found.push(child)
    return found
  }

  function read(node: Node): Expression {
    const children = childrenOf(node)
    const [first, second, third, ...more] = children
    switch (node.name) {
      case 'PromQL':
      case 'ParenExpr':
        if (first === undefined || second !== undefined) break
        return read(first)
      case 'NumberDurationLiteral':
        return { type: 'number', value: Number(at(node)) }
      case 'VectorSelector':
        return selectorOf(node)
      case 'MatrixSelector':
        if (first?.name !== 'VectorSelector' || second === undefined || third !== undefined) break
        return { type: 'range', inner: selectorOf(first), seconds: secondsOf(at(second)) }
      case 'SubqueryExpr':
        if (first === undefined || second === undefined || third === undefined || more.length > 0) break
        return { type: 'subquery', inner: read(first), seconds: secondsOf(at(second)), step: secondsOf(at(third)) }
      case 'AggregateExpr': {
        const modifier = children.find(({ name }) => name === 'AggregateModifier')
        const [how, labels] = modifier === undefined ? [] : childrenOf(modifier)
        const body = children.find(({ name }) => name === 'FunctionCallBody')
        const [inner, other] = body === undefined ? [] : childrenOf(body)
        if (first === undefined || how?.name !== 'By' || labels === undefined) break
        if (inner === undefined || other !== undefined) break
        return { type: 'aggregate', op: at(first), by: childrenOf(labels).map(at), inner: read(inner) }
      }
      case 'FunctionCall':
        if (first === undefined || second === undefined) break
        return { type: 'call', name: at(first), args: childrenOf(second).map(read) }
      case 'BinaryExpr': {
        if (first === undefined || third === undefined || more.length > 0) break
        const op = second === undefined ? '' : at(second)
        return { type: 'binary', op, left: read(first), right: read(third) }
      }
    }
    throw new Error(`${node.name} is not known here: ${at(node)}`)
  }

  function selectorOf(node: Node): Selector {
    const [name, matchers, other] = childrenOf(node)
    if (name?.name !== 'Identifier' || other !== undefined) throw new Error(`no selector: ${at(node)}`)
    const found = (matchers === undefined ? [] : childrenOf(matchers)).map((matcher): Matcher => {
      const [label, op, value] = childrenOf(matcher).map(at)
      if (label === undefined || value === undefined) throw new Error(`no matcher: ${at(matcher)}`)
      if (op !== '=' && op !== '!=' && op !== '=~' && op !== '!~') throw new Error(`no matcher: ${at(matcher)}`)
      return { label, op, value: value.slice(1, -1) }
    })
    return { type: 'selector', metric: at(name), matchers: found }
  }

  const tree = parser.parse(text)
  tree.iterate({
    enter(node) {
      if (node.type.isError) throw new Error(`does not parse at ${node.from}: ${text}`)
    },
  })
  return read(tree.topNode)
}

/** Every selector of an expression. */
export function selectorsOf(expression: Expression): readonly Selector[] {
  switch (expression.type) {
    case 'number':
      return []
    case 'selector':
      return [expression]
    case 'call':
      return expression.args.flatMap(selectorsOf)
    case 'binary':
      return [...selectorsOf(expression.left), ...selectorsOf(expression.right)]
    default:
      return selectorsOf(expression.inner)
  }
}
