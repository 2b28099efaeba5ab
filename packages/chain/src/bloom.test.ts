import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { type Hex, keccak256, numberToHex, pad } from 'viem'
import { mayHoldLog } from './bloom.ts'

/** The yellow paper's M3:2048 by arithmetic on one number: three times 11 bits of the hash say which bit is set. */
function bloomOf(items: readonly Hex[]): Hex {
  let bloom = 0n
  for (const item of items) {
    const hash = BigInt(keccak256(item))
    for (const shift of [240n, 224n, 208n]) bloom |= 1n << ((hash >> shift) & 2047n)
  }
  return numberToHex(bloom, { size: 256 })
}

const address = (n: number) => pad(numberToHex(n), { size: 20 })
const topic = (n: number) => pad(numberToHex(n))

test('a log that is in a block is never missed', () => {
  fc.assert(
    fc.property(
      fc.uniqueArray(fc.nat(), { minLength: 1, maxLength: 60 }),
      fc.uniqueArray(fc.nat(), { minLength: 2, maxLength: 60 }),
      (addresses, topics) => {
        const raw = { logsBloom: bloomOf([...addresses.map(address), ...topics.map(topic)]) }
        const [first = 0] = addresses
        const [one = 0, two = 0] = topics
        assert.ok(mayHoldLog({ raw }, address(first), [topic(one), null, [topic(2 ** 40), topic(two)]]))
      },
    ),
  )
})

test('of what is not there little is taken for present', () => {
  const raw = { logsBloom: bloomOf(Array.from({ length: 40 }, (_, i) => topic(i))) }
  const held = Array.from({ length: 1_000 }, (_, i) => mayHoldLog({ raw }, address(i + 1), [topic(1)]))
  assert.ok(held.filter(Boolean).length < 10)
  assert.ok(!mayHoldLog({ raw: { logsBloom: bloomOf([]) } }, address(1), []))
  assert.ok(!mayHoldLog({ raw: { logsBloom: bloomOf([address(1)]) } }, address(1), [topic(1)]))
})

test('without a bloom nothing is ruled out', () => {
  for (const raw of [{}, { logsBloom: null }, { logsBloom: '0x' }, { logsBloom: `0x${'0'.repeat(511)}` }])
    assert.ok(mayHoldLog({ raw }, address(1), [topic(1)]))
})
