import type { RpcBlock } from '@meridian/proofs'
import { type Address, isHex } from 'viem'
import { EPOCH_LENGTH } from './deploy.ts'
import { ParliaInputError, ParliaVerifyError } from './errors.ts'
import { type ParliaValidator, readExtraData, requireOrder } from './extra.ts'
import { headerOfBlock, type ParliaHeader, parseParliaHeader } from './header.ts'
import { createValidatorSet, setOfHeader, type ValidatorSet } from './validator-set.ts'

type Json = Readonly<Record<string, unknown>>

/**
 * Validator sets from text: an epoch header (in any of the forms of {@link parseHeaderFile}; others in the same file are
 * left out), or an object with `epochBlock` and either `extraData`, or `turnLength` and `validators` (`address`, `bls`).
 * @param epochLength Blocks in an epoch.
 * @throws ParliaInputError in one line
 */
export function parseEpochFile(text: string, epochLength = EPOCH_LENGTH): readonly ValidatorSet[] {
  const json = text.trim().startsWith('0x') ? text.trim() : parseJson(text)
  const sets = (Array.isArray(json) ? json : [json]).flatMap((item: unknown): ValidatorSet[] => {
    if (isObject(item) && 'epochBlock' in item) return [guarded('epoch', () => describedSet(item))]
    const header = headerFrom(item)
    return header.number % epochLength === 0n ? [guarded('epoch', () => setOfHeader(header))] : []
  })
  if (sets.length === 0)
    throw new ParliaInputError(`no epoch header: none of the blocks begins an epoch of ${epochLength}`, {})
  return sets
}

function describedSet(item: Json): ValidatorSet {
  const epoch = integerOf(item.epochBlock)
  if (isHex(item.extraData)) {
    const listed = readExtraData(item.extraData, true).epoch
    if (listed !== undefined) return createValidatorSet(epoch, listed.turnLength, listed.validators)
  }
  const { turnLength, validators } = item
  if (!Array.isArray(validators) || typeof turnLength !== 'number' || !Number.isInteger(turnLength) || turnLength < 1)
    throw new ParliaInputError('an epoch needs extraData, or turnLength and validators', { given: Object.keys(item) })
  const members = validators.map((given: unknown): ParliaValidator => {
    const { address, bls } = isObject(given) ? given : {}
    if (!isHex(address) || address.length !== 42 || !isHex(bls) || bls.length !== 98)
      throw new ParliaInputError('a validator needs an address and a vote key of 48 bytes ("bls")', { given })
    const lower: Address = `0x${address.slice(2).toLowerCase()}`
    return { address: lower, voteKey: bls }
  })
  requireOrder(members)
  return createValidatorSet(epoch, turnLength, members)
}

/**
 * Headers from text: raw RLP in hex, a block as `eth_getBlockByNumber` answers, with or without `{"result": …}` around it,
 * or a JSON array of those. The hash of each is recomputed, and where one follows another, its parent hash is compared.
 * @throws ParliaInputError in one line
 */
export function parseHeaderFile(text: string): readonly ParliaHeader[] {
  const trimmed = text.trim()
  const json = trimmed.startsWith('0x') ? trimmed : parseJson(trimmed)
  const headers = (Array.isArray(json) ? json : [json]).map(headerFrom)
  for (const [i, header] of headers.entries()) {
    const parent = headers[i - 1]
    if (parent !== undefined && header.number === parent.number + 1n && header.parentHash !== parent.hash)
      throw new ParliaInputError(`block ${header.number} is not the child of the one before`, {
        expected: parent.hash,
        given: header.parentHash,
      })
  }
  return headers
}

function headerFrom(item: unknown): ParliaHeader {
  const given = isObject(item) && 'result' in item ? item.result : item
  return guarded('Parlia header', () => {
    if (isHex(given)) return parseParliaHeader(given)
    if (isObject(given) && isHex(given.extraData) && isHex(given.hash))
      return headerOfBlock(given as unknown as RpcBlock) // CAST: encodeHeaderFields checks each field that it reads
    throw new ParliaInputError('expected raw RLP in hex, or a block as JSON-RPC serves it', {})
  })
}

/** Runs `read`; what fails becomes one line about `what`. */
function guarded<T>(what: string, read: () => T): T {
  try {
    return read()
  } catch (cause) {
    const reason = cause instanceof Error ? (cause.message.split('\n')[0] ?? '') : String(cause)
    const context = cause instanceof ParliaVerifyError ? cause.context : {}
    throw new ParliaInputError(`not a valid ${what}: ${reason}`, context, { cause })
  }
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch (cause) {
    throw new ParliaInputError('neither hex nor JSON', { given: text.slice(0, 60) }, { cause })
  }
}

const isObject = (value: unknown): value is Json => typeof value === 'object' && value !== null && !Array.isArray(value)

function integerOf(value: unknown): bigint {
  if (typeof value === 'number' && Number.isSafeInteger(value) && value >= 0) return BigInt(value)
  if (isHex(value)) return BigInt(value)
  throw new ParliaInputError('epochBlock is not a height', { given: value })
}
