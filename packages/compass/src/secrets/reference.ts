import { ConfigError } from '../errors.ts'

/** Where secrets come from. */
export interface Secrets {
  readonly env: Readonly<Record<string, string | undefined>>
  readFile(path: string): string
}

/**
 * What a reference stands for: `env:NAME` a variable, `file:PATH` a file, without the white space around it.
 *
 * @param what Names the thing in errors. @throws {ConfigError} naming the reference, never what it holds.
 */
export function readSecret(what: string, reference: string, { env, readFile }: Secrets): string {
  const at = reference.indexOf(':')
  const [scheme, rest] = [reference.slice(0, at), reference.slice(at + 1)]
  if (scheme === 'env') {
    const value = env[rest]?.trim()
    if (value === undefined || value === '') throw new ConfigError([`${what} ${reference}: the variable is not set`])
    return value
  }
  if (scheme !== 'file') throw new ConfigError([`${what}: expected env:NAME or file:PATH`])
  try {
    return readFile(rest).trim()
  } catch (cause) {
    const code = cause instanceof Error && 'code' in cause ? ` (${String(cause.code)})` : ''
    throw new ConfigError([`${what} ${reference}: the file cannot be read${code}`], { cause })
  }
}

/** An endpoint's URL, where it stands or behind its reference. @throws {ConfigError} never quoting the URL. */
export function resolveUrl(what: string, given: string, secrets: Secrets): string {
  if (!/^(env|file):/.test(given)) return given
  const url = readSecret(what, given, secrets)
  const protocol = URL.canParse(url) ? new URL(url).protocol : null
  if (protocol !== 'http:' && protocol !== 'https:')
    throw new ConfigError([`${what} ${given}: expected an http or https URL`])
  return url
}
