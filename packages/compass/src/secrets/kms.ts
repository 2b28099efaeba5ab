import { MeridianError } from '@meridian/core'
import { secp256k1 } from '@noble/curves/secp256k1.js'
import {
  bytesToHex,
  type Hex,
  hashMessage,
  hashTypedData,
  hexToBytes,
  keccak256,
  type LocalAccount,
  numberToHex,
  type Signature,
  serializeTransaction,
} from 'viem'
import { publicKeyToAddress, toAccount } from 'viem/accounts'

/** A key of secp256k1 that its manager keeps. */
export interface ManagedKey {
  /** Its public key as SubjectPublicKeyInfo in DER (RFC 5480). */
  readonly publicKey: Uint8Array
  /** An ECDSA signature of 32 bytes that were hashed already, in DER (RFC 3279). */
  signDigest(digest: Uint8Array): Promise<Uint8Array>
}

/** A key manager failed, or gave what is no signature of its key. */
export class KmsError extends MeridianError<'KMS', { readonly reference: string; readonly detail: string }> {
  constructor(reference: string, detail: string, options?: ErrorOptions) {
    super('KMS', `${reference}: ${detail}`, { reference, detail }, options)
  }
}

/**
 * SubjectPublicKeyInfo of an uncompressed key of secp256k1: SEQUENCE { SEQUENCE { id-ecPublicKey 1.2.840.10045.2.1,
 * secp256k1 1.3.132.0.10 }, BIT STRING }. The 65 bytes of the point follow.
 */
const SPKI_HEAD = '0x3056301006072a8648ce3d020106052b8104000a034200'
const SPKI_HEAD_BYTES = 23
const POINT_BYTES = 65

/**
 * viem's account over a managed key. Every signature is checked against the key before it is used: what a manager, or
 * somebody between, answers is no more believed than any other endpoint.
 *
 * @throws {KmsError} the key is not one of secp256k1.
 */
export function kmsAccount(reference: string, key: ManagedKey): LocalAccount {
  const spki = key.publicKey
  if (spki.length !== SPKI_HEAD_BYTES + POINT_BYTES || bytesToHex(spki.subarray(0, SPKI_HEAD_BYTES)) !== SPKI_HEAD)
    throw new KmsError(reference, 'its public key is not of secp256k1')
  const point = spki.subarray(SPKI_HEAD_BYTES)
  if (!secp256k1.utils.isValidPublicKey(point)) throw new KmsError(reference, 'its public key is not on the curve')
  const publicKey = bytesToHex(point)
  const sign = async (hash: Hex): Promise<Signature> =>
    signatureOf(reference, point, hash, await key.signDigest(hexToBytes(hash)))
  const text = ({ r, s, yParity }: Signature): Hex => `0x${r.slice(2)}${s.slice(2)}${yParity === 0 ? '1b' : '1c'}`
  const account = toAccount({
    address: publicKeyToAddress(publicKey),
    sign: async ({ hash }) => text(await sign(hash)),
    signMessage: async ({ message }) => text(await sign(hashMessage(message))),
    signTypedData: async (typed) => text(await sign(hashTypedData(typed))),
    async signTransaction(transaction, { serializer = serializeTransaction } = {}) {
      const unsigned = keccak256(await serializer(transaction))
      return serializer(transaction, await sign(unsigned))
    },
  })
  return { ...account, publicKey, source: 'kms' }
}

/** DER as viem's signature: `s` in the lower half (EIP-2), the parity found by recovery. @throws {KmsError} */
function signatureOf(reference: string, publicKey: Uint8Array, hash: Hex, der: Uint8Array): Signature {
  let signature: ReturnType<typeof secp256k1.Signature.fromBytes>
  try {
    signature = secp256k1.Signature.fromBytes(der, 'der')
  } catch (cause) {
    throw new KmsError(reference, 'what it answered is no signature', { cause })
  }
  const { r, s } = signature
  const low = signature.hasHighS() ? new secp256k1.Signature(r, secp256k1.Point.Fn.ORDER - s) : signature
  const digest = hexToBytes(hash)
  for (const yParity of [0, 1]) {
    const recovered = recover(low.addRecoveryBit(yParity), digest)
    if (recovered === bytesToHex(publicKey))
      return { r: numberToHex(low.r, { size: 32 }), s: numberToHex(low.s, { size: 32 }), yParity }
  }
  throw new KmsError(reference, 'what it answered is no signature by its key')
}

function recover(signature: InstanceType<typeof secp256k1.Signature>, digest: Uint8Array): Hex | null {
  try {
    return bytesToHex(signature.recoverPublicKey(digest).toBytes(false))
  } catch {
    // no point has this r and parity
    return null
  }
}
