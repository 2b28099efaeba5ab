/** A QBFT chain and one like MAP's relay chain: messages both ways across elections, and in the last block of an epoch. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { iIstanbulLightClientAbi, messageServiceAbi } from '@meridian/abi'
import {
  createIstanbulSource,
  encodeEvidence,
  encodeSealedProof,
  istanbulConsensus,
  istanbulDetail,
  parseHeader,
  sealedHeader,
} from '@meridian/consensus/istanbul'
import { createIstanbulChain, createQbftChain, type IstanbulChain } from '@meridian/devnet'
import { type Address, encodeFunctionData, type Hex, keccak256, stringToHex } from 'viem'
import type { TwoChains } from './support/two-qbft.ts'
import { useTwoChains } from './support/use-compass.ts'

const EPOCH = 20
const TIMEOUT = { timeout: 90_000 }

let relay: IstanbulChain
const { world, compass, reached, tick, until, hurryUntil } = useTwoChains(
  {},
  {
    starts: [
      (clock) => createQbftChain({ chainId: 7_201, clock, blockPeriodSeconds: 1 }),
      async (clock) => {
        relay = await createIstanbulChain({ chainId: 7_202, clock, blockPeriodSeconds: 3, epochSize: EPOCH })
        return relay
      },
    ],
  },
)
const executed = (orderId: Hex) => reached(orderId, 'executed')

const portOf = (side: TwoChains['a']) => ({
  // CAST: methods outside viem's schema
  request: (method: string, params: readonly unknown[]): Promise<unknown> =>
    side.deployer.client.request({ method, params } as unknown as { method: 'eth_chainId' }),
})

/** The light client of the relay chain, on the QBFT chain. */
async function relayClient(): Promise<Address> {
  const { a, b } = world()
  const { lightClient } = await a.deployer.client.readContract({
    abi: messageServiceAbi,
    address: a.contracts.mos,
    functionName: 'route',
    args: [b.contracts.chainId],
  })
  return lightClient
}

test('messages go both ways across an election, late rounds and missed votes', TIMEOUT, async () => {
  const { a, b } = world()
  const [there, back] = (await Promise.all([a.send(['there']), b.send(['back'])])).flat()
  assert.ok(there !== undefined && back !== undefined)
  await Promise.all([executed(there.orderId), executed(back.orderId)])

  const [leaving] = relay.validators()
  assert.ok(leaving)
  const joining = relay.proposeValidator({ add: keccak256(stringToHex('newcomer of the relay chain')) })
  relay.proposeValidator({ drop: leaving })
  relay.setFault({ withheld: 1, round: 2 })
  const before = relay.head().number
  await hurryUntil(() => relay.validators().includes(joining))
  assert.ok(!relay.validators().includes(leaving))
  relay.setFault({})
  const [after] = await b.send(['after the election'])
  assert.ok(after)
  const { data } = await executed(after.orderId)
  assert.equal(data.executed, true)
  assert.ok(data.blockNumber > before)
  assert.equal(await a.count(), 2n)

  const state = await istanbulConsensus.readClient(portOf(a), await relayClient())
  assert.ok(istanbulDetail(state).sets.size >= 2, 'the next set was learnt from a header')
})

test(
  'a message in the last block of an epoch, whose trie has a receipt more than JSON-RPC serves',
  TIMEOUT,
  async () => {
    const { b } = world()
    const pending = () => b.deployer.client.getTransactionCount({ address: b.deployer.address, blockTag: 'pending' })
    // Without a quorum the chain stands still; it is moved on until the next block is the last of its epoch.
    relay.setFault({ withheld: 2 })
    while ((relay.head().number + 1n) % BigInt(EPOCH) !== 0n) {
      relay.setFault({})
      await relay.mine()
      relay.setFault({ withheld: 2 })
    }
    const nonce = await pending()
    const sending = b.send(['the last of its epoch'])
    while ((await pending()) === nonce) await tick()
    relay.setFault({})
    const [message] = await sending
    assert.ok(message)
    const { blockNumber } = await b.deployer.client.getTransactionReceipt({ hash: message.hash })
    assert.equal(blockNumber % BigInt(EPOCH), 0n)
    assert.equal((await executed(message.orderId)).data.executed, true)
  },
)

test('two blocks sealed for one height freeze the client, and nothing passes any more', TIMEOUT, async () => {
  const { a, b } = world()
  const client = await relayClient()
  const source = createIstanbulSource(portOf(b))
  const state = await istanbulConsensus.readClient(portOf(a), client)
  const { chain, epoch } = istanbulDetail(state)
  const { served, conflicting } = await relay.equivocate((epoch - 1n) * chain.epochSize + 1n)
  const proofs = await Promise.all(
    [served, conflicting].map(async (raw) => encodeSealedProof(await sealedHeader(source, chain, parseHeader(raw)))),
  )
  const [first, second] = proofs
  assert.ok(first && second)
  await a.deployer.call(
    'reporting',
    client,
    encodeFunctionData({
      abi: iIstanbulLightClientAbi,
      functionName: 'reportMisbehaviour',
      args: [encodeEvidence(first, second)],
    }),
  )
  assert.equal((await istanbulConsensus.readClient(portOf(a), client)).status, 'frozen')
  const count = await a.count()
  const [message] = await b.send(['never'])
  assert.ok(message)
  const key = { fromChain: b.contracts.chainId, orderId: message.orderId }
  const reason = async () => JSON.stringify((await compass().message(key))?.reason ?? null)
  await until(async () => /CLIENT_UNUSABLE|frozen/i.test(await reason()))
  assert.equal(await a.count(), count)
})
