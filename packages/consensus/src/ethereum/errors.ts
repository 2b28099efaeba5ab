import { MeridianError } from '@meridian/core'

/** A header whose fork this client does not know. `context`: slot and epoch, or the fork's name. */
export class ForkError extends MeridianError<'UNKNOWN_FORK'> {
  constructor(message: string, context: Readonly<Record<string, unknown>>) {
    super('UNKNOWN_FORK', message, context)
  }
}

/** JSON that is not what the beacon API promises. `context`: path, and what was expected and given. */
export class ParseError extends MeridianError<'BEACON_JSON'> {
  constructor(message: string, context: Readonly<Record<string, unknown>>) {
    super('BEACON_JSON', message, context)
  }
}

/** Each rule of the light client that an input can break; the contract has one error for each. */
export type VerifyErrorCode =
  | 'BRANCH_LENGTH'
  | 'BRANCH_CURRENT_COMMITTEE'
  | 'BRANCH_NEXT_COMMITTEE'
  | 'BRANCH_FINALITY'
  | 'BRANCH_EXECUTION'
  | 'BRANCH_BLOCK_ROOTS'
  | 'BRANCH_BLOCK_HASH'
  | 'BRANCH_SUMMARY'
  | 'BLOCK_UNKNOWN'
  | 'ANCESTOR_SLOT'
  | 'NO_RECEIPTS_ROOT'
  | 'PROOF_KIND'
  | 'PROOF_LENGTH'
  | 'COMMITTEE_SIZE'
  | 'COMMITTEE_ROOT'
  | 'COMMITTEE_UNKNOWN'
  | 'COMMITTEE_CONFLICT'
  | 'BLOCK_CONFLICT'
  | 'SLOT_ORDER'
  | 'SLOT_IN_FUTURE'
  | 'PERIOD_MISMATCH'
  | 'PARTICIPATION'
  | 'POINT'
  | 'SIGNATURE'
  | 'EXPIRED'
  | 'EXECUTION_HASH'
  | 'NO_CONFLICT'

/** Something that the light client's rules refuse. `context` holds expected and given. */
export class VerifyError extends MeridianError<VerifyErrorCode> {}

/** A beacon or execution node that answers, but not with what it was asked for: its answer fails the local check. */
export class NodeAnswerError extends MeridianError<'NODE_ANSWER'> {
  constructor(message: string, context: Readonly<Record<string, unknown>>, options?: ErrorOptions) {
    super('NODE_ANSWER', message, context, options)
  }
}

/** The client on the target chain was deployed for another chain than the one that is read. */
export class ClientMismatchError extends MeridianError<'CLIENT_MISMATCH'> {
  constructor(message: string, context: Readonly<Record<string, unknown>>) {
    super('CLIENT_MISMATCH', message, context)
  }
}

/** A schedule of forks is not the deployed client's: no update of that client could be signed by what it expects. */
export class ForkScheduleError extends MeridianError<'FORK_SCHEDULE'> {
  constructor(message: string, context: Readonly<Record<string, unknown>>) {
    super('FORK_SCHEDULE', message, context)
  }
}

/** What an operator has to give and did not: here, a beacon endpoint. */
export class PortError extends MeridianError<'PORT_MISSING'> {
  constructor(message: string, context: Readonly<Record<string, unknown>>) {
    super('PORT_MISSING', message, context)
  }
}
