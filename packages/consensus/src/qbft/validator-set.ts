import { type Address, concatHex, type Hex, keccak256 } from 'viem'
import { QbftVerifyError } from './errors.ts'

/** Most members: a seat is one byte. */
export const MAX_VALIDATORS = 255

/** RLP prefix of a string of 20 bytes. */
const ADDRESS_PREFIX: Hex = '0x94'

/** Members as they lie in a header: 0x94 and the address of each, without the list's prefix. */
export function encodeMembers(validators: readonly Address[]): Hex {
  return concatHex(validators.flatMap((validator): Hex[] => [ADDRESS_PREFIX, lower(validator)]))
}

/** The word by which the contract knows a set. */
export const setHashOf = (validators: readonly Address[]): Hex => keccak256(encodeMembers(validators))

export const lower = <T extends Hex>(text: T): T => text.toLowerCase() as T // CAST: hex stays hex

/** @throws QbftVerifyError unless there are 1 to 255 members that ascend strictly. */
export function requireCanonicalSet(validators: readonly Address[]): void {
  if (validators.length === 0 || validators.length > MAX_VALIDATORS)
    throw new QbftVerifyError('VALIDATOR_SET_SIZE', 'a set has 1 to 255 validators', {
      limit: MAX_VALIDATORS,
      given: validators.length,
    })
  let previous = 0n
  for (const validator of validators) {
    if (BigInt(validator) <= previous)
      throw new QbftVerifyError('VALIDATOR_SET_ORDER', 'the validators do not ascend strictly', {
        previous,
        given: validator,
      })
    previous = BigInt(validator)
  }
}

/** The one member by which two sets differ, undefined if they are equal or differ by more. */
export function oneDifference(
  trusted: readonly Address[],
  own: readonly Address[],
): { readonly member: Address; readonly added: boolean } | undefined {
  const added = own.filter((member) => !trusted.includes(member))
  const removed = trusted.filter((member) => !own.includes(member))
  const [member] = [...added, ...removed]
  if (member === undefined || added.length + removed.length !== 1) return undefined
  return { member, added: added.length === 1 }
}
