import { existsSync, readFileSync } from 'node:fs'
import { InvalidArgumentError } from 'commander'
import { type Address, getAddress, type Hex, isAddress, isHex, size } from 'viem'
import { type PrivateKeyAccount, privateKeyToAccount } from 'viem/accounts'
import { UsageError } from './errors.ts'

/** Bytes of a private key, an order id or a hash. */
const WORD_BYTES = 32
/** The largest 64-bit unsigned integer: no chain id or gas limit is above it. */
const MAX_UINT64 = 2n ** 64n - 1n

/** A flag's value as an unsigned 64-bit integer, decimal. */
export function uintFlag(text: string): bigint {
  const value = /^(0|[1-9][0-9]{0,19})$/.test(text) ? BigInt(text) : null
  if (value === null || value > MAX_UINT64) throw new InvalidArgumentError('Expected a whole number below 2^64.')
  return value
}

/** A flag's value as a whole number between two bounds, both included. */
export function boundedFlag(least: bigint, most: bigint): (text: string) => bigint {
  return (text) => {
    const value = /^(0|[1-9][0-9]{0,77})$/.test(text) ? BigInt(text) : null
    if (value === null || value < least || value > most) {
      throw new InvalidArgumentError(`Expected a whole number from ${least} to ${most}.`)
    }
    return value
  }
}

/** A flag's value as a positive 64-bit integer, decimal. */
export function positiveFlag(text: string): bigint {
  const value = uintFlag(text)
  if (value === 0n) throw new InvalidArgumentError('Expected a whole number above 0.')
  return value
}

/** A flag's value as a 20-byte address; mixed case must be a valid checksum. */
export function addressFlag(text: string): Address {
  if (!isAddress(text)) throw new InvalidArgumentError('Expected a 20-byte address, 0x and 40 hex digits.')
  return getAddress(text)
}

/** A flag's value as bytes. */
export function bytesFlag(text: string): Hex {
  if (!isHex(text) || text.length % 2 !== 0)
    throw new InvalidArgumentError('Expected bytes, 0x and pairs of hex digits.')
  return text
}

/** A flag's value as 32 bytes. */
export function wordFlag(text: string): Hex {
  if (!isHex(text) || text.length !== 2 + 2 * WORD_BYTES) {
    throw new InvalidArgumentError('Expected 32 bytes, 0x and 64 hex digits.')
  }
  return text
}

/** A flag's value as an http(s) URL. */
export function urlFlag(text: string): string {
  const url = URL.parse(text)
  if (url === null || (url.protocol !== 'http:' && url.protocol !== 'https:')) {
    throw new InvalidArgumentError('Expected an http or https URL.')
  }
  return text.replace(/\/$/, '')
}

/** A flag's value as a chain's name. */
export function nameFlag(text: string): string {
  if (!/^[a-z][a-z0-9-]{0,31}$/.test(text)) {
    throw new InvalidArgumentError('Expected lower-case letters, digits and hyphens.')
  }
  return text
}

/** A flag's value as one of `choices`. */
export function choiceFlag<const Choice extends string>(choices: readonly Choice[]): (text: string) => Choice {
  return (text) => {
    const found = choices.find((choice) => choice === text)
    if (found === undefined) throw new InvalidArgumentError(`Expected one of ${choices.join(', ')}.`)
    return found
  }
}

/** Collects a flag that may be repeated or given with several values. */
export function listFlag(text: string, previous: readonly string[] | undefined): readonly string[] {
  return [...(previous ?? []), text]
}

/**
 * The account behind a key reference: `env:NAME` or `file:PATH`, either holding 32 bytes in hex. A key itself is never a
 * flag: flags are seen by every user of the machine.
 */
export function accountOf(
  flag: string,
  reference: string,
  env: Readonly<Record<string, string | undefined>>,
): PrivateKeyAccount {
  const [scheme, ...rest] = reference.split(':')
  const where = rest.join(':')
  const key = scheme === 'env' ? env[where] : scheme === 'file' ? readKeyFile(flag, where) : undefined
  if (scheme !== 'env' && scheme !== 'file') {
    throw new UsageError(flag, 'expected env:NAME or file:PATH, and never the key itself')
  }
  if (key === undefined || key === '') throw new UsageError(flag, `the environment has no ${where}`)
  const hex = key.trim().replace(/^(?!0x)/, '0x')
  if (!isHex(hex) || size(hex) !== WORD_BYTES || hex.length % 2 !== 0) {
    throw new UsageError(flag, `${reference} does not hold a private key of 32 bytes in hex`)
  }
  try {
    return privateKeyToAccount(hex)
  } catch {
    throw new UsageError(flag, `${reference} does not hold a valid private key`)
  }
}

function readKeyFile(flag: string, path: string): string {
  if (!existsSync(path)) throw new UsageError(flag, `no file ${path}`)
  return readFileSync(path, 'utf8')
}
