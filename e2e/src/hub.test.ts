/** Messages between two chains that have no light client of each other, over the hub of a third. */
import assert from 'node:assert/strict'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, test } from 'node:test'
import { counterAbi, iFeeServiceAbi, iHubAbi, iMessageServiceAbi, messageServiceAbi } from '@meridian/abi'
import { type OpenCompass, openCompass, type Progress } from '@meridian/compass'
import { encodeMessageData, mapMessageOutTopic } from '@meridian/core'
import { devAccounts, parliaKey } from '@meridian/devnet'
import { forward, passageOf, send, status } from '@meridian/sdk'
import {
  createWalletClient,
  encodeAbiParameters,
  encodeFunctionData,
  type Hex,
  http,
  keccak256,
  parseEther,
  stringToHex,
} from 'viem'
import { configOf, deployAnswer, type HubWorld, secretsOf, startHubWorld } from './support/over-hub.ts'

const TIMEOUT = { timeout: 280_000 }
/** Wei: a fee of 300,000 gas pays for its claim many times over. */
const GAS_PRICE = 1_000_000_000_000n

let world: HubWorld
let folder: string
let compass: OpenCompass
const steps: Progress[] = []

async function startCompass(): Promise<void> {
  compass = await openCompass(configOf(world, folder), { secrets: { env: secretsOf(world), readFile: () => '' } })
  compass.subscribe((step) => steps.push(step))
  compass.start()
}

before(async () => {
  world = await startHubWorld(GAS_PRICE)
  folder = mkdtempSync(join(tmpdir(), 'compass-hub-'))
  await startCompass()
})

after(async () => {
  await compass?.close()
  await world?.stop()
  if (folder !== undefined) rmSync(folder, { recursive: true })
})

const tick = () => world.clock.waitUntil(world.clock.now() + 1)

/** Resolves when an order has taken a step. */
async function reached(orderId: Hex, stage: Progress['stage']): Promise<Progress> {
  for (;;) {
    const found = steps.find((step) => step.orderId === orderId && step.stage === stage)
    if (found !== undefined) return found
    await tick()
  }
}

/** The hub's logs that forward messages, by order. */
async function forwards(): Promise<readonly Hex[]> {
  const { client } = world.h.deployer
  const logs = await client.getLogs({ address: world.hub, fromBlock: 0n, toBlock: 'latest' })
  return logs.filter(({ topics }) => topics[0] === mapMessageOutTopic).map(({ data }): Hex => `0x${data.slice(2, 66)}`)
}

async function roundTrip(text: string): Promise<readonly Hex[]> {
  const { a, b } = world
  const sent = (await Promise.all([a.send([text]), b.send([text])])).flat().map(({ orderId }) => orderId)
  await Promise.all(sent.map((orderId) => reached(orderId, 'executed')))
  for (const side of [a, b]) assert.ok((await side.received()).includes(keccak256(stringToHex(text))))
  return sent
}

test(
  'a message each way takes every step of both legs once, and the outer chains know the hub only',
  TIMEOUT,
  async () => {
    const { a, b, h, hub, lane } = world
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
    while ((await compass.message({ ...key, logChain: key.fromChain }))?.state !== 'delivered') await tick()
    const told = await status(lane(a, b), there)
    assert.equal(told.stage, 'delivered')
    assert.equal(told.passage?.relayed, null)
    assert.equal((await compass.message({ ...key, logChain: key.fromChain }))?.targetTx, told.passage?.tx)
  },
)

test('messages of one block are forwarded and delivered, each once', TIMEOUT, async () => {
  const { a, b } = world
  const texts = ['first of four', 'second', 'third', 'fourth']
  const sent = (await a.send(texts)).map(({ orderId }) => orderId)
  await Promise.all(sent.map((orderId) => reached(orderId, 'executed')))
  const received = await b.received()
  for (const text of texts) assert.equal(received.filter((hash) => hash === keccak256(stringToHex(text))).length, 1)
  const forwarded = await forwards()
  for (const orderId of sent) assert.equal(forwarded.filter((other) => other === orderId).length, 1)
})

test('the validators of all three chains change while messages pass', TIMEOUT, async () => {
  const { a, b, h, clock } = world
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
  while (!rotated()) await clock.waitUntil(clock.now() + 1)
  await inTheMidst
  await roundTrip('after the rotations')
})

test('the fee comes back over the hub: its record is forwarded, and settles at the source', TIMEOUT, async () => {
  const { a, h } = world
  const [sent] = await a.send(['what is it worth'])
  assert.ok(sent !== undefined)
  const fee = await a.escrow(sent.orderId)
  assert.ok(fee > 0n)
  const claimOf = async () =>
    (await compass.claims()).find(({ orders }) => orders.some((o) => o.orderId === sent.orderId))
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

test('what somebody else has forwarded is delivered, and not forwarded again', TIMEOUT, async () => {
  const { a, b, h, lane } = world
  await compass.close()
  const [sent] = await a.send(['forwarded by a stranger'])
  assert.ok(sent !== undefined)
  const stranger = h.deployer.wallet
  const over = lane(a, b)
  for (;;) {
    try {
      await forward(over, a.provable, stranger, sent.orderId)
      break
    } catch (error) {
      // its block is not final yet
      assert.match(String(error), /cannot be proven yet/)
      await tick()
    }
  }
  assert.notEqual(await passageOf(over, sent.orderId), null)
  await startCompass()
  await reached(sent.orderId, 'executed')
  assert.equal((await forwards()).filter((orderId) => orderId === sent.orderId).length, 1)
})

test('a forward that cannot proceed waits with its reason, and goes on when it can', TIMEOUT, async () => {
  const { a, h } = world
  const pause = (key: number, functionName: 'pauseLane' | 'unpauseLane') => {
    const account = devAccounts(6)[key]?.account
    assert.ok(account !== undefined)
    const wallet = createWalletClient({ account, transport: http(h.chain.rpcUrl) })
    const abi = messageServiceAbi
    const args = [a.contracts.chainId, false] as const
    return wallet.writeContract({ abi, address: h.contracts.mos, functionName, args, chain: null })
  }
  await pause(3, 'pauseLane')
  const [sent] = await a.send(['held up at the hub'])
  assert.ok(sent !== undefined)
  const key = { fromChain: a.contracts.chainId, orderId: sent.orderId }
  const reason = async () => (await compass.message(key))?.reason?.code
  while ((await reason()) !== 'Hub_LanePaused') await tick()
  assert.ok(!(await forwards()).includes(sent.orderId))
  await pause(4, 'unpauseLane')
  for (let passed = false; !passed; ) {
    await tick()
    await compass.retry(key)
    passed = steps.some(({ orderId, stage }) => orderId === sent.orderId && stage === 'executed')
  }
})

test(
  'a message that the hub runs goes on as what its target returned, and its fee is earned there',
  TIMEOUT,
  async () => {
    const { a, b, h, hub } = world
    const onward = encodeMessageData({
      msgType: 'MESSAGE',
      target: b.counter,
      payload: stringToHex('returned at the hub'),
      gasLimit: 200_000n,
    })
    const target = await deployAnswer(h, encodeAbiParameters([{ type: 'bytes' }], [onward]))
    const { client, wallet } = h.deployer
    const senderOf = { abi: iHubAbi, address: hub, functionName: 'senderOf', args: [target] } as const
    const sender = await client.readContract(senderOf)
    const trusted = [h.contracts.chainId, sender, true] as const
    const setTrust = encodeFunctionData({ abi: counterAbi, functionName: 'setTrustedRemote', args: trusted })
    await b.deployer.call("trusting what the hub's target sends", b.counter, setTrust)
    const message = {
      kind: 'message',
      target,
      payload: stringToHex('run me'),
      gasLimit: 500_000n,
      relay: true,
    } as const
    const toChain = b.contracts.chainId
    const sent = await send(a.endpoint, a.deployer.wallet, { toChain, message })
    // without credit at the hub there is nothing to pay the onward message with: it fails, and can be retried
    const failed = await reached(sent.orderId, 'failed')
    assert.equal(failed.data.targetTx, (await passageOf(world.lane(a, b), sent.orderId))?.tx)
    const value = parseEther('5')
    const hash = await wallet.writeContract({
      abi: iHubAbi,
      address: hub,
      functionName: 'fund',
      args: [target],
      value,
      chain: null,
    })
    await client.waitForTransactionReceipt({ hash })
    const key = { fromChain: a.contracts.chainId, orderId: sent.orderId }
    assert.equal(await compass.retry(key), null)
    await reached(sent.orderId, 'executed')
    const passage = await passageOf(world.lane(a, b), sent.orderId)
    assert.equal(passage?.relayed?.outcome, 'delivered')
    const onwardId = passage?.relayed?.onwardOrderId
    assert.ok(onwardId != null)
    await reached(onwardId, 'executed')
    assert.ok((await b.received()).includes(keccak256(stringToHex('returned at the hub'))))
    while ((await a.escrow(sent.orderId)) > 0n) await tick()
    assert.equal((await status(world.lane(a, b), sent.orderId)).stage, 'relayed')
  },
)
