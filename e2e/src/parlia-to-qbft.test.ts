/** Messages between a Parlia chain and a QBFT chain while validators rotate, votes are missed and validators vote twice. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { iLightClientAbi, iMessageServiceAbi, iParliaLightClientAbi } from '@meridian/abi'
import { portsOf } from '@meridian/cli/deploy'
import {
  createParliaSource,
  encodeAttestedProof,
  encodeEvidence,
  knownSet,
  parliaDetail,
  readParliaClient,
} from '@meridian/consensus/parlia'
import { createParliaChain, createQbftChain, type ParliaChain, parliaKey } from '@meridian/devnet'
import { type Address, encodeFunctionData } from 'viem'
import { useTwoChains } from './support/use-compass.ts'

const PARLIA_ID = 7311
const QBFT_ID = 7312
const EPOCH_LENGTH = 20n
/** Seconds of the chains in a second of the wall. */
const RATE = 4

let parlia: ParliaChain
const { world, reached, hurryUntil } = useTwoChains(
  { extra: { a: { pollMs: 200 }, b: { pollMs: 200 } } },
  {
    starts: [
      async (clock) => {
        parlia = await createParliaChain({ chainId: PARLIA_ID, clock, epochLength: EPOCH_LENGTH })
        return parlia
      },
      (clock) => createQbftChain({ chainId: QBFT_ID, clock, blockPeriodSeconds: 1 }),
    ],
    rate: RATE,
  },
)

async function roundTrip(text: string): Promise<void> {
  const { a: bsc, b: qbft } = world()
  const counts = [await bsc.count(), await qbft.count()] as const
  const sent = (await Promise.all([bsc.send([text]), qbft.send([text])])).flat()
  await Promise.all(sent.map(({ orderId }) => reached(orderId, 'executed')))
  assert.deepEqual([await bsc.count(), await qbft.count()], [counts[0] + 1n, counts[1] + 1n])
}

/** The light client of the Parlia chain, on the QBFT chain. */
async function parliaClient(): Promise<Address> {
  const { a, b } = world()
  const { lightClient } = await b.deployer.client.readContract({
    abi: iMessageServiceAbi,
    address: b.contracts.mos,
    functionName: 'route',
    args: [a.contracts.chainId],
  })
  return lightClient
}

const newestEpoch = async (): Promise<bigint> => {
  const [epoch] = await world().b.deployer.client.readContract({
    address: await parliaClient(),
    abi: iParliaLightClientAbi,
    functionName: 'newestSet',
  })
  return epoch
}

/** Waits until the Parlia chain is at a block. */
const untilBlock = (number: bigint): Promise<void> => hurryUntil(() => parlia.head().number >= number)

test('a message each way', { timeout: 240_000 }, async () => {
  await roundTrip('first')
})

test('messages after two rotations: members, turn length and size of the set change', {
  timeout: 240_000,
}, async () => {
  const before = await newestEpoch()
  const key = (index: number) => parliaKey(`meridian devnet ${PARLIA_ID} validator ${index}`)
  parlia.rotate([0, 1, 2, 7].map(key), 2)
  await untilBlock((parlia.head().number / EPOCH_LENGTH + 1n) * EPOCH_LENGTH)
  parlia.rotate([1, 2, 7, 8, 9].map(key), 1)
  await untilBlock((parlia.head().number / EPOCH_LENGTH + 1n) * EPOCH_LENGTH + 12n)
  assert.equal(parlia.validators().members.length, 5)
  await roundTrip('rotated')
  assert.ok((await newestEpoch()) >= before + 2n * EPOCH_LENGTH)
})

test('messages while a validator does not vote, and after blocks without any votes', { timeout: 240_000 }, async () => {
  parlia.setFault({ withheld: 1 })
  await roundTrip('one is absent')
  parlia.setFault({ skipAttestation: true })
  const [sent] = await world().a.send(['nobody votes'])
  assert.ok(sent !== undefined)
  await untilBlock(parlia.head().number + 3n)
  parlia.setFault({})
  await reached(sent.orderId, 'executed')
})

test('validators that finalize two blocks at one height freeze the client', { timeout: 240_000 }, async () => {
  const { b: qbft } = world()
  const lightClient = await parliaClient()
  const rpc = portsOf({ chainId: BigInt(PARLIA_ID), consensus: 'parlia', rpc: parlia.rpcUrl }).rpc
  const target = portsOf({ chainId: BigInt(QBFT_ID), consensus: 'qbft', rpc: qbft.chain.rpcUrl }).rpc
  const source = createParliaSource(rpc, EPOCH_LENGTH)
  const detail = parliaDetail(await readParliaClient(target, lightClient))
  // A block that the newest set of the client votes on.
  const known = await knownSet(source, detail, detail.epoch)
  await untilBlock(known.first + 4n)
  const final = await source.firstFinal(known.first, known.first + 2n)
  assert.ok(final)
  const proofs = [final, await parlia.equivocate(final.header.number)].map((block) =>
    encodeAttestedProof({ ...block, known }),
  )
  const [first, second] = proofs
  assert.ok(first && second)
  const data = encodeFunctionData({
    abi: iLightClientAbi,
    functionName: 'reportMisbehaviour',
    args: [encodeEvidence(first, second)],
  })
  await qbft.deployer.call('reporting the double vote', lightClient, data)
  const status = await qbft.deployer.client.readContract({
    address: lightClient,
    abi: iLightClientAbi,
    functionName: 'status',
  })
  assert.equal(status, 2)
})
