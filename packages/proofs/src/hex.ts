import type { Hex } from 'viem'
import { HexError } from './errors.ts'

const invalid = 0xff
const nibbles = new Uint8Array(128).fill(invalid)
for (const [i, char] of [...'0123456789abcdef'].entries()) {
  nibbles[char.charCodeAt(0)] = i
  nibbles[char.toUpperCase().charCodeAt(0)] = i
}

const excerpt = (text: string): string => (text.length > 80 ? `${text.slice(0, 80)}…` : text)

function malformed(text: unknown): HexError {
  return new HexError('HEX_MALFORMED', 'not a hex string of whole bytes', {
    given: typeof text === 'string' ? excerpt(text) : typeof text,
  })
}

/** Bytes that `text` stands for. The text comes from outside: what is not even-length `0x…` throws `HEX_MALFORMED`. */
export function hexSize(text: string): number {
  if (typeof text !== 'string' || text.length % 2 !== 0 || text.charCodeAt(0) !== 48 || text.charCodeAt(1) !== 120) {
    throw malformed(text)
  }
  return text.length / 2 - 1
}

/**
 * Writes the bytes of `text` to `out` at `at` and returns where they end. `out` must have room for them. A table beats
 * the engine's own `setFromHex`, which wants the `0x` cut off first.
 */
export function writeHex(out: Uint8Array, at: number, text: string): number {
  const size = hexSize(text)
  const end = at + size
  for (let i = 2, to = at; to < end; i += 2, to += 1) {
    const high = nibbles[text.charCodeAt(i)] ?? invalid
    const low = nibbles[text.charCodeAt(i + 1)] ?? invalid
    if ((high | low) > 15) throw malformed(text)
    out[to] = (high << 4) | low
  }
  return end
}

/** Bytes of an even-length hex string. @throws {HexError} */
export function fromHex(text: string): Uint8Array {
  const out = new Uint8Array(hexSize(text))
  writeHex(out, 0, text)
  return out
}

const pairs = Array.from({ length: 256 }, (_, byte) => byte.toString(16).padStart(2, '0'))

/** Lower-case hex of `bytes`. */
export function toHex(bytes: Uint8Array): Hex {
  let text = ''
  for (const byte of bytes) text += pairs[byte]
  return `0x${text}`
}

/** Bytes of a hex string that must have `size` of them. @throws {HexError} */
export function fromHexOfSize(text: string, size: number, what: string): Uint8Array {
  const given = hexSize(text)
  if (given !== size) throw new HexError('HEX_LENGTH', `${what} has another length`, { what, expected: size, given })
  return fromHex(text)
}

/** A JSON-RPC quantity (`0x` and hex digits) as an unsigned integer. @throws {HexError} */
export function quantity(text: string): bigint {
  if (typeof text !== 'string' || !/^0x[0-9a-f]{1,64}$/i.test(text)) throw malformed(text)
  return BigInt(text)
}
