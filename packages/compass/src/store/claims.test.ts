import assert from 'node:assert/strict'
import { test } from 'node:test'
import { numberToHex, pad, zeroAddress } from 'viem'
import { testOrigin } from '../testing/messages.ts'
import { onEachDatabase, useStore } from '../testing/test-store.ts'
import type { FoundClaim } from './claims.ts'
import type { Store } from './types.ts'

const mos = pad('0xa1', { size: 20 })
const signer = pad('0xb1', { size: 20 })
const feeService = pad('0xf1', { size: 20 })
const message = { fromChain: 1n, orderId: pad('0x01') } as const

/** A delivery of a message from chain 1 to chain 2 in the ledger, final or not. */
async function delivery(store: Store, nonce: number, final = true): Promise<number> {
  const origin = testOrigin(1, { emitter: mos, mos, fromAddress: mos, txIndex: 0, logIndex: 0 })
  await store.commitScan(1n, mos, { number: 1n, hash: pad('0x01'), final: null }, [origin], 1)
  const row = await store.message(message)
  if (row?.state === 'seen')
    await store.apply([
      [message, { type: 'finalized', at: 1 }],
      [message, { type: 'proven', at: 1 }],
    ])
  const attempt = {
    hash: pad(numberToHex(nonce + 1)),
    raw: '0x02',
    maxFeePerGas: 1n,
    maxPriorityFeePerGas: 1n,
  } as const
  const job = { kind: 'delivery', to: mos, data: '0x01', gasLimit: 1n, messages: [message] } as const
  const { id } = await store.reserve({ chainId: 2n, signer, nonce, attempt, ...job }, 1)
  await store.settle(id, { state: final ? 'final' : 'mined', hash: attempt.hash, success: true }, [])
  return id
}

const found = (deliveryId: number): FoundClaim => ({
  deliveryId,
  fromChain: 1n,
  toChain: 2n,
  feeService,
  recordChain: 2n,
  blockNumber: 9n,
  blockHash: pad('0x09'),
  txHash: pad('0x07'),
  txIndex: 3,
  orders: [{ orderId: message.orderId, token: zeroAddress, amount: 2n ** 127n }],
  createdAt: 5,
})

/** The nonce and the claims of a settling transaction, in one. */
const settling = (store: Store, nonce: number, claims: readonly number[]) => {
  const attempt = {
    hash: pad(numberToHex(nonce + 100)),
    raw: '0x02',
    maxFeePerGas: 1n,
    maxPriorityFeePerGas: 1n,
  } as const
  const job = { kind: 'claim', to: feeService, data: '0x', gasLimit: 1n, messages: [], claims } as const
  return store.reserve({ chainId: 1n, signer, nonce, attempt, ...job }, 6)
}

onEachDatabase((kind) => {
  const current = useStore(kind)

  test('a final delivery is looked at once: what it earned is a claim, and found again is no second one', async () => {
    const store = current()
    const id = await delivery(store, 0)
    assert.deepEqual(
      (await store.claims.unread(1n, 2n, 10)).map((d) => d.id),
      [id],
    )
    assert.deepEqual(await store.claims.unread(3n, 2n, 10), [])
    await store.claims.found(id, found(id))
    await store.claims.found(id, found(id))
    assert.deepEqual(await store.claims.unread(1n, 2n, 10), [])
    const [claim, ...more] = await store.claims.list(10)
    assert.deepEqual(more, [])
    assert.deepEqual([claim?.state, claim?.orders[0]?.amount, claim?.txIndex], ['open', 2n ** 127n, 3])
    assert.deepEqual(await store.claims.tokens(1n), [zeroAddress])
    assert.deepEqual(await store.claims.feeServices(1n), [feeService])
    assert.deepEqual([await store.claims.tokens(3n), await store.claims.feeServices(3n)], [[], []])
  })

  test('a delivery that may still be reorganised is not looked at', async () => {
    const store = current()
    await delivery(store, 0, false)
    assert.deepEqual(await store.claims.unread(1n, 2n, 10), [])
  })

  test('a claim is with one transaction at a time, open again after it, and never after it has ended', async () => {
    const store = current()
    const id = await delivery(store, 0)
    await store.claims.found(id, found(id))
    const first = await settling(store, 0, [id])
    assert.deepEqual(await store.claims.due(1n, 2n, 'open', 10, 10), [])
    await settling(store, 1, [id])
    const [submitted] = await store.claims.due(1n, 2n, 'submitted', 10, 10)
    assert.equal(submitted?.transactionId, first.id)
    await store.claims.reopen(id, { code: 'CLAIM_LOST', detail: 'x' }, 50, true)
    assert.deepEqual(await store.claims.due(1n, 2n, 'open', 49, 10), [])
    const [again] = await store.claims.due(1n, 2n, 'open', 50, 10)
    assert.deepEqual([again?.attempts, again?.transactionId, again?.reason?.code], [1, null, 'CLAIM_LOST'])
    await store.claims.settled(id, 60)
    await store.claims.reopen(id, { code: 'X', detail: 'x' }, 70, false)
    await settling(store, 2, [id])
    const [ended] = await store.claims.list(10)
    assert.deepEqual([ended?.state, ended?.settledAt], ['settled', 60])
  })
})
