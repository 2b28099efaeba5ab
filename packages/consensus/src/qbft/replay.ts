import type { RpcBlock } from '@meridian/proofs'
import type { Address, Hex } from 'viem'
import { QbftInputError } from './errors.ts'
import { headerOfBlock, parseQbftHeader, type QbftHeader } from './header.ts'
import { lower, requireCanonicalSet } from './validator-set.ts'

const isHex = (text: unknown): text is Hex => typeof text === 'string' && /^0x([0-9a-fA-F]{2})+$/.test(text)

/**
 * Validators from text: a JSON array of addresses, an object with one under `validators` or (as JSON-RPC answers)
 * `result`, or addresses separated by commas, spaces or lines. Sorted as in a header.
 * @throws QbftInputError in one line
 */
export function parseValidators(text: string): readonly Address[] {
  const given = addressesIn(text.trim())
  const validators = given.map((item): Address => {
    if (typeof item !== 'string' || !/^0x[0-9a-fA-F]{40}$/.test(item))
      throw new QbftInputError(`not an address among the validators: ${excerpt(item)}`, { given: item })
    return lower(`0x${item.slice(2)}`)
  })
  validators.sort((a, b) => (BigInt(a) < BigInt(b) ? -1 : 1))
  try {
    requireCanonicalSet(validators)
  } catch (cause) {
    throw new QbftInputError(
      'the validators must be 1 to 255 different addresses other than zero',
      { given },
      { cause },
    )
  }
  return validators
}

function addressesIn(text: string): readonly unknown[] {
  if (!text.startsWith('[') && !text.startsWith('{')) return text.split(/[\s,]+/).filter((part) => part !== '')
  const json = parseJson(text)
  if (Array.isArray(json)) return json
  for (const key of ['validators', 'result']) {
    const list = member(json, key)
    if (Array.isArray(list)) return list
  }
  throw new QbftInputError('no list of validators: expected an array, or an object with "validators"', {})
}

/**
 * A header from text: raw RLP in hex, a JSON object with it under `rlpAsSealed`, `rlp` or (as `debug_getRawHeader` answers)
 * `result`, or a block as `eth_getBlockByNumber` answers, with or without the `{"result": …}` around it.
 * @throws QbftInputError in one line
 */
export function parseHeaderFile(text: string): QbftHeader {
  const trimmed = text.trim()
  try {
    if (isHex(trimmed)) return parseQbftHeader(trimmed)
    const json = parseJson(trimmed)
    if (isHex(json)) return parseQbftHeader(json)
    const result = member(json, 'result') ?? json
    for (const raw of [result, member(result, 'rlpAsSealed'), member(result, 'rlp')])
      if (isHex(raw)) return parseQbftHeader(raw)
    if (isHex(member(result, 'extraData')) && isHex(member(result, 'hash'))) return headerOfBlock(result as RpcBlock) // CAST: encodeHeaderFields checks each field that it reads
  } catch (cause) {
    if (cause instanceof QbftInputError) throw cause
    const reason = cause instanceof Error ? (cause.message.split('\n')[0] ?? '') : String(cause)
    throw new QbftInputError(`not a QBFT header: ${reason}`, {}, { cause })
  }
  throw new QbftInputError('not a QBFT header: expected raw RLP in hex, or a block as JSON-RPC serves it', {})
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch (cause) {
    throw new QbftInputError('neither hex nor JSON', { given: excerpt(text) }, { cause })
  }
}

/** Own member of a JSON object, undefined for anything else. */
function member(json: unknown, key: string): unknown {
  return typeof json === 'object' && json !== null && Object.hasOwn(json, key)
    ? (json as Readonly<Record<string, unknown>>)[key] // CAST: an object that has the key
    : undefined
}

const excerpt = (value: unknown): string => String(value).slice(0, 60)
