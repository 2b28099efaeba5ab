import assert from 'node:assert/strict'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, afterEach, before, test } from 'node:test'
import { iLightClientAbi, iMessageServiceAbi } from '@meridian/abi'
import { createLog, type OpenCompass, openCompass } from '@meridian/compass'
import { encodeUpdate, parseQbftHeader, quorumSeals } from '@meridian/consensus/qbft'
import { createQbftChain, type QbftChain, type VirtualClock } from '@meridian/devnet'
import { type Address, encodeFunctionData, type Hex } from 'viem'
import { configOf, secretsOf } from './support/compass-config.ts'
import { type Side, startTwoChains, type TwoChains } from './support/two-qbft.ts'

const TIMEOUT = { timeout: 240_000 }
const FROZEN = 2
let chains: TwoChains
let liar: QbftChain
let folder: string
let compass: OpenCompass | null = null
let logged: Record<string, unknown>[]

before(async () => {
  const qbft = (chainId: number) => async (clock: VirtualClock) => {
    const chain = await createQbftChain({ chainId, clock, blockPeriodSeconds: 1 })
    if (chainId === 7001) liar = chain
    return chain
  }
  chains = await startTwoChains({ starts: [qbft(7001), qbft(7002)] })
  folder = mkdtempSync(join(tmpdir(), 'compass-watcher-'))
})
afterEach(async () => {
  await compass?.close()
  compass = null
})
after(async () => {
  await chains?.stop()
  if (folder !== undefined) rmSync(folder, { recursive: true })
})

async function watch(signer: boolean): Promise<void> {
  logged = []
  const log = createLog('info', { write: (line: string) => void logged.push(JSON.parse(line)) })
  const nobody = { a: { signer: undefined }, b: { signer: undefined } }
  const top = { metrics: { port: 0 }, watcherMs: 50, telemetryMs: 50 }
  // a watcher needs no signer: what is checked of one that carries is not asked of it
  const config = configOf(chains, folder, { top })
  const chainsOf = signer ? config.chains : config.chains.map((chain) => ({ ...chain, ...nobody.a }))
  const secrets = { env: secretsOf(chains), readFile: () => '' }
  compass = await openCompass({ ...config, chains: chainsOf }, { secrets, log, watchOnly: true })
  compass.start()
}

async function metric(name: string, from: bigint, to: bigint): Promise<number | undefined> {
  const text = await (await fetch(compass?.metricsUrl ?? '')).text()
  const found = new RegExp(`^meridian_${name}\\{from="${from}",to="${to}"\\} (\\S+)$`, 'm').exec(text)?.[1]
  return found === undefined ? undefined : Number(found)
}
async function until(fits: () => Promise<boolean> | boolean): Promise<void> {
  while (!(await fits())) await chains.clock.waitUntil(chains.clock.now() + 1)
}
const clientOn = async ({ deployer, contracts }: Side, source: bigint): Promise<Address> => {
  const read = { abi: iMessageServiceAbi, address: contracts.mos, functionName: 'route', args: [source] } as const
  return (await deployer.client.readContract(read)).lightClient
}
const statusOf = (side: Side, address: Address) =>
  side.deployer.client.readContract({ abi: iLightClientAbi, address, functionName: 'status' })

/** Has the client accept a header: what any relayer can do, with whatever a quorum signed. */
async function accept(side: Side, client: Address, raw: Hex): Promise<void> {
  const header = parseQbftHeader(raw)
  const update = encodeUpdate([{ header, seals: quorumSeals(header), range: 0 }])
  const data = encodeFunctionData({ abi: iLightClientAbi, functionName: 'update', args: [update] })
  await side.deployer.call('the update', client, data)
}

test(
  'true heads are no alarm; a head that a quorum signed twice is one, and the client is frozen by the evidence',
  TIMEOUT,
  async () => {
    const { a, b } = chains
    const [from, to] = [a.contracts.chainId, b.contracts.chainId]
    const client = await clientOn(b, from)
    const honest = await liar.equivocate(liar.head().number)
    await accept(b, client, honest.served)

    // without a signer: the alarm, and the evidence for anybody to send
    await watch(false)
    await until(async () => ((await metric('watcher_look_timestamp_seconds', from, to)) ?? 0) > 0)
    assert.equal(await metric('watcher_contradictions', from, to), 0)
    assert.ok(!logged.some(({ code }) => code === 'CONTRADICTION'))

    const { number } = liar.head()
    const { conflicting } = await liar.equivocate(number)
    await accept(b, client, conflicting)
    await until(async () => (await metric('watcher_contradictions', from, to)) === 1)
    const alarm = logged.find(({ code }) => code === 'CONTRADICTION')
    assert.deepEqual(
      [alarm?.level, alarm?.number, alarm?.accepted],
      [50, String(number), parseQbftHeader(conflicting).hash],
    )
    assert.notEqual(alarm?.own, alarm?.accepted)
    await until(() => logged.some(({ code, data }) => code === 'NO_SIGNER' && typeof data === 'string'))
    assert.equal(await statusOf(b, client), 0)
    assert.equal(await metric('watcher_contradictions', to, from), 0, 'the other direction')
    await compass?.close()

    // with one, started after it happened: it is found in what the chain remembers, and reported once
    await watch(true)
    await until(async () => (await statusOf(b, client)) === FROZEN)
    assert.equal(logged.filter(({ code }) => code === 'CONTRADICTION').length, 1)
    assert.equal(logged.filter(({ msg }) => msg === 'misbehaviour reported').length, 1)
  },
)
