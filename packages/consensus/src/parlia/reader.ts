import { bytesToHex, type Hex } from 'viem'
import { fail } from './errors.ts'
import { type ParliaHeader, readHeader } from './header.ts'

/** Reads packed bytes from the front. What is missing is refused. */
export class Reader {
  readonly #bytes: Uint8Array
  #at = 0

  constructor(bytes: Uint8Array) {
    this.#bytes = bytes
  }

  get isAtEnd(): boolean {
    return this.#at === this.#bytes.length
  }

  /** Bytes that are left. */
  get left(): number {
    return this.#bytes.length - this.#at
  }

  /** The next `length` bytes. @throws {ParliaVerifyError} */
  take(length: number): Uint8Array {
    if (length > this.left) throw fail('PARLIA_LIGHT_CLIENT_TRUNCATED', { expected: length, given: this.left })
    this.#at += length
    return this.#bytes.subarray(this.#at - length, this.#at)
  }

  hex(length: number): Hex {
    return bytesToHex(this.take(length))
  }

  /** Big-endian. */
  uint(length: number): bigint {
    return BigInt(this.hex(length))
  }

  byte(): number {
    return Number(this.uint(1))
  }

  /** @throws {RlpError} @throws {ParliaVerifyError} */
  header(): ParliaHeader {
    const { header, to } = readHeader(this.#bytes, this.#at)
    this.#at = to
    return header
  }
}
