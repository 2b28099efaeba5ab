import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { RLP } from '@ethereumjs/rlp'
import fc from 'fast-check'
import { createRandom, randomBytes, syntheticLog, syntheticReceipt } from '../test/synthetic.ts'
import { fromHex, toHex } from './hex.ts'
import { encodeReceipt, encodeReceipts, type RpcReceipt } from './receipt.ts'
import { logAt, logCount, logsOf } from './verify.ts'

const seed = Number(process.env.MERIDIAN_SEED ?? Date.now() % 2 ** 31)

/** The receipt's list by another implementation. */
const reference = (receipt: RpcReceipt): Uint8Array =>
  RLP.encode([
    receipt.status == null ? fromHex(receipt.root ?? '0x') : BigInt(receipt.status),
    BigInt(receipt.cumulativeGasUsed),
    fromHex(receipt.logsBloom),
    receipt.logs.map(({ address, topics, data }) => [fromHex(address), topics.map(fromHex), fromHex(data)]),
  ])

const receipt = syntheticReceipt(createRandom(7), 0, [syntheticLog(createRandom(8), 3, 64)])

describe('encodeReceipt', () => {
  it('agrees with @ethereumjs/rlp on receipts of every type, and reads back', () => {
    const log = fc.tuple(fc.nat(4), fc.oneof(fc.nat(3), fc.nat(70), fc.integer({ min: 250, max: 260 })))
    fc.assert(
      fc.property(
        fc.integer(),
        fc.nat(0x7f),
        fc.array(log, { maxLength: 5 }),
        fc.boolean(),
        (start, type, shapes, old) => {
          const random = createRandom(start)
          const logs = shapes.map(([topics, size]) => syntheticLog(random, topics, size))
          const given: RpcReceipt = {
            ...syntheticReceipt(random, 0, logs),
            type: `0x${type.toString(16)}`,
            ...(old ? { status: null, root: toHex(randomBytes(random, 32)) } : {}),
          }
          const list = reference(given)
          const encoded = encodeReceipt(given)
          assert.equal(toHex(encoded), toHex(type === 0 ? list : Uint8Array.of(type, ...list)))
          assert.deepEqual(
            logsOf(encoded),
            logs.map(({ address, topics, data }) => ({ emitter: address, topics, data })),
          )
        },
      ),
      { seed, numRuns: 300 },
    )
  })

  it('takes hex in any case and receipts without a type as legacy', () => {
    const { type: _, ...legacy } = { ...receipt, logsBloom: `0x${receipt.logsBloom.slice(2).toUpperCase()}` as const }
    assert.deepEqual(encodeReceipt(legacy), reference(receipt))
  })

  const refusals: readonly (readonly [string, Partial<Record<keyof RpcReceipt, unknown>>, string])[] = [
    ['a type above 0x7f', { type: '0x80' }, 'RECEIPT_TYPE'],
    ['a type that is no quantity', { type: 'legacy' }, 'HEX_MALFORMED'],
    ['a status of 2', { status: '0x2' }, 'RECEIPT_STATUS'],
    ['neither status nor root', { status: null }, 'RECEIPT_STATUS'],
    ['a short root', { status: null, root: '0x00' }, 'HEX_LENGTH'],
    ['a gas that is no quantity', { cumulativeGasUsed: '0x' }, 'HEX_MALFORMED'],
    ['a gas beyond 32 bytes', { cumulativeGasUsed: `0x${'f'.repeat(65)}` }, 'HEX_MALFORMED'],
    ['a short bloom', { logsBloom: '0x00' }, 'HEX_LENGTH'],
    ['a bloom with other letters', { logsBloom: `0x${'zz'.repeat(256)}` }, 'HEX_MALFORMED'],
    ['an address of 21 bytes', { logs: [{ address: `0x${'11'.repeat(21)}`, topics: [], data: '0x' }] }, 'HEX_LENGTH'],
    [
      'a topic of 31 bytes',
      { logs: [{ address: `0x${'11'.repeat(20)}`, topics: [`0x${'11'.repeat(31)}`], data: '0x' }] },
      'HEX_LENGTH',
    ],
    [
      'five topics',
      { logs: [{ address: `0x${'11'.repeat(20)}`, topics: Array(5).fill(`0x${'11'.repeat(32)}`), data: '0x' }] },
      'RECEIPT_TOPICS',
    ],
    ['data of half a byte', { logs: [{ address: `0x${'11'.repeat(20)}`, topics: [], data: '0x0' }] }, 'HEX_MALFORMED'],
    ['data without 0x', { logs: [{ address: `0x${'11'.repeat(20)}`, topics: [], data: '0011' }] }, 'HEX_MALFORMED'],
    [
      'one byte of data that is no hex',
      { logs: [{ address: `0x${'11'.repeat(20)}`, topics: [], data: '0xzz' }] },
      'HEX_MALFORMED',
    ],
  ]
  for (const [name, change, code] of refusals) {
    it(`refuses ${name}`, () => {
      const changed = { ...receipt, ...change } as RpcReceipt // CAST: what an endpoint may send all the same
      assert.throws(() => encodeReceipt(changed), { code })
    })
  }

  it('refuses receipts that are out of order', () => {
    const second: RpcReceipt = { ...receipt, transactionIndex: '0x1' }
    assert.throws(() => encodeReceipts([second, receipt]), { code: 'RECEIPT_ORDER' })
    assert.equal(encodeReceipts([receipt, second]).ends.length, 2)
  })
})

describe('logAt', () => {
  const encoded = encodeReceipt(receipt)

  it('refuses a log that is not there', () => {
    assert.throws(() => logAt(encoded, 1), { code: 'RECEIPT_LOG_INDEX', context: { limit: 1, given: 1 } })
    assert.throws(() => logAt(encodeReceipt({ ...receipt, logs: [] }), 0), { code: 'RECEIPT_LOG_INDEX' })
  })

  it('takes the type from the first byte, and no other type than 1 to 0x7f', () => {
    const list = reference(receipt)
    for (let type = 1; type < 0x80; type += 1) assert.equal(logCount(Uint8Array.of(type, ...list)), 1)
    for (const type of [0, 0x80, 0xbf]) {
      assert.throws(() => logCount(Uint8Array.of(type, ...list)), { code: 'RECEIPT_TYPE', context: { given: type } })
    }
  })

  it('never throws anything but its own errors, whatever the bytes', () => {
    fc.assert(
      fc.property(fc.nat(), fc.nat(255), fc.nat(3), (at, byte, index) => {
        const changed = encoded.slice()
        changed[at % changed.length] = byte
        try {
          logAt(changed, index)
        } catch (error) {
          assert.ok(error instanceof Error && ['RlpError', 'ReceiptError'].includes(error.name), String(error))
        }
      }),
      { seed, numRuns: 1000 },
    )
  })
})
