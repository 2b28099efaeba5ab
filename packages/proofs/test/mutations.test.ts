import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import type { Hex } from 'viem'
import { fromHex, toHex } from '../src/hex.ts'
import {
  buildReceiptsTrie,
  encodeHeader,
  logAt,
  type ReceiptsTrie,
  type RpcBlock,
  type RpcReceipt,
  verifyReceiptProof,
  verifyStorageProof,
} from '../src/index.ts'
import { listItems } from '../src/rlp.ts'
import { fixture } from './fixtures.ts'
import { flippedBytes, type Mutation, rearranged } from './mutations.ts'
import { createRandom, syntheticBlock } from './synthetic.ts'

const seed = Number(process.env.MERIDIAN_SEED ?? Date.now() % 2 ** 31)
const random = createRandom(seed)
const own = new Set(['TrieProofError', 'RlpError', 'ReceiptError', 'StateProofError'])

/** Runs `read` on each mutation; it must throw an error of this package, or what it gives must satisfy `genuine`. */
function check<T>(mutations: Iterable<Mutation>, read: (nodes: Uint8Array) => T, genuine: (given: T) => boolean) {
  let tried = 0
  let accepted = 0
  for (const { name, nodes } of mutations) {
    tried += 1
    let given: T
    try {
      given = read(nodes)
    } catch (error) {
      assert.ok(error instanceof Error && own.has(error.name), `seed ${seed}, ${name}: ${error}`)
      continue
    }
    accepted += 1
    assert.ok(genuine(given), `seed ${seed}, ${name}: accepted, and not what the chain has`)
  }
  return { tried, accepted }
}

/** A log as one string. */
const fingerprint = (log: { topics: readonly Hex[]; data: Hex }, emitter: Hex): string =>
  [emitter.toLowerCase(), ...log.topics, log.data].join()

/**
 * For a block's receipts: whatever is done to a proof, what it is accepted for is a log of the block, in its place.
 * `exhaustive` says of which transactions every byte is tried.
 */
function corpus(block: readonly RpcReceipt[], exhaustive: readonly number[]): void {
  const trie: ReceiptsTrie = buildReceiptsTrie(block)
  for (const [txIndex, { logs }] of block.entries()) {
    const { nodes } = trie.prove(txIndex)
    const { nodes: list } = trie.proveMany([txIndex])
    const logIndex = logs.length === 0 ? 0 : random(logs.length)
    const log = logs[logIndex]
    const read = (changed: Uint8Array) => logAt(verifyReceiptProof(trie.root, txIndex, changed), logIndex)
    const genuine = (given: ReturnType<typeof logAt>) =>
      log !== undefined && fingerprint(given, given.emitter) === fingerprint(log, log.address)
    // The proof itself is accepted, so that what follows is refused for what was done to it.
    if (log !== undefined) assert.ok(genuine(read(nodes)))
    const stride = exhaustive.includes(txIndex) ? 1 : 64
    assert.equal(check(flippedBytes(nodes, random, stride), read, genuine).accepted, 0)
    assert.equal(check(rearranged(list, random, stride), read, genuine).accepted, 0)
    // Under another index or as another log, what comes out is what is there.
    for (let other = 0; other < block.length; other += 1 + random(8)) {
      const at = random(4)
      const there = block[other]?.logs[at]
      const accepted = check(
        [{ name: `as transaction ${other}, log ${at}`, nodes }],
        (same) => logAt(verifyReceiptProof(trie.root, other, same), at),
        (given) => there !== undefined && fingerprint(given, given.emitter) === fingerprint(there, there.address),
      )
      if (other !== txIndex) assert.equal(accepted.accepted, 0)
    }
  }
}

const mainnet = fixture<{
  readonly block_header: RpcBlock
  readonly block_receipts: readonly RpcReceipt[]
  readonly contract: Hex
  readonly storage_key: Hex
  readonly proof: { readonly accountProof: readonly Hex[]; readonly storageProof: readonly [{ readonly proof: Hex[] }] }
}>('ethereum/mainnet_block_25639768_receipts.json')

const map = fixture<{
  readonly blocks: readonly {
    readonly header: { readonly receiptsRoot: Hex }
    readonly receiptProofTuple?: readonly [Hex, readonly Hex[]]
  }[]
}>('map/devnet_blocks_203000-207000.json')

describe('accepted ⇒ a log of that block, whatever was done to its proof', () => {
  it('synthetic blocks', () => {
    for (const size of [1, 2, 17, 140]) corpus(syntheticBlock(random, size, size >> 1), [0, size >> 1, size - 1])
  })

  it('a mainnet block', { skip: mainnet.absent }, () => {
    const { block_receipts: receipts } = mainnet.read()
    const least = receipts.reduce(
      (best, { logs }, i) => (logs.length < (receipts[best]?.logs.length ?? 0) ? i : best),
      0,
    )
    corpus(receipts, [0, 1, 16, 127, 128, receipts.length - 1, least])
  })

  it('receipts of MAP relay chain', { skip: map.absent }, () => {
    let found = 0
    for (const { header, receiptProofTuple } of map.read().blocks) {
      if (receiptProofTuple === undefined) continue
      const [nibbles, encoded] = receiptProofTuple
      // MAP's source has the key as nibbles: 0x0800 is 0x80, index 0.
      assert.equal(nibbles, '0x0800')
      const list = encoded.map(fromHex)
      const nodes = Buffer.concat(list)
      const root = fromHex(header.receiptsRoot)
      const receipt = toHex(verifyReceiptProof(root, 0, nodes))
      const read = (changed: Uint8Array) => toHex(verifyReceiptProof(root, 0, changed))
      assert.equal(check(flippedBytes(nodes, random), read, (given) => given === receipt).accepted, 0)
      assert.equal(check(rearranged(list, random), read, (given) => given === receipt).accepted, 0)
      found += 1
    }
    assert.equal(found, 2)
  })
})

describe('accepted ⇒ the value that the slot has, whatever was done to its proof', () => {
  it('a slot of a mainnet contract', { skip: mainnet.absent }, () => {
    const { block_header: header, contract, storage_key: slot, proof } = mainnet.read()
    encodeHeader(header) // the header is the block's
    const stateRoot = fromHex(header.stateRoot)
    const accountList = proof.accountProof.map(fromHex)
    const storageList = proof.storageProof[0].proof.map(fromHex)
    const accountNodes = Uint8Array.from(Buffer.concat(accountList))
    const storageNodes = Uint8Array.from(Buffer.concat(storageList))
    const value = verifyStorageProof(stateRoot, contract, slot, accountNodes, storageNodes)
    const genuine = (given: Hex) => given === value
    const account = (nodes: Uint8Array) => verifyStorageProof(stateRoot, contract, slot, nodes, storageNodes)
    const storage = (nodes: Uint8Array) => verifyStorageProof(stateRoot, contract, slot, accountNodes, nodes)
    for (const [read, list, nodes] of [
      [account, accountList, accountNodes],
      [storage, storageList, storageNodes],
    ] as const) {
      assert.ok(listItems(list.at(-1) ?? new Uint8Array()).length === 2, 'a leaf')
      assert.equal(check(flippedBytes(nodes, random), read, genuine).accepted, 0)
      assert.equal(check(rearranged(list, random), read, genuine).accepted, 0)
    }
  })
})
