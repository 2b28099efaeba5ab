import { keccak_256 } from '@noble/hashes/sha3.js'

/** Keccak-256 of `bytes`, 32 bytes. Every builder and verifier takes another one where speed or platform asks for it. */
export type Keccak256 = (bytes: Uint8Array) => Uint8Array

/** Keccak-256 in plain JavaScript. */
export const keccakJs: Keccak256 = (bytes) => keccak_256(bytes)

/** What builders and verifiers use unless they are given another. */
export const defaultKeccak: Keccak256 = keccakJs
