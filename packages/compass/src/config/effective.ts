import { hostOf } from '@meridian/chain'
import { Document, isScalar, visit } from 'yaml'
import { type ConfigPath, valueAt } from './config.ts'
import type { ConfigFile } from './file.ts'
import { plain } from './json-schema.ts'

/** A value that is in force, and what says so. */
export interface EffectiveValue {
  readonly path: ConfigPath
  readonly value: string | number | boolean
  /** `env NAME`: a variable of the environment. */
  readonly source: 'file' | 'default' | `env ${string}`
}

/** Every value in force with its source. A URL shows its host only: what else it has may be a key. */
export function effectiveValues({ config, given, overridden }: ConfigFile): readonly EffectiveValue[] {
  return leaves(config, []).map(([path, value]) => {
    const variable = overridden.find((one) => one.path.join() === path.join())?.variable
    const source =
      variable !== undefined ? (`env ${variable}` as const) : valueAt(given, path) !== undefined ? 'file' : 'default'
    return { path, value: shown(value), source }
  })
}

/** The configuration in force as YAML, each value with its source behind it. */
export function effectiveYaml(file: ConfigFile): string {
  const values = effectiveValues(file)
  const document = new Document(redacted(file.config))
  const byPath = new Map(values.map((value) => [value.path.join('.'), value]))
  visit(document, {
    Scalar(key, node, ancestors) {
      if (key === 'key' || !isScalar(node)) return
      const source = byPath.get(pathOf(key, ancestors).join('.'))?.source
      if (source !== undefined) node.comment = ` ${source}`
    },
  })
  return String(document)
}

/** Rebuilds a scalar's path from the nodes above it. */
function pathOf(key: number | string | null, ancestors: readonly unknown[]): readonly (string | number)[] {
  const path: (string | number)[] = []
  const chain = ancestors as readonly {
    readonly items?: readonly unknown[]
    readonly key?: { readonly value?: unknown }
  }[] // CAST: yaml's documents, collections and pairs
  for (const [i, node] of chain.entries()) {
    const next = chain[i + 1]
    if (node.key !== undefined) path.push(String(node.key.value))
    else if (next !== undefined && next.key === undefined && Array.isArray(node.items))
      path.push(node.items.indexOf(next))
  }
  if (typeof key === 'number') path.push(key)
  return path
}

type Leaf = string | number | boolean | bigint

function leaves(value: unknown, path: ConfigPath): readonly (readonly [ConfigPath, Leaf])[] {
  if (typeof value === 'object' && value !== null)
    return Object.entries(value).flatMap(([key, item]) =>
      leaves(item, [...path, Array.isArray(value) ? Number(key) : key]),
    )
  if (['string', 'number', 'boolean', 'bigint'].includes(typeof value)) return [[path, value as Leaf]] // CAST: checked
  return []
}

function redacted(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(redacted)
  if (typeof value === 'object' && value !== null)
    return Object.fromEntries(Object.entries(value).map(([key, item]) => [key, redacted(item)]))
  return value === undefined ? undefined : shown(value as Leaf) // CAST: what a configuration is made of
}

function shown(value: Leaf): string | number | boolean {
  if (typeof value === 'bigint') return plain(value)
  if (typeof value !== 'string' || !/^https?:/i.test(value) || !URL.canParse(value)) return value
  const { protocol, pathname, search, username } = new URL(value)
  const shownHost = `${protocol}//${hostOf(value)}`
  return pathname === '/' && search === '' && username === '' ? shownHost : `${shownHost}/…`
}
