/** Messages between two chains that have no light client of each other, over the hub of a third. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { iFeeServiceAbi, iMessageServiceAbi } from '@meridian/abi'
import { parliaKey } from '@meridian/devnet'
import { status } from '@meridian/sdk'
import { keccak256, stringToHex } from 'viem'
import { useHubRun } from './support/hub-run.ts'

const TIMEOUT = { timeout: 280_000 }
const run = useHubRun()
const { steps, tick, reached, forwards, roundTrip } = run

test(
  'a message each way takes every step of both legs once, and the outer chains know the hub only',
  TIMEOUT,
  async () => {
    const { a, b, h, hub, lane } = run.world()
    for (const [on, of] of [
      [a, b],
      [b, a],
    ] as const) {
      const route = await on.deployer.client.readContract({
        abi: iMessageServiceAbi,
        address: on.contracts.mos,
        functionName: 'route',
        args: [of.contracts.chainId],
      })
      assert.equal(route.hub, hub)
    }
    const [there] = await roundTrip('there and back')
    assert.ok(there !== undefined)
    // `settled` comes when its block on the target is final
    const taken = steps.filter(({ orderId, stage }) => orderId === there && stage !== 'settled')
    const atHub = h.contracts.chainId
    assert.deepEqual(
      taken.filter(({ data }) => data.logChain !== atHub).map(({ stage }) => stage),
      ['sent', 'final', 'lightClientUpdated', 'proven', 'forwarded'],
    )
    assert.deepEqual(
      taken.filter(({ data }) => data.logChain === atHub).map(({ stage }) => stage),
      ['final', 'lightClientUpdated', 'proven', 'delivered', 'executed'],
    )
    // the first leg ends as the last one does
    const key = { fromChain: a.contracts.chainId, orderId: there }
    while ((await run.compass().message({ ...key, logChain: key.fromChain }))?.state !== 'delivered') await tick()
    const told = await status(lane(a, b), there)
    assert.equal(told.stage, 'delivered')
    assert.equal(told.passage?.relayed, null)
    assert.equal((await run.compass().message({ ...key, logChain: key.fromChain }))?.targetTx, told.passage?.tx)
  },
)

test('messages of one block are forwarded and delivered, each once', TIMEOUT, async () => {
  const { a, b } = run.world()
  const texts = ['first of four', 'second', 'third', 'fourth']
  const sent = (await a.send(texts)).map(({ orderId }) => orderId)
  await Promise.all(sent.map((orderId) => reached(orderId, 'executed')))
  const received = await b.received()
  for (const text of texts) assert.equal(received.filter((hash) => hash === keccak256(stringToHex(text))).length, 1)
  const forwarded = await forwards()
  for (const orderId of sent) assert.equal(forwarded.filter((other) => other === orderId).length, 1)
})

test('the validators of all three chains change while messages pass', TIMEOUT, async () => {
  const { a, b, h } = run.world()
  await roundTrip('before the rotations')
  const key = (index: number) => parliaKey(`meridian devnet ${a.contracts.chainId} validator ${index}`)
  a.chain.rotate([0, 1, 2, 7, 8].map(key), 2)
  const [leavingH] = h.chain.validators()
  const [leavingB] = b.chain.validators()
  assert.ok(leavingH !== undefined && leavingB !== undefined)
  const joiningH = h.chain.proposeValidator({ add: keccak256(stringToHex('newcomer of the hub')) })
  h.chain.proposeValidator({ drop: leavingH })
  const joiningB = b.chain.proposeValidator({ add: keccak256(stringToHex('newcomer of the last chain')) })
  b.chain.proposeValidator({ drop: leavingB })
  const inTheMidst = roundTrip('in the midst of the rotations')
  const rotated = () =>
    a.chain.validators().members.length === 5 &&
    h.chain.validators().includes(joiningH) &&
    !h.chain.validators().includes(leavingH) &&
    b.chain.validators().includes(joiningB) &&
    !b.chain.validators().includes(leavingB)
  await inTheMidst
  await run.hurryUntil(rotated)
  await roundTrip('after the rotations')
})

test('the fee comes back over the hub: its record is forwarded, and settles at the source', TIMEOUT, async () => {
  const { a, h } = run.world()
  const [sent] = await a.send(['what is it worth'])
  assert.ok(sent !== undefined)
  const fee = await a.escrow(sent.orderId)
  assert.ok(fee > 0n)
  const claimOf = async () =>
    (await run.compass().claims()).find(({ orders }) => orders.some((o) => o.orderId === sent.orderId))
  while ((await claimOf())?.state !== 'settled') await tick()
  assert.equal((await claimOf())?.recordChain, h.contracts.chainId)
  assert.equal(await a.escrow(sent.orderId), 0n)
  const earned = await a.deployer.client.getContractEvents({
    abi: iFeeServiceAbi,
    address: a.contracts.feeService,
    eventName: 'FeeEarned',
    args: { orderId: sent.orderId },
    fromBlock: 0n,
    strict: true,
  })
  assert.deepEqual(
    earned.map(({ args }) => [args.payee, args.amount]),
    [[a.relayer, fee]],
  )
})
