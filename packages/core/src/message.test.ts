import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { test } from 'node:test'
import fc from 'fast-check'
import { bytesToHex, decodeAbiParameters, encodeAbiParameters, getAddress, type Hex, parseAbiParameters } from 'viem'
import { z } from 'zod'
import {
  decodeMessageData,
  encodeMessageData,
  type MessageData,
  MessageError,
  maxGasLimit,
  minGasLimit,
} from './message.ts'
import { nonceOf, orderId } from './order-id.ts'

const hex = z.custom<Hex>((value) => typeof value === 'string' && /^0x[0-9a-f]*$/.test(value))
const vectors = z
  .object({
    data: z.array(hex),
    expected: z.array(hex),
    orders: z.array(hex),
    orderIds: z.array(hex),
    optionsOrders: z.array(hex),
    optionsOrderIds: z.array(hex),
  })
  .parse(JSON.parse(readFileSync(new URL('../../../vectors/message/messages.json', import.meta.url), 'utf8')))

const faults = [
  'NONE',
  'MESSAGE_TOO_LONG',
  'MESSAGE_MALFORMED',
  'MESSAGE_TARGET_LENGTH',
  'MESSAGE_GAS_LIMIT',
  'MESSAGE_VALUE',
  'MESSAGE_RELAY',
]

const bytes = (constraints: fc.IntArrayConstraints) => fc.uint8Array(constraints).map((value) => bytesToHex(value))
const message: fc.Arbitrary<MessageData> = fc.record({
  msgType: fc.constantFrom('CALLDATA', 'MESSAGE'),
  target: bytes({ minLength: 20, maxLength: 20 }).map((value) => getAddress(value)),
  payload: bytes({ maxLength: 600 }),
  gasLimit: fc.bigInt({ min: minGasLimit, max: maxGasLimit }),
  relay: fc.constant(false),
})
const relayed = message.map((given) => ({ ...given, relay: true }))
const encoding = fc.constantFrom('tuple', 'flat')
const code = (expected: string) => (error: unknown) => error instanceof MessageError && error.code === expected

test('a message comes back as it was encoded', () => {
  fc.assert(
    fc.property(message, encoding, (given, as) => {
      assert.deepEqual(decodeMessageData(encodeMessageData(given, as)), { ...given, encoding: as })
    }),
  )
})

test('relay is a message of its own, in the tuple encoding and no other', () => {
  fc.assert(
    fc.property(relayed, (given) => {
      const encoded = encodeMessageData(given)
      assert.deepEqual(decodeMessageData(encoded), { ...given, encoding: 'tuple' })
      assert.notEqual(encoded, encodeMessageData({ ...given, relay: false }))
      assert.throws(() => encodeMessageData(given, 'flat'), code('MESSAGE_RELAY'))
    }),
  )
})

test('the encodings are what Solidity writes', () => {
  const flat = parseAbiParameters('bool, uint8, bytes, bytes, uint256, uint256')
  const tuple = parseAbiParameters('(bool, uint8, bytes, bytes, uint256, uint256)')
  fc.assert(
    fc.property(fc.oneof(message, relayed), (m) => {
      const msgType = m.msgType === 'MESSAGE' ? 1 : 0
      const target: Hex = `0x${m.target.slice(2).toLowerCase()}`
      const values = [m.relay ?? false, msgType, target, m.payload, m.gasLimit, 0n] as const
      if (m.relay !== true) assert.equal(encodeMessageData(m, 'flat'), encodeAbiParameters(flat, values))
      assert.equal(encodeMessageData(m, 'tuple'), encodeAbiParameters(tuple, [values]))
    }),
  )
})

test('whatever is taken is canonical', () => {
  fc.assert(
    fc.property(message, encoding, fc.nat(), fc.nat(255), (given, as, position, value) => {
      const copy = Buffer.from(encodeMessageData(given, as).slice(2), 'hex')
      copy[position % copy.length] = value
      const altered = bytesToHex(copy)
      let taken: ReturnType<typeof decodeMessageData>
      try {
        taken = decodeMessageData(altered)
      } catch (error) {
        assert.ok(error instanceof MessageError)
        return
      }
      assert.equal(encodeMessageData(taken, taken.encoding), altered)
    }),
    { numRuns: 500 },
  )
})

test('the vectors, which the contract reads too', () => {
  const outcome = parseAbiParameters('uint8, uint8, address, bytes, uint256')
  vectors.data.forEach((data, i) => {
    const [fault, msgType, target, payload, gasLimit] = decodeAbiParameters(outcome, vectors.expected[i] ?? '0x')
    if (faults[fault] === 'MESSAGE_RELAY') {
      assert.equal(decodeMessageData(data).relay, true)
      return
    }
    if (fault !== 0) {
      assert.throws(() => decodeMessageData(data), code(faults[fault] ?? ''))
      return
    }
    const { encoding: _, ...given } = decodeMessageData(data)
    const kind = msgType === 1 ? 'MESSAGE' : 'CALLDATA'
    assert.deepEqual(given, { msgType: kind, target, payload, gasLimit, relay: false })
  })
  assert.ok(vectors.data.length > 300)
})

test('order ids of the vectors, which the contract computes too', () => {
  const order = parseAbiParameters('uint256, address, uint256, uint64, address, bytes')
  vectors.orders.forEach((encoded, i) => {
    const [fromChain, mos, toChain, nonce, sender, messageData] = decodeAbiParameters(order, encoded)
    const id = orderId({ fromChain, mos, toChain, nonce, sender, messageData })
    assert.equal(id, vectors.orderIds[i])
    assert.equal(nonceOf(id), nonce)
  })
  assert.equal(vectors.orders.length, 5)
})

test('order ids with options of the vectors: another version, and every byte of the options counts', () => {
  const order = parseAbiParameters('uint256, address, uint256, uint64, address, bytes, bytes')
  vectors.optionsOrders.forEach((encoded, i) => {
    const [fromChain, mos, toChain, nonce, sender, messageData, options] = decodeAbiParameters(order, encoded)
    const fields = { fromChain, mos, toChain, nonce, sender, messageData }
    assert.equal(orderId({ ...fields, options }), vectors.optionsOrderIds[i])
    assert.equal(orderId(fields), vectors.orderIds[i])
    assert.equal(orderId({ ...fields, options: '0x' }), vectors.orderIds[i])
    assert.notEqual(vectors.optionsOrderIds[i], vectors.orderIds[i])
    assert.notEqual(orderId({ ...fields, options: `${options.slice(0, -1)}e` as Hex }), vectors.optionsOrderIds[i]) // CAST: one hex digit for another
  })
  assert.equal(vectors.optionsOrders.length, 5)
})

test('what MOS would refuse is refused before it is sent', () => {
  const good: MessageData = { msgType: 'MESSAGE', target: `0x${'11'.repeat(20)}`, payload: '0x', gasLimit: 100_000n }
  assert.throws(() => encodeMessageData({ ...good, gasLimit: 20_999n }), code('MESSAGE_GAS_LIMIT'))
  assert.throws(() => encodeMessageData({ ...good, gasLimit: 10_000_001n }), code('MESSAGE_GAS_LIMIT'))
  assert.throws(() => encodeMessageData({ ...good, payload: `0x${'00'.repeat(16_065)}` }), code('MESSAGE_TOO_LONG'))
})
