/** The part of `fetch` that this package uses, so that tests can hand in their own. */
export type Fetch = (url: string, init: RequestInit) => Promise<Response>

/** Host and port of an endpoint: what may be logged, since a path or a query can hold a key. */
export function hostOf(url: string): string {
  return URL.canParse(url) ? new URL(url).host : 'invalid-url'
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
