import { sha256 } from '@noble/hashes/sha2.js'
import { concatBytes, numberToBytes, stringToBytes } from 'viem'
import { publicKeyOf, signAggregate } from '../bls.ts'

/** Compressed point at infinity of G2: the signature of nobody. */
const NO_SIGNATURE = Uint8Array.from({ length: 96 }, (_, index) => (index === 0 ? 0xc0 : 0))

/** The members of one period's sync committee. */
export interface Committee {
  /** Validator indices, one a seat. */
  readonly members: readonly number[]
  readonly pubkeys: readonly Uint8Array[]
  readonly aggregatePubkey: Uint8Array
}

/** Validators with deterministic development keys: consecutive scalars. What many of them sign, their sum signs at once. */
export interface ValidatorKeys {
  readonly pubkeys: readonly Uint8Array[]
  /** The committee of a period, drawn anew for each. */
  committee(period: number): Committee
  /** Aggregate signature of the validators in `signers` over a signing root. */
  sign(signers: readonly number[], signingRoot: Uint8Array): Uint8Array
}

/** `count` validators of the chain `chainId`; committees have `committeeSize` seats. */
export function createValidatorKeys(chainId: number, count: number, committeeSize: number): ValidatorKeys {
  const seed = sha256(stringToBytes(`meridian devnet beacon validators ${chainId}`))
  const first = 2n ** 63n + seed.subarray(0, 7).reduce((sum, byte) => sum * 256n + BigInt(byte), 0n)
  const secretOf = (index: number): bigint => first + BigInt(index)
  const pubkeys = Array.from({ length: count }, (_, index) => publicKeyOf(secretOf(index)))
  const pubkey = (index: number): Uint8Array => {
    const key = pubkeys[index]
    if (key === undefined) throw new RangeError(`no validator ${index}`)
    return key
  }
  const committees = new Map<number, Committee>()

  return {
    pubkeys,
    committee(period) {
      const known = committees.get(period)
      if (known !== undefined) return known
      const order = (index: number): bigint => {
        const digest = sha256(
          concatBytes([seed, numberToBytes(period, { size: 8 }), numberToBytes(index, { size: 8 })]),
        )
        return digest.subarray(0, 8).reduce((sum, byte) => sum * 256n + BigInt(byte), 0n)
      }
      const members = pubkeys
        .map((_, index) => ({ index, key: order(index) }))
        .sort((left, right) => (left.key < right.key ? -1 : 1))
        .slice(0, committeeSize)
        .map(({ index }) => index)
      const aggregatePubkey = publicKeyOf(...members.map(secretOf))
      const committee = { members, pubkeys: members.map(pubkey), aggregatePubkey }
      committees.set(period, committee)
      return committee
    },
    sign(signers, signingRoot) {
      if (signers.length === 0) return NO_SIGNATURE
      return signAggregate(signers.map(secretOf), signingRoot)
    },
  }
}
