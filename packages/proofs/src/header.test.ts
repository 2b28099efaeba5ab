import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { RLP } from '@ethereumjs/rlp'
import { keccak256, toHex } from 'viem'
import { createRandom, randomBytes } from '../test/synthetic.ts'
import { checkRawHeader, encodeHeader, encodeHeaderFields, parseHeader, type RpcBlock } from './header.ts'

const random = createRandom(1)
const hex = (size: number) => toHex(randomBytes(random, size))

const frontier: Omit<RpcBlock, 'hash'> = {
  parentHash: hex(32),
  sha3Uncles: hex(32),
  miner: hex(20),
  stateRoot: hex(32),
  transactionsRoot: hex(32),
  receiptsRoot: hex(32),
  logsBloom: hex(256),
  difficulty: '0x0',
  number: '0x80',
  gasLimit: '0x1c9c380',
  gasUsed: '0x0',
  timestamp: '0x6a6a2df3',
  extraData: '0x05',
  mixHash: hex(32),
  nonce: '0x0000000000000000',
}
/** What forks append, in their order. */
const appended = [
  { baseFeePerGas: '0x7' },
  { withdrawalsRoot: hex(32) },
  { blobGasUsed: '0x0', excessBlobGas: '0x20000', parentBeaconBlockRoot: hex(32) },
  { requestsHash: hex(32) },
  { blockAccessListHash: hex(32) },
] as const

const seal = (fields: Omit<RpcBlock, 'hash'>): RpcBlock => ({ ...fields, hash: keccak256(encodeHeaderFields(fields)) })

describe('encodeHeader', () => {
  it('takes the fields of every fork from what is there', () => {
    let fields: Omit<RpcBlock, 'hash'> = frontier
    for (const [fork, more] of [{}, ...appended].entries()) {
      fields = { ...fields, ...more }
      const quantities = [
        'difficulty',
        'number',
        'gasLimit',
        'gasUsed',
        'timestamp',
        'baseFeePerGas',
        'blobGasUsed',
        'excessBlobGas',
      ]
      const expected = RLP.encode(
        Object.entries(fields).map(([name, value]) => (quantities.includes(name) ? BigInt(value ?? 0) : (value ?? ''))),
      )
      assert.equal(toHex(encodeHeader(seal(fields))), toHex(expected), `fork ${fork}`)
      const read = parseHeader(expected)
      assert.equal(read.hash, keccak256(expected))
      assert.equal(read.number, 128n)
      assert.equal(read.timestamp, 0x6a6a2df3n)
      assert.equal(read.parentHash, frontier.parentHash)
      assert.equal(read.stateRoot, frontier.stateRoot)
      assert.equal(read.receiptsRoot, frontier.receiptsRoot)
      assert.equal(read.extraData, '0x05')
    }
  })

  it('refuses a block with a field of a fork that it does not know, and takes the raw header', () => {
    const known = encodeHeaderFields(frontier)
    const items = RLP.decode(known)
    assert.ok(Array.isArray(items))
    const raw = RLP.encode([...items, randomBytes(random, 32)])
    const hash = keccak256(raw)
    assert.throws(() => encodeHeader({ ...frontier, hash }), { code: 'HEADER_HASH' })
    const checked = checkRawHeader(toHex(raw), hash)
    assert.equal(parseHeader(checked).number, 128n)
    assert.throws(() => checkRawHeader(toHex(known), hash), { code: 'HEADER_HASH' })
  })

  it('refuses each field altered', () => {
    const block = seal({ ...frontier, ...Object.assign({}, ...appended) })
    for (const name of Object.keys(block)) {
      const value = block[name as keyof RpcBlock] // CAST: a key of the block
      if (typeof value !== 'string') continue
      const altered = { ...block, [name]: value.replace(/.$/, (digit) => (digit === '1' ? '2' : '1')) }
      assert.throws(() => encodeHeader(altered), { code: 'HEADER_HASH' }, name)
    }
  })

  it('refuses a block that lacks a field', () => {
    const { mixHash: _, ...rest } = seal(frontier)
    const lacking = rest as RpcBlock // CAST: what an endpoint may send all the same
    assert.throws(() => encodeHeader(lacking), { code: 'HEADER_FIELD_MISSING', context: { field: 'mixHash' } })
  })

  it('refuses fields of another length', () => {
    assert.throws(() => encodeHeader({ ...seal(frontier), nonce: '0x00' }), { code: 'HEX_LENGTH' })
    assert.throws(() => encodeHeader({ ...seal(frontier), number: '128' as '0x80' }), { code: 'HEX_MALFORMED' })
  })
})

describe('parseHeader', () => {
  it('refuses headers without the fields that it reads', () => {
    assert.throws(() => parseHeader(Uint8Array.of(0xc0)), { code: 'HEADER_FIELD_MISSING' })
    assert.throws(() => parseHeader(Uint8Array.of(0xcd, ...new Uint8Array(13).fill(0x80))), {
      code: 'RLP_STRING_LENGTH',
    })
    const encoded = encodeHeaderFields(frontier)
    assert.throws(() => parseHeader(Uint8Array.of(...encoded, 0)), { code: 'RLP_TRAILING_BYTES' })
  })
})
