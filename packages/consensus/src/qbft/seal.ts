import { secp256k1 } from '@noble/curves/secp256k1.js'
import { keccak_256 } from '@noble/hashes/sha3.js'
import { type Address, bytesToHex, concatHex, type Hex, hexToBytes } from 'viem'
import { privateKeyToAddress } from 'viem/accounts'
import { encodeServed, parseQbftHeader, type QbftHeader, splitSeal } from './header.ts'
import { lower } from './validator-set.ts'

/** A seal of a validator in its seat. */
export interface SeatedSeal {
  /** Index in the header's validators. */
  readonly seat: number
  /** r ‖ s ‖ v, v 0 or 1. */
  readonly seal: Hex
}

/** r ‖ s ‖ v over `digest`, 65 bytes, v 0 or 1. */
export function signSeal(digest: Hex, privateKey: Hex): Hex {
  const signature = secp256k1.sign(hexToBytes(digest), hexToBytes(privateKey), { prehash: false, format: 'recovered' })
  return concatHex([bytesToHex(signature.subarray(1)), bytesToHex(signature.subarray(0, 1))])
}

/**
 * Who made `seal` over `digest`, undefined if it is no signature. The same rule as the EVM's ecrecover: r and s below the
 * order and not 0, low s not demanded.
 */
export function recoverSigner(digest: Hex, seal: Hex): Address | undefined {
  const key = `${digest}${seal}`
  if (recovered.has(key)) return recovered.get(key)
  const signer = recover(digest, seal)
  const oldest = recovered.size < RECOVERED_KEPT ? undefined : recovered.keys().next().value
  if (oldest !== undefined) recovered.delete(oldest)
  recovered.set(key, signer)
  return signer
}

/** Who made the newest seals: a head is looked at many times before the next one comes. */
const recovered = new Map<string, Address | undefined>()
const RECOVERED_KEPT = 1_024

function recover(digest: Hex, seal: Hex): Address | undefined {
  const { rs, recoveryId } = splitSeal(seal)
  if (recoveryId > 1) return undefined
  try {
    const signature = secp256k1.Signature.fromBytes(hexToBytes(rs), 'compact').addRecoveryBit(recoveryId)
    const point = signature.recoverPublicKey(hexToBytes(digest)).toBytes(false)
    return bytesToHex(keccak_256(point.subarray(1)).subarray(12))
  } catch {
    return undefined
  }
}

/**
 * The seals of a header that count: of validators of its own set, one each, ascending by seat. Others are left out, as
 * the contract refuses them.
 */
export function seatedSeals(header: QbftHeader): SeatedSeal[] {
  const bySeat = new Map<number, Hex>()
  for (const seal of header.seals) {
    const signer = recoverSigner(header.digest, seal)
    const seat = signer === undefined ? -1 : header.validators.indexOf(signer)
    if (seat >= 0 && !bySeat.has(seat)) bySeat.set(seat, seal)
  }
  return [...bySeat].map(([seat, seal]) => ({ seat, seal })).sort((a, b) => a.seat - b.seat)
}

/**
 * Seals a header: RLP as a node serves it, with this round and the seals of these keys in their order.
 * @param encoded The header in any form; seals that are inside are replaced.
 */
export function sealHeader(encoded: Hex, keys: readonly Hex[], round = 0): Hex {
  const unsealed = parseQbftHeader(encodeServed(parseQbftHeader(encoded), round, []))
  return encodeServed(
    unsealed,
    round,
    keys.map((key) => signSeal(unsealed.digest, key)),
  )
}

/** Address of a validator's key, in lower case. */
export const validatorAddress = (key: Hex): Address => lower(privateKeyToAddress(key))
