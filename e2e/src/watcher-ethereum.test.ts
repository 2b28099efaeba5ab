/** A watcher over Ethereum's light client: sync committees that sign two histories, and nodes that lie about one. */
import './support/minimal-preset.ts'
import assert from 'node:assert/strict'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, afterEach, before, describe, test } from 'node:test'
import { iLightClientAbi, iMessageServiceAbi } from '@meridian/abi'
import { createLog, type OpenCompass, openCompass } from '@meridian/compass'
import {
  beaconHeaderRoot,
  createEthereumSource,
  detailOf,
  encodeUpdate,
  parseBlockHeader,
  parseUpdate,
  periodAtSlot,
  type Update,
} from '@meridian/consensus/ethereum'
import { createEthereumChain, createQbftChain, type EthereumChain } from '@meridian/devnet'
import { type Address, encodeFunctionData, type Hex, keccak256 } from 'viem'
import { configOf, secretsOf } from './support/compass-config.ts'
import { startTwoChains, type TwoChains } from './support/two-qbft.ts'

const TIMEOUT = { timeout: 280_000 }
const [ACTIVE, FROZEN] = [0, 2]

let chains: TwoChains
let ethereum: EthereumChain
let folder: string
let compass: OpenCompass | null = null
let logged: Record<string, unknown>[]

/** A QBFT chain with a client of Ethereum. */
async function start(ids: readonly [number, number]): Promise<void> {
  chains = await startTwoChains({
    starts: [
      (clock) => createQbftChain({ chainId: ids[0], clock, blockPeriodSeconds: 2 }),
      async (clock) => {
        ethereum = await createEthereumChain({ chainId: ids[1], clock, secondsPerSlot: 6 })
        return ethereum
      },
    ],
  })
  folder = mkdtempSync(join(tmpdir(), 'compass-watcher-ethereum-'))
}
async function stop(): Promise<void> {
  await chains?.stop()
  if (folder !== undefined) rmSync(folder, { recursive: true })
}
afterEach(async () => {
  await compass?.close()
  compass = null
})

interface Mode {
  readonly signer: boolean
  readonly dryRun?: boolean
  readonly beacon?: readonly string[]
}
async function watch({ signer, dryRun = false, beacon = [ethereum.beaconUrl] }: Mode): Promise<void> {
  await compass?.close()
  logged = []
  const log = createLog('info', { write: (line: string) => void logged.push(JSON.parse(line)) })
  const top = { metrics: { port: 0 }, watcherMs: 100, telemetryMs: 100 }
  const config = configOf(chains, folder, { top, b: { beacon } })
  const chainsOf = signer ? config.chains : config.chains.map((chain) => ({ ...chain, signer: undefined }))
  const secrets = { env: secretsOf(chains), readFile: () => '' }
  compass = await openCompass({ ...config, chains: chainsOf }, { secrets, log, watchOnly: true, dryRun })
  compass.start()
}

/** Of Ethereum's client: a metric's value, with a label of its own where it has one. */
async function metric(name: string, label = ''): Promise<number | undefined> {
  const text = await (await fetch(compass?.metricsUrl ?? '')).text()
  const [from, to] = [chains.b.contracts.chainId, chains.a.contracts.chainId]
  const found = new RegExp(`^meridian_${name}\\{from="${from}",to="${to}"${label}\\} (\\S+)$`, 'm').exec(text)?.[1]
  return found === undefined ? undefined : Number(found)
}
async function until(fits: () => Promise<boolean> | boolean): Promise<void> {
  while (!(await fits())) await chains.clock.waitUntil(chains.clock.now() + 1)
}
const has = (code: string, key = 'code') => logged.some((line) => line[key] === code)
const looked = async () => ((await metric('watcher_look_timestamp_seconds')) ?? 0) > 0

async function clientAddress(): Promise<Address> {
  const { deployer, contracts } = chains.a
  const args = [chains.b.contracts.chainId] as const
  const read = { abi: iMessageServiceAbi, address: contracts.mos, functionName: 'route', args } as const
  return (await deployer.client.readContract(read)).lightClient
}
const status = async () =>
  chains.a.deployer.client.readContract({
    abi: iLightClientAbi,
    address: await clientAddress(),
    functionName: 'status',
  })

/** The client moved to Ethereum's newest final block by honest updates, as the Maintainer does it. */
async function follow(): Promise<void> {
  const { consensus, ports } = chains.b.provable
  const target = chains.a.provable.ports.rpc
  const client = await consensus.readClient(target, await clientAddress())
  for (const update of await consensus.maintain(ports, client, BigInt(Math.floor(chains.clock.now()))))
    await accept(update)
}

/** Has the client accept an update: what any relayer can do, with whatever two thirds signed. */
async function accept(update: Hex): Promise<void> {
  const data = encodeFunctionData({ abi: iLightClientAbi, functionName: 'update', args: [update] })
  await chains.a.deployer.call('the update', await clientAddress(), data)
}

/** Two updates that cannot both be true, once the client knows who signs them and both are news to it. */
async function equivocation(about: 'finality' | 'committee') {
  const network = ethereum.consensusParams()
  const { consensus, ports } = chains.b.provable
  for (;;) {
    await follow()
    const client = await consensus.readClient(chains.a.provable.ports.rpc, await clientAddress())
    const { json } = ethereum.equivocate(about)
    const [honest, conflicting] = [parseUpdate(json.honest, network), parseUpdate(json.conflicting, network)]
    const { signatureSlot, attestedHeader, finalizedHeader } = conflicting
    const period = periodAtSlot(network, signatureSlot)
    const root = detailOf(client).committeeRoots.get(period)
    const anchor = (await ports.beacon?.get('/eth/v1/beacon/headers/finalized')) as { data: { root: Hex } } // CAST: the devnet's
    const signers = root && (await createEthereumSource(ports, network).committee(root, period, anchor.data.root))
    const news = finalizedHeader.beacon.slot > client.head.number
    const own = periodAtSlot(network, attestedHeader.beacon.slot)
    const fits =
      about === 'finality' ||
      (own === periodAtSlot(network, finalizedHeader.beacon.slot) && !detailOf(client).committeeRoots.has(own + 1n))
    if (signers !== undefined && news && fits) {
      const encode = ({ nextSyncCommittee, ...update }: Update) =>
        encodeUpdate(about === 'committee' && nextSyncCommittee ? { ...update, nextSyncCommittee } : update, signers)
      return { honest: encode(honest), conflicting: encode(conflicting), slot: finalizedHeader.beacon.slot }
    }
    await chains.clock.waitUntil(chains.clock.now() + 6)
  }
}

describe('a head', () => {
  before(() => start([7_511, 7_512]))
  after(stop)

  test('what one of several nodes lies about is no contradiction, and freezes nobody', TIMEOUT, async () => {
    const other = await ethereum.addBeaconNode()
    const { honest } = await equivocation('finality')
    await accept(honest)
    // headers that hash to what it says, of a chain that nobody signed
    other.faults.set({
      kind: 'lie',
      method: /^\/eth\/v1\/beacon\/headers\/\d+$/,
      rewrite: (value) => {
        const { header } = parseBlockHeader(value)
        const lied = { ...header, bodyRoot: keccak256(header.bodyRoot) }
        const message = {
          slot: String(lied.slot),
          proposer_index: String(lied.proposerIndex),
          parent_root: lied.parentRoot,
          state_root: lied.stateRoot,
          body_root: lied.bodyRoot,
        }
        const signature = `0x${'00'.repeat(96)}`
        return { data: { root: beaconHeaderRoot(lied), canonical: true, header: { message, signature } } }
      },
    })
    await watch({ signer: true, beacon: [other.url, ethereum.beaconUrl] })
    await until(async () => ((await metric('watcher_disputed')) ?? 0) > 0)
    assert.ok(has('DISPUTED'))
    await until(() => has('NO_EVIDENCE'))
    other.faults.clear()
    await until(async () => (await metric('watcher_disputed')) === 0 && (await metric('watcher_open')) === 0)
    assert.equal(await metric('watcher_contradictions'), 0)
    assert.ok(!has('CONTRADICTION'))
    assert.equal(await status(), ACTIVE)
  })

  test('a head that a committee signed beside its own chain freezes the client once', TIMEOUT, async () => {
    const { conflicting, slot } = await equivocation('finality')
    await accept(conflicting)
    // a dry run raises the alarm, and says what it would send
    await watch({ signer: true, dryRun: true })
    await until(async () => (await metric('watcher_unproven', ',reason="DRY_RUN"')) === 1)
    const alarm = logged.find(({ code }) => code === 'CONTRADICTION')
    assert.deepEqual([alarm?.what, alarm?.number], ['head', String(slot)])
    assert.equal(await metric('watcher_contradictions'), 1)
    assert.equal(await status(), ACTIVE)
    await watch({ signer: true })
    await until(async () => (await status()) === FROZEN)
    const sent = () => logged.filter(({ msg }) => msg === 'misbehaviour reported').length
    assert.equal(sent(), 1)
    // whoever starts after it finds it, and has nothing to send
    const transactions = await chains.a.deployer.client.getTransactionCount({ address: chains.a.relayer })
    await watch({ signer: true })
    await until(async () => (await looked()) && (await metric('watcher_contradictions')) === 1)
    assert.equal(sent(), 0)
    assert.equal(await chains.a.deployer.client.getTransactionCount({ address: chains.a.relayer }), transactions)
    assert.equal(await metric('watcher_unproven', ',reason="DRY_RUN"'), undefined)
  })
})

describe('a committee', () => {
  before(() => start([7_513, 7_514]))
  after(stop)

  test('a false next committee freezes the client before it signs anything', TIMEOUT, async () => {
    const { conflicting } = await equivocation('committee')
    await watch({ signer: true })
    await until(looked)
    await accept(conflicting)
    await until(async () => (await status()) === FROZEN)
    const alarm = logged.find(({ code }) => code === 'CONTRADICTION')
    assert.equal(alarm?.what, 'committee')
    assert.equal(logged.filter(({ msg }) => msg === 'misbehaviour reported').length, 1)
  })
})
