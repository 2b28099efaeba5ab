import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { test } from 'node:test'
import fc from 'fast-check'
import { bytesToHex, decodeAbiParameters, getAddress, type Hex, parseAbiParameters, zeroAddress } from 'viem'
import { z } from 'zod'
import { decodeOptions, encodeOptions, type MessageOptions, OptionsError, optionsOf } from './options.ts'

const uint64 = fc.bigInt({ min: 0n, max: 2n ** 64n - 1n })
const options: fc.Arbitrary<MessageOptions> = fc.record({
  deadline: uint64,
  sequence: uint64,
  refundRecipient: fc
    .uint8Array({ minLength: 20, maxLength: 20 })
    .filter((value) => value.some((byte) => byte !== 0))
    .map((value) => getAddress(bytesToHex(value))),
})

test('options come back as they were encoded', () => {
  fc.assert(fc.property(options, (given) => assert.deepEqual(decodeOptions(encodeOptions(given)), { ...given })))
})

test('whatever is taken is canonical', () => {
  fc.assert(
    fc.property(fc.uint8Array({ minLength: 90, maxLength: 100 }), fc.nat(95), (bytes, clear) => {
      bytes.fill(0, 0, clear)
      const given = bytesToHex(bytes)
      let taken: MessageOptions
      try {
        taken = decodeOptions(given)
      } catch (error) {
        return assert.ok(error instanceof OptionsError)
      }
      assert.equal(encodeOptions(taken), given)
    }),
  )
})

test('the vectors, which the contract reads too', () => {
  const hex = z.custom<Hex>((value) => typeof value === 'string' && /^0x[0-9a-f]*$/.test(value))
  const vectors = z
    .object({ options: z.array(hex), optionsExpected: z.array(hex) })
    .parse(JSON.parse(readFileSync(new URL('../../../vectors/message/messages.json', import.meta.url), 'utf8')))
  const outcome = parseAbiParameters('bool, uint64, uint64, address')
  vectors.options.forEach((encoded, i) => {
    const [canonical, deadline, sequence, refundRecipient] = decodeAbiParameters(
      outcome,
      vectors.optionsExpected[i] ?? '0x',
    )
    if (canonical) assert.deepEqual(decodeOptions(encoded), { deadline, sequence, refundRecipient })
    else assert.throws(() => decodeOptions(encoded), OptionsError)
  })
  assert.equal(vectors.options.length, 15)
})

test('a message without options asks for nothing', () => {
  assert.deepEqual(optionsOf('0x'), { deadline: 0n, sequence: 0n, refundRecipient: zeroAddress })
  assert.throws(() => optionsOf('0x00'), OptionsError)
})

test('a deadline beyond 64 bits is refused before it is sent', () => {
  const good = { deadline: 0n, sequence: 0n, refundRecipient: zeroAddress }
  assert.throws(() => encodeOptions({ ...good, deadline: 2n ** 64n }), RangeError)
  assert.throws(() => encodeOptions({ ...good, sequence: -1n }), RangeError)
})
