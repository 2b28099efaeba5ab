import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { test } from 'node:test'
import fc from 'fast-check'
import { decodeAbiParameters, encodeAbiParameters, getAddress, type Hex, parseAbiParameters, toHex } from 'viem'
import { z } from 'zod'
import {
  deliveryRecordForwardedTopic,
  deliveryRecordTopic,
  expiryRecordForwardedTopic,
  expiryRecordTopic,
  LogError,
  mapMessageInTopic,
  mapMessageOutTopic,
  mapMessageOutWithOptionsTopic,
  parseDeliveryRecord,
  parseDeliveryRecordForwarded,
  parseExpiryRecord,
  parseExpiryRecordForwarded,
  parseMapMessageIn,
  parseMapMessageOut,
  parseMapMessageOutWithOptions,
  parseMessageOut,
} from './events.ts'
import { encodeMessageData } from './message.ts'
import { encodeOptions } from './options.ts'
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
  assert.deepEqual(parseMapMessageOut(log), { ...fields, orderId: id, options: '0x' })
  assert.deepEqual(parseMessageOut(log), parseMapMessageOut(log))
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
  assert.throws(() => parseMapMessageOut({ ...log, topics: [...outTopics, id] }), code('LOG_MALFORMED'))
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

const options = encodeOptions({ deadline: 1_800_000_000n, sequence: 3n, refundRecipient: sender })
const idWithOptions = orderId({ ...fields, options })
const logWithOptions = {
  address: mos,
  topics: [mapMessageOutWithOptionsTopic, ...outTopics.slice(1)],
  data: encodeAbiParameters(parseAbiParameters('bytes32, bytes, bytes, bytes'), [
    idWithOptions,
    senderBytes,
    messageData,
    options,
  ]),
} as const

test('reads what MOS emits for a message with options', () => {
  const out = { ...fields, orderId: idWithOptions, options }
  assert.deepEqual(parseMapMessageOutWithOptions(logWithOptions), out)
  assert.deepEqual(parseMessageOut(logWithOptions), out)
  assert.throws(() => parseMapMessageOut(logWithOptions), code('LOG_FOREIGN_TOPIC'))
  assert.throws(() => parseMapMessageOutWithOptions(log), code('LOG_FOREIGN_TOPIC'))
})

test('every altered byte of a log with options is noticed', () => {
  fc.assert(
    fc.property(fc.nat(), fc.integer({ min: 1, max: 255 }), (at, flip) => {
      const copy = Buffer.from(logWithOptions.data.slice(2), 'hex')
      const position = at % copy.length
      copy[position] = (copy[position] ?? 0) ^ flip
      const data: Hex = `0x${copy.toString('hex')}`
      assert.throws(() => parseMapMessageOutWithOptions({ ...logWithOptions, data }), LogError)
    }),
    { numRuns: 500 },
  )
})

test('options cannot be taken off, added or emptied: the order id has another version', () => {
  const bare = encodeAbiParameters(parseAbiParameters('bytes32, bytes, bytes'), [
    idWithOptions,
    senderBytes,
    messageData,
  ])
  assert.throws(() => parseMapMessageOut({ ...log, data: bare }), code('LOG_ORDER_ID'))
  const withId = (order: Hex, given: Hex) =>
    encodeAbiParameters(parseAbiParameters('bytes32, bytes, bytes, bytes'), [order, senderBytes, messageData, given])
  for (const [order, given, fault] of [
    [id, options, 'LOG_ORDER_ID'],
    [id, '0x', 'LOG_MALFORMED'],
    [idWithOptions, '0x', 'LOG_MALFORMED'],
  ] as const)
    assert.throws(() => parseMapMessageOutWithOptions({ ...logWithOptions, data: withId(order, given) }), code(fault))
})

const hex = z.custom<Hex>((value) => typeof value === 'string' && /^0x[0-9a-f]*$/.test(value))

test('the vectors of logs with options, which the contract reads too', () => {
  const vectors = z
    .object({ optionsLane: hex, optionsLogs: z.array(hex), optionsLogsExpected: z.array(hex) })
    .parse(JSON.parse(readFileSync(new URL('../../../vectors/message/messages.json', import.meta.url), 'utf8')))
  const [address, fromChain, toChain] = decodeAbiParameters(
    parseAbiParameters('address, uint256, uint256'),
    vectors.optionsLane,
  )
  const topics = [mapMessageOutWithOptionsTopic, toHex(fromChain, { size: 32 }), toHex(toChain, { size: 32 })]
  const outcome = parseAbiParameters('uint8, bytes32, uint64, address, bytes, bytes')
  let taken = 0
  for (const [i, data] of vectors.optionsLogs.entries()) {
    const [fault, ...expected] = decodeAbiParameters(outcome, vectors.optionsLogsExpected[i] ?? '0x')
    const read = () => parseMapMessageOutWithOptions({ address, topics, data })
    if (fault !== 0) {
      assert.throws(read, code(fault === 1 ? 'LOG_MALFORMED' : 'LOG_ORDER_ID'))
      continue
    }
    taken += 1
    const out = read()
    assert.deepEqual([out.orderId, out.nonce, out.sender, out.messageData, out.options], expected)
  }
  assert.ok(taken >= 10 && vectors.optionsLogs.length > 180)
})

test('reads records of delivery and expiry, and nothing that is not exactly one', () => {
  const topics = (topic: Hex) => [topic, toHex(1n, { size: 32 }), id]
  const paid = encodeAbiParameters(parseAbiParameters('address'), [sender])
  const delivery = { address: mos, topics: topics(deliveryRecordTopic), data: paid }
  assert.deepEqual(parseDeliveryRecord(delivery), { mos, fromChain: 1n, orderId: id, payee: sender })
  const refund = encodeAbiParameters(parseAbiParameters('address, bool'), [sender, true])
  const expiry = { address: mos, topics: topics(expiryRecordTopic), data: refund }
  const expired = { mos, fromChain: 1n, orderId: id, refundRecipient: sender, attempted: true }
  assert.deepEqual(parseExpiryRecord(expiry), expired)
  assert.throws(() => parseDeliveryRecord(expiry), code('LOG_FOREIGN_TOPIC'))
  assert.throws(() => parseExpiryRecord(delivery), code('LOG_FOREIGN_TOPIC'))
  assert.throws(() => parseDeliveryRecord({ ...delivery, data: `${paid}00` }), code('LOG_MALFORMED'))
  assert.throws(() => parseDeliveryRecord({ ...delivery, data: '0x' }), code('LOG_MALFORMED'))
  const dirty: Hex = `0x01${paid.slice(4)}`
  assert.throws(() => parseDeliveryRecord({ ...delivery, data: dirty }), code('LOG_MALFORMED'))
  const two: Hex = `${refund.slice(0, -1)}2` as Hex // CAST: one hex digit for another
  assert.throws(() => parseExpiryRecord({ ...expiry, data: two }), code('LOG_MALFORMED'))
  assert.throws(() => parseExpiryRecord({ ...expiry, topics: topics(expiryRecordTopic).slice(0, 2) }), LogError)
})

test('what a hub has logged again is read with the MOS that it came from, and with no other', () => {
  const hub = getAddress('0x00000000000000000000000000000000000b0b01')
  const forwarded = { ...log, address: hub }
  assert.deepEqual(parseMessageOut(forwarded, mos), parseMessageOut(log))
  assert.throws(() => parseMessageOut(forwarded), code('LOG_ORDER_ID'))
  assert.throws(() => parseMessageOut({ ...logWithOptions, address: hub }), code('LOG_ORDER_ID'))
  assert.deepEqual(parseMessageOut({ ...logWithOptions, address: hub }, mos), parseMessageOut(logWithOptions))
})

test('reads the records that a hub forwards, canonical or not at all', () => {
  const hub = getAddress('0x00000000000000000000000000000000000b0b01')
  const word = (value: bigint) => toHex(value, { size: 32 })
  const common = { hub, originChain: 1n, recordChain: 2n, orderId: id, recordMos: mos }
  const delivery = {
    address: hub,
    topics: [deliveryRecordForwardedTopic, word(1n), word(2n), id],
    data: encodeAbiParameters(parseAbiParameters('address, address'), [mos, sender]),
  }
  const expiry = {
    ...delivery,
    topics: [expiryRecordForwardedTopic, ...delivery.topics.slice(1)],
    data: encodeAbiParameters(parseAbiParameters('address, address, bool'), [mos, sender, true]),
  }
  assert.deepEqual(parseDeliveryRecordForwarded(delivery), { ...common, payee: sender })
  assert.deepEqual(parseExpiryRecordForwarded(expiry), { ...common, refundRecipient: sender, attempted: true })
  assert.throws(() => parseDeliveryRecordForwarded(expiry), code('LOG_FOREIGN_TOPIC'))
  assert.throws(
    () => parseDeliveryRecordForwarded({ ...delivery, topics: delivery.topics.slice(0, 3) }),
    code('LOG_MALFORMED'),
  )
  assert.throws(() => parseDeliveryRecordForwarded({ ...delivery, data: `${delivery.data}00` }), code('LOG_MALFORMED'))
  assert.throws(
    () => parseExpiryRecordForwarded({ ...expiry, data: `${expiry.data.slice(0, -1)}2` as Hex }), // CAST: one hex digit for another
    code('LOG_MALFORMED'),
  )
})
