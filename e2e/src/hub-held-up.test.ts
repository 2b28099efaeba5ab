/** What comes between the legs of a message over a hub: somebody who was faster, a paused lane, a target that the hub runs. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { counterAbi, iHubAbi, messageServiceAbi } from '@meridian/abi'
import { encodeMessageData } from '@meridian/core'
import { devAccounts } from '@meridian/devnet'
import { forward, passageOf, send, status } from '@meridian/sdk'
import {
  createWalletClient,
  encodeAbiParameters,
  encodeFunctionData,
  http,
  keccak256,
  parseEther,
  stringToHex,
} from 'viem'
import { useHubRun } from './support/hub-run.ts'
import { deployAnswer } from './support/over-hub.ts'

const TIMEOUT = { timeout: 280_000 }
const run = useHubRun()
const { steps, tick, reached, forwards } = run

test('what somebody else has forwarded is delivered, and not forwarded again', TIMEOUT, async () => {
  const { a, b, h, lane } = run.world()
  await run.compass().close()
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
  await run.startCompass()
  await reached(sent.orderId, 'executed')
  assert.equal((await forwards()).filter((orderId) => orderId === sent.orderId).length, 1)
})

test('a forward that cannot proceed waits with its reason, and goes on when it can', TIMEOUT, async () => {
  const { a, h } = run.world()
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
  const reason = async () => (await run.compass().message(key))?.reason?.code
  while ((await reason()) !== 'Hub_LanePaused') await tick()
  assert.ok(!(await forwards()).includes(sent.orderId))
  await pause(4, 'unpauseLane')
  for (let passed = false; !passed; ) {
    await tick()
    await run.compass().retry(key)
    passed = steps.some(({ orderId, stage }) => orderId === sent.orderId && stage === 'executed')
  }
})

test(
  'a message that the hub runs goes on as what its target returned, and its fee is earned there',
  TIMEOUT,
  async () => {
    const { a, b, h, hub } = run.world()
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
    assert.equal(failed.data.targetTx, (await passageOf(run.world().lane(a, b), sent.orderId))?.tx)
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
    while ((await run.compass().message(key))?.state !== 'failed') await tick()
    assert.equal(await run.compass().retry(key), null)
    await reached(sent.orderId, 'executed')
    const passage = await passageOf(run.world().lane(a, b), sent.orderId)
    assert.equal(passage?.relayed?.outcome, 'delivered')
    const onwardId = passage?.relayed?.onwardOrderId
    assert.ok(onwardId != null)
    await reached(onwardId, 'executed')
    assert.ok((await b.received()).includes(keccak256(stringToHex('returned at the hub'))))
    while ((await a.escrow(sent.orderId)) > 0n) await tick()
    assert.equal((await status(run.world().lane(a, b), sent.orderId)).stage, 'relayed')
  },
)
