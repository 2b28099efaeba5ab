/** The part of `fetch` that this package uses, so that tests can hand in their own. */
export type Fetch = (url: string, init: RequestInit) => Promise<Response>

/** Characters of a host's label from which letters mixed with digits are taken for a key: providers give subdomains. */
const KEY_LENGTH = 16
/** Characters of a key that are shown, so that two of them can be told apart. */
const KEY_SHOWN = 4

/**
 * Host and port of an endpoint: what may be shown, since the rest of a URL can hold a key. What looks like a key in the host's
 * own name is cut short.
 */
export function hostOf(url: string): string {
  if (!URL.canParse(url)) return 'invalid-url'
  const { hostname, port } = new URL(url)
  const shown = hostname.startsWith('[') ? hostname : hostname.split('.').map(labelOf).join('.')
  return port === '' ? shown : `${shown}:${port}`
}

function labelOf(label: string): string {
  const bare = label.replaceAll('-', '')
  const isKey = /^[0-9a-f-]{16,}$/.test(label) || label.split('-').some(isMixed)
  return bare.length >= KEY_LENGTH && isKey ? `${label.slice(0, KEY_SHOWN)}…` : label
}

const isMixed = (part: string): boolean => part.length >= KEY_LENGTH && /\d/.test(part) && /[a-z]/.test(part)

/** Characters of a part of a URL from which it may be a key. */
const SECRET_LENGTH = 8

/** A text in which nothing stands that its URL keeps to itself: nodes repeat keys in what they refuse. */
export function withoutSecrets(text: string, url: string): string {
  if (!URL.canParse(url)) return text
  const { username, password, pathname, searchParams, hostname } = new URL(url)
  const path = pathname.split('/').filter((part) => part.length >= SECRET_LENGTH)
  const labels = hostname.split('.').filter((label) => labelOf(label) !== label)
  const parts = [username, password, ...path, ...searchParams.values(), ...labels].filter(({ length }) => length > 2)
  const secrets = [...new Set(parts.flatMap((part) => [part, decoded(part)]))].sort((a, b) => b.length - a.length)
  return secrets.reduce((shown, secret) => shown.replaceAll(secret, '***'), text)
}

function decoded(part: string): string {
  try {
    return decodeURIComponent(part)
  } catch {
    return part
  }
}

/** Headers for an endpoint: credentials in the URL become basic authentication, which `fetch` refuses in a URL. */
export function withoutCredentials(url: string): { readonly url: string; readonly headers: Record<string, string> } {
  const parsed = new URL(url)
  if (parsed.username === '' && parsed.password === '') return { url, headers: {} }
  const pair = `${decodeURIComponent(parsed.username)}:${decodeURIComponent(parsed.password)}`
  parsed.username = ''
  parsed.password = ''
  return { url: parsed.href, headers: { authorization: `Basic ${Buffer.from(pair).toString('base64')}` } }
}

/** Reads a body of at most `limit` bytes, so that an endpoint cannot exhaust memory. Throws RangeError beyond it. */
export async function readBody(response: Response, limit: number): Promise<Uint8Array> {
  if (response.body === null) return new Uint8Array()
  const chunks: Uint8Array[] = []
  let size = 0
  for await (const chunk of response.body) {
    size += chunk.length
    if (size > limit) throw new RangeError(`more than ${limit} bytes`)
    chunks.push(chunk)
  }
  return Buffer.concat(chunks)
}

/** Milliseconds of a `retry-after` header, in seconds or as a date; null where there is none. `now`: milliseconds. */
export function retryAfterMs(response: Response, now: number): number | null {
  const value = response.headers.get('retry-after')
  if (value === null) return null
  if (/^\d{1,6}$/.test(value)) return Number(value) * 1000
  const at = Date.parse(value)
  return Number.isNaN(at) ? null : Math.max(0, at - now)
}
