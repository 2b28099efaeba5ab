import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import fc from 'fast-check'
import { toHex } from './hex.ts'
import { defaultKeccak, keccakJs } from './keccak.ts'
import { createKeccakWasm } from './keccak-wasm.ts'

const seed = Number(process.env.MERIDIAN_SEED ?? Date.now() % 2 ** 31)

describe('keccak-256 on WebAssembly', () => {
  const wasm = createKeccakWasm() ?? assert.fail('the platform has no WebAssembly')

  it('is what the package uses here', () => {
    assert.notEqual(defaultKeccak, keccakJs)
  })

  it('hashes nothing to the well-known hash', () => {
    assert.equal(toHex(wasm(new Uint8Array())), '0xc5d2460186f7233c927e7db2dcc703c0e500b653ca82273b7bfad8045d85a470')
  })

  it('agrees with @noble/hashes on every length up to five blocks', () => {
    for (let length = 0; length <= 680; length += 1) {
      const input = Uint8Array.from({ length }, (_, i) => (i * 167 + length) & 0xff)
      assert.deepEqual(wasm(input), keccakJs(input), `length ${length}`)
    }
  })

  it('agrees with @noble/hashes on anything, long after short and short after long', () => {
    fc.assert(
      fc.property(fc.array(fc.uint8Array({ maxLength: 400 }), { minLength: 1, maxLength: 6 }), (inputs) => {
        for (const input of inputs) assert.deepEqual(wasm(input), keccakJs(input))
      }),
      { seed },
    )
    for (const length of [65_279, 65_280, 65_536, 200_000, 3, 1_000_000, 0]) {
      const input = new Uint8Array(length).fill(0xa5)
      assert.deepEqual(wasm(input), keccakJs(input), `length ${length}`)
    }
  })

  it('does not touch what it hashes, and gives a hash of its own each time', () => {
    const input = Uint8Array.of(1, 2, 3)
    const first = wasm(input)
    const copy = first.slice()
    wasm(Uint8Array.of(4))
    assert.deepEqual(input, Uint8Array.of(1, 2, 3))
    assert.deepEqual(first, copy)
  })

  it('is absent where the platform has none', () => {
    const platform = globalThis as { WebAssembly?: unknown } // CAST: taken away and put back
    const kept = platform.WebAssembly
    try {
      platform.WebAssembly = undefined
      assert.equal(createKeccakWasm(), undefined)
    } finally {
      platform.WebAssembly = kept
    }
  })
})
