import { type Document, isCollection, isMap, isNode, isScalar, LineCounter, parseDocument } from 'yaml'
import { ConfigError } from '../errors.ts'
import { type CheckOptions, type ConfigPath, checkConfig, problemLine } from './config.ts'
import type { CompassConfig } from './schema.ts'

/** Keys that a variable of the environment sets over the file. */
export const environmentKeys: Readonly<Record<string, ConfigPath>> = {
  DATABASE_URL: ['store'],
  MERIDIAN_STORE: ['store'],
  MERIDIAN_LOG_LEVEL: ['logLevel'],
  MERIDIAN_API_HOST: ['api', 'host'],
  MERIDIAN_API_PORT: ['api', 'port'],
  MERIDIAN_METRICS_HOST: ['metrics', 'host'],
  MERIDIAN_METRICS_PORT: ['metrics', 'port'],
}

/** A secret: the store refers to the variable. */
const DATABASE = 'DATABASE_URL'

/** Aliases may multiply what a file says; a configuration has no use for more than this. */
const MAX_ALIASES = 100

/** A configuration file that was read. */
export interface ConfigFile {
  readonly config: CompassConfig
  /** What the file says by itself. */
  readonly given: unknown
  /** Keys that came from the environment, by the variable. */
  readonly overridden: readonly { readonly variable: string; readonly path: ConfigPath }[]
}

/**
 * A configuration from YAML (or JSON, which is YAML), with what the environment sets over it.
 *
 * @throws {ConfigError} one line a problem, each with its line in the file and its path.
 */
export function parseConfigFile(
  text: string,
  env: Readonly<Record<string, string | undefined>> = {},
  options: CheckOptions = {},
): ConfigFile {
  const lines = new LineCounter()
  const document = parseDocument(text, { lineCounter: lines, prettyErrors: false })
  const lineAt = (offset: number): number => lines.linePos(offset).line
  if (document.errors.length > 0)
    throw new ConfigError(document.errors.map(({ pos, message }) => `line ${lineAt(pos[0])}: not YAML: ${message}`))
  const given: unknown = toJs(document)
  const overridden = Object.entries(environmentKeys).flatMap(([variable, path]) => {
    const value = env[variable] === undefined || variable !== DATABASE ? env[variable] : `env:${DATABASE}`
    return value === undefined || value === '' ? [] : [{ variable, path, value }]
  })
  const merged = structuredClone(given)
  for (const { path, value } of overridden) put(merged, path, /^\d{1,15}$/.test(value) ? Number(value) : value)
  const { config, problems } = checkConfig(merged, options)
  if (config !== null) return { config, given, overridden }
  throw new ConfigError(
    problems.map((problem) => {
      const from = overridden.find(({ path }) => path.join() === problem.path.join())
      if (from !== undefined) return `${from.variable}: ${problem.message}`
      const offset = offsetOf(document, problem.path)
      return offset === null ? problemLine(problem) : `line ${lineAt(offset)}: ${problemLine(problem)}`
    }),
  )
}

function toJs(document: Document.Parsed): unknown {
  try {
    return document.toJS({ maxAliasCount: MAX_ALIASES })
  } catch (cause) {
    throw new ConfigError([`not YAML: ${cause instanceof Error ? cause.message : String(cause)}`], { cause })
  }
}

function put(root: unknown, path: ConfigPath, value: unknown): void {
  let at = root
  for (const [i, key] of path.entries()) {
    if (typeof at !== 'object' || at === null) return
    const record = at as Record<PropertyKey, unknown> // CAST: an object, as was checked
    if (i === path.length - 1) record[key] = value
    else {
      record[key] ??= {}
      at = record[key]
    }
  }
}

/** Where in the text the deepest part of a path that is there begins; of a key in a mapping, the key. */
function offsetOf(document: Document.Parsed, path: ConfigPath): number | null {
  let node: unknown = document.contents
  let offset = isNode(node) ? (node.range?.[0] ?? null) : null
  for (const part of path) {
    if (isMap(node)) {
      const pair = node.items.find(({ key }) => isScalar(key) && String(key.value) === String(part))
      if (pair === undefined) return offset
      if (isNode(pair.key)) offset = pair.key.range?.[0] ?? offset
      node = pair.value
    } else if (isCollection(node)) {
      node = node.get(part, true)
      if (isNode(node)) offset = node.range?.[0] ?? offset
    } else return offset
  }
  return offset
}
