import { errorsBySelector } from '@meridian/abi'
import { MeridianError } from '@meridian/core'
import { type Abi, type Address, BaseError, decodeErrorResult, type Hex, isHex } from 'viem'

/** A contract refused a call; `name` and `args` are its own error's. */
export class ContractRevertError extends MeridianError<
  'CONTRACT_REVERT',
  { readonly action: string; readonly name: string; readonly args: readonly string[]; readonly data: Hex }
> {
  constructor(action: string, revert: Revert, options?: ErrorOptions) {
    super('CONTRACT_REVERT', `${action} was refused: ${formatRevert(revert)}`, { action, ...revert }, options)
  }
}

/** The transaction was included and failed without telling why. */
export class TransactionFailedError extends MeridianError<
  'TRANSACTION_FAILED',
  { readonly action: string; readonly hash: Hex }
> {
  constructor(action: string, hash: Hex) {
    super('TRANSACTION_FAILED', `${action} failed in transaction ${hash}`, { action, hash })
  }
}

/** The fee token's allowance does not cover the fee. */
export class AllowanceError extends MeridianError<
  'ALLOWANCE_TOO_LOW',
  { readonly token: Address; readonly spender: Address; readonly expected: bigint; readonly given: bigint }
> {
  constructor(token: Address, spender: Address, expected: bigint, given: bigint) {
    super(
      'ALLOWANCE_TOO_LOW',
      `fee token ${token}: ${spender} may take ${given}, the fee is ${expected}; approve it first`,
      { token, spender, expected, given },
    )
  }
}

/** The source chain has no such order. */
export class OrderNotFoundError extends MeridianError<
  'ORDER_NOT_FOUND',
  { readonly orderId: Hex; readonly fromChain: bigint; readonly toChain: bigint }
> {
  constructor(orderId: Hex, fromChain: bigint, toChain: bigint) {
    super('ORDER_NOT_FOUND', `chain ${fromChain} has sent no order ${orderId} to chain ${toChain}`, {
      orderId,
      fromChain,
      toChain,
    })
  }
}

/** An endpoint serves another chain than the caller named. */
export class ChainIdError extends MeridianError<'CHAIN_ID', { readonly expected: bigint; readonly given: bigint }> {
  constructor(expected: bigint, given: bigint) {
    super('CHAIN_ID', `the endpoint serves chain ${given}, not ${expected}`, { expected, given })
  }
}

/** A custom error as a contract threw it. `name` is empty where the selector is in no contract of Meridian's. */
export interface Revert {
  readonly name: string
  readonly args: readonly string[]
  readonly data: Hex
}

const errorsAbi: Abi = Object.values(errorsBySelector)

/** The revert inside what viem threw, or null where the call failed for another reason. */
export function revertOf(error: unknown): Revert | null {
  const data = revertData(error)
  if (data === null) return null
  return decodeRevert(data)
}

/** Reads revert data against the catalogue of every error that the contracts have. */
export function decodeRevert(data: Hex): Revert {
  try {
    const { errorName, args } = decodeErrorResult({ abi: errorsAbi, data })
    return { name: errorName, args: (args ?? []).map(printArgument), data }
  } catch {
    return { name: '', args: [], data }
  }
}

/** `Name(a, b)`, or the raw selector. */
export function formatRevert(revert: Revert): string {
  if (revert.name !== '') return `${revert.name}(${revert.args.join(', ')})`
  return revert.data === '0x' ? 'no reason given' : `unknown error ${revert.data.slice(0, 10)}`
}

/** Runs `call`; what a contract refuses becomes a {@link ContractRevertError}. */
export async function named<T>(action: string, call: () => Promise<T>): Promise<T> {
  try {
    return await call()
  } catch (error) {
    const revert = revertOf(error)
    if (revert === null) throw error
    throw new ContractRevertError(action, revert, { cause: error })
  }
}

function revertData(error: unknown): Hex | null {
  if (!(error instanceof BaseError)) return null
  let found: Hex | null = null
  error.walk((inner) => {
    found ??= dataOf(inner)
    return false
  })
  return found
}

function dataOf(error: unknown): Hex | null {
  if (typeof error !== 'object' || error === null) return null
  const fields: Record<string, unknown> = { ...error }
  for (const candidate of [fields.raw, fields.data, nested(fields.data), nested(nestedValue(fields.cause))]) {
    if (isHex(candidate)) return candidate
  }
  return null
}

function nestedValue(value: unknown): unknown {
  return typeof value === 'object' && value !== null && 'data' in value ? value.data : undefined
}

function nested(value: unknown): unknown {
  return typeof value === 'object' && value !== null && 'data' in value ? value.data : value
}

function printArgument(value: unknown): string {
  if (Array.isArray(value)) return `[${value.map(printArgument).join(', ')}]`
  if (typeof value === 'object' && value !== null) return `{${Object.values(value).map(printArgument).join(', ')}}`
  return String(value)
}
