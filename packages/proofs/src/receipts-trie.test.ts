import assert from 'node:assert/strict'
import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, it } from 'node:test'
import { fileURLToPath } from 'node:url'
import { createMerkleProof, createMPT } from '@ethereumjs/mpt'
import fc from 'fast-check'
import { createRandom, type Random, randomBytes, syntheticBlock } from '../test/synthetic.ts'
import { encodeHeader, parseHeader, type RpcBlock } from './header.ts'
import { toHex } from './hex.ts'
import type { RpcReceipt } from './receipt.ts'
import { buildReceiptsTrie, trieKey } from './receipts-trie.ts'
import { buildTrie } from './trie.ts'
import { verifyProof } from './trie-proof.ts'
import { logAt, logCount, logsOf, verifyReceiptProof, verifySharedReceiptProof } from './verify.ts'

const seed = Number(process.env.MERIDIAN_SEED ?? Date.now() % 2 ** 31)
const checks = { seed, numRuns: 100 }

const root = join(fileURLToPath(import.meta.url), '../../../..')
const fixtures = process.env.MERIDIAN_FIXTURES ?? join(root, '../shared/fixtures')
const mainnet = join(fixtures, 'ethereum/mainnet_block_25639768_receipts.json')
const absent = existsSync(mainnet) ? false : `no fixture ${mainnet}`

interface Fixture {
  readonly receiptsRoot: string
  readonly block_header: RpcBlock
  readonly block_receipts: readonly RpcReceipt[]
}
const fixture = (): Fixture => JSON.parse(readFileSync(mainnet, 'utf8')) as Fixture // CAST: real chain data

describe('a mainnet block', { skip: absent }, () => {
  it('has the receipts root of its header, and every log can be proven', () => {
    const { receiptsRoot, block_receipts: receipts } = fixture()
    const trie = buildReceiptsTrie(receipts, { expectedRoot: receiptsRoot })
    assert.ok(receipts.length > 128, 'indices of one and of two bytes')
    for (const [txIndex, { logs }] of receipts.entries()) {
      const receipt = verifyReceiptProof(trie.root, txIndex, trie.prove(txIndex).nodes)
      assert.equal(logCount(receipt), logs.length)
      for (const [logIndex, log] of logs.entries()) {
        const { emitter, topics, data } = logAt(receipt, logIndex)
        assert.deepEqual({ emitter, topics, data }, { emitter: log.address, topics: log.topics, data: log.data })
      }
    }
  })

  it('shares nodes between all of its proofs', () => {
    const trie = buildReceiptsTrie(fixture().block_receipts)
    const all = Array.from({ length: trie.size }, (_, i) => i).reverse()
    const { nodes, paths } = trie.proveMany(all)
    assert.equal(new Set(nodes.map(toHex)).size, nodes.length)
    for (const [i, txIndex] of all.entries()) {
      const receipt = verifySharedReceiptProof(trie.root, txIndex, nodes, paths[i] ?? new Uint8Array())
      assert.deepEqual(receipt, trie.receipt(txIndex))
    }
  })

  it('hashes to its hash, and its header reads back', () => {
    const block = fixture().block_header
    const fields = parseHeader(encodeHeader(block))
    assert.equal(fields.hash, block.hash)
    assert.equal(fields.receiptsRoot, block.receiptsRoot)
    assert.equal(fields.number, BigInt(block.number))
  })

  it('with one receipt left out or changed has another root', () => {
    const { receiptsRoot, block_receipts: receipts } = fixture()
    assert.throws(() => buildReceiptsTrie(receipts.slice(0, -1), { expectedRoot: receiptsRoot }), {
      code: 'RECEIPTS_ROOT',
    })
    const changed = receipts.map((receipt, i) =>
      i === 5 ? { ...receipt, cumulativeGasUsed: '0x1' as const } : receipt,
    )
    assert.throws(() => buildReceiptsTrie(changed, { expectedRoot: receiptsRoot }), { code: 'RECEIPTS_ROOT' })
    assert.throws(() => buildReceiptsTrie(receipts.slice(1)), { code: 'RECEIPT_ORDER' })
  })
})

describe('against @ethereumjs/mpt', () => {
  it('receipts tries have its roots and its proofs', async () => {
    const sizes = fc.oneof(fc.integer({ min: 1, max: 20 }), fc.integer({ min: 120, max: 140 }), fc.constant(270))
    await fc.assert(
      fc.asyncProperty(fc.integer(), sizes, fc.nat(), async (blockSeed, size, pick) => {
        const txIndex = pick % size
        const trie = buildReceiptsTrie(syntheticBlock(createRandom(blockSeed), size, txIndex))
        const theirs = await createMPT()
        for (let i = 0; i < size; i += 1) await theirs.put(trieKey(i), trie.receipt(i))
        assert.equal(toHex(trie.root), toHex(theirs.root()))
        const proof = await createMerkleProof(theirs, trieKey(txIndex))
        assert.equal(toHex(trie.prove(txIndex).nodes), toHex(Buffer.concat(proof)))
      }),
      { seed, numRuns: 25 },
    )
  })

  it('tries of any keys and values, embedded nodes among them, have its roots', async () => {
    const key = fc.uint8Array({ minLength: 1, maxLength: 4 }).map((bytes) => bytes.map((byte) => byte & 0x33))
    const entry = fc.tuple(key, fc.uint8Array({ minLength: 1, maxLength: 40 }))
    await fc.assert(
      fc.asyncProperty(fc.uniqueArray(entry, { selector: ([bytes]) => toHex(bytes), maxLength: 60 }), async (pairs) => {
        const theirs = await createMPT()
        for (const [bytes, value] of pairs) await theirs.put(bytes, value)
        const trie = buildTrie(pairs.map(([bytes, value]) => ({ key: bytes, value })))
        assert.equal(toHex(trie.root), toHex(theirs.root()))
        for (const [i, [bytes, value]] of pairs.entries()) {
          assert.deepEqual(verifyProof(trie.root, bytes, trie.prove(i)), value)
        }
      }),
      checks,
    )
  })
})

describe('a proof that was tampered with', () => {
  const random: Random = createRandom(seed)
  const block = syntheticBlock(random, 300, 150)
  const trie = buildReceiptsTrie(block)
  const others = [0, 1, 127, 128, 150, 255, 256, 299]
  /** Accepting is allowed only where the real receipt comes out. */
  const refused = (txIndex: number, nodes: Uint8Array, message: string) =>
    assert.throws(
      () => verifyReceiptProof(trie.root, txIndex, nodes),
      (error: Error) => error.name === 'TrieProofError' || error.name === 'RlpError',
      message,
    )
  const split = (nodes: Uint8Array, txIndex: number): Uint8Array[] => {
    const { nodes: shared, paths } = trie.proveMany([txIndex])
    assert.equal(shared.length * 2, paths[0]?.length)
    assert.deepEqual(Buffer.concat(shared), Buffer.from(nodes))
    return [...shared]
  }

  it('is refused with any bit flipped', () => {
    for (const txIndex of others) {
      const { nodes } = trie.prove(txIndex)
      for (let bit = 0; bit < nodes.length * 8; bit += 1 + random(60)) {
        const flipped = nodes.slice()
        flipped[bit >> 3] = (flipped[bit >> 3] ?? 0) ^ (1 << (bit & 7))
        refused(txIndex, flipped, `seed ${seed}, transaction ${txIndex}, bit ${bit}`)
      }
    }
  })

  it('is refused cut anywhere and extended by anything', () => {
    for (const txIndex of others) {
      const { nodes } = trie.prove(txIndex)
      for (let length = 0; length < nodes.length; length += 1 + random(7)) {
        refused(txIndex, nodes.subarray(0, length), `seed ${seed}, cut to ${length}`)
      }
      for (const size of [1, 2, 33, nodes.length]) {
        refused(txIndex, Buffer.concat([nodes, randomBytes(random, size)]), `seed ${seed}, extended by ${size}`)
      }
      refused(txIndex, Buffer.concat([nodes, nodes]), 'twice')
    }
  })

  it('is refused with nodes swapped, left out, or doubled', () => {
    for (const txIndex of others) {
      const list = split(trie.prove(txIndex).nodes, txIndex)
      for (const [i, node] of list.entries()) {
        refused(txIndex, Buffer.concat(list.toSpliced(i, 1)), `without node ${i}`)
        refused(txIndex, Buffer.concat(list.toSpliced(i, 0, node)), `node ${i} twice`)
        const next = list[i + 1]
        if (next !== undefined) refused(txIndex, Buffer.concat(list.toSpliced(i, 2, next, node)), `swapped at ${i}`)
      }
    }
  })

  it('is refused for any other transaction, and of any other block', () => {
    for (const txIndex of others) {
      const { nodes } = trie.prove(txIndex)
      for (let other = 0; other < 400; other += 1) if (other !== txIndex) refused(other, nodes, `as ${other}`)
    }
    const elsewhere = buildReceiptsTrie(syntheticBlock(random, 300, 150))
    refused(150, elsewhere.prove(150).nodes, 'of another block')
  })

  it('has one receipt for its logs: what is accepted is what the block holds', () => {
    for (const txIndex of others) {
      const logs = logsOf(verifyReceiptProof(trie.root, txIndex, trie.prove(txIndex).nodes))
      assert.deepEqual(
        logs,
        block[txIndex]?.logs.map(({ address, topics, data }) => ({ emitter: address, topics, data })),
      )
    }
  })
})

describe('buildTrie', () => {
  it('of nothing is the empty trie', () => {
    const emptyRoot = '0x56e81f171bcc55a6ff8345e692c0f86e5b48e01b996cadc001622fb5e363b421'
    assert.equal(toHex(buildTrie([]).root), emptyRoot)
    assert.equal(toHex(buildReceiptsTrie([]).root), emptyRoot)
  })

  it('refuses two entries with one key, empty values and entries that are not there', () => {
    const entry = { key: Uint8Array.of(1), value: Uint8Array.of(2) }
    assert.throws(() => buildTrie([entry, entry]), { code: 'TRIE_DUPLICATE_KEY' })
    assert.throws(() => buildTrie([{ ...entry, value: new Uint8Array() }]), { code: 'TRIE_EMPTY_VALUE' })
    assert.throws(() => buildTrie([entry]).prove(1), { code: 'TRIE_NO_SUCH_ENTRY' })
    assert.throws(() => buildTrie([entry]).proveMany([0, -1]), { code: 'TRIE_NO_SUCH_ENTRY' })
    assert.throws(() => buildReceiptsTrie([]).receipt(0), { code: 'RECEIPT_TRANSACTION_INDEX' })
  })
})
