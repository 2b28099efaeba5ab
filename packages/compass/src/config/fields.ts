import { getAddress, isAddress } from 'viem'
import { z } from 'zod'

/** Chain ids that JSON can carry: EIP-2294 bounds them likewise. */
const MAX_CHAIN_ID = 2n ** 53n

/** A whole number that may not fit into a JSON number: digits, bare or in quotes. */
export const count = z
  .union([z.int().min(0), z.string().regex(/^(0|[1-9]\d{0,77})$/), z.bigint().min(0n)], {
    error: 'expected a whole number, 0 or more; one of 2^53 or more in quotes',
  })
  .transform((value) => BigInt(value))

/** As {@link count}, at least one. */
export const positive = count.refine((n) => n > 0n, 'expected 1 or more')

export const chainId = count.refine((id) => id > 0n && id < MAX_CHAIN_ID, 'expected a chain id from 1 to 2^53 - 1')

export const name = z
  .string()
  .regex(/^[a-z][a-z0-9-]{0,31}$/, 'expected a name of lower-case letters, digits and hyphens')

export const address = z
  .string()
  .regex(/^0x[0-9a-fA-F]{40}$/, { error: 'expected an address', abort: true })
  .refine((text) => isAddress(text), 'expected an address')
  .transform((text) => getAddress(text))

/** Milliseconds between two looks at something. */
export const interval = z.int().min(10).max(86_400_000)

/** A port; 0 takes a free one. */
export const port = z.int().min(0).max(65_535)

const reference = /^(env:[A-Za-z_][A-Za-z0-9_]*|file:.+)$/

/** Where a secret is; the secret itself never stands in a configuration. */
export const secretRef = z
  .string()
  .regex(reference, 'expected env:NAME or file:PATH; a secret itself never stands here')

const keyManager =
  /^kms:(aws:arn:aws[a-z-]*:kms:[a-z0-9-]+:\d{12}:(key|alias)\/[A-Za-z0-9/_-]+|gcp:projects\/[^/\s]+\/locations\/[^/\s]+\/keyRings\/[^/\s]+\/cryptoKeys\/[^/\s]+\/cryptoKeyVersions\/\d+)$/

/** A key that signs: a reference to its bytes, to an encrypted file and its password, or to a key manager that keeps it. */
export const signerRef = z.union(
  [
    z.string().regex(reference),
    z.string().regex(keyManager),
    z.strictObject({
      keystore: z.string().regex(/^file:.+$/, 'expected file:PATH; a key itself never stands here'),
      password: secretRef,
    }),
  ],
  {
    error:
      'expected env:NAME or file:PATH, kms:aws:ARN or kms:gcp:NAME, or { keystore: file:PATH, password: env:NAME }; a key itself never stands here',
  },
)
export type SignerRef = z.output<typeof signerRef>

/** An endpoint, or where its URL is: what a provider gives out often carries a key in its path. */
export const endpoint = z.union([z.string().regex(reference), z.url({ protocol: /^https?$/ })], {
  error: 'expected an http or https URL, or env:NAME or file:PATH that holds one',
})
