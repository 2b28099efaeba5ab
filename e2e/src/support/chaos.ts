import type { ChildProcess } from 'node:child_process'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createKeySigner } from '@meridian/chain'
import { type Message, openStore } from '@meridian/compass'
import { type PostgresServer, startPostgres } from '@meridian/compass/testing/postgres'
import type { EndpointFault } from '@meridian/devnet'
import { numberToHex } from 'viem'
import { type Expected, everyOrderRanOnce, ranOn } from './books.ts'
import { rawConfigOf, secretsOf } from './compass-config.ts'
import { type CompassRun, startCompassProcess } from './compass-run.ts'
import { type Side, setBalance, type TwoChains } from './two-qbft.ts'

/** Where Compass remembers during a run: a folder of its own, or a server that two of them share. */
export type ChaosStore = 'folder' | 'postgres'

/** A run of chaos. */
export interface ChaosOptions {
  readonly chains: TwoChains
  readonly store: ChaosStore
  readonly seed: number
  /** What to do in turn; drawn from all there is when it is left out. */
  readonly script?: readonly Trouble[]
  readonly rounds: number
  readonly note?: (text: string) => void
  /** Takes back blocks of a chain, where one of the two can. */
  readonly reorg?: (depth: number) => Promise<void>
  /** Milliseconds until everything has to be executed after the last round. */
  readonly patienceMs?: number
}

/** What a round does to Compass while messages are under way. */
export const troubles = [
  'kill',
  'dead',
  'slow',
  'rateLimit',
  'unavailable',
  'staleHead',
  'missingLogs',
  'wrongLogs',
  'wrongReceipts',
  'truncated',
  'stuckMempool',
  'feeSpike',
  'emptyWallet',
  'keyUsed',
  'skew',
  'secondCompass',
  'restartDatabase',
  'reorg',
] as const
export type Trouble = (typeof troubles)[number]

/** Numbers below a bound, the same ones for the same seed: xorshift. */
export function createRandom(seed: number): (below: number) => number {
  let state = seed | 0 || 1
  return (below) => {
    state ^= state << 13
    state ^= state >>> 17
    state ^= state << 5
    return (state >>> 0) % below
  }
}

/** A base fee above every cap, which falls by an eighth with each block. Wei. */
const SPIKE = 1_000_000_000_000n
const MAX_SKEW_MS = 3_600_000
const MAX_DEPTH = 20
const PATIENCE_MS = 120_000
/** Account of the second Compass, which shares nothing with the first. */
const stages = ['started', 'sent', 'final', 'proven', 'delivered', 'executed'] as const

/** An answer with one thing changed in each of its items. */
const changed =
  (change: (item: Record<string, unknown>) => Record<string, unknown>) =>
  (result: unknown): unknown =>
    Array.isArray(result) ? result.map((item: Record<string, unknown>) => change(item)) : result

const lies: Partial<Record<Trouble, EndpointFault>> = {
  dead: { kind: 'dead' },
  slow: { kind: 'slow', milliseconds: 400 },
  rateLimit: { kind: 'status', status: 429 },
  unavailable: { kind: 'status', status: 503 },
  truncated: { kind: 'truncated' },
  stuckMempool: { kind: 'stuckMempool' },
  missingLogs: { kind: 'lie', method: 'eth_getLogs', rewrite: () => [] },
  wrongLogs: {
    kind: 'lie',
    method: 'eth_getLogs',
    rewrite: changed((log) => ({ ...log, data: `${String(log.data).slice(0, 66)}${'00'.repeat(320)}` })),
  },
  wrongReceipts: {
    kind: 'lie',
    method: 'eth_getBlockReceipts',
    rewrite: changed((receipt) => ({ ...receipt, cumulativeGasUsed: '0x1' })),
  },
}

/**
 * Does one harm after the other to Compass while messages go both ways, and holds the books against what was sent: each
 * order ran once, and nothing was paid for that delivered nothing, but for what a race or the harm itself costs.
 *
 * @throws {Error} with the seed, and every message that is not executed with its reason.
 */
export async function runChaos(options: ChaosOptions): Promise<{ readonly messages: number; readonly kills: number }> {
  const { chains, seed, rounds } = options
  const { a, b, clock } = chains
  const random = createRandom(seed)
  const folder = mkdtempSync(join(tmpdir(), 'compass-chaos-'))
  const server: PostgresServer | null = options.store === 'postgres' ? await startPostgres() : null
  const place = (await server?.createDatabase('compass')) ?? join(folder, 'store')
  const configPath = join(folder, 'compass.json')
  const fast = { rebroadcastMs: 500, lostAfterMs: 1_000, bumpAfterMs: 3_000, claims: false }
  writeFileSync(configPath, JSON.stringify(rawConfigOf(chains, place, { a: fast, b: fast })))
  const running = new Set<ChildProcess>()
  const sent: Expected[] = []
  let spared = 0
  let kills = 0

  const start = (env: Readonly<Record<string, string>> = {}): CompassRun =>
    startCompassProcess(configPath, { ...secretsOf(chains), ...env }, running)
  const started = (run: CompassRun): Promise<boolean> => run.until(({ stage }) => stage === 'started')
  const seconds = (count: number): Promise<void> => clock.waitUntil(clock.now() + count)

  async function send(round: number): Promise<ReadonlySet<string>> {
    const texts = (side: string): string[] => Array.from({ length: 1 + random(3) }, (_, i) => `${side} ${round} ${i}`)
    const [there, back] = await Promise.all([a.send(texts('a')), b.send(texts('b'))])
    sent.push(...there.map(({ orderId }) => ({ to: b, orderId })), ...back.map(({ orderId }) => ({ to: a, orderId })))
    return new Set([...there, ...back].map(({ orderId }) => orderId))
  }

  async function kill(run: CompassRun): Promise<CompassRun> {
    run.child.kill('SIGKILL')
    await run.ended
    kills += 1
    const next = start()
    await started(next)
    return next
  }

  /** The relayer's key sends something of its own. */
  async function useKey(side: Side): Promise<void> {
    const { client } = side.deployer
    const signer = createKeySigner(side.relayerKey)
    const nonce = await client.getTransactionCount({ address: side.relayer, blockTag: 'pending' })
    const fee = { maxFeePerGas: 100_000_000_000n, maxPriorityFeePerGas: 1_000_000_000n }
    const to = { chainId: side.contracts.chainId, to: side.relayer, data: '0x', value: 0n, gas: 21_000n } as const
    const { raw } = await signer.sign({ ...to, nonce, ...fee })
    // whichever of the two the node takes first: both are right
    await client.sendRawTransaction({ serializedTransaction: raw }).catch(() => undefined)
    // its own, and one of ours whose nonce it took in the pool and that may have to be filled
    spared += 2
  }

  async function harm(trouble: Trouble, side: Side, run: CompassRun, fresh: ReadonlySet<string>): Promise<CompassRun> {
    const faults = side.chain.rpcFaults
    const fault = lies[trouble]
    if (fault !== undefined) {
      faults.set(fault)
      await seconds(10 + random(20))
      faults.clear()
      return run
    }
    switch (trouble) {
      case 'kill': {
        const stage = stages[random(stages.length)]
        const orders = (id: string | undefined): boolean => id === undefined || fresh.has(id)
        await Promise.race([run.until((line) => line.stage === stage && orders(line.orderId)), seconds(20)])
        return kill(run)
      }
      case 'staleHead': {
        const old = await side.deployer.client.request({ method: 'eth_getBlockByNumber', params: ['latest', false] })
        faults.set({ kind: 'lie', method: 'eth_getBlockByNumber', rewrite: () => old })
        await seconds(15)
        faults.clear()
        return run
      }
      case 'feeSpike':
        await side.deployer.client.request({
          // CAST: viem's client type does not know anvil's methods
          method: 'anvil_setNextBlockBaseFeePerGas' as 'eth_blockNumber',
          params: [numberToHex(SPIKE)] as unknown as undefined,
        })
        await seconds(10)
        return run
      case 'emptyWallet':
        await setBalance(side, side.relayer, 1n)
        await seconds(15)
        await setBalance(side, side.relayer)
        return run
      case 'keyUsed':
        await useKey(side)
        return run
      case 'skew': {
        run.child.kill('SIGTERM')
        await run.ended
        const skewed = start({ COMPASS_SKEW_MS: String(random(2 * MAX_SKEW_MS) - MAX_SKEW_MS) })
        await started(skewed)
        await seconds(15)
        return kill(skewed)
      }
      case 'secondCompass': {
        if (server === null) return run
        const second = start()
        await started(second)
        await seconds(20)
        second.child.kill('SIGKILL')
        await second.ended
        kills += 1
        return run
      }
      case 'restartDatabase':
        await server?.restart()
        return run
      case 'reorg':
        await options.reorg?.(1 + random(MAX_DEPTH))
        // a delivery that was mined and taken back is paid for where it lands
        return run
      default:
        return run
    }
  }

  /** What is not executed, with its reason, out of the store. */
  async function open(): Promise<readonly Message[]> {
    const store = await openStore(place)
    const rows = await Promise.all(
      sent.map(({ to, orderId }) => {
        const from = to === a ? b : a
        return store.message({ fromChain: from.contracts.chainId, orderId: orderId as `0x${string}` }) // CAST: an order id
      }),
    )
    await store.close()
    return rows.filter((row) => row !== null).filter(({ state }) => state !== 'delivered' && state !== 'included')
  }

  async function awaitAll(): Promise<boolean> {
    const until = performance.now() + (options.patienceMs ?? PATIENCE_MS)
    while (performance.now() < until) {
      const [onA, onB] = await Promise.all([ranOn(a), ranOn(b)])
      if (sent.every(({ to, orderId }) => (to === a ? onA : onB).counts.has(orderId))) return true
      await seconds(5)
    }
    return false
  }

  try {
    let run = start()
    await started(run)
    const usable = troubles.filter(
      (trouble) =>
        (trouble !== 'reorg' || options.reorg !== undefined) &&
        ((trouble !== 'restartDatabase' && trouble !== 'secondCompass') || server !== null),
    )
    for (let round = 0; round < rounds; round++) {
      const trouble = options.script?.[round % options.script.length] ?? usable[random(usable.length)] ?? 'kill'
      const side = random(2) === 0 ? a : b
      options.note?.(`round ${round}: ${trouble} on chain ${side.contracts.chainId}`)
      const fresh = await send(round)
      run = await harm(trouble, side, run, fresh)
    }
    const done = await awaitAll()
    run.child.kill('SIGTERM')
    await run.ended
    if (!done) {
      const rows = (await open()).map(
        ({ orderId, state, reason }) => `${orderId} ${state} ${reason?.code ?? 'no reason'}: ${reason?.detail ?? ''}`,
      )
      throw new Error(`seed ${seed}: not everything was executed\n${rows.join('\n')}`)
    }
    await everyOrderRanOnce(chains, sent, spared)
    const wrong = await open()
    if (wrong.length > 0)
      throw new Error(
        `seed ${seed}: the store lags behind: ${wrong.map(({ orderId, state }) => `${orderId} ${state}`).join(', ')}`,
      )
    return { messages: sent.length, kills }
  } finally {
    for (const child of running) child.kill('SIGKILL')
    for (const side of [a, b]) side.chain.rpcFaults.clear()
    await server?.stop()
    rmSync(folder, { recursive: true, force: true })
  }
}
