import assert from 'node:assert/strict'
import { test } from 'node:test'
import { numberToHex, pad } from 'viem'
import { deliver, putMessages, testKey, testMos } from '../testing/messages.ts'
import { onEachDatabase, useStore } from '../testing/test-store.ts'
import type { TransactionKind } from './transactions.ts'
import type { Store } from './types.ts'

const client = pad('0x0c', { size: 20 })

onEachDatabase((kind) => {
  const current = useStore(kind)

  /** A transaction that landed. */
  async function landed(
    store: Store,
    nonce: number,
    given: {
      readonly kind: TransactionKind
      readonly messages?: readonly number[]
      readonly at?: number
      readonly error?: string
    },
  ): Promise<number> {
    const { id } = await store.reserve(
      {
        chainId: 2n,
        signer: testMos,
        nonce,
        kind: given.kind,
        to: given.kind === 'update' ? client : testMos,
        data: '0x',
        gasLimit: 1_000_000n,
        attempt: { hash: pad(numberToHex(0x2000 + nonce)), raw: '0x02', maxFeePerGas: 5n, maxPriorityFeePerGas: 1n },
        messages: (given.messages ?? []).map(testKey),
      },
      given.at ?? 100,
    )
    const error = given.error ?? null
    await store.settle(id, { state: 'mined', success: error === null, gasUsed: 10n, gasPrice: 3n, error }, [])
    return id
  }

  test('spending: by kind, contract and the other chain; what did not land and what is too old is left out', async () => {
    const store = current()
    await putMessages(store, 2)
    await store.apply([testKey(1), testKey(2)].map((key) => [key, { type: 'proven', at: 3 }] as const))
    await landed(store, 0, { kind: 'delivery', messages: [1, 2] })
    await landed(store, 1, { kind: 'update', messages: [1] })
    await landed(store, 2, { kind: 'update' })
    await landed(store, 3, { kind: 'withdraw', at: 50 })
    await deliver(store, 4, [], 100)
    const rows = (await store.views.spending(100))
      .map(
        (row) => [row.kind, row.fromChain, row.toChain, row.transactions, row.gas, row.wei, row.to === client] as const,
      )
      .sort((a, b) => `${a}`.localeCompare(`${b}`))
    assert.deepEqual(rows, [
      ['delivery', 1n, 2n, 1, 10n, 30n, false],
      ['update', null, null, 1, 10n, 30n, true],
      ['update', 1n, 2n, 1, 10n, 30n, true],
    ])
    assert.equal(await store.views.spentBy(2n, testMos, 0), 120n)
    assert.equal(await store.views.spentBy(2n, testMos, 100), 90n)
    assert.equal(await store.views.spentBy(1n, testMos, 0), 0n)
  })

  test('reverts by the name of the error, without its arguments', async () => {
    const store = current()
    await landed(store, 0, { kind: 'update', error: 'LightClient_Expired(1, 2)' })
    await landed(store, 1, { kind: 'update', error: 'LightClient_Expired(3, 4)' })
    await landed(store, 2, { kind: 'update', error: '' })
    await landed(store, 3, { kind: 'update' })
    const reverts = (await store.views.reverts()).map(({ error, count }) => [error, count]).sort()
    assert.deepEqual(reverts, [
      ['LightClient_Expired', 2],
      ['unknown', 1],
    ])
  })

  test('a message has every transaction that was for it, oldest first', async () => {
    const store = current()
    await putMessages(store, 2)
    await landed(store, 0, { kind: 'update', messages: [1] })
    await store.apply([[testKey(1), { type: 'proven', at: 3 }]])
    await deliver(store, 1, [1], 5)
    const kinds = async (n: number) =>
      (await store.views.transactionsOf(testKey(n))).map((one) => [one.kind, one.attempts.length])
    assert.deepEqual(await kinds(1), [
      ['update', 1],
      ['delivery', 1],
    ])
    assert.deepEqual(await kinds(2), [])
  })
})
