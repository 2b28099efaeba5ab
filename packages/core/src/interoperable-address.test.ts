import assert from 'node:assert/strict'
import { test } from 'node:test'
import { interoperableAddress } from './interoperable-address.ts'

const vitalik = '0xd8da6bf26964af9d7eed9e03e53415d37aa96045'

test("ERC-7930's own example: an account on Ethereum", () => {
  assert.equal(interoperableAddress(1n, vitalik), '0x00010000010114d8da6bf26964af9d7eed9e03e53415d37aa96045')
})

test('a chain id takes as many bytes as it needs, and an address all of its zeros', () => {
  const zeros = '0x0000000000000000000000000000000000000001'
  assert.equal(interoperableAddress(255n, zeros), `0x0001000001ff14${zeros.slice(2)}`)
  assert.equal(interoperableAddress(256n, zeros), `0x0001000002010014${zeros.slice(2)}`)
  assert.equal(interoperableAddress(0xa4b1n, zeros), `0x0001000002a4b114${zeros.slice(2)}`)
  assert.throws(() => interoperableAddress(0n, zeros), RangeError)
})
