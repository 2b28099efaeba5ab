/** Updates that start from the aggregate of another one, as Compass builds them, against the contract. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { ethereumLightClientAbi, ethereumLightClientBytecode } from '@meridian/abi'
import fc from 'fast-check'
import { type Address, type Hex, hexToBytes, sliceHex, zeroHash } from 'viem'
import {
  aggregateCommitment,
  bootstrapArgs,
  type CommittedAggregate,
  chooseEncoding,
  clientForks,
  clientParameters,
  createEthereumConsensus,
  detailOf,
  encodeUpdate,
  findKeptAggregate,
  initializeLightClientStore,
  timeAtSlot,
} from '../src/ethereum/index.ts'
import type { RpcPort } from '../src/types.ts'
import { type TestChain as Anvil, withAnvil } from './anvil.ts'
import { committeeOf, createTestChain, executionOf, flip, testNetwork } from './ethereum-chain.ts'
import { createBeaconNode, createClientChain, createExecutionNode } from './ethereum-node.ts'

const seed = Number(process.env.MERIDIAN_SEED ?? Date.now() % 2 ** 31)
const network = testNetwork('minimal', [['fulu', 0n]])
const PERIOD = 64n
const TRUSTING_PERIOD = 100_000n
const signers = committeeOf(network, 2n)

const chain = createTestChain(network)
const start = chain.add(2n * PERIOD + 2n)
const finals = [8n, 16n, 24n].map((slot) => chain.add(2n * PERIOD + slot))
const updateOf = (index: number, absent: readonly number[]) => {
  const final = finals[index]
  assert.ok(final)
  const attested =
    chain.blocks.get(2n * PERIOD + 40n + BigInt(index)) ?? chain.add(2n * PERIOD + 40n + BigInt(index), final)
  return chain.update(attested, final, { absent })
}
const now = timeAtSlot(network, 3n * PERIOD)

/** Where the flags stand in an update of 32 members. */
const FLAGS = 556
const flagsOf = (data: Hex): number => Number(sliceHex(data, FLAGS, FLAGS + 1))

async function deploy(anvil: Anvil): Promise<Address> {
  const args = [
    clientParameters(network, { trustingPeriod: TRUSTING_PERIOD }),
    clientForks(network),
    bootstrapArgs(chain.bootstrap(start), network),
  ] as const
  const hash = await anvil.deployContract({ abi: ethereumLightClientAbi, bytecode: ethereumLightClientBytecode, args })
  const { contractAddress } = await anvil.waitForTransactionReceipt({ hash })
  assert.ok(contractAddress)
  return contractAddress
}

async function send(anvil: Anvil, address: Address, data: Hex): Promise<void> {
  const call = { address, abi: ethereumLightClientAbi, functionName: 'update', args: [data] } as const
  const { request } = await anvil.simulateContract({ ...call, account: anvil.account })
  const hash = await anvil.writeContract(request)
  assert.equal((await anvil.waitForTransactionReceipt({ hash })).status, 'success')
}

// CAST: the port speaks of any method, viem's request only of those that it knows.
const portOf = (anvil: Anvil): RpcPort => ({ request: (method, params) => anvil.request({ method, params } as never) })

test('Compass keeps an aggregate, finds it again and starts from it', async () => {
  const consensus = createEthereumConsensus({ network })
  await withAnvil(now, async (anvil) => {
    const address = await deploy(anvil)
    const target = portOf(anvil)
    const absents = [
      [3, 9, 30],
      [3, 9, 31],
      [3, 9, 31],
    ]
    const flags: number[] = []
    for (const [index, absent] of absents.entries()) {
      const finality = updateOf(index, absent)
      const ports = { rpc: createExecutionNode(chain), beacon: createBeaconNode(chain, { finality }) }
      const { blockNumber, timestamp, blockHash } = executionOf(finality.finalizedHeader)
      const point = { number: blockNumber, timestamp, hash: blockHash }
      const client = await consensus.readClient(target, address)
      const proof = await consensus.proveReceiptsRoot(ports, client, point, now)
      assert.equal(proof.status, 'ready')
      if (proof.status !== 'ready') return
      const [data] = proof.updates
      assert.ok(data !== undefined && proof.updates.length === 1)
      await send(anvil, address, data)
      flags.push(flagsOf(data))
      const { kept } = detailOf(await consensus.readClient(target, address))
      assert.equal(kept?.bits, finality.syncAggregate.bits)
      assert.equal(kept?.commitment, aggregateCommitment({ period: 2n, bits: kept?.bits ?? '0x' }, signers))
    }
    // keep; from the kept one and keep; from the kept one, which is the same
    assert.deepEqual(flags, [4, 6, 2])
  })
})

test(`whichever members differ, the contract takes both forms of an update (seed ${seed})`, async () => {
  const absentees = fc.uniqueArray(fc.nat({ max: 31 }), { maxLength: 10 })
  const cases = fc.sample(fc.tuple(absentees, absentees), { seed, numRuns: 12 })
  await withAnvil(now, async (anvil) => {
    const address = await deploy(anvil)
    const id = { current: await anvil.snapshot() }
    for (const [before, absent] of cases) {
      const first = updateOf(0, before)
      const second = updateOf(1, absent)
      await send(anvil, address, encodeUpdate(first, signers, { keep: true }))
      const from = { period: 2n, bits: first.syncAggregate.bits }
      await send(anvil, address, encodeUpdate(second, signers, { from, keep: true }))
      const call = { address, abi: ethereumLightClientAbi } as const
      const commitment = await anvil.readContract({ ...call, functionName: 'keptAggregate' })
      assert.equal(commitment, aggregateCommitment({ period: 2n, bits: second.syncAggregate.bits }, signers))
      const args = [second.finalizedHeader.beacon.slot, finals[1]?.root ?? zeroHash] as const
      const [, participants] = await anvil.readContract({ ...call, functionName: 'storedBlock', args })
      assert.equal(participants, BigInt(32 - absent.length))
      // What is proven does not depend on the form.
      assert.equal(
        (await anvil.simulateContract({ ...call, functionName: 'update', args: [encodeUpdate(second, signers)] }))
          .result,
        0,
      )
      await anvil.revert({ id: id.current })
      id.current = await anvil.snapshot()
    }
  })
})

test('chooses what costs least, and never an aggregate that is not the kept one', () => {
  const update = updateOf(2, [1, 2, 3, 4])
  const keptBy = (absent: readonly number[], period = 2n): CommittedAggregate => {
    const kept = { period, bits: updateOf(0, absent).syncAggregate.bits }
    return { ...kept, commitment: aggregateCommitment(kept, signers) }
  }
  const choose = (kept?: CommittedAggregate) => chooseEncoding(update, signers, network, kept)
  assert.deepEqual(choose(), { keep: true })
  const same = keptBy([1, 2, 3, 4])
  assert.deepEqual(choose(same), { from: same })
  const near = keptBy([1, 2, 3])
  assert.deepEqual(choose(near), { from: near, keep: true })
  for (const unfit of [
    keptBy([5, 6, 7, 8]),
    keptBy([1, 2, 3, 4], 3n),
    { ...same, commitment: flip(same.commitment) },
    { ...same, bits: flip(same.bits) },
    { ...same, bits: '0xff' } as const,
  ])
    assert.deepEqual(choose(unfit), { keep: true })
  assert.deepEqual(chooseEncoding(updateOf(2, [1, 2]), signers, network, undefined), {})
  assert.equal(hexToBytes(same.bits).length, 4)
})

test('a target that serves no logs, or others, costs gas and nothing else', async () => {
  const store = initializeLightClientStore(chain.bootstrap(start), network)
  const kept = { period: 2n, bits: '0xffffffff', commitment: `0x${'12'.repeat(32)}` } as const
  const consensus = createEthereumConsensus({ network })
  const address = '0x00000000000000000000000000000000000000c1'
  const policy = { trustingPeriod: TRUSTING_PERIOD, kept }
  for (const logs of [undefined, [], [{ topics: [], data: '0x' }], [{ topics: ['0x12'], data: '0x' }], ['nonsense']]) {
    const target = createClientChain(network, store, logs === undefined ? policy : { ...policy, logs })
    const client = await consensus.readClient(target, address)
    assert.equal(detailOf(client).kept, undefined)
  }
  const silent: RpcPort = { request: async () => assert.fail('nothing is kept, so nothing is asked') }
  assert.equal(await findKeptAggregate(silent, address, zeroHash, 5n), undefined)
})
