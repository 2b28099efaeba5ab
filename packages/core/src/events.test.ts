import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { encodeAbiParameters, getAddress, type Hex, parseAbiParameters, toHex } from 'viem'
import { LogError, mapMessageInTopic, mapMessageOutTopic, parseMapMessageIn, parseMapMessageOut } from './events.ts'
import { encodeMessageData } from './message.ts'
import { orderId } from './order-id.ts'

const mos = getAddress('0x00000000000000000000000000000000000a0001')
const sender = getAddress('0x000000000000000000000000000000000005e4d0')
const messageData = encodeMessageData({
  msgType: 'MESSAGE',
  target: '0x00000000000000000000000000000000c0ffee00',
  payload: '0x68656c6c6f',
  gasLimit: 300_000n,
})
const fields = { fromChain: 1n, mos, toChain: 2n, nonce: 77n, sender, messageData } as const
const id = orderId(fields)
const outTopics = [mapMessageOutTopic, toHex(1n, { size: 32 }), toHex(2n, { size: 32 })]
const senderBytes: Hex = `0x${sender.slice(2).toLowerCase()}`
const outData = (from: Hex) => encodeAbiParameters(parseAbiParameters('bytes32, bytes, bytes'), [id, from, messageData])
const log = { address: mos, topics: outTopics, data: outData(senderBytes) } as const
const code = (expected: string) => (error: unknown) => error instanceof LogError && error.code === expected

test('topics are those of MAP Protocol', () => {
  assert.equal(mapMessageOutTopic, '0xf4397fd41454e34a9a4015d05a670124ecd71fe7f1d05578a62f8009b1a57f8a')
  assert.equal(mapMessageInTopic, '0x0b3a342354741e507e855285e8c1a1c4a2545fa207216059f3a08d24686c6cac')
})

test('reads what MOS emits', () => {
  assert.deepEqual(parseMapMessageOut(log), { ...fields, orderId: id })
})

test('every altered byte of a log is noticed', () => {
  fc.assert(
    fc.property(fc.nat(), fc.integer({ min: 1, max: 255 }), (at, flip) => {
      const copy = Buffer.from(log.data.slice(2), 'hex')
      const position = at % copy.length
      copy[position] = (copy[position] ?? 0) ^ flip
      assert.throws(() => parseMapMessageOut({ ...log, data: `0x${copy.toString('hex')}` }), LogError)
    }),
    { numRuns: 500 },
  )
})

test('refuses other events, other MOS, other lanes, other senders', () => {
  assert.throws(() => parseMapMessageOut({ ...log, topics: [] }), code('LOG_FOREIGN_TOPIC'))
  assert.throws(() => parseMapMessageOut({ ...log, topics: [mapMessageInTopic] }), code('LOG_FOREIGN_TOPIC'))
  assert.throws(() => parseMapMessageOut({ ...log, topics: outTopics.slice(0, 2) }), code('LOG_MALFORMED'))
  assert.throws(() => parseMapMessageOut({ ...log, address: sender }), code('LOG_ORDER_ID'))
  const lane = [mapMessageOutTopic, toHex(1n, { size: 32 }), toHex(3n, { size: 32 })]
  assert.throws(() => parseMapMessageOut({ ...log, topics: lane }), code('LOG_ORDER_ID'))
  assert.throws(() => parseMapMessageOut({ ...log, data: outData('0x01') }), code('LOG_MALFORMED'))
  assert.throws(() => parseMapMessageOut({ ...log, data: `${log.data}00` }), code('LOG_MALFORMED'))
})

test('reads how a message ended', () => {
  const data = encodeAbiParameters(parseAbiParameters('bytes32, bytes, bytes, bool, bytes'), [
    id,
    senderBytes,
    '0x68656c6c6f',
    false,
    '0x1234',
  ])
  const topics = [mapMessageInTopic, ...outTopics.slice(1)]
  assert.deepEqual(parseMapMessageIn({ address: mos, topics, data }), {
    mos,
    fromChain: 1n,
    toChain: 2n,
    orderId: id,
    sender,
    payload: '0x68656c6c6f',
    result: false,
    reason: '0x1234',
  })
})
