import { z } from 'zod'
import { KmsError, type ManagedKey } from './kms.ts'

/** Milliseconds for one request. */
const TIMEOUT = 10_000
const API = 'https://cloudkms.googleapis.com'
const SCOPE = 'https://www.googleapis.com/auth/cloudkms'

/** Where to ask and as whom. */
export interface GoogleOptions {
  /** Default: Google's own. */
  readonly endpoint?: string
  /** Headers that authorise. Default: Application Default Credentials, through Google's own library. */
  readonly authorize?: () => Promise<Headers | Readonly<Record<string, string>>>
}

const publicKeySchema = z.object({ name: z.string(), pem: z.string(), algorithm: z.string() })
const signSchema = z.object({ name: z.string(), signature: z.base64(), verifiedDigestCrc32c: z.boolean().optional() })

/**
 * A key version of Google Cloud KMS (`EC_SIGN_SECP256K1_SHA256`) through its REST API. Credentials come from Google's
 * library, an optional dependency, as every Google tool finds them.
 *
 * @param name `projects/…/cryptoKeyVersions/N`. @throws {KmsError}
 */
export async function googleKey(name: string, options: GoogleOptions = {}): Promise<ManagedKey> {
  const reference = `kms:gcp:${name}`
  const authorize = options.authorize ?? (await applicationDefault(reference))
  const base = `${options.endpoint ?? API}/v1/${name}`

  async function ask<T>(url: string, schema: z.ZodType<T>, body?: object): Promise<T> {
    let response: Response
    let json: unknown
    try {
      const headers = new Headers(await authorize())
      headers.set('content-type', 'application/json')
      const request = body === undefined ? { method: 'GET' } : { method: 'POST', body: JSON.stringify(body) }
      response = await fetch(url, { ...request, headers, signal: AbortSignal.timeout(TIMEOUT), redirect: 'error' })
      json = await response.json()
    } catch (cause) {
      throw new KmsError(reference, 'it does not answer', { cause })
    }
    if (!response.ok) throw new KmsError(reference, `HTTP ${response.status}`)
    const parsed = schema.safeParse(json)
    if (!parsed.success) throw new KmsError(reference, 'what it answered is not of its API')
    return parsed.data
  }

  const { pem, algorithm, name: given } = await ask(`${base}/publicKey`, publicKeySchema)
  if (given !== name) throw new KmsError(reference, 'it answered with another key')
  if (algorithm !== 'EC_SIGN_SECP256K1_SHA256')
    throw new KmsError(reference, `expected EC_SIGN_SECP256K1_SHA256, given ${algorithm}`)
  const body = /^-----BEGIN PUBLIC KEY-----\s([A-Za-z0-9+/=\s]+)-----END PUBLIC KEY-----\s*$/.exec(pem)?.[1]
  if (body === undefined) throw new KmsError(reference, 'its public key is not PEM')
  return {
    publicKey: new Uint8Array(Buffer.from(body, 'base64')),
    async signDigest(digest) {
      const sha256 = Buffer.from(digest).toString('base64')
      const answer = await ask(`${base}:asymmetricSign`, signSchema, { digest: { sha256 } })
      if (answer.name !== name) throw new KmsError(reference, 'it signed with another key')
      return new Uint8Array(Buffer.from(answer.signature, 'base64'))
    },
  }
}

async function applicationDefault(reference: string): Promise<() => Promise<Headers>> {
  let library: typeof import('google-auth-library')
  try {
    library = await import('google-auth-library')
  } catch (cause) {
    throw new KmsError(reference, 'the package google-auth-library is not installed', { cause })
  }
  const auth = new library.GoogleAuth({ scopes: [SCOPE] })
  return () => auth.getRequestHeaders()
}
