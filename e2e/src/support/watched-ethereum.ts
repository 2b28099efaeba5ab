/** A watcher over Ethereum's light client on a QBFT chain. */
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { iLightClientAbi, iMessageServiceAbi } from '@meridian/abi'
import { createLog, type OpenCompass, openCompass } from '@meridian/compass'
import {
  createEthereumSource,
  detailOf,
  encodeUpdate,
  parseUpdate,
  periodAtSlot,
  type Update,
} from '@meridian/consensus/ethereum'
import { createEthereumChain, createQbftChain, type EthereumChain } from '@meridian/devnet'
import { type Address, encodeFunctionData, type Hex } from 'viem'
import { configOf, secretsOf } from './compass-config.ts'
import { startTwoChains, type TwoChains } from './two-qbft.ts'

export const [ACTIVE, FROZEN] = [0, 2]

export let chains: TwoChains
export let ethereum: EthereumChain
/** What the watcher wrote since it was started. */
export let logged: Record<string, unknown>[]
let folder: string
let compass: OpenCompass | null = null

/** A QBFT chain with a client of Ethereum. */
export async function start(ids: readonly [number, number]): Promise<void> {
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
export async function stop(): Promise<void> {
  await chains?.stop()
  if (folder !== undefined) rmSync(folder, { recursive: true })
}

/** Ends the watcher. */
export async function unwatch(): Promise<void> {
  await compass?.close()
  compass = null
}

export interface Mode {
  readonly signer: boolean
  readonly dryRun?: boolean
  readonly beacon?: readonly string[]
}
/** Starts a watcher, in place of the one before. */
export async function watch({ signer, dryRun = false, beacon = [ethereum.beaconUrl] }: Mode): Promise<void> {
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
export async function metric(name: string, label = ''): Promise<number | undefined> {
  const text = await (await fetch(compass?.metricsUrl ?? '')).text()
  const [from, to] = [chains.b.contracts.chainId, chains.a.contracts.chainId]
  const found = new RegExp(`^meridian_${name}\\{from="${from}",to="${to}"${label}\\} (\\S+)$`, 'm').exec(text)?.[1]
  return found === undefined ? undefined : Number(found)
}
export async function until(fits: () => Promise<boolean> | boolean): Promise<void> {
  while (!(await fits())) await chains.clock.waitUntil(chains.clock.now() + 1)
}
export const has = (code: string, key = 'code') => logged.some((line) => line[key] === code)
export const looked = async () => ((await metric('watcher_look_timestamp_seconds')) ?? 0) > 0

async function clientAddress(): Promise<Address> {
  const { deployer, contracts } = chains.a
  const args = [chains.b.contracts.chainId] as const
  const read = { abi: iMessageServiceAbi, address: contracts.mos, functionName: 'route', args } as const
  return (await deployer.client.readContract(read)).lightClient
}
export const status = async () =>
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
export async function accept(update: Hex): Promise<void> {
  const data = encodeFunctionData({ abi: iLightClientAbi, functionName: 'update', args: [update] })
  await chains.a.deployer.call('the update', await clientAddress(), data)
}

/**
 * Two updates that cannot both be true, once the client knows who signs them and both are news to it. It is not kept in step
 * meanwhile: at its chain's newest block there would be no news.
 */
export async function equivocation(about: 'finality' | 'committee') {
  const network = ethereum.consensusParams()
  const { consensus, ports } = chains.b.provable
  for (;;) {
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
    if (signers === undefined) await follow()
    await chains.clock.waitUntil(chains.clock.now() + 6)
  }
}
