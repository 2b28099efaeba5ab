import { concatHex, type Hex, numberToHex, size } from 'viem'
import type { HashedHeader } from './header.ts'
import { type AggregatedSeal, sealHints } from './seal.ts'

/** First byte of a proof. */
export const KIND_STORED = 0
export const KIND_SEALED = 1

/** A header with its seal, and the set and the key that the seal is checked by. */
export interface SealedHeader {
  readonly header: HashedHeader
  readonly seal: AggregatedSeal
  /** G1 keys of the set of the header's epoch, by seat. */
  readonly validators: readonly Hex[]
  /** Sum of the signers' G2 keys. */
  readonly aggregateKey: Hex
}

/** The header in the form of the block hash, the set, the seal, the aggregate key and the hints. Delimits itself. */
export function encodeSealed({ header, seal, validators, aggregateKey }: SealedHeader): Hex {
  return concatHex([
    header.hashForm,
    numberToHex(validators.length, { size: 1 }),
    ...validators,
    numberToHex(seal.bitmap, { size: 32 }),
    numberToHex(seal.round, { size: 8 }),
    seal.signature,
    aggregateKey,
    sealHints(header.hash, seal.round),
  ])
}

/** Argument of `update`: sealed headers, ascending by height. */
export const encodeUpdate = (headers: readonly SealedHeader[]): Hex => concatHex(headers.map(encodeSealed))

/** Headers from the anchor's parent down. */
const encodeAncestors = (ancestors: readonly HashedHeader[]): Hex[] => ancestors.map(({ hashForm }) => hashForm)

/** Argument of `verifyBlock` for a stored block, or the last of `ancestors` below it. */
export function encodeStoredProof(header: HashedHeader, ancestors: readonly HashedHeader[] = []): Hex {
  return concatHex([numberToHex(KIND_STORED, { size: 1 }), header.hashForm, ...encodeAncestors(ancestors)])
}

/** Argument of `verifyBlock` for a block that comes with its seal, or the last of `ancestors` below it. */
export function encodeSealedProof(sealed: SealedHeader, ancestors: readonly HashedHeader[] = []): Hex {
  return concatHex([numberToHex(KIND_SEALED, { size: 1 }), encodeSealed(sealed), ...encodeAncestors(ancestors)])
}

/** Argument of `reportMisbehaviour`: two proofs that conflict. */
export function encodeEvidence(first: Hex, second: Hex): Hex {
  return concatHex([numberToHex(size(first), { size: 4 }), first, second])
}
