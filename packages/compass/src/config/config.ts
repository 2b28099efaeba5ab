import type { z } from 'zod'
import { ConfigError } from '../errors.ts'
import { knownKeys } from './json-schema.ts'
import { type CompassConfig, configSchema } from './schema.ts'

/** Where in a configuration something is. */
export type ConfigPath = readonly PropertyKey[]

/** What is wrong with a configuration, and where. */
export interface Problem {
  readonly path: ConfigPath
  readonly message: string
}

/** How a configuration is judged. */
export interface CheckOptions {
  /** Nothing will be sent: no signer is needed. */
  readonly withoutSigners?: boolean
}

/** Checks a configuration. @throws {ConfigError} one line a problem, each with its path. */
export function parseConfig(given: unknown, options: CheckOptions = {}): CompassConfig {
  const { config, problems } = checkConfig(given, options)
  if (config === null) throw new ConfigError(problems.map(problemLine))
  return config
}

/** Checks a configuration: it, or what is wrong with it. */
export function checkConfig(
  given: unknown,
  { withoutSigners = false }: CheckOptions = {},
): { readonly config: CompassConfig | null; readonly problems: readonly Problem[] } {
  const parsed = configSchema.safeParse(given)
  if (!parsed.success)
    return { config: null, problems: parsed.error.issues.flatMap((issue) => problemsOf(given, issue, [])) }
  const problems = withoutSigners ? [] : missingSigners(parsed.data)
  return { config: problems.length > 0 ? null : parsed.data, problems }
}

/** `chains[0].mos: expected an address`. */
export const problemLine = ({ path, message }: Problem): string => `${pathText(path) || 'config'}: ${message}`

/** A path as a person writes it. */
export function pathText(path: ConfigPath): string {
  return path
    .map((part, i) => (typeof part === 'number' ? `[${part}]` : `${i === 0 ? '' : '.'}${String(part)}`))
    .join('')
}

/** What stands at a path; undefined where nothing does. */
export function valueAt(given: unknown, path: ConfigPath): unknown {
  let at = given
  for (const key of path) {
    if (typeof at !== 'object' || at === null || !Object.hasOwn(at, key)) return undefined
    at = (at as Record<PropertyKey, unknown>)[key] // CAST: an object that has it
  }
  return at
}

/** A lane's target pays, and the chain of its hub. */
function missingSigners({ chains, lanes }: CompassConfig): readonly Problem[] {
  return lanes.flatMap(({ to, via }, i): readonly Problem[] =>
    (['to', 'via'] as const).flatMap((key) => {
      const id = { to, via }[key]
      const paying = chains.find((chain) => chain.id === id)
      if (paying === undefined || paying.signer !== undefined) return []
      return [{ path: ['lanes', i, key], message: `chain ${id} has no signer` }]
    }),
  )
}

type Issue = z.core.$ZodIssue

function problemsOf(given: unknown, issue: Issue, before: ConfigPath): readonly Problem[] {
  const path = [...before, ...issue.path]
  if (issue.code === 'unrecognized_keys')
    return issue.keys.map((key) => ({ path: [...path, key], message: `unknown key${suggestion(key)}` }))
  if (issue.code === 'invalid_union' && issue.message === 'Invalid input') {
    // the branch that got furthest is the one that was meant
    const depth = (issues: readonly Issue[]): number => Math.max(...issues.map((one) => one.path.length))
    const inside = issue.errors.map((one) => one as readonly Issue[]) // CAST: zod types nested issues without their path
    const meant = [...inside].sort((a, b) => depth(b) - depth(a) || a.length - b.length)[0]
    if (meant !== undefined) return meant.flatMap((one) => problemsOf(given, one, path))
  }
  if (issue.code !== 'custom' && path.length > 0 && valueAt(given, path) === undefined)
    return [{ path, message: 'is missing' }]
  return [{ path, message: issue.message }]
}

function suggestion(key: string): string {
  const near = knownKeys()
    .map((known) => ({ known, distance: distance(known.toLowerCase(), key.toLowerCase()) }))
    .sort((a, b) => a.distance - b.distance)[0]
  return near !== undefined && near.distance <= 2 ? `; did you mean ${near.known}?` : ''
}

/** Levenshtein's. */
function distance(a: string, b: string): number {
  let row = Array.from({ length: b.length + 1 }, (_, j) => j)
  for (let i = 1; i <= a.length; i++) {
    const next = [i]
    for (let j = 1; j <= b.length; j++) {
      const replaced = (row[j - 1] ?? 0) + (a[i - 1] === b[j - 1] ? 0 : 1)
      next.push(Math.min(replaced, (row[j] ?? 0) + 1, (next[j - 1] ?? 0) + 1))
    }
    row = next
  }
  return row[b.length] ?? 0
}
