/** The TypeScript rules against real headers of a MAP development network, with two changes of the set and receipt proofs. */
import assert from 'node:assert/strict'
import { existsSync, readFileSync } from 'node:fs'
import { dirname, resolve } from 'node:path'
import { describe, it } from 'node:test'
import { fileURLToPath } from 'node:url'
import { logCount, logsOf, verifyReceiptProof } from '@meridian/proofs'
import { bytesToHex, fromRlp, type Hex, hexToBytes } from 'viem'
import {
  anchorOfValidators,
  applyDifference,
  applyUpdate,
  bloomOf,
  countBits,
  encodeStoredProof,
  encodeUpdate,
  initialState,
  parseBootstrap,
  parseIstanbulHeaders,
  sealHolds,
  setHashOf,
  verifyBlockProof,
} from '../src/istanbul/index.ts'

const repository = dirname(dirname(dirname(dirname(fileURLToPath(import.meta.url)))))
const fixture = resolve(
  repository,
  process.env.MERIDIAN_FIXTURES ?? '../shared/fixtures',
  'map/devnet_blocks_203000-207000.json',
)
const skip = existsSync(fixture) ? false : `no real chain data at ${fixture} (MERIDIAN_FIXTURES)`
const TRUSTING_PERIOD = 864_000n

describe('real headers of a MAP development network', { skip }, () => {
  const text = skip === false ? readFileSync(fixture, 'utf8') : ''
  const items = skip === false ? parseIstanbulHeaders(text) : []
  const validators = (): readonly Hex[] => parseBootstrap(text).validators.map(({ g1 }) => g1)

  it('hold under the set of their epochs, and under no other', () => {
    let members = validators()
    for (const { header, aggregateKey = '0x' } of items) {
      const { seal } = header
      assert.ok(seal)
      assert.ok(sealHolds(header.hash, seal, members, aggregateKey), `${header.number}`)
      assert.ok(!sealHolds(header.hash, { ...seal, round: seal.round + 1n }, members, aggregateKey))
      assert.ok(!sealHolds(header.parentHash, seal, members, aggregateKey))
      assert.ok(!sealHolds(header.hash, seal, [...members.slice(1), ...members.slice(0, 1)], aggregateKey))
      if (header.number % 1000n === 0n) members = applyDifference(members, header.difference)
    }
    assert.equal(members.length, 5)
  })

  it('lose a validator at 203000 and gain one at 206000, sealed in rounds 0 and 1', () => {
    const sizes = [4, 4, 4, 4, 5, 5, 5]
    let members = validators()
    const sets = new Set([setHashOf(members)])
    items.forEach(({ header }, index) => {
      if (header.number % 1000n === 0n) members = applyDifference(members, header.difference)
      sets.add(setHashOf(members))
      assert.equal(members.length, sizes[index])
    })
    // The one that leaves sat last and joins again: it is the first set once more.
    assert.equal(sets.size, 2)
    assert.deepEqual(
      items.map(({ header }) => header.seal?.round),
      [1n, 0n, 0n, 0n, 0n, 1n, 1n],
    )
    assert.deepEqual(
      items.map(({ header }) => countBits(header.seal?.bitmap ?? 0n)),
      [4, 3, 3, 3, 3, 4, 4],
    )
  })

  it('lead the light client through, block by block, and prove their receipts', () => {
    const { epochSize, forkHeight } = parseBootstrap(text)
    let members = validators()
    const chain = { chainId: 22_776n, epochSize, forkHeight }
    assert.equal(forkHeight, 2_001n)
    const first = items[0]?.header
    assert.ok(first)
    let state = initialState(chain, anchorOfValidators(members, 202_000n, first.timestamp - 1n), TRUSTING_PERIOD, 15n)
    let receipts = 0
    for (const { header, aggregateKey = '0x', receipt } of items) {
      assert.ok(header.seal)
      const now = header.timestamp + 1n
      const sealed = { header, seal: header.seal, validators: members, aggregateKey }
      state = applyUpdate(state, encodeUpdate([sealed]), now)
      assert.equal(state.number, header.number)
      if (header.number % epochSize === 0n) members = applyDifference(members, header.difference)
      if (receipt === undefined) continue
      receipts += 1
      const { receiptsRoot } = verifyBlockProof(state, encodeStoredProof(header), now)
      const nodes = hexToBytes(receipt.nodes)
      const proven = verifyReceiptProof(hexToBytes(receiptsRoot), receipt.txIndex, nodes)
      assert.equal(proven[0], 2, 'the type is the first byte of what was proven')
      assert.equal(logCount(proven), 6)
      const logs = logsOf(proven).map(({ emitter, ...log }) => ({ ...log, address: emitter }))
      assert.equal(bloomOf(logs), fromRlp(bytesToHex(proven.subarray(1)), 'hex')[2], 'the bloom filter of its logs')
      // The type byte is bound: MAP's clients took it from the prover.
      const at = nodes.length - proven.length
      for (const type of [0, 1, 3, 0x7f]) {
        const forged = Uint8Array.from(nodes)
        forged[at] = type
        assert.throws(() => verifyReceiptProof(hexToBytes(receiptsRoot), receipt.txIndex, forged), {
          code: 'TRIE_NODE_HASH',
        })
      }
    }
    assert.equal(receipts, 2)
  })
})
