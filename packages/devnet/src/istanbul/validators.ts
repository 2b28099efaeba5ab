import { applyDifference, keysOf, type SetDifference, type ValidatorKeys } from '@meridian/consensus/istanbul'
import type { Address, Hex } from 'viem'
import { privateKeyToAddress } from 'viem/accounts'
import { DevnetError } from '../errors.ts'

/** A validator: one secret for its ECDSA key and, modulo the group's order, for its BLS keys. */
export interface Validator extends ValidatorKeys {
  readonly address: Address
  readonly secret: Hex
}

/** What the last block of an epoch says of the next set, with the validators that join. */
export interface EpochChange {
  readonly difference: SetDifference
  readonly joining: readonly Validator[]
}

/** The validator sets of a chain, epoch by epoch. */
export interface ValidatorSets {
  /** The set that seals the blocks of an epoch, by seat. */
  of(epoch: bigint): readonly Validator[]
  /** Lets one join, or leave, at the end of the current epoch. @returns its address */
  propose(change: { readonly add: Hex } | { readonly drop: Address }): Address
  /** What was proposed since the epoch began. */
  pending(epoch: bigint): EpochChange
  /** Ends an epoch with what was pending. */
  end(epoch: bigint): void
}

function validatorOf(secret: Hex): Validator {
  return { ...keysOf(secret), address: lower(privateKeyToAddress(secret)), secret }
}

/** The sets of a chain whose first epoch has the validators with these secrets. */
export function createValidatorSets(secrets: readonly Hex[]): ValidatorSets {
  const first = secrets.map(validatorOf)
  const sets = new Map<bigint, readonly Validator[]>([
    [0n, first],
    [1n, first],
  ])
  let current = 1n
  let joining: Validator[] = []
  let leaving = new Set<Address>()

  const of = (epoch: bigint): readonly Validator[] => {
    const set = sets.get(epoch)
    if (set === undefined) throw new DevnetError('ISTANBUL_EPOCH', 'the epoch has not begun', { epoch })
    return set
  }
  const pending = (epoch: bigint): EpochChange => {
    const removed = of(epoch).reduce(
      (bitmap, { address }, seat) => (leaving.has(address) ? bitmap | (1n << BigInt(seat)) : bitmap),
      0n,
    )
    return { difference: { removed, added: joining.map(({ g1 }) => g1) }, joining }
  }
  return {
    of,
    pending,
    propose(change) {
      const add = 'add' in change
      const validator = add ? validatorOf(change.add) : undefined
      const address = validator?.address ?? lower('drop' in change ? change.drop : '0x')
      const sits = of(current).some((member) => member.address === address)
      if (sits === add || (add && joining.some((member) => member.address === address)))
        throw new DevnetError('VALIDATOR_CHANGE', 'the set is so already', { address, add })
      if (validator !== undefined) joining.push(validator)
      else leaving.add(address)
      return address
    },
    end(epoch) {
      const set = of(epoch)
      const byKey = new Map([...set, ...joining].map((member) => [member.g1, member]))
      const next = applyDifference(
        set.map(({ g1 }) => g1),
        pending(epoch).difference,
      ).map((key) => {
        const member = byKey.get(key)
        if (member === undefined) throw new DevnetError('ISTANBUL_EPOCH', 'a key of nobody', { key })
        return member
      })
      sets.set(epoch + 1n, next)
      current = epoch + 1n
      joining = []
      leaving = new Set()
    },
  }
}

/** Addresses as JSON-RPC shows them. */
export function lower(address: Address): Address {
  return address.toLowerCase() as Address // CAST: lower case of an address is an address
}
