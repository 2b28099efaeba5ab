import type { ParliaValidator } from './extra.ts'
import { readExtraData } from './extra.ts'
import type { ParliaHeader } from './header.ts'
import { buildKeyTree, decompressKey, type KeyTree } from './keys.ts'
import { switchOffset } from './quorum.ts'

/** The set that an epoch's first block lists, with its keys. */
export interface ValidatorSet {
  /** The block that lists it. */
  readonly epoch: bigint
  readonly turnLength: number
  readonly validators: readonly ParliaValidator[]
  readonly tree: KeyTree
}

/** A set with its keys decompressed. @throws {ParliaVerifyError} for a key that is no point, and for none or too many. */
export function createValidatorSet(
  epoch: bigint,
  turnLength: number,
  validators: readonly ParliaValidator[],
): ValidatorSet {
  return {
    epoch,
    turnLength,
    validators,
    tree: buildKeyTree(validators.map(({ voteKey }) => decompressKey(voteKey))),
  }
}

/** The set in an epoch header. The caller says that the block is the first of an epoch. @throws {ParliaVerifyError} */
export function setOfHeader(header: ParliaHeader): ValidatorSet {
  const { epoch } = readExtraData(header.extraData, true)
  return createValidatorSet(header.number, epoch?.turnLength ?? 0, epoch?.validators ?? [])
}

/** Blocks after the next epoch's first from which the next set votes. */
export const offsetOf = ({ validators, turnLength }: ValidatorSet): bigint =>
  switchOffset(validators.length, turnLength)
