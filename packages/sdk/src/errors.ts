import { decodeRevert, describeRevert } from '@meridian/chain'
import { MeridianError } from '@meridian/core'
import { type Address, BaseError, type Hex, isHex } from 'viem'

/** A contract refused a call; `name` and `args` are its own error's. */
export class ContractRevertError extends MeridianError<'CONTRACT_REVERT', { readonly action: string } & Revert> {
  constructor(action: string, revert: Revert, options?: ErrorOptions) {
    super('CONTRACT_REVERT', `${action} was refused: ${revert.text}`, { action, ...revert }, options)
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

/** No fee of the order is in escrow, or no longer. */
export class NotEscrowedError extends MeridianError<
  'NOT_ESCROWED',
  { readonly orderId: Hex; readonly chainId: bigint }
> {
  constructor(orderId: Hex, chainId: bigint) {
    super('NOT_ESCROWED', `chain ${chainId} keeps no fee of order ${orderId}, or no longer`, { orderId, chainId })
  }
}

/** The target chain has recorded neither the delivery nor the expiry of the order. */
export class NoRecordError extends MeridianError<'NO_RECORD', { readonly orderId: Hex; readonly chainId: bigint }> {
  constructor(orderId: Hex, chainId: bigint) {
    super('NO_RECORD', `chain ${chainId} has no record of order ${orderId} yet`, { orderId, chainId })
  }
}

/** A chain does not know another: it has no light client of it. */
export class NoRouteError extends MeridianError<'NO_ROUTE', { readonly on: bigint; readonly of: bigint }> {
  constructor(on: bigint, of: bigint) {
    super('NO_ROUTE', `chain ${on} has no light client of chain ${of}`, { on, of })
  }
}

/** A chain knows another over a hub: it has no light client of it, and proves nothing of it but what the hub forwarded. */
export class HubRouteError extends MeridianError<
  'HUB_ROUTE',
  { readonly on: bigint; readonly of: bigint; readonly hub: Address }
> {
  constructor(on: bigint, of: bigint, hub: Address) {
    super('HUB_ROUTE', `chain ${on} knows chain ${of} over the hub ${hub}, and proves nothing else of it`, {
      on,
      of,
      hub,
    })
  }
}

/** The lane goes over no hub. */
export class NoHubError extends MeridianError<'NO_HUB', { readonly fromChain: bigint; readonly toChain: bigint }> {
  constructor(fromChain: bigint, toChain: bigint) {
    super('NO_HUB', `the lane from chain ${fromChain} to chain ${toChain} goes over no hub`, { fromChain, toChain })
  }
}

/** A message that no hub would run. */
export class RelayError extends MeridianError<'RELAY', { readonly expected: string; readonly given: string }> {
  constructor(detail: string, expected: string, given: string) {
    super('RELAY', detail, { expected, given })
  }
}

/** A block cannot be proven yet: waiting resolves it, or an operator. */
export class NotProvableError extends MeridianError<
  'NOT_PROVABLE',
  { readonly chainId: bigint; readonly block: bigint; readonly detail: string }
> {
  constructor(chainId: bigint, block: bigint, detail: string) {
    super('NOT_PROVABLE', `block ${block} of chain ${chainId} cannot be proven yet: ${detail}`, {
      chainId,
      block,
      detail,
    })
  }
}

/** An endpoint serves another chain than the caller named. */
export class ChainIdError extends MeridianError<'CHAIN_ID', { readonly expected: bigint; readonly given: bigint }> {
  constructor(expected: bigint, given: bigint) {
    super('CHAIN_ID', `the endpoint serves chain ${given}, not ${expected}`, { expected, given })
  }
}

/** A revert as the SDK reports it. */
export type Revert = {
  /** The custom error's name; `Unknown` where no contract of Meridian's has it. */
  readonly name: string
  /** By the parameters' names. */
  readonly args: Readonly<Record<string, unknown>>
  readonly data: Hex
  /** One line for people. */
  readonly text: string
}

/** The revert inside what viem threw, or null where the call failed for another reason. */
export function revertOf(error: unknown): Revert | null {
  const data = revertData(error)
  if (data === null) return null
  const revert = decodeRevert(data)
  return { name: revert.name, args: argumentsOf(revert), data, text: describeRevert(revert) }
}

function argumentsOf(revert: ReturnType<typeof decodeRevert>): Readonly<Record<string, unknown>> {
  switch (revert.kind) {
    case 'custom':
      return revert.args
    case 'reason':
      return { reason: revert.reason }
    case 'panic':
      return { code: revert.code }
    case 'unknown':
      return { data: revert.data }
  }
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
