import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { Message } from '@meridian/compass'
import { decodeMessageData, encodeMessageData, mapMessageOutTopic, orderId, parseMapMessageOut } from '@meridian/core'
import { type Address, encodeAbiParameters, type Hex } from 'viem'
import { type Sent, type Side, setBalance } from './support/two-qbft.ts'
import { useTwoChains } from './support/use-compass.ts'

const TIMEOUT = { timeout: 120_000 }
const { world, compass, tick, until } = useTwoChains()

/** The message's row once it fits; looks again with every second of the chains. */
async function row(from: Side, sent: Sent | undefined, fits: (message: Message) => boolean): Promise<Message> {
  assert.ok(sent !== undefined)
  for (;;) {
    const message = await compass().message({ fromChain: from.contracts.chainId, orderId: sent.orderId })
    if (message !== null && fits(message)) return message
    await tick()
  }
}
const executed = (message: Message): boolean => message.executed === true
const paid = (side: Side): Promise<number> => side.deployer.client.getTransactionCount({ address: side.relayer })

test(
  'an endpoint that lies about receipts is caught before anything is paid; the other lane goes on',
  TIMEOUT,
  async () => {
    const { a, b } = world()
    const before = await paid(b)
    a.chain.rpcFaults.set({
      kind: 'lie',
      method: 'eth_getBlockReceipts',
      rewrite: (result) =>
        Array.isArray(result) ? result.map((receipt) => ({ ...receipt, cumulativeGasUsed: '0x1' })) : result,
    })
    const [[there], [back]] = await Promise.all([a.send(['there']), b.send(['back'])])
    const waiting = await row(a, there, ({ reason }) => reason !== null)
    assert.equal(waiting.reason?.code, 'RECEIPTS_ROOT')
    await row(b, back, executed)
    assert.equal(await paid(b), before)
    a.chain.rpcFaults.clear()
    await row(a, there, executed)
  },
)

test(
  'an empty wallet stops its lane with a reason and nothing else, and it goes on once it is funded',
  TIMEOUT,
  async () => {
    const { a, b } = world()
    await setBalance(b, b.relayer, 1n)
    const [[there], [back]] = await Promise.all([a.send(['there']), b.send(['back'])])
    const waiting = await row(a, there, ({ reason }) => reason !== null)
    assert.equal(waiting.reason?.code, 'WALLET_EMPTY')
    await row(b, back, executed)
    await setBalance(b, b.relayer)
    await row(a, there, executed)
  },
)

// CO-6
test('an endpoint that is dead for a while loses nothing, and Compass says what it waits for', TIMEOUT, async () => {
  const { a, b } = world()
  const [there] = await a.send(['there'])
  a.chain.rpcFaults.set({ kind: 'dead' })
  const [back] = await b.send(['back'])
  await row(b, back, ({ state }) => state === 'final')
  const troubled = () =>
    compass()
      .status()
      .workers.filter(({ trouble }) => trouble !== null)
  await until(() => troubled().some(({ name }) => name === 'source alpha'))
  assert.ok(troubled().every(({ trouble }) => trouble?.reason.code === 'RPC_TRANSPORT'))
  assert.ok(!troubled().some(({ name }) => name === 'source beta'))
  a.chain.rpcFaults.clear()
  await Promise.all([row(b, back, executed), row(a, there, executed)])
})

interface FoundLog {
  readonly address: Address
  readonly topics: readonly Hex[]
  readonly data: Hex
}

/** The log of another message under the same nonce, with the id that such a message would have. */
function forged(log: FoundLog, told: Hex[]): FoundLog {
  if (log.topics[0] !== mapMessageOutTopic) return log
  const out = parseMapMessageOut(log)
  const messageData = encodeMessageData({ ...decodeMessageData(out.messageData), payload: '0xbad0' })
  const id = orderId({ ...out, messageData })
  told.push(id)
  const parameters = [{ type: 'bytes32' }, { type: 'bytes' }, { type: 'bytes' }] as const
  return { ...log, data: encodeAbiParameters(parameters, [id, out.sender, messageData]) }
}

// once, the real message of that nonce was never read: it was lost, and the other waited for ever
test(
  'a message that an endpoint makes up in the place of a real one is found out, and the real one is carried',
  TIMEOUT,
  async () => {
    const { a, b } = world()
    const before = await paid(b)
    const told: Hex[] = []
    // CAST: what the endpoint says without the lie
    const rewrite = (result: unknown) => (result as readonly FoundLog[]).map((log) => forged(log, told))
    a.chain.rpcFaults.set({ kind: 'lie', method: 'eth_getLogs', rewrite })
    const [there] = await a.send(['there'])
    await row(a, there, executed)
    a.chain.rpcFaults.clear()
    assert.ok(told.length > 0)
    const fromChain = a.contracts.chainId
    for (const id of told) assert.equal(await compass().message({ fromChain, orderId: id }), null)
    assert.equal((await paid(b)) - before, 1)
  },
)
