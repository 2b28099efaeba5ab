import { secp256k1 } from '@noble/curves/secp256k1.js'
import { type Address, bytesToHex, concatHex, type Hex, hexToBytes, keccak256, numberToHex, toRlp } from 'viem'
import { encodeHeader, scalar } from '../execution/header.ts'

/** keccak-like constant that Besu puts into mixHash: "tical byzantine fault tolerance". */
export const MIX_HASH: Hex = '0x63746963616c2062797a616e74696e65206661756c7420746f6c6572616e6365'

const VANITY: Hex = `0x${'00'.repeat(32)}`

/** A vote in a header: for adding or dropping one validator. */
export interface Vote {
  readonly validator: Address
  readonly add: boolean
}

export interface ExtraData {
  readonly validators: readonly Address[]
  readonly vote?: Vote | undefined
  readonly round: number
  readonly seals: readonly Hex[]
}

/** RLP[vanity, validators, vote, round, seals] (Besu, QBFT). */
export function encodeExtraData(extra: ExtraData): Hex {
  const vote: Hex[] = extra.vote === undefined ? [] : [extra.vote.validator, extra.vote.add ? '0xff' : '0x']
  return toRlp([VANITY, [...extra.validators], vote, scalar(numberToHex(extra.round)), [...extra.seals]])
}

/** What the validators sign: the header with the round and without seals. */
export function sealDigest(header: object, extra: ExtraData): Hex {
  return keccak256(encodeHeader({ ...header, extraData: encodeExtraData({ ...extra, seals: [] }) }))
}

/** The chain's block hash: the header with round 0 and without seals. */
export function blockHash(header: object, extra: ExtraData): Hex {
  return keccak256(encodeHeader({ ...header, extraData: encodeExtraData({ ...extra, round: 0, seals: [] }) }))
}

/** r ‖ s ‖ v, 65 bytes, v 0 or 1. */
export function signSeal(digest: Hex, privateKey: Hex): Hex {
  const signature = secp256k1.sign(hexToBytes(digest), hexToBytes(privateKey), { prehash: false, format: 'recovered' })
  const recovery = bytesToHex(signature.slice(0, 1))
  return concatHex([bytesToHex(signature.slice(1)), recovery])
}

/** Votes that `count` validators need to commit a block: ceil(2N/3). */
export const quorum = (count: number): number => Math.ceil((2 * count) / 3)
