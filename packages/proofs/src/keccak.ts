import { keccak_256 } from '@noble/hashes/sha3.js'
import { createKeccakWasm } from './keccak-wasm.ts'

/** Keccak-256 of `bytes`, 32 bytes. Every builder and verifier takes another one where speed or platform asks for it. */
export type Keccak256 = (bytes: Uint8Array) => Uint8Array

/** Keccak-256 in plain JavaScript. */
export const keccakJs: Keccak256 = (bytes) => keccak_256(bytes)

const wasm = createKeccakWasm()

/** Lengths around the ends of blocks, where padding differs. */
const probes = [0, 1, 135, 136, 137, 272, 1000]
const sound =
  wasm !== undefined &&
  probes.every((length) => {
    const input = Uint8Array.from({ length }, (_, i) => (i * 31 + length) & 0xff)
    const expected = keccakJs(input)
    return wasm(input).every((byte, i) => byte === expected[i])
  })

/** What builders and verifiers use unless they are given another: WebAssembly where it runs and agrees, else plain. */
export const defaultKeccak: Keccak256 = sound && wasm !== undefined ? wasm : keccakJs
