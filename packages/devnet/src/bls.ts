/**
 * Signatures of development validators. They are made by another library than the one that light clients are verified
 * with in TypeScript: what the two and the contracts agree on is the beacon chain's suite, and nobody's reading of it.
 */
import { SecretKey } from '@chainsafe/blst'
import { bls12_381 } from '@noble/curves/bls12-381.js'
import { numberToBytes } from 'viem'

const { Fr } = bls12_381.fields

/** The key of the sum of `secrets`, which signs at once what each of them would sign. */
const sumOf = (secrets: readonly bigint[]): SecretKey =>
  SecretKey.fromBytes(
    numberToBytes(
      secrets.reduce((sum, secret) => Fr.add(sum, secret), 0n),
      { size: Fr.BYTES },
    ),
  )

/** The compressed public key (48 bytes) of one secret, or the aggregate of several. */
export const publicKeyOf = (...secrets: readonly bigint[]): Uint8Array => sumOf(secrets).toPublicKey().toBytes()

/** The compressed aggregate signature (96 bytes) of secrets over a message, in the `…_POP_` suite of the beacon chain. */
export const signAggregate = (secrets: readonly bigint[], message: Uint8Array): Uint8Array =>
  sumOf(secrets).sign(message).toBytes()
