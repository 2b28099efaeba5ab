import { type Address, concatHex, type Hex, numberToHex, size } from 'viem'
import type { QbftHeader } from './header.ts'
import type { SeatedSeal } from './seal.ts'
import { encodeMembers } from './validator-set.ts'

/** First byte of a proof. */
export const KIND_STORED = 0
export const KIND_SEALED = 1

/** A header with seals, and the trusted set under which it is to be verified. */
export interface SealedHeader {
  readonly header: QbftHeader
  /** Ascending by seat. */
  readonly seals: readonly SeatedSeal[]
  /** Index of the set range on the client. */
  readonly range: number
  /** The trusted set's members, where the header's own set is another. */
  readonly trusted?: readonly Address[]
}

/** Range, trusted set, seals, and the header in the form that validators seal. Delimits itself. */
export function encodeSealed({ header, seals, range, trusted = [] }: SealedHeader): Hex {
  return concatHex([
    numberToHex(range, { size: 4 }),
    numberToHex(trusted.length, { size: 1 }),
    encodeMembers(trusted),
    numberToHex(seals.length, { size: 1 }),
    ...seals.flatMap(({ seat, seal }): Hex[] => [numberToHex(seat, { size: 1 }), seal]),
    header.sealForm,
  ])
}

/** Argument of `update`: sealed headers, ascending by height. */
export const encodeUpdate = (headers: readonly SealedHeader[]): Hex => concatHex(headers.map(encodeSealed))

/** Headers in the form of the block hash, from the anchor's parent down. */
const encodeAncestors = (ancestors: readonly QbftHeader[]): Hex[] => ancestors.map((ancestor) => ancestor.hashForm)

/** Argument of `verifyBlock` for a stored block, or the last of `ancestors` below it. */
export function encodeStoredProof(header: QbftHeader, ancestors: readonly QbftHeader[] = []): Hex {
  return concatHex([numberToHex(KIND_STORED, { size: 1 }), header.hashForm, ...encodeAncestors(ancestors)])
}

/** Argument of `verifyBlock` for a block that comes with its seals, or the last of `ancestors` below it. */
export function encodeSealedProof(sealed: SealedHeader, ancestors: readonly QbftHeader[] = []): Hex {
  return concatHex([numberToHex(KIND_SEALED, { size: 1 }), encodeSealed(sealed), ...encodeAncestors(ancestors)])
}

/** Argument of `reportMisbehaviour`: two proofs of different blocks at one height. */
export function encodeEvidence(first: Hex, second: Hex): Hex {
  return concatHex([numberToHex(size(first), { size: 4 }), first, second])
}
