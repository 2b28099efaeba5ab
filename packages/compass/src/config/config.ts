import { createSigner, type WalletSigner } from '@meridian/chain'
import { isHex } from 'viem'
import { privateKeyToAccount } from 'viem/accounts'
import { ConfigError } from '../errors.ts'
import { type CompassConfig, configSchema } from './schema.ts'

/** Where secrets come from. */
export interface Secrets {
  readonly env: Readonly<Record<string, string | undefined>>
  readFile(path: string): string
}

/** Checks a configuration. @throws {ConfigError} one line a problem, each with its path. */
export function parseConfig(given: unknown): CompassConfig {
  const parsed = configSchema.safeParse(given)
  if (parsed.success) return parsed.data
  const problems = parsed.error.issues.map(({ path, message }) => `${pathOf(path) || 'config'}: ${message}`)
  throw new ConfigError(problems)
}

function pathOf(path: readonly PropertyKey[]): string {
  return path
    .map((part, i) => (typeof part === 'number' ? `[${part}]` : `${i === 0 ? '' : '.'}${String(part)}`))
    .join('')
}

/**
 * The signer behind a reference: `env:NAME` or `file:PATH`, each holding a private key in hex.
 *
 * @throws {ConfigError} naming the reference, never what it holds.
 */
export function resolveSigner(reference: string, secrets: Secrets): WalletSigner {
  const text = readSecret(reference, secrets).trim()
  const key = text.startsWith('0x') ? text : `0x${text}`
  if (!isHex(key) || key.length !== 66)
    throw new ConfigError([`signer ${reference}: expected a private key of 32 bytes`])
  try {
    return createSigner(privateKeyToAccount(key))
  } catch {
    // the cause could quote the key
    throw new ConfigError([`signer ${reference}: not a private key of secp256k1`])
  }
}

function readSecret(reference: string, { env, readFile }: Secrets): string {
  const at = reference.indexOf(':')
  const [scheme, rest] = [reference.slice(0, at), reference.slice(at + 1)]
  if (scheme === 'env') {
    const value = env[rest]
    if (value === undefined || value === '') throw new ConfigError([`signer ${reference}: the variable is not set`])
    return value
  }
  try {
    return readFile(rest)
  } catch (cause) {
    throw new ConfigError([`signer ${reference}: the file cannot be read`], { cause })
  }
}
