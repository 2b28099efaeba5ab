import assert from 'node:assert/strict'
import { afterEach, test } from 'node:test'
import type { Message } from '@meridian/compass'
import { owed, proveRecord, type SentMessage, settle } from '@meridian/sdk'
import { type Hex, keccak256, pad, stringToHex } from 'viem'
import { setTrust } from './support/two-qbft.ts'
import { useTwoChains } from './support/use-compass.ts'

const TIMEOUT = { timeout: 240_000 }
/** Seconds to a deadline: more than a busy machine needs to deliver before it. */
const AHEAD = 3_600n
const { world, compass, startCompass, tick } = useTwoChains({ noCompass: true })

afterEach(() => compass().close())

/** The row of a message sent on A once it fits; looks again with every second of the world(). */
async function row({ orderId }: { readonly orderId: Hex }, fits: (message: Message) => boolean): Promise<Message> {
  for (;;) {
    const message = await compass().message({ fromChain: world().a.contracts.chainId, orderId })
    if (message !== null && fits(message)) return message
    await tick()
  }
}

const timeOnB = async (): Promise<bigint> => (await world().b.deployer.client.getBlock()).timestamp
const hashOf = (text: string): Hex => keccak256(stringToHex(text))
const because = (code: string) => (message: Message) => message.reason?.code === code

/** Lets both chains' clocks pass a deadline. */
async function pass(deadline: bigint): Promise<void> {
  const left = deadline - (await timeOnB())
  if (left > 0n) await world().clock.jump(Number(left))
  while ((await timeOnB()) < deadline) await tick()
}

test(
  'past its deadline: recorded where the operator pays for it, and only then refunded in full',
  TIMEOUT,
  async () => {
    const { a, b } = world()
    const before = await b.count()
    const deadline = (await timeOnB()) + AHEAD
    const stranger = pad('0x5712', { size: 20 })
    const ours = await a.sendWith('ours', { deadline, refundRecipient: a.relayer })
    const theirs = await a.sendWith('theirs', { deadline, refundRecipient: stranger })
    const fees = await Promise.all([ours, theirs].map(({ orderId }) => a.escrow(orderId)))
    assert.ok(fees.every((fee) => fee > 0n))
    await pass(deadline)

    await startCompass({})
    for (const sent of [ours, theirs]) {
      const waiting = await row(sent, because('DEADLINE_PASSED'))
      assert.equal(waiting.state, 'final')
      assert.equal(waiting.deadline, deadline)
    }
    await compass().close()

    await startCompass({ b: { recordExpiry: 'own' } })
    await compass().retry({ fromChain: a.contracts.chainId, orderId: ours.orderId })
    await compass().retry({ fromChain: a.contracts.chainId, orderId: theirs.orderId })
    const expired = await row(ours, ({ state }) => state === 'expired')
    assert.deepEqual([expired.outcome, expired.executed], ['expired', null])
    assert.equal((await row(theirs, because('DEADLINE_PASSED'))).state, 'final')
    await compass().close()

    await startCompass({ b: { recordExpiry: 'all' } })
    await compass().retry({ fromChain: a.contracts.chainId, orderId: theirs.orderId })
    await row(theirs, ({ state }) => state === 'expired')
    assert.equal(await b.count(), before)

    const lane = { from: a.endpoint, to: b.endpoint }
    const proof = await proveRecord(lane, b.provable, theirs.orderId)
    const [credit] = await settle(a.endpoint, a.deployer.wallet, b.contracts.chainId, proof)
    assert.deepEqual([credit?.refund, credit?.amount], [true, fees[1]])
    assert.equal(await owed(a.endpoint, stranger), fees[1])
    assert.equal(await a.escrow(theirs.orderId), 0n)
  },
)

test(
  'an ordered stream waits for its failed message and nothing else does; retried, all run in their order',
  TIMEOUT,
  async () => {
    const { a, b } = world()
    const already = (await b.received()).length
    await startCompass({})
    await setTrust(b, a, a.deployer.address, false)
    const first = await a.sendWith('first', { ordered: true })
    await row(first, ({ state }) => state === 'failed')
    await setTrust(b, a, a.deployer.address, true)
    const second = await a.sendWith('second', { ordered: true })
    const third = await a.sendWith('third', { ordered: true })
    const places = [first, second, third].map(({ options }) => options?.sequence ?? 0n)
    assert.deepEqual(
      places.map((place) => place - (places[0] ?? 0n)),
      [0n, 1n, 2n],
    )
    const loose = await a.sendWith('loose', {})
    await row(loose, ({ state }) => state === 'delivered')
    await row(third, because('OUT_OF_ORDER'))
    const waiting = await row(second, because('OUT_OF_ORDER'))
    assert.equal(waiting.attempts, 0)
    assert.deepEqual((await b.received()).slice(already), [hashOf('loose')])

    assert.equal(await compass().retry({ fromChain: a.contracts.chainId, orderId: first.orderId }), null)
    for (const sent of [first, second, third]) await row(sent, ({ state }) => state === 'delivered')
    const order = ['loose', 'first', 'second', 'third'].map(hashOf)
    assert.deepEqual((await b.received()).slice(already), order)
  },
)

test('members of a stream in one block go as one batch in their order', TIMEOUT, async () => {
  const { a, b } = world()
  const already = (await b.received()).length
  const texts = Array.from({ length: 5 }, (_, i) => `together ${i}`)
  const sent: SentMessage[] = []
  for (const text of texts) sent.push(await a.sendWith(text, { ordered: true }))
  await startCompass({ b: { maxBatch: 2 } })
  for (const one of sent) await row(one, ({ state }) => state === 'delivered')
  assert.deepEqual((await b.received()).slice(already), texts.map(hashOf))
})

test('a failed message of a stream expires, is recorded, and lets the stream go on', TIMEOUT, async () => {
  const { a, b } = world()
  const already = (await b.received()).length
  await startCompass({ b: { recordExpiry: 'all' } })
  const deadline = (await timeOnB()) + AHEAD
  await setTrust(b, a, a.deployer.address, false)
  const failing = await a.sendWith('failing', { ordered: true, deadline })
  await row(failing, ({ state }) => state === 'failed')
  await setTrust(b, a, a.deployer.address, true)
  const behind = await a.sendWith('behind', { ordered: true })
  await row(behind, because('OUT_OF_ORDER'))
  await pass(deadline)
  await compass().retry({ fromChain: a.contracts.chainId, orderId: failing.orderId })
  await row(failing, ({ state }) => state === 'expired')
  await row(behind, ({ state }) => state === 'delivered')
  assert.deepEqual((await b.received()).slice(already), [hashOf('behind')])
  // it was run before it expired: its fee is the deliverer's, by the record of its delivery
  const proof = await proveRecord({ from: a.endpoint, to: b.endpoint }, b.provable, failing.orderId)
  const [credit] = await settle(a.endpoint, a.deployer.wallet, b.contracts.chainId, proof)
  assert.deepEqual([credit?.refund, credit?.account], [false, a.relayer])
})
