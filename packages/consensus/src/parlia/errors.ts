import { MeridianError } from '@meridian/core'

type Context = Readonly<Record<string, unknown>>

/** Each rule that a header, a set, an update or a proof can break: the contract's error in upper snake case. */
export type ParliaVerifyErrorCode =
  | 'LIGHT_CLIENT_FROZEN'
  | 'LIGHT_CLIENT_EXPIRED'
  | 'LIGHT_CLIENT_NO_CONFLICT'
  | 'BLS12381_INFINITY'
  | 'BLS12381_NOT_IN_FIELD'
  | 'BLS12381_PRECOMPILE'
  | 'PARLIA_EXTRA_LENGTH'
  | 'PARLIA_EXTRA_VALIDATOR_COUNT'
  | 'PARLIA_EXTRA_VALIDATOR_ORDER'
  | 'PARLIA_EXTRA_TURN_LENGTH'
  | 'PARLIA_EXTRA_ATTESTATION'
  | 'PARLIA_HEADER_TOO_LARGE'
  | 'PARLIA_KEYS_COMPRESSED'
  | 'PARLIA_KEYS_SIZE'
  | 'PARLIA_LIGHT_CLIENT_COMMITMENT'
  | 'PARLIA_LIGHT_CLIENT_CONFLICT'
  | 'PARLIA_LIGHT_CLIENT_EMPTY_UPDATE'
  | 'PARLIA_LIGHT_CLIENT_EPOCH_ORDER'
  | 'PARLIA_LIGHT_CLIENT_FUTURE_HEADER'
  | 'PARLIA_LIGHT_CLIENT_HEIGHT_OUT_OF_RANGE'
  | 'PARLIA_LIGHT_CLIENT_LINK_KIND'
  | 'PARLIA_LIGHT_CLIENT_LINK_ORDER'
  | 'PARLIA_LIGHT_CLIENT_NOT_ADJACENT'
  | 'PARLIA_LIGHT_CLIENT_NOT_PARENT'
  | 'PARLIA_LIGHT_CLIENT_NOT_STORED'
  | 'PARLIA_LIGHT_CLIENT_POSSESSION'
  | 'PARLIA_LIGHT_CLIENT_PROOF_KIND'
  | 'PARLIA_LIGHT_CLIENT_SET_EXPIRED'
  | 'PARLIA_LIGHT_CLIENT_SIGNATURE'
  | 'PARLIA_LIGHT_CLIENT_SWITCH_OFFSET'
  | 'PARLIA_LIGHT_CLIENT_TIMESTAMP'
  | 'PARLIA_LIGHT_CLIENT_TOO_FEW_TRUSTED_VOTES'
  | 'PARLIA_LIGHT_CLIENT_TOO_FEW_VOTES'
  | 'PARLIA_LIGHT_CLIENT_TRAILING_BYTES'
  | 'PARLIA_LIGHT_CLIENT_TRUNCATED'
  | 'PARLIA_LIGHT_CLIENT_TRUSTED_SEAT'
  | 'PARLIA_LIGHT_CLIENT_UNKNOWN_EPOCH'
  | 'PARLIA_LIGHT_CLIENT_UNKNOWN_VOTER'

/** Something that the light client's rules refuse. `context` holds expected and given. */
export class ParliaVerifyError extends MeridianError<ParliaVerifyErrorCode, Context> {}

/** The error of a broken rule, its message made of the code. */
export const fail = (code: ParliaVerifyErrorCode, context: Context, options?: ErrorOptions): ParliaVerifyError =>
  new ParliaVerifyError(code, code.toLowerCase().replaceAll('_', ' '), context, options)

export type ParliaSourceErrorCode =
  /** The endpoint answers with something that is not what was asked for. */
  | 'PARLIA_NODE_ANSWER'
  /** The contract on the target chain is no Parlia client, or its answers contradict each other. */
  | 'PARLIA_CLIENT_MISMATCH'

/** What a chain or an endpoint shows contradicts the protocol or itself. */
export class ParliaSourceError extends MeridianError<ParliaSourceErrorCode, Context> {}

/** A file or a list that a person gave and that cannot be read. The message is one line. */
export class ParliaInputError extends MeridianError<'PARLIA_INPUT', Context> {
  constructor(message: string, context: Context, options?: ErrorOptions) {
    super('PARLIA_INPUT', message, context, options)
  }
}
