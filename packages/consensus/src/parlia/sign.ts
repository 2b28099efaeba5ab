import { encodeList, encodeString, itemAt, listAt, stringAt, uintBytes } from '@meridian/proofs/rlp'
import { bls12_381 } from '@noble/curves/bls12-381.js'
import { secp256k1 } from '@noble/curves/secp256k1.js'
import { type Address, bytesToHex, concatHex, type Hex, hexToBytes, keccak256 } from 'viem'
import { publicKeyToAddress } from 'viem/accounts'
import { hashToG2 } from '../ethereum/bls.ts'
import type { Possession } from './encode.ts'
import { fail } from './errors.ts'
import { type VoteAttestation, type VoteData, voteHash } from './extra.ts'
import { possessionMessage } from './verify.ts'

/** Bytes of the proposer's seal, at the end of the extra data. */
export const SEAL_SIZE = 65
/** Place of the extra data in a header, and of the last field that Bohr's seal covers. */
const EXTRA_DATA = 12
const SEALED_FIELDS = 21

const { Fr } = bls12_381.fields

/** A secret vote key made of 32 bytes. */
export const voteSecret = (seed: Hex): bigint => Fr.create(BigInt(seed))

/** The compressed vote key of a secret. */
export const voteKeyOf = (secret: bigint): Hex => bytesToHex(bls12_381.G1.Point.BASE.multiply(secret).toBytes(true))

/** The aggregate signature of secrets over 32 bytes: that of their sum. */
export function signAggregate(secrets: readonly bigint[], message: Hex): Hex {
  const sum = secrets.reduce((total, secret) => Fr.add(total, secret), 0n)
  return bytesToHex(hashToG2(message).multiply(sum).toBytes(true))
}

/** Votes of validators, by their seats in the set. @param sign Who signs for all of them together. */
export function signVotes(
  secrets: ReadonlyMap<number, bigint>,
  data: VoteData,
  sign: typeof signAggregate = signAggregate,
): VoteAttestation {
  const voters = [...secrets.keys()].reduce((bits, seat) => bits | (1n << BigInt(seat)), 0n)
  return { voters, signature: sign([...secrets.values()], voteHash(data)), data, extra: '0x' }
}

/** What StakeHub asks for when a vote key is registered. */
export function provePossession(secret: bigint, operator: Hex, chainId: bigint): Possession {
  return { operator, signature: signAggregate([secret], possessionMessage(operator, voteKeyOf(secret), chainId)) }
}

/**
 * What a proposer signs: the chain id and the header without the seal, fields up to the requests hash (parlia
 * `SealHash`, with the fields that Bohr added).
 */
export function sealHash(raw: Hex, chainId: bigint): Hex {
  const { fields, extra } = splitHeader(raw)
  const unsealed = encodeString(extra.subarray(0, extra.length - SEAL_SIZE))
  const sealed = fields.slice(0, SEALED_FIELDS)
  sealed[EXTRA_DATA] = unsealed
  return keccak256(encodeList([encodeString(uintBytes(chainId)), ...sealed]))
}

/** The header with a proposer's seal in place of the last 65 bytes of its extra data. */
export function sealParliaHeader(raw: Hex, privateKey: Hex, chainId: bigint): Hex {
  const { fields, extra } = splitHeader(raw)
  const signature = secp256k1.sign(hexToBytes(sealHash(raw, chainId)), hexToBytes(privateKey), {
    prehash: false,
    format: 'recovered',
  })
  const seal = concatHex([bytesToHex(signature.subarray(1)), bytesToHex(signature.subarray(0, 1))])
  const start = bytesToHex(extra.subarray(0, extra.length - SEAL_SIZE))
  return bytesToHex(encodeList(fields.with(EXTRA_DATA, encodeString(hexToBytes(concatHex([start, seal]))))))
}

/** Who sealed a header. The light client does not ask: votes are over the block's hash. */
export function recoverProposer(raw: Hex, chainId: bigint): Address {
  const { extra } = splitHeader(raw)
  const seal = extra.subarray(extra.length - SEAL_SIZE)
  const recovered = Uint8Array.of(seal[SEAL_SIZE - 1] ?? 0, ...seal.subarray(0, SEAL_SIZE - 1))
  const key = secp256k1.recoverPublicKey(recovered, hexToBytes(sealHash(raw, chainId)), { prehash: false })
  const address = publicKeyToAddress(bytesToHex(secp256k1.Point.fromBytes(key).toBytes(false)))
  return address.toLowerCase() as Address // CAST: lower case of an address is an address
}

function splitHeader(raw: Hex): { readonly fields: Uint8Array[]; readonly extra: Uint8Array } {
  const bytes = hexToBytes(raw)
  const list = listAt(bytes, 0, bytes.length)
  const fields: Uint8Array[] = []
  for (let at = list.from; at < list.to; ) {
    const { to } = itemAt(bytes, at, list.to)
    fields.push(bytes.subarray(at, to))
    at = to
  }
  const field = fields[EXTRA_DATA]
  const item = field === undefined ? undefined : stringAt(field, 0, field.length)
  const extra = item === undefined ? undefined : field?.subarray(item.from, item.to)
  if (extra === undefined || extra.length < SEAL_SIZE)
    throw fail('PARLIA_EXTRA_LENGTH', { expected: SEAL_SIZE, given: extra?.length ?? 0 })
  return { fields, extra }
}
