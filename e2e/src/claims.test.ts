import assert from 'node:assert/strict'
import { test } from 'node:test'
import { feeServiceAbi, feeServiceBytecode, iFeeServiceAbi, messageServiceAbi } from '@meridian/abi'
import { initCodeOf } from '@meridian/cli/deploy'
import type { Claim } from '@meridian/compass'
import { owed, proveRecord, settle } from '@meridian/sdk'
import { createTestClient, createWalletClient, getAddress, type Hex, http, pad, parseEther, zeroAddress } from 'viem'
import type { Side } from './support/two-qbft.ts'
import { useTwoChains } from './support/use-compass.ts'

const TIMEOUT = { timeout: 240_000 }
/** Receives the fees that lie on B: an account that Compass has no key of. */
const vault = getAddress(pad('0x7a017', { size: 20 }))
/** Looks again soon at what is not worth a claim yet. */
const quick = { maintainMs: 1_000 }
// a fee of 300,000 gas at this price pays for its claim many times over
const { world, compass, startCompass, tick, until } = useTwoChains(
  { extra: { a: quick, b: { payee: vault } } },
  { gasPrice: 1_000_000_000_000n },
)

/** The claims of these orders, once each of them is settled. */
async function settled(from: Side, orderIds: readonly Hex[]): Promise<readonly Claim[]> {
  for (;;) {
    const all = (await compass().claims()).filter(({ fromChain }) => fromChain === from.contracts.chainId)
    const theirs = all.filter(({ orders }) => orders.some(({ orderId }) => orderIds.includes(orderId)))
    const done = theirs.filter(({ state }) => state === 'settled')
    if (done.flatMap(({ orders }) => orders).length >= orderIds.length) return done
    await tick()
  }
}

const balance = (side: Side, address: Hex) => side.deployer.client.getBalance({ address })

const eventsOf = (side: Side) =>
  ({ abi: iFeeServiceAbi, address: side.contracts.feeService, fromBlock: 0n, strict: true }) as const
const earnedOn = (side: Side) => side.deployer.client.getContractEvents({ ...eventsOf(side), eventName: 'FeeEarned' })
const withdrawnOn = (side: Side) =>
  side.deployer.client.getContractEvents({ ...eventsOf(side), eventName: 'Withdrawn' })

/** Wei that an account has paid for its transactions. */
async function spent(side: Side, address: Hex): Promise<bigint> {
  const { client } = side.deployer
  const head = await client.getBlockNumber({ cacheTime: 0 })
  let sum = 0n
  for (let number = 0n; number <= head; number++) {
    const block = await client.getBlock({ blockNumber: number, includeTransactions: true })
    for (const { hash, from } of block.transactions) {
      if (from.toLowerCase() !== address.toLowerCase()) continue
      const receipt = await client.getTransactionReceipt({ hash })
      assert.equal(receipt.status, 'success', 'Compass paid for a transaction that reverted')
      sum += receipt.gasUsed * receipt.effectiveGasPrice
    }
  }
  return sum
}

test(
  'what a delivery earned is claimed and withdrawn: the payee’s balance grows by exactly the escrow',
  TIMEOUT,
  async () => {
    const { a } = world()
    const before = await balance(a, a.relayer)
    const sent = await a.send(['one', 'two', 'three', 'four'])
    const ids = sent.map(({ orderId }) => orderId)
    const fees = (await Promise.all(ids.map((id) => a.escrow(id)))).reduce((sum, fee) => sum + fee, 0n)
    assert.equal(fees, 4n * 300_000n * 1_000_000_000_000n)
    const claims = await settled(a, ids)
    const claimed = claims.flatMap(({ orders }) => orders).reduce((sum, { amount }) => sum + amount, 0n)
    assert.equal(claimed, fees)
    for (;;) {
      const paid = (await withdrawnOn(a)).reduce((sum, { args }) => sum + args.amount, 0n)
      if (paid === fees) break
      assert.ok(paid < fees)
      await tick()
    }
    assert.equal(await owed(a.endpoint, a.relayer), 0n)
    assert.equal(await balance(a, a.contracts.feeService), 0n)
    const after = await balance(a, a.relayer)
    assert.equal(after - before, fees - (await spent(a, a.relayer)))
    assert.equal((await earnedOn(a)).length, ids.length)
    // one receipt, one claim: as many as there were delivering transactions
    const deliveries = new Set(claims.map(({ txHash }) => txHash))
    assert.equal(claims.length, deliveries.size)
  },
)

test('fees go to the payee that the configuration names, who alone can take them', TIMEOUT, async () => {
  const { b } = world()
  const sent = await b.send(['back'])
  const [fee] = await Promise.all(sent.map(({ orderId }) => b.escrow(orderId)))
  await settled(
    b,
    sent.map(({ orderId }) => orderId),
  )
  assert.equal(await owed(b.endpoint, vault), fee)
  assert.equal(await owed(b.endpoint, b.relayer), 0n)
  assert.equal(await balance(b, b.contracts.feeService), fee)
})

test('what is not worth a claim waits; settled by somebody else, it is not paid for again', TIMEOUT, async () => {
  const { a, b } = world()
  await compass().close()
  await startCompass({ a: { ...quick, claims: { minAmount: String(10n ** 30n) } } })
  const nonce = () => a.deployer.client.getTransactionCount({ address: a.relayer })
  const paid = await nonce()
  const [sent] = await a.send(['settled by another'])
  assert.ok(sent !== undefined)
  const { orderId } = sent
  const claim = async () =>
    (await compass().claims()).find(({ orders }) => orders.some((order) => order.orderId === orderId))
  await until(async () => (await claim())?.reason?.code === 'NOT_WORTH_IT')
  const lane = { from: a.endpoint, to: b.endpoint }
  const proof = await proveRecord(lane, b.provable, orderId)
  const credits = await settle(a.endpoint, a.deployer.wallet, b.contracts.chainId, proof)
  assert.deepEqual(
    credits.map(({ account }) => account),
    [a.relayer],
  )
  await compass().close()
  await startCompass({ a: quick })
  await until(async () => (await claim())?.state === 'settled')
  assert.equal((await claim())?.transactionId, null)
  const kinds = (await nonce()) - paid
  assert.ok(kinds <= 1, 'at most the withdrawal of the credit')
  await spent(a, a.relayer)
})

// once, what lay in escrow when MOS was given another fee service was lost to the relayer, and read as a fee of nothing
test(
  'a fee that was paid to a former fee service is seen by the profit rule, claimed there, and withdrawn',
  TIMEOUT,
  async () => {
    const { a, b } = world()
    const { mos, timelock, feeService: former } = a.contracts
    await compass().close()
    const sent = await a.send(['paid before', 'paid before too'])
    const ids = sent.map(({ orderId }) => orderId)
    const fees = (await Promise.all(ids.map((id) => a.escrow(id)))).reduce((sum, fee) => sum + fee, 0n)
    const before = await balance(a, former)
    const init = initCodeOf(feeServiceAbi, feeServiceBytecode, [timelock, a.deployer.address, mos])
    const next = await a.deployer.deploy('another fee service', init)
    const transport = http(a.chain.rpcUrl)
    const anvil = createTestClient({ mode: 'anvil', transport })
    await anvil.setBalance({ address: timelock, value: parseEther('1') })
    await anvil.impersonateAccount({ address: timelock })
    const hash = await createWalletClient({ account: timelock, transport }).writeContract({
      chain: null,
      address: mos,
      abi: messageServiceAbi,
      functionName: 'setFeeService',
      args: [next],
    })
    assert.equal((await a.deployer.client.waitForTransactionReceipt({ hash })).status, 'success')

    const [from, to] = [a, b].map((side) => String(side.contracts.chainId))
    const profit = { prices: [{ token: zeroAddress, units: String(parseEther('1')) }] }
    await startCompass({ a: quick, top: { lanes: [{ from, to, profit }] } })
    const claims = await settled(a, ids)
    assert.ok(claims.every(({ feeService }) => getAddress(feeService) === getAddress(former)))
    while ((await balance(a, former)) > before - fees) await tick()
  },
)
