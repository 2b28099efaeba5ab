import { MeridianError } from '@meridian/core'

type Context = Readonly<Record<string, unknown>>

/** Each rule that a header, a set, an update or a proof can break: the contract's error in upper snake case. */
export type QbftVerifyErrorCode =
  | 'LIGHT_CLIENT_FROZEN'
  | 'LIGHT_CLIENT_EXPIRED'
  | 'LIGHT_CLIENT_NO_CONFLICT'
  | 'QBFT_HEADER_TOO_LARGE'
  | 'QBFT_HEADER_ROUND'
  | 'QBFT_HEADER_SEALS_INSIDE'
  | 'QBFT_HEADER_SEAL_LENGTH'
  | 'QBFT_LIGHT_CLIENT_ZERO_PARAMETER'
  | 'QBFT_LIGHT_CLIENT_TRUNCATED'
  | 'QBFT_LIGHT_CLIENT_PROOF_KIND'
  | 'QBFT_LIGHT_CLIENT_EMPTY_UPDATE'
  | 'QBFT_LIGHT_CLIENT_HEADER_ORDER'
  | 'QBFT_LIGHT_CLIENT_TIMESTAMP'
  | 'QBFT_LIGHT_CLIENT_FUTURE_HEADER'
  | 'QBFT_LIGHT_CLIENT_UNKNOWN_RANGE'
  | 'QBFT_LIGHT_CLIENT_HEIGHT_OUT_OF_RANGE'
  | 'QBFT_LIGHT_CLIENT_SET_EXPIRED'
  | 'QBFT_LIGHT_CLIENT_TRUSTED_SET'
  | 'QBFT_LIGHT_CLIENT_SET_CHANGED'
  | 'QBFT_LIGHT_CLIENT_TOO_FEW_SEALS'
  | 'QBFT_LIGHT_CLIENT_TOO_FEW_TRUSTED_SEALS'
  | 'QBFT_LIGHT_CLIENT_SEAL_ORDER'
  | 'QBFT_LIGHT_CLIENT_UNKNOWN_SEAT'
  | 'QBFT_LIGHT_CLIENT_UNKNOWN_SIGNER'
  | 'QBFT_LIGHT_CLIENT_RECOVERY_ID'
  | 'QBFT_LIGHT_CLIENT_NOT_STORED'
  | 'QBFT_LIGHT_CLIENT_CONFLICT'
  | 'QBFT_LIGHT_CLIENT_NOT_PARENT'
  | 'VALIDATOR_SET_SIZE'
  | 'VALIDATOR_SET_MEMBER'
  | 'VALIDATOR_SET_ORDER'
  | 'VALIDATOR_SET_TOO_DIFFERENT'

/** Something that the light client's rules refuse. `context` holds expected and given. */
export class QbftVerifyError extends MeridianError<QbftVerifyErrorCode, Context> {}

export type QbftSourceErrorCode =
  /** The endpoint answers with something that is not what was asked for. */
  | 'QBFT_NODE_ANSWER'
  /** The contract on the target chain is no QBFT client, or its answers contradict each other. */
  | 'QBFT_CLIENT_MISMATCH'
  /** The validators changed by more than one between two blocks: header voting cannot do that, an operator must look. */
  | 'QBFT_SET_JUMP'

/** What a chain or an endpoint shows contradicts the protocol or itself. */
export class QbftSourceError extends MeridianError<QbftSourceErrorCode, Context> {}

/** A file or a list that a person gave and that cannot be read. The message is one line. */
export class QbftInputError extends MeridianError<'QBFT_INPUT', Context> {
  constructor(message: string, context: Context, options?: ErrorOptions) {
    super('QBFT_INPUT', message, context, options)
  }
}
