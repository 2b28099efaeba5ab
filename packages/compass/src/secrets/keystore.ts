import { createDecipheriv, pbkdf2, timingSafeEqual } from 'node:crypto'
import { promisify } from 'node:util'
import { scryptAsync } from '@noble/hashes/scrypt.js'
import { bytesToHex, concatBytes, type Hex, hexToBytes, keccak256 } from 'viem'
import { z } from 'zod'
import { ConfigError } from '../errors.ts'

/** Memory that a key derivation may take: 128 N r bytes of scrypt. Geth's own files take 256 MiB. */
const MAX_SCRYPT_BYTES = 512 * 2 ** 20
const MAX_PBKDF2_ROUNDS = 10_000_000

const hex = z
  .string()
  .regex(/^([0-9a-fA-F]{2})+$/)
  .transform((text) => hexToBytes(`0x${text}`))

/** Web3 Secret Storage, version 3. Keys that are not read here (address, id) may be there. */
const keystoreSchema = z.object({
  version: z.literal(3),
  crypto: z
    .object({
      cipher: z.literal('aes-128-ctr'),
      ciphertext: hex,
      cipherparams: z.object({ iv: hex }),
      mac: hex,
    })
    .and(
      z.discriminatedUnion('kdf', [
        z.object({
          kdf: z.literal('scrypt'),
          kdfparams: z.object({
            n: z.int().min(2),
            r: z.int().min(1),
            p: z.int().min(1).max(64),
            dklen: z.literal(32),
            salt: hex,
          }),
        }),
        z.object({
          kdf: z.literal('pbkdf2'),
          kdfparams: z.object({
            c: z.int().min(1).max(MAX_PBKDF2_ROUNDS),
            prf: z.literal('hmac-sha256'),
            dklen: z.literal(32),
            salt: hex,
          }),
        }),
      ]),
    ),
})

/**
 * The private key in a keystore of version 3 (Web3 Secret Storage Definition, as geth writes it).
 *
 * @param what Names the file in errors. @throws {ConfigError} it is none, or the password is another.
 */
export async function decryptKeystore(what: string, text: string, password: string): Promise<Hex> {
  const { crypto } = parse(what, text)
  const derived = await derive(what, crypto, password)
  const mac = hexToBytes(keccak256(concatBytes([derived.subarray(16, 32), crypto.ciphertext])))
  if (mac.length !== crypto.mac.length || !timingSafeEqual(mac, crypto.mac))
    throw new ConfigError([`${what}: the password does not open it`])
  const decipher = createDecipheriv('aes-128-ctr', derived.subarray(0, 16), crypto.cipherparams.iv)
  return bytesToHex(concatBytes([decipher.update(crypto.ciphertext), decipher.final()]))
}

function parse(what: string, text: string): z.output<typeof keystoreSchema> {
  let json: unknown
  try {
    json = JSON.parse(text)
  } catch {
    throw new ConfigError([`${what}: not a keystore of version 3`])
  }
  // Some writers say `Crypto`.
  const record = typeof json === 'object' && json !== null && 'Crypto' in json ? { ...json, crypto: json.Crypto } : json
  const parsed = keystoreSchema.safeParse(record)
  if (!parsed.success) {
    const at = parsed.error.issues[0]?.path.join('.') ?? ''
    throw new ConfigError([`${what}: not a keystore of version 3${at === '' ? '' : ` (${at})`}`])
  }
  if (parsed.data.crypto.cipherparams.iv.length !== 16) throw new ConfigError([`${what}: the IV is not 16 bytes`])
  return parsed.data
}

async function derive(
  what: string,
  crypto: z.output<typeof keystoreSchema>['crypto'],
  password: string,
): Promise<Uint8Array> {
  if (crypto.kdf === 'pbkdf2') {
    const { salt, c, dklen } = crypto.kdfparams
    return promisify(pbkdf2)(password, salt, c, dklen, 'sha256')
  }
  const { n, r, p, dklen, salt } = crypto.kdfparams
  if (128 * n * r > MAX_SCRYPT_BYTES || (n & (n - 1)) !== 0)
    throw new ConfigError([`${what}: scrypt with n ${n}, r ${r} is not taken`])
  // not OpenSSL's, which refuses the n of 2^18 with r of 1 that some writers take
  return scryptAsync(password, salt, { N: n, r, p, dkLen: dklen, maxmem: 2 * MAX_SCRYPT_BYTES })
}
