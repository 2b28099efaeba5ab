import type { Address, Hex } from 'viem'
import { privateKeyToAddress } from 'viem/accounts'
import { DevnetError } from '../errors.ts'
import type { Vote } from './extra-data.ts'

/** The validators of a QBFT chain with their keys, and the votes that change them. */
export interface ValidatorBook {
  /** Validators of the next block, ascending. */
  current(): readonly Address[]
  key(validator: Address): Hex
  /** Every validator votes so when it proposes, until the set has changed. Throws `VALIDATOR_VOTE` if it is so already. */
  propose(change: { readonly add: Hex } | { readonly drop: Address }): Address
  /** The vote that `proposer` puts into its header. */
  vote(proposer: Address): Vote | undefined
  /** Counts the vote of a block that is sealed. */
  committed(number: bigint, proposer: Address, vote: Vote | undefined): void
}

/** Besu resets pending votes in each block whose number is a multiple of `epochLength`. */
export function createValidatorBook(keys: readonly Hex[], epochLength: bigint): ValidatorBook {
  const known = new Map<Address, Hex>(keys.map((key) => [lower(privateKeyToAddress(key)), key]))
  let set: readonly Address[] = [...known.keys()].sort()
  const wanted = new Map<Address, boolean>()
  const votes = new Map<Address, Set<Address>>()
  return {
    current: () => set,
    key(validator) {
      const key = known.get(lower(validator))
      if (key === undefined) throw new DevnetError('VALIDATOR_KEY', 'no key of this validator', { validator })
      return key
    },
    propose(change) {
      const add = 'add' in change
      const validator = lower(add ? privateKeyToAddress(change.add) : change.drop)
      if (add) known.set(validator, change.add)
      if (set.includes(validator) === add)
        throw new DevnetError('VALIDATOR_VOTE', 'the set is so already', { validator, add })
      wanted.set(validator, add)
      return validator
    },
    vote(proposer) {
      for (const [validator, add] of wanted) if (votes.get(validator)?.has(proposer) !== true) return { validator, add }
      return undefined
    },
    committed(number, proposer, vote) {
      if (number % epochLength === 0n) votes.clear()
      if (vote === undefined) return
      const voters = votes.get(vote.validator) ?? new Set<Address>()
      voters.add(proposer)
      votes.set(vote.validator, voters)
      if (voters.size * 2 <= set.length) return
      set = (vote.add ? [...set, vote.validator] : set.filter((validator) => validator !== vote.validator)).sort()
      votes.delete(vote.validator)
      wanted.delete(vote.validator)
      for (const others of votes.values()) others.delete(vote.validator)
    },
  }
}

/** Addresses as JSON-RPC shows them. */
export function lower(address: Address): Address {
  return address.toLowerCase() as Address // CAST: lower case of an address is an address
}
