import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { createMerkleProof, createMPT } from '@ethereumjs/mpt'
import fc from 'fast-check'
import type { Hex } from 'viem'
import { fixture } from '../test/fixtures.ts'
import { encodeHeader, parseHeader, type RpcBlock } from './header.ts'
import { fromHex, toHex } from './hex.ts'
import { defaultKeccak } from './keccak.ts'
import { listItems, stringAt } from './rlp.ts'
import {
  encodeAccount,
  encodeSlotValue,
  type RpcProof,
  readStateProof,
  slotKey,
  verifySlotProof,
  verifyStorageProof,
} from './state-proof.ts'
import { buildTransactionsTrie, verifyTransactionProof } from './transactions-trie.ts'
import { buildTrie } from './trie.ts'
import { EMPTY_ROOT, getByProof } from './trie-proof.ts'

const seed = Number(process.env.MERIDIAN_SEED ?? Date.now() % 2 ** 31)
const checks = { seed, numRuns: 60 }
const word = (value: bigint | number | string): Hex => `0x${BigInt(value).toString(16).padStart(64, '0')}`

const mainnet = fixture<{
  readonly block_header: RpcBlock
  readonly contract: Hex
  readonly storage_key: Hex
  readonly proof: RpcProof & {
    readonly nonce: Hex
    readonly balance: Hex
    readonly codeHash: Hex
    readonly storageHash: Hex
    readonly storageProof: readonly { readonly value: Hex }[]
  }
}>('ethereum/mainnet_block_25639768_receipts.json')

const weth = fixture<{
  readonly headerRlp: Hex
  readonly account: Hex
  readonly slot: Hex
  readonly value: Hex
  readonly accountProof: readonly Hex[]
  readonly storageProof: readonly Hex[]
}>('op-stack/sepolia_weth_name_slot_proof.json')

interface Broadcast {
  readonly stateRoot: Hex
  readonly account: Hex
  readonly slot: Hex
  readonly slotValue: Hex
  readonly rlpAccountProof: Hex
  readonly rlpStorageProof: Hex
}
const broadcasts = [
  'op-stack/sepolia_broadcaster_slot_proof_9496454.json',
  'arbitrum/broadcast_proof_block_207673361.json',
  'arbitrum/broadcast_proof_block_208802827.json',
  'arbitrum/sepolia_outbox_roots_proof_9567705.json',
].map((path) => ({ path, ...fixture<Broadcast>(path) }))

/** The nodes of a proof that is an RLP list of them, embedded as lists or as strings. */
function nodesIn(encoded: Hex): Hex[] {
  const bytes = fromHex(encoded)
  return listItems(bytes).map((item) => {
    if (item.isList) return toHex(bytes.subarray(item.start, item.to))
    const { from, to } = stringAt(bytes, item.start, item.to)
    return toHex(bytes.subarray(from, to))
  })
}

describe('real storage proofs', () => {
  it('a mainnet answer to eth_getProof', { skip: mainnet.absent }, () => {
    const { block_header: header, contract, storage_key: slot, proof } = mainnet.read()
    encodeHeader(header) // throws unless the header is the block's
    const read = readStateProof(fromHex(header.stateRoot), contract, [word(slot)], proof)
    assert.deepEqual(read.account, {
      nonce: BigInt(proof.nonce),
      balance: BigInt(proof.balance),
      storageRoot: proof.storageHash,
      codeHash: proof.codeHash,
    })
    assert.equal(read.slots[0]?.value, word(proof.storageProof[0]?.value ?? 0n))
  })

  it('the name of WETH on Sepolia', { skip: weth.absent }, () => {
    const { headerRlp, account, slot, value, accountProof, storageProof } = weth.read()
    const stateRoot = fromHex(parseHeader(fromHex(headerRlp)).stateRoot)
    const answer = { accountProof, storageProof: [{ proof: storageProof }] }
    const read = readStateProof(stateRoot, account, [word(slot)], answer)
    assert.equal(read.slots[0]?.value, value)
    // The same nodes show no other slot and no other account.
    assert.throws(() => readStateProof(stateRoot, account, [word(1)], answer), { name: /Error$/ })
    assert.throws(() => readStateProof(stateRoot, `0x${'11'.repeat(20)}`, [word(slot)], answer), { name: /Error$/ })
  })

  for (const { path, absent, read } of broadcasts) {
    it(path, { skip: absent }, () => {
      const { stateRoot, account, slot, slotValue, rlpAccountProof, rlpStorageProof } = read()
      const answer = { accountProof: nodesIn(rlpAccountProof), storageProof: [{ proof: nodesIn(rlpStorageProof) }] }
      const proof = readStateProof(fromHex(stateRoot), account, [slot], answer)
      assert.equal(proof.slots[0]?.value, word(slotValue))
      const { accountNodes, slots } = proof
      const nodes = slots[0]?.storageNodes ?? new Uint8Array()
      assert.equal(verifyStorageProof(fromHex(stateRoot), account, slot, accountNodes, nodes), word(slotValue))
    })
  }
})

describe('against @ethereumjs/mpt', () => {
  const slots = fc.uniqueArray(
    fc.tuple(fc.bigInt({ min: 0n, max: 2n ** 256n - 1n }), fc.bigInt({ min: 1n, max: 2n ** 256n - 1n })),
    {
      selector: ([slot]) => slot,
      minLength: 1,
      maxLength: 40,
    },
  )

  it('storage tries have its roots, and its proofs of slots that are there and that are not', async () => {
    await fc.assert(
      fc.asyncProperty(slots, fc.bigInt({ min: 0n, max: 2n ** 256n - 1n }), async (entries, absent) => {
        const theirs = await createMPT()
        for (const [slot, value] of entries) await theirs.put(slotKey(word(slot)), encodeSlotValue(value))
        const ours = buildTrie(
          entries.map(([slot, value]) => ({ key: slotKey(word(slot)), value: encodeSlotValue(value) })),
        )
        assert.equal(toHex(ours.root), toHex(theirs.root()))
        for (const [slot, value] of [
          ...entries,
          [absent, entries.find(([slot]) => slot === absent)?.[1] ?? 0n] as const,
        ]) {
          const key = slotKey(word(slot))
          const proof = (await createMerkleProof(theirs, key)).filter((node, i) => i === 0 || node.length >= 32)
          assert.equal(toHex(ours.proveKey(key)), toHex(Buffer.concat(proof)))
          assert.equal(verifySlotProof(ours.root, word(slot), ours.proveKey(key)), word(value))
        }
      }),
      checks,
    )
  })

  it('tries of short keys, embedded nodes and values of branches among them, show what is absent', async () => {
    const key = fc.uint8Array({ minLength: 1, maxLength: 3 }).map((bytes) => bytes.map((byte) => byte & 0x33))
    const entry = fc.tuple(key, fc.uint8Array({ minLength: 1, maxLength: 40 }))
    await fc.assert(
      fc.asyncProperty(
        fc.uniqueArray(entry, { selector: ([bytes]) => toHex(bytes), maxLength: 40 }),
        fc.array(key, { maxLength: 20 }),
        async (pairs, others) => {
          const theirs = await createMPT()
          for (const [bytes, value] of pairs) await theirs.put(bytes, value)
          const ours = buildTrie(pairs.map(([bytes, value]) => ({ key: bytes, value })))
          for (const asked of [...others, ...pairs.map(([bytes]) => bytes)]) {
            const expected = await theirs.get(asked)
            const nodes = ours.proveKey(asked)
            const found = getByProof(ours.root, asked, nodes)
            assert.equal(found && toHex(found), expected === null ? undefined : toHex(expected))
            // Cut short by its last node, or with one more, it shows nothing.
            if (nodes.length > 0) assert.throws(() => getByProof(ours.root, asked, Buffer.concat([nodes, nodes])))
          }
        },
      ),
      checks,
    )
  })

  it('transactions tries have its roots and its proofs', async () => {
    const raw = fc.uint8Array({ minLength: 1, maxLength: 300 }).map(toHex)
    await fc.assert(
      fc.asyncProperty(fc.array(raw, { minLength: 1, maxLength: 140 }), fc.nat(), async (transactions, pick) => {
        const trie = buildTransactionsTrie(transactions)
        const theirs = await createMPT()
        for (const [i, transaction] of transactions.entries()) {
          await theirs.put(
            i === 0 ? Uint8Array.of(0x80) : i < 128 ? Uint8Array.of(i) : Uint8Array.of(0x81, i),
            fromHex(transaction),
          )
        }
        assert.equal(toHex(trie.root), toHex(theirs.root()))
        const txIndex = pick % transactions.length
        assert.equal(toHex(verifyTransactionProof(trie.root, txIndex, trie.prove(txIndex))), transactions[txIndex])
        // A short transaction is embedded in the node above it, and may come with its neighbour's proof: as itself.
        for (let other = 0; other <= transactions.length; other += 1) {
          let given: string | undefined
          try {
            given = toHex(verifyTransactionProof(trie.root, other, trie.prove(txIndex)))
          } catch {
            continue
          }
          assert.equal(given, transactions[other])
        }
      }),
      { ...checks, numRuns: 20 },
    )
  })
})

describe('readStateProof', () => {
  const owner = `0x${'aa'.repeat(20)}` as const
  const storage = buildTrie([{ key: slotKey(word(7)), value: encodeSlotValue(9n) }])
  const codeHash = word(1)
  const stateOf = (storageRoot: Hex) =>
    buildTrie([
      { key: defaultKeccak(fromHex(owner)), value: encodeAccount({ nonce: 1n, balance: 2n, storageRoot, codeHash }) },
      { key: defaultKeccak(fromHex(`0x${'bb'.repeat(20)}`)), value: Uint8Array.of(0xc0) },
    ])
  const state = stateOf(toHex(storage.root))
  const accountProof = [toHex(state.prove(0))]
  const answer = { accountProof, storageProof: [{ proof: [toHex(storage.prove(0))] }] }

  it('takes an empty trie with no nodes and written out', () => {
    const empty = stateOf(EMPTY_ROOT)
    for (const proof of [[], ['0x80']] as const) {
      const read = readStateProof(empty.root, owner, [word(7)], {
        accountProof: [toHex(empty.prove(0))],
        storageProof: [{ proof }],
      })
      assert.deepEqual(read.slots, [{ slot: word(7), value: word(0), storageNodes: new Uint8Array() }])
    }
  })

  it('believes nothing but the nodes', () => {
    const lying = {
      ...answer,
      balance: '0xffff',
      storageProof: [{ ...answer.storageProof[0], key: '0x1', value: '0xff' }],
    }
    const read = readStateProof(state.root, owner, [word(7)], lying as RpcProof) // CAST: what an endpoint may send
    assert.equal(read.account?.balance, 2n)
    assert.equal(read.slots[0]?.value, word(9))
  })

  const refusals: readonly (readonly [string, unknown, string])[] = [
    ['no answer', undefined, 'STATE_ANSWER'],
    ['null', null, 'STATE_ANSWER'],
    ['no account proof', { storageProof: [] }, 'STATE_ANSWER'],
    ['an account proof that is text', { ...answer, accountProof: '0x' }, 'STATE_ANSWER'],
    ['a node that is no hex', { ...answer, accountProof: ['0xzz'] }, 'HEX_MALFORMED'],
    ['a node that is a number', { ...answer, accountProof: [1] }, 'HEX_MALFORMED'],
    ['no storage proof', { accountProof }, 'STATE_ANSWER'],
    ['no slot', { ...answer, storageProof: [] }, 'STATE_ANSWER'],
    ['a slot more', { ...answer, storageProof: [...answer.storageProof, ...answer.storageProof] }, 'STATE_ANSWER'],
    ['a slot that is null', { ...answer, storageProof: [null] }, 'STATE_ANSWER'],
    ['a slot without nodes', { ...answer, storageProof: [{ proof: [] }] }, 'RLP_OUT_OF_BOUNDS'],
    [
      'a node twice',
      { ...answer, storageProof: [{ proof: [toHex(storage.prove(0)), toHex(storage.prove(0))] }] },
      'TRIE_TRAILING_NODES',
    ],
    ["another trie's nodes", { ...answer, storageProof: [{ proof: [toHex(state.prove(0))] }] }, 'TRIE_NODE_HASH'],
  ]
  for (const [name, given, code] of refusals) {
    it(`refuses ${name}`, () => {
      assert.throws(() => readStateProof(state.root, owner, [word(7)], given as RpcProof), { code }) // CAST: hostile
    })
  }
})
