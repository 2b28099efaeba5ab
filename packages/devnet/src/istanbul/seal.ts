import { type AggregatedSeal, encodeBlock, encodeServed, parseHeader, signSeal } from '@meridian/consensus/istanbul'
import { signSeal as signEcdsa } from '@meridian/consensus/qbft'
import { concatHex, fromRlp, type Hex, keccak256, numberToHex, stringToHex, toRlp } from 'viem'
import { scalar } from '../execution/header.ts'
import type { EpochChange, Validator } from './validators.ts'

const VANITY: Hex = stringToHex('meridian devnet', { size: 32 })
const EMPTY_SEAL = ['0x', '0x', '0x'] as const
const NO_CHANGE: EpochChange = { difference: { added: [], removed: 0n }, joining: [] }

/** A header's fields as JSON-RPC serves them, without the extra data. */
export type HeaderFields = Readonly<Record<string, Hex>>

/** A sealed header. */
export interface SealedHeader {
  /** RLP as a node serves it. */
  readonly served: Hex
  readonly hash: Hex
  readonly extraData: Hex
  readonly seal: AggregatedSeal
}

const sealItems = (seal: AggregatedSeal | undefined): readonly Hex[] =>
  seal === undefined ? EMPTY_SEAL : [scalar(numberToHex(seal.bitmap)), seal.signature, scalar(numberToHex(seal.round))]

/** `vanity ‖ RLP(IstanbulExtra)` with an empty aggregated seal. */
function extraData({ difference, joining }: EpochChange, proposerSeal: Hex, parent: AggregatedSeal | undefined): Hex {
  const items = [
    joining.map(({ address }) => address),
    joining.map(({ g2 }) => g2),
    joining.map(({ g1 }) => g1),
    scalar(numberToHex(difference.removed)),
    proposerSeal,
    EMPTY_SEAL,
    sealItems(parent),
  ]
  return concatHex([VANITY, toRlp(items as Parameters<typeof toRlp>[0])]) // CAST: nested lists of hex
}

/** What a header is sealed with. */
export interface Sealing {
  readonly fields: HeaderFields
  readonly change?: EpochChange
  readonly proposer: Validator
  /** The whole set, by seat. */
  readonly set: readonly Validator[]
  /** Seats that sign. */
  readonly seats: readonly number[]
  readonly round: bigint
  readonly parent: AggregatedSeal | undefined
}

/**
 * Seals as atlas does: the proposer signs the hash of the hash of the header without seals; the validators sign the hash of
 * the header with that seal and without theirs.
 */
export function sealHeader({ fields, change = NO_CHANGE, proposer, set, seats, round, parent }: Sealing): SealedHeader {
  const withSeal = (proposerSeal: Hex) => encodeBlock({ ...fields, extraData: extraData(change, proposerSeal, parent) })
  const proposerSeal = signEcdsa(keccak256(keccak256(withSeal('0x'))), proposer.secret)
  const unsealed = withSeal(proposerSeal)
  const hash = keccak256(unsealed)
  const secrets = seats.flatMap((seat) => set[seat]?.secret ?? [])
  const bitmap = seats.reduce((bits, seat) => bits | (1n << BigInt(seat)), 0n)
  const seal = signSeal(hash, round, secrets, bitmap)
  const served = encodeServed(unsealed, seal)
  return { served, hash, seal, extraData: servedExtra(served) }
}

/** The genesis header: it names the first validators and nobody seals it. */
export function genesisHeader(fields: HeaderFields, validators: readonly Validator[]): Omit<SealedHeader, 'seal'> {
  const change = { difference: { added: validators.map(({ g1 }) => g1), removed: 0n }, joining: validators }
  const extra = extraData(change, '0x', undefined)
  const served = encodeBlock({ ...fields, extraData: extra })
  return { served, hash: parseHeader(served).hash, extraData: extra }
}

/** Place of the extra data in a header. */
const EXTRA_DATA = 10

function servedExtra(served: Hex): Hex {
  const fields = fromRlp(served, 'hex') as readonly Hex[] // CAST: a header is a list of strings
  return fields[EXTRA_DATA] ?? '0x'
}
