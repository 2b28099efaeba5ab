import {
  encodeList,
  encodeString,
  fixedAt,
  listAt,
  requireEnd,
  stringAt,
  uintAt,
  uintBytes,
} from '@meridian/proofs/rlp'
import { type Address, bytesToHex, concatHex, type Hex, hexToBytes, keccak256, numberToHex } from 'viem'
import { fail } from './errors.ts'

/** Bytes of: vanity, seal, a consensus address, a compressed vote key, a compressed signature. */
const VANITY_SIZE = 32
const SEAL_SIZE = 65
const ADDRESS_SIZE = 20
const KEY_SIZE = 48
const SIGNATURE_SIZE = 96
const MEMBER_SIZE = ADDRESS_SIZE + KEY_SIZE
/** `VoteAddressSet` is 64 bits wide. */
export const MAX_VALIDATORS = 64
/** Longest `Extra` of an attestation (BEP-126). */
const MAX_ATTESTATION_EXTRA = 256

/** A validator as an epoch header lists it. */
export interface ParliaValidator {
  readonly address: Address
  /** Compressed G1 point, 48 bytes. */
  readonly voteKey: Hex
}

/** What validators vote on: `source` is justified, `target` is to be. */
export interface VoteData {
  readonly sourceNumber: bigint
  readonly sourceHash: Hex
  readonly targetNumber: bigint
  readonly targetHash: Hex
}

/** Votes of a quorum, aggregated, as a header carries them (BEP-126 `VoteAttestation`). */
export interface VoteAttestation {
  /** Bit i: the i-th validator, ascending by address, voted. */
  readonly voters: bigint
  /** Compressed G2 point, 96 bytes. */
  readonly signature: Hex
  readonly data: VoteData
  readonly extra: Hex
}

/** What extra data says beside vanity and seal. */
export interface ExtraData {
  /** In the header of an epoch's first block only: the set that is in force later in the epoch. */
  readonly epoch?: { readonly validators: readonly ParliaValidator[]; readonly turnLength: number }
  readonly attestation?: VoteAttestation
}

/**
 * Reads extra data. Whether validators are in it is for the block's number to say, not for its bytes.
 * @param isEpoch Whether the block is the first of an epoch.
 * @param withAttestation False to leave what stands behind the validators unread, as the contract does.
 * @throws {ParliaVerifyError} @throws {RlpError}
 */
export function readExtraData(extraData: Hex, isEpoch: boolean, withAttestation = true): ExtraData {
  const bytes = hexToBytes(extraData)
  const limit = bytes.length - SEAL_SIZE
  if (limit < VANITY_SIZE) throw fail('PARLIA_EXTRA_LENGTH', { expected: VANITY_SIZE + SEAL_SIZE, given: bytes.length })
  if (!isEpoch) return attestationIn(bytes, VANITY_SIZE, limit)
  const { validators, turnLength, to } = readEpoch(bytes, limit)
  return { epoch: { validators, turnLength }, ...(withAttestation ? attestationIn(bytes, to, limit) : {}) }
}

function readEpoch(bytes: Uint8Array, limit: number) {
  const count = limit > VANITY_SIZE ? (bytes[VANITY_SIZE] ?? 0) : 0
  if (count === 0 || count > MAX_VALIDATORS)
    throw fail('PARLIA_EXTRA_VALIDATOR_COUNT', { expected: MAX_VALIDATORS, given: count })
  const from = VANITY_SIZE + 1
  const end = from + count * MEMBER_SIZE
  if (end + 1 > limit) throw fail('PARLIA_EXTRA_LENGTH', { expected: end + 1 + SEAL_SIZE, given: bytes.length })
  const validators = Array.from({ length: count }, (_, seat): ParliaValidator => {
    const at = from + seat * MEMBER_SIZE
    return {
      address: bytesToHex(bytes.subarray(at, at + ADDRESS_SIZE)),
      voteKey: bytesToHex(bytes.subarray(at + ADDRESS_SIZE, at + MEMBER_SIZE)),
    }
  })
  requireOrder(validators)
  const turnLength = bytes[end] ?? 0
  if (turnLength === 0) throw fail('PARLIA_EXTRA_TURN_LENGTH', { given: turnLength })
  return { validators, turnLength, to: end + 1 }
}

/** @throws {ParliaVerifyError} unless the addresses ascend strictly: then none is zero and none is there twice. */
export function requireOrder(validators: readonly ParliaValidator[]): void {
  let previous = 0n
  for (const { address } of validators) {
    if (BigInt(address) <= previous) throw fail('PARLIA_EXTRA_VALIDATOR_ORDER', { expected: previous, given: address })
    previous = BigInt(address)
  }
}

function attestationIn(bytes: Uint8Array, at: number, limit: number): { attestation?: VoteAttestation } {
  return at === limit ? {} : { attestation: readAttestation(bytes.subarray(at, limit)) }
}

/** The attestation that `bytes` are. @throws {RlpError} @throws {ParliaVerifyError} */
export function readAttestation(bytes: Uint8Array): VoteAttestation {
  const limit = bytes.length
  const list = listAt(bytes, 0, limit)
  requireEnd(list.to, limit)
  const voters = uintAt(bytes, list.from, limit)
  const signature = fixedAt(bytes, voters.to, limit, SIGNATURE_SIZE)
  const data = listAt(bytes, signature.to, limit)
  const sourceNumber = uintAt(bytes, data.from, data.to)
  const sourceHash = fixedAt(bytes, sourceNumber.to, data.to, 32)
  const targetNumber = uintAt(bytes, sourceHash.to, data.to)
  const targetHash = fixedAt(bytes, targetNumber.to, data.to, 32)
  requireEnd(targetHash.to, data.to)
  const extra = stringAt(bytes, data.to, limit)
  requireEnd(extra.to, limit)
  if (voters.value >= 1n << BigInt(MAX_VALIDATORS)) throw fail('PARLIA_EXTRA_ATTESTATION', { given: voters.value })
  if (extra.to - extra.from > MAX_ATTESTATION_EXTRA)
    throw fail('PARLIA_EXTRA_ATTESTATION', { expected: MAX_ATTESTATION_EXTRA, given: extra.to - extra.from })
  const hex = ({ from, to }: { readonly from: number; readonly to: number }): Hex =>
    bytesToHex(bytes.subarray(from, to))
  return {
    voters: voters.value,
    signature: hex(signature),
    data: {
      sourceNumber: sourceNumber.value,
      sourceHash: hex(sourceHash),
      targetNumber: targetNumber.value,
      targetHash: hex(targetHash),
    },
    extra: hex(extra),
  }
}

const scalar = (value: bigint): Uint8Array => encodeString(uintBytes(value))
const text = (hex: Hex): Uint8Array => encodeString(hexToBytes(hex))

function encodeVoteData(data: VoteData): Uint8Array {
  return encodeList([
    scalar(data.sourceNumber),
    text(data.sourceHash),
    scalar(data.targetNumber),
    text(data.targetHash),
  ])
}

/** What validators sign: keccak-256 of the RLP of the vote data. The hashes in it are all that names the chain. */
export const voteHash = (data: VoteData): Hex => keccak256(encodeVoteData(data))

/** RLP of an attestation, as a header carries it. */
export function encodeAttestation({ voters, signature, data, extra }: VoteAttestation): Hex {
  return bytesToHex(encodeList([scalar(voters), text(signature), encodeVoteData(data), text(extra)]))
}

/** Extra data of a header: the counterpart of {@link readExtraData}. */
export function encodeExtraData({ epoch, attestation }: ExtraData, vanity: Hex, seal: Hex): Hex {
  const members = epoch?.validators.flatMap(({ address, voteKey }): Hex[] => [address, voteKey]) ?? []
  return concatHex([
    vanity,
    ...(epoch === undefined
      ? []
      : [numberToHex(epoch.validators.length, { size: 1 }), ...members, numberToHex(epoch.turnLength, { size: 1 })]),
    ...(attestation === undefined ? [] : [encodeAttestation(attestation)]),
    seal,
  ])
}
