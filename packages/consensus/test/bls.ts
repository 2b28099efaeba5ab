/** Signatures of test validators, made by another library than the one that the rules verify with. */
import { SecretKey } from '@chainsafe/blst'
import { bls12_381 } from '@noble/curves/bls12-381.js'
import { bytesToHex, type Hex, hexToBytes, numberToBytes } from 'viem'

const { Fr } = bls12_381.fields

const sumOf = (secrets: readonly bigint[]): SecretKey =>
  SecretKey.fromBytes(
    numberToBytes(
      secrets.reduce((sum, secret) => Fr.add(sum, secret), 0n),
      { size: Fr.BYTES },
    ),
  )

/** The compressed public key of one secret, or the aggregate of several. */
export const publicKeyOf = (...secrets: readonly bigint[]): Hex => bytesToHex(sumOf(secrets).toPublicKey().toBytes())

/** The compressed aggregate signature of secrets over a message. */
export const signAggregate = (secrets: readonly bigint[], message: Hex): Hex =>
  bytesToHex(sumOf(secrets).sign(hexToBytes(message)).toBytes())
