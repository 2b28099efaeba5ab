import { MeridianError } from '@meridian/core'
import type { Hex } from 'viem'

/** Letters of an endpoint's own words that are kept: they go into logs, into the store and to whoever asks. */
const MAX_WORDS = 1_000

/** The endpoint could not be reached, did not answer in time, or answered with an HTTP failure. */
export class RpcTransportError extends MeridianError<
  'RPC_TRANSPORT',
  { readonly host: string; readonly method: string; readonly status?: number }
> {
  constructor(host: string, method: string, detail: string, status?: number, options?: ErrorOptions) {
    super(
      'RPC_TRANSPORT',
      `${host}: ${method}: ${detail}`,
      status === undefined ? { host, method } : { host, method, status },
      options,
    )
  }
}

/** The endpoint refuses to answer so often. */
export class RpcRateLimitError extends MeridianError<
  'RPC_RATE_LIMIT',
  { readonly host: string; readonly method: string; readonly retryAfterMs: number | null }
> {
  constructor(host: string, method: string, retryAfterMs: number | null) {
    super('RPC_RATE_LIMIT', `${host}: ${method}: rate limited`, { host, method, retryAfterMs })
  }
}

/** The endpoint answered with a JSON-RPC error. `data` holds the revert data of a call where the node sends it. */
export class RpcResponseError extends MeridianError<
  'RPC_RESPONSE',
  {
    readonly host: string
    readonly method: string
    readonly rpcCode: number
    readonly rpcMessage: string
    readonly data: Hex | null
  }
> {
  constructor(host: string, method: string, rpcCode: number, words: string, data: Hex | null) {
    const rpcMessage = words.slice(0, MAX_WORDS)
    super('RPC_RESPONSE', `${host}: ${method}: ${rpcMessage} (${rpcCode})`, { host, method, rpcCode, rpcMessage, data })
  }
}

/** The answer is not what the method answers with. */
export class RpcMalformedError extends MeridianError<
  'RPC_MALFORMED',
  { readonly host: string; readonly method: string; readonly detail: string }
> {
  constructor(host: string, method: string, detail: string, options?: ErrorOptions) {
    super('RPC_MALFORMED', `${host}: ${method}: malformed answer: ${detail}`, { host, method, detail }, options)
  }
}

/** A beacon node's REST API answered with a failure; `status` is null where there was no answer. */
export class BeaconError extends MeridianError<
  'BEACON',
  { readonly host: string; readonly path: string; readonly status: number | null }
> {
  constructor(host: string, path: string, status: number | null, detail: string, options?: ErrorOptions) {
    super('BEACON', `${host}: ${path}: ${detail}`, { host, path, status }, options)
  }
}

/** Two answers of a chain contradict each other, or an answer contradicts a hash: the endpoint is wrong or lies. */
export class ChainDataError extends MeridianError<
  'CHAIN_DATA',
  { readonly what: string; readonly expected: string; readonly given: string }
> {
  constructor(what: string, expected: string, given: string) {
    super('CHAIN_DATA', `${what}: expected ${expected}, given ${given}`, { what, expected, given })
  }
}

/** Fewer endpoints than wanted say the same. */
export class QuorumError extends MeridianError<
  'QUORUM',
  { readonly what: string; readonly quorum: number; readonly said: readonly string[] }
> {
  /** @param options `cause`: why the last one that did not answer did not. */
  constructor(what: string, quorum: number, said: readonly string[], options?: ErrorOptions) {
    const detail = `${what}: ${quorum} endpoints have to agree (${said.join('; ') || 'none answers'})`
    super('QUORUM', detail, { what, quorum, said }, options)
  }
}

/** The chain does not have what was asked for (an unknown block or transaction). */
export class NotFoundError extends MeridianError<'NOT_FOUND', { readonly what: string }> {
  constructor(what: string) {
    super('NOT_FOUND', `${what}: not found`, { what })
  }
}
