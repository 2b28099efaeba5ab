/** Snappy's block format, in which the official vectors keep SSZ. */
declare module 'snappyjs' {
  export function compress(data: Uint8Array): Uint8Array
  /** @throws where the data is malformed or longer than `maxLength` bytes. */
  export function uncompress(data: Uint8Array, maxLength?: number): Uint8Array
}
