/** Messages between a Parlia chain and a QBFT chain while validators rotate, votes are missed and validators vote twice. */
import assert from 'node:assert/strict'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, test } from 'node:test'
import { iLightClientAbi, iParliaLightClientAbi } from '@meridian/abi'
import { connect, deployLightClient, portsOf } from '@meridian/cli/deploy'
import { type OpenCompass, openCompass, type Progress, parseConfig } from '@meridian/compass'
import {
  createParliaSource,
  encodeAttestedProof,
  encodeEvidence,
  knownSet,
  parliaDetail,
  readParliaClient,
} from '@meridian/consensus/parlia'
import {
  createParliaChain,
  createQbftChain,
  createVirtualClock,
  type ParliaChain,
  parliaKey,
  type QbftChain,
  type VirtualClock,
} from '@meridian/devnet'
import { type Address, encodeFunctionData } from 'viem'
import { deploySide, type Side, sideOf, trust } from './support/two-qbft.ts'

const PARLIA_ID = 7311
const QBFT_ID = 7312
const EPOCH_LENGTH = 20n
/** Seconds of the chains in a second of the wall. */
const RATE = 4

let clock: VirtualClock
let bsc: Side<ParliaChain>
let qbft: Side<QbftChain>
/** The light client of the Parlia chain, on the QBFT chain. */
let lightClient: Address
let compass: OpenCompass
let folder: string
const steps: Progress[] = []

before(async () => {
  clock = createVirtualClock({ start: Math.floor(Date.now() / 1000), rate: RATE })
  const [parliaChain, qbftChain] = await Promise.all([
    createParliaChain({ chainId: PARLIA_ID, clock, epochLength: EPOCH_LENGTH }),
    createQbftChain({ chainId: QBFT_ID, clock, blockPeriodSeconds: 1 }),
  ])
  const [a, b] = await Promise.all([deploySide(parliaChain), deploySide(qbftChain)])
  const sourceA = {
    chainId: BigInt(PARLIA_ID),
    consensus: 'parlia',
    rpc: parliaChain.rpcUrl,
    epochLength: EPOCH_LENGTH,
  } as const
  const sourceB = { chainId: BigInt(QBFT_ID), consensus: 'qbft', rpc: qbftChain.rpcUrl } as const
  const [onA, onB] = await Promise.all([
    deployLightClient(sourceB, a.deployer, a.contracts.timelock),
    deployLightClient(sourceA, b.deployer, b.contracts.timelock),
  ])
  lightClient = onB
  const price = { baseGas: 100_000n, updateGas: 0n, includedBytes: 16_384n, gasPerByte: 0n, gasPrice: 1n }
  await connect({ ...a, lightClient: onA, price }, { ...b, lightClient: onB, price }, 3_600n)
  await Promise.all([trust(a, b), trust(b, a)])
  bsc = await sideOf(a, b)
  qbft = await sideOf(b, a)

  folder = mkdtempSync(join(tmpdir(), 'compass-parlia-'))
  const chain = (side: Side<ParliaChain> | Side<QbftChain>, name: string, network?: string) => ({
    id: String(side.contracts.chainId),
    name,
    consensus: side.chain.kind,
    ...(network === undefined ? {} : { network }),
    rpc: [side.chain.rpcUrl],
    mos: side.contracts.mos,
    startBlock: String(side.contracts.fromBlock),
    signer: `env:KEY_${name.toUpperCase()}`,
    pollMs: 200,
    rebroadcastMs: 1_000,
    lostAfterMs: 1_000,
  })
  const [idA, idB] = [String(PARLIA_ID), String(QBFT_ID)]
  const config = parseConfig({
    store: folder,
    logLevel: process.env.COMPASS_LOG ?? 'silent',
    chains: [chain(bsc, 'bsc', `epoch-${EPOCH_LENGTH}`), chain(qbft, 'qbft')],
    lanes: [
      { from: idA, to: idB },
      { from: idB, to: idA },
    ],
  })
  const env = { KEY_BSC: bsc.relayerKey, KEY_QBFT: qbft.relayerKey }
  compass = await openCompass(config, { secrets: { env, readFile: () => '' } })
  compass.subscribe((step) => steps.push(step))
  compass.start()
})

after(async () => {
  await compass?.close()
  await clock?.stop()
  await Promise.all([bsc?.chain.stop(), qbft?.chain.stop()])
  if (folder !== undefined) rmSync(folder, { recursive: true })
})

function reached(orderId: string, stage: Progress['stage']): Promise<Progress> {
  const found = steps.find((s) => s.orderId === orderId && s.stage === stage)
  if (found !== undefined) return Promise.resolve(found)
  return new Promise((resolve) => {
    const stop = compass.subscribe((step) => {
      if (step.orderId !== orderId || step.stage !== stage) return
      stop()
      resolve(step)
    })
  })
}

async function roundTrip(text: string): Promise<void> {
  const counts = [await bsc.count(), await qbft.count()] as const
  const sent = (await Promise.all([bsc.send([text]), qbft.send([text])])).flat()
  await Promise.all(sent.map(({ orderId }) => reached(orderId, 'executed')))
  assert.deepEqual([await bsc.count(), await qbft.count()], [counts[0] + 1n, counts[1] + 1n])
}

const newestEpoch = async (): Promise<bigint> => {
  const [epoch] = await qbft.deployer.client.readContract({
    address: lightClient,
    abi: iParliaLightClientAbi,
    functionName: 'newestSet',
  })
  return epoch
}

/** Waits until the Parlia chain is at a block. */
async function until(number: bigint): Promise<void> {
  while (bsc.chain.head().number < number) await clock.waitUntil(clock.now() + 1)
}

test('a message each way', { timeout: 240_000 }, async () => {
  await roundTrip('first')
})

test('messages after two rotations: members, turn length and size of the set change', {
  timeout: 240_000,
}, async () => {
  const before = await newestEpoch()
  const key = (index: number) => parliaKey(`meridian devnet ${PARLIA_ID} validator ${index}`)
  bsc.chain.rotate([0, 1, 2, 7].map(key), 2)
  await until((bsc.chain.head().number / EPOCH_LENGTH + 1n) * EPOCH_LENGTH)
  bsc.chain.rotate([1, 2, 7, 8, 9].map(key), 1)
  await until((bsc.chain.head().number / EPOCH_LENGTH + 1n) * EPOCH_LENGTH + 12n)
  assert.equal(bsc.chain.validators().members.length, 5)
  await roundTrip('rotated')
  assert.ok((await newestEpoch()) >= before + 2n * EPOCH_LENGTH)
})

test('messages while a validator does not vote, and after blocks without any votes', { timeout: 240_000 }, async () => {
  bsc.chain.setFault({ withheld: 1 })
  await roundTrip('one is absent')
  bsc.chain.setFault({ skipAttestation: true })
  const [sent] = await bsc.send(['nobody votes'])
  assert.ok(sent !== undefined)
  await until(bsc.chain.head().number + 3n)
  bsc.chain.setFault({})
  await reached(sent.orderId, 'executed')
})

test('validators that finalize two blocks at one height freeze the client', { timeout: 240_000 }, async () => {
  const rpc = portsOf({ chainId: BigInt(PARLIA_ID), consensus: 'parlia', rpc: bsc.chain.rpcUrl }).rpc
  const target = portsOf({ chainId: BigInt(QBFT_ID), consensus: 'qbft', rpc: qbft.chain.rpcUrl }).rpc
  const source = createParliaSource(rpc, EPOCH_LENGTH)
  const detail = parliaDetail(await readParliaClient(target, lightClient))
  // A block that the newest set of the client votes on.
  const known = await knownSet(source, detail, detail.epoch)
  await until(known.first + 4n)
  const final = await source.firstFinal(known.first, known.first + 2n)
  assert.ok(final)
  const proofs = [final, await bsc.chain.equivocate(final.header.number)].map((block) =>
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
