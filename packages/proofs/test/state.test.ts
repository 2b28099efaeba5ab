import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { describe, it } from 'node:test'
import { decodeAbiParameters, type Hex } from 'viem'
import { fromHex, toHex } from '../src/hex.ts'
import {
  consumedSlot,
  encodeStorageProof,
  isConsumed,
  verifyAccountProof,
  verifySlotProof,
  verifyStorageProof,
  verifyTransactionProof,
} from '../src/index.ts'

interface Vectors {
  readonly cases: readonly {
    readonly name: string
    readonly stateRoot: Hex
    readonly owner: Hex
    readonly slot: Hex
    readonly accountNodes: Hex
    readonly storageNodes: Hex
    readonly value: Hex
    readonly code: string
  }[]
  readonly accounts: readonly {
    readonly owner: Hex
    readonly exists: boolean
    readonly nonce: Hex
    readonly balance: Hex
    readonly storageRoot: Hex
    readonly codeHash: Hex
    readonly nodes: Hex
  }[]
  readonly transactionsRoot: Hex
  readonly transactions: readonly { readonly txIndex: number; readonly transaction: Hex; readonly nodes: Hex }[]
  readonly prover: { readonly blockProof: Hex; readonly stateRoot: Hex; readonly storage: { readonly encoded: Hex } }
  readonly remoteMos: {
    readonly stateRoot: Hex
    readonly mos: Hex
    readonly fromChain: number
    readonly toChain: number
    readonly fromMos: Hex
    readonly accountNodes: Hex
    readonly orders: readonly {
      readonly nonce: Hex
      readonly slot: Hex
      readonly unconsumed: boolean
      readonly storageNodes: Hex
    }[]
  }
}

// CAST: written by scripts/vectors/state.ts
const vectors = JSON.parse(readFileSync(new URL('../../../vectors/state.json', import.meta.url), 'utf8')) as Vectors

describe('storage slots; the contracts are held to the same verdicts', () => {
  for (const { name, stateRoot, owner, slot, accountNodes, storageNodes, value, code } of vectors.cases) {
    it(name, () => {
      const read = () =>
        verifyStorageProof(fromHex(stateRoot), owner, slot, fromHex(accountNodes), fromHex(storageNodes))
      if (code === '') assert.equal(read(), value)
      else assert.throws(read, { code })
    })
  }
})

describe('accounts, transactions and orders; the contracts are held to the same', () => {
  it('accounts that are there and one that is not', () => {
    const root = fromHex(vectors.prover.stateRoot)
    for (const { owner, exists, nonce, balance, storageRoot, codeHash, nodes } of vectors.accounts) {
      const account = verifyAccountProof(root, owner, fromHex(nodes))
      if (exists) {
        assert.deepEqual(account, { nonce: BigInt(nonce), balance: BigInt(balance), storageRoot, codeHash })
      } else {
        assert.equal(account, undefined)
      }
    }
  })

  it('transactions', () => {
    for (const { txIndex, transaction, nodes } of vectors.transactions) {
      const root = fromHex(vectors.transactionsRoot)
      assert.equal(toHex(verifyTransactionProof(root, txIndex, fromHex(nodes))), transaction)
      assert.throws(() => verifyTransactionProof(root, txIndex + 1, fromHex(nodes)))
    }
  })

  it('replay bits of a MOS', () => {
    const { stateRoot, mos, fromChain, toChain, fromMos, accountNodes, orders } = vectors.remoteMos
    const account = verifyAccountProof(fromHex(stateRoot), mos, fromHex(accountNodes))
    assert.ok(account !== undefined)
    for (const { nonce, slot, unconsumed, storageNodes } of orders) {
      assert.equal(consumedSlot(BigInt(fromChain), fromMos, BigInt(toChain), BigInt(nonce)), slot)
      const value = verifySlotProof(fromHex(account.storageRoot), slot, fromHex(storageNodes))
      assert.equal(isConsumed(value, BigInt(nonce)), !unconsumed)
    }
  })

  it('the encoding of a storage proof reads back', () => {
    const { blockProof, storage } = vectors.prover
    const [[proof, account, slot, accountNodes, storageNodes]] = decodeAbiParameters(
      [
        {
          type: 'tuple',
          components: [
            { type: 'bytes' },
            { type: 'address' },
            { type: 'bytes32' },
            { type: 'bytes' },
            { type: 'bytes' },
          ],
        },
      ],
      storage.encoded,
    ) as unknown as [[Hex, Hex, Hex, Hex, Hex]] // CAST: components without names come as a tuple
    assert.equal(proof, blockProof)
    assert.equal(
      encodeStorageProof({
        blockProof,
        account,
        slot,
        accountNodes: fromHex(accountNodes),
        storageNodes: fromHex(storageNodes),
      }),
      storage.encoded,
    )
  })
})
