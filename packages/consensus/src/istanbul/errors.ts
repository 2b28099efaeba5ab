import { MeridianError } from '@meridian/core'

type Context = Readonly<Record<string, unknown>>

/** Each rule that a header, a set, an update or a proof can break: the contract's error in upper snake case. */
export type IstanbulVerifyErrorCode =
  | 'LIGHT_CLIENT_FROZEN'
  | 'LIGHT_CLIENT_EXPIRED'
  | 'LIGHT_CLIENT_NO_CONFLICT'
  | 'BN254_INFINITY'
  | 'BN254_PRECOMPILE'
  | 'HASH_TO_G1_INVERSE'
  | 'HASH_TO_G1_ROOT'
  | 'ISTANBUL_HEADER_LAYOUT'
  | 'ISTANBUL_HEADER_TOO_LARGE'
  | 'ISTANBUL_HEADER_VANITY'
  | 'ISTANBUL_VALIDATORS_SIZE'
  | 'ISTANBUL_VALIDATORS_REMOVED'
  | 'ISTANBUL_VALIDATORS_ADDED'
  | 'ISTANBUL_LIGHT_CLIENT_TRUNCATED'
  | 'ISTANBUL_LIGHT_CLIENT_PROOF_KIND'
  | 'ISTANBUL_LIGHT_CLIENT_EMPTY_UPDATE'
  | 'ISTANBUL_LIGHT_CLIENT_HEADER_ORDER'
  | 'ISTANBUL_LIGHT_CLIENT_TIMESTAMP'
  | 'ISTANBUL_LIGHT_CLIENT_FUTURE_HEADER'
  | 'ISTANBUL_LIGHT_CLIENT_BEFORE_FORK'
  | 'ISTANBUL_LIGHT_CLIENT_UNKNOWN_EPOCH'
  | 'ISTANBUL_LIGHT_CLIENT_SET_EXPIRED'
  | 'ISTANBUL_LIGHT_CLIENT_WRONG_SET'
  | 'ISTANBUL_LIGHT_CLIENT_UNKNOWN_SIGNER'
  | 'ISTANBUL_LIGHT_CLIENT_TOO_FEW_SIGNERS'
  | 'ISTANBUL_LIGHT_CLIENT_SEAL'
  | 'ISTANBUL_LIGHT_CLIENT_NOT_STORED'
  | 'ISTANBUL_LIGHT_CLIENT_CONFLICT'
  | 'ISTANBUL_LIGHT_CLIENT_NOT_PARENT'

/** Something that the light client's rules refuse. `context` holds expected and given. */
export class IstanbulVerifyError extends MeridianError<IstanbulVerifyErrorCode, Context> {}

export type IstanbulSourceErrorCode =
  /** The endpoint answers with something that is not what was asked for. */
  | 'ISTANBUL_NODE_ANSWER'
  /** The contract on the target chain is no Istanbul client, or it and the chain contradict each other. */
  | 'ISTANBUL_CLIENT_MISMATCH'

/** What a chain or an endpoint shows contradicts the protocol or itself. */
export class IstanbulSourceError extends MeridianError<IstanbulSourceErrorCode, Context> {}

/** A file that a person gave and that cannot be read. The message is one line. */
export class IstanbulInputError extends MeridianError<'ISTANBUL_INPUT', Context> {
  constructor(message: string, context: Context, options?: ErrorOptions) {
    super('ISTANBUL_INPUT', message, context, options)
  }
}
