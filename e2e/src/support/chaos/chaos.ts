import { createKeySigner } from '@meridian/chain'
import type { PostgresServer } from '@meridian/compass/testing/postgres'
import type { EthereumChain } from '@meridian/devnet'
import { numberToHex } from 'viem'
import { type Expected, everyOrderRanOnce, ranOn } from '../books.ts'
import type { CompassRun } from '../compass-run.ts'
import { type Side, setBalance, type TwoChains } from '../two-qbft.ts'
import { inconsistencies } from './consistency.ts'
import { type ChaosStore, createMachine } from './machine.ts'
import { faultOf, type Trouble, troubles } from './troubles.ts'

/** A run of chaos. */
export interface ChaosOptions {
  readonly chains: TwoChains
  readonly store: ChaosStore
  readonly seed: number
  /** What to do in turn; drawn from all there is when it is left out. */
  readonly script?: readonly Trouble[]
  readonly rounds: number
  readonly note?: (text: string) => void
  /** The one of the two that has a beacon node, can take back blocks, and elects committees. */
  readonly ethereum?: EthereumChain | undefined
  /** Milliseconds without an execution after the last round until it is a failure. */
  readonly patienceMs?: number
}

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
/** SQLSTATE of PostgreSQL (appendix A of its manual): `disk_full`. */
const PG_DISK_FULL = '53100'
/** Sync-committee periods that Compass is away. */
const PERIODS_AWAY = 3
const stages = ['started', 'sent', 'final', 'proven', 'delivered', 'executed'] as const

/** Blocks of a chain that it may still take back. */
function notFinal(chain: EthereumChain): number {
  const { slot, finalized } = chain.head()
  const first = finalized.epoch * Number(chain.consensusParams().preset.slotsPerEpoch) + 1
  let blocks = 0
  for (let at = first; at <= slot; at++) if (chain.blockAt(at) !== undefined) blocks += 1
  return blocks
}

/**
 * Does one harm after the other to Compass while messages go both ways, and holds the books against what was sent: each
 * order ran once, nothing was paid for that delivered nothing, but for what a race or the harm itself costs, and the store
 * says what the chains say.
 *
 * @throws {Error} with the seed, and every message that is not executed with its reason.
 */
export async function runChaos(options: ChaosOptions): Promise<{ readonly messages: number; readonly kills: number }> {
  const { chains, seed, rounds, ethereum } = options
  const { a, b, clock } = chains
  const random = createRandom(seed)
  const machine = await createMachine(chains, options.store, options.script?.includes('fullDisk') ?? true)
  const { place, server, disk } = machine
  const sent: Expected[] = []
  let spared = 0
  let kills = 0
  let raced = false

  const seconds = (count: number): Promise<void> => clock.waitUntil(clock.now() + count)
  const patienceMs = options.patienceMs ?? PATIENCE_MS
  const patience = (): Promise<void> => seconds((clock.rate() * patienceMs) / 1_000)
  const fail = (text: string): Error => new Error(`seed ${seed}: ${text}`)

  async function start(env?: Readonly<Record<string, string>>): Promise<CompassRun> {
    const run = machine.start(env)
    if (await run.until(({ stage }) => stage === 'started')) return run
    throw fail(`Compass does not start: ${(await run.ended).errors}`)
  }

  async function send(text: string): Promise<ReadonlySet<string>> {
    const texts = (side: string): string[] => Array.from({ length: 1 + random(3) }, (_, i) => `${side} ${text} ${i}`)
    const [there, back] = await Promise.all([a.send(texts('a')), b.send(texts('b'))])
    sent.push(...there.map(({ orderId }) => ({ to: b, orderId })), ...back.map(({ orderId }) => ({ to: a, orderId })))
    return new Set([...there, ...back].map(({ orderId }) => orderId))
  }

  async function kill(run: CompassRun): Promise<void> {
    run.child.kill('SIGKILL')
    await run.ended
    kills += 1
  }

  /** Asked to end, it ends well. */
  async function stop(run: CompassRun): Promise<void> {
    const { code, errors } = await run.stop()
    if (code !== 0) throw fail(`Compass was asked to end and ended with ${code}: ${errors}`)
  }

  /** What a Compass ends of by itself is no harm that was done to it. */
  async function requireLife({ child, ended }: CompassRun): Promise<void> {
    if (child.exitCode === null && child.signalCode === null) return
    const { code, errors } = await ended
    throw fail(`Compass ended by itself with ${code}: ${errors}`)
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

  /** The disk becomes full; Compass says so, or was in the middle of what it cannot end and ends; then there is room again. */
  async function fillDisk(run: CompassRun): Promise<CompassRun> {
    if (disk === null) return run
    const since = run.count()
    const left = random(2) === 0 ? 0 : random(2 ** 25)
    disk.fill(left)
    if (server !== null) {
      // what is left may be enough for it
      if (left === 0) await requireReport(run, since, server)
      else await seconds(20)
      disk.empty()
      // it ends by itself where its own log does not fit: whoever makes room starts it again
      if (!(await server.answers())) await server.restart()
      return run
    }
    const said = run.until(({ code }) => code === 'STORE_FULL', since).then(() => true)
    if ((await Promise.race([said, patience()])) !== true) throw fail('its disk is full, and it does not say so')
    await seconds(random(20))
    const dies = random(2) === 0
    if (dies) {
      await kill(run)
      const { code, errors } = await machine.start().ended
      if (code !== 2 || !/needs 64$/m.test(errors)) throw fail(`it started on a full disk (${code}): ${errors}`)
    }
    disk.empty()
    if (dies) return start()
    const over = await Promise.race([run.ended, seconds(1)])
    if (over === undefined) return run
    if (!/the database gave up: .*No space left/.test(over.errors)) throw fail(`on a full disk: ${over.errors}`)
    return start()
  }

  /**
   * Sends until a page has to be made that the server's disk has no room for, and Compass says so. Where the server needs room
   * first, for its own log, it ends, and Compass has nobody to hear it from.
   */
  async function requireReport(run: CompassRun, since: number, on: PostgresServer): Promise<void> {
    const said = run.until(({ code }) => code === PG_DISK_FULL, since).then(() => true)
    const until = performance.now() + patienceMs
    for (let more = 0; (await Promise.race([said, seconds(5)])) !== true && (await on.answers()); more++) {
      if (performance.now() > until) throw fail("its server's disk is full, and it does not say so")
      await send(`full ${more}`)
    }
  }

  /** A second Compass with a store and wallets of its own, which knows nothing of the first, for the same messages. */
  async function race(round: number): Promise<void> {
    raced = true
    const rival = machine.startRival()
    if (!(await rival.until(({ stage }) => stage === 'started')))
      throw fail(`the rival does not start: ${(await rival.ended).errors}`)
    const fresh = await send(`${round} raced`)
    await rival.until(({ stage, orderId }) => stage === 'executed' && orderId !== undefined && fresh.has(orderId))
    await seconds(random(20))
    await kill(rival)
  }

  /** Compass is away while committees come and go, with messages in the term of each. */
  async function leave(run: CompassRun, chain: EthereumChain): Promise<CompassRun> {
    await stop(run)
    const { preset, secondsPerSlot } = chain.consensusParams()
    const period = Number(preset.slotsPerEpoch * preset.epochsPerSyncCommitteePeriod * secondsPerSlot)
    const rate = clock.rate()
    for (let i = 0; i < PERIODS_AWAY; i++) {
      await send(`away ${i}`)
      // a machine that never catches up with the clock never comes to the jump
      clock.setRate(0)
      await clock.jump(period)
      clock.setRate(rate)
    }
    // only a committee of the last period can sign for this one, and only the one before each makes that known
    await send('back')
    const back = await start()
    // away again before it has caught up, over and over, it would be away for longer than a client is trusted
    if (!(await awaitAll())) throw fail('what waited while it was away is not executed')
    return back
  }

  async function harm(
    trouble: Trouble,
    side: Side,
    run: CompassRun,
    fresh: ReadonlySet<string>,
    round: number,
  ): Promise<CompassRun> {
    const faulty = await faultOf(trouble, side, random)
    if (faulty !== null) {
      if (faulty.name !== trouble) options.note?.(faulty.name)
      faulty.faults.set(...faulty.fault)
      await seconds(10 + random(20))
      faulty.faults.clear()
      return run
    }
    switch (trouble) {
      case 'kill': {
        const stage = stages[random(stages.length)]
        const orders = (id: string | undefined): boolean => id === undefined || fresh.has(id)
        await Promise.race([run.until((line) => line.stage === stage && orders(line.orderId)), seconds(20)])
        await kill(run)
        return start()
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
        await stop(run)
        const skewed = await start({ COMPASS_SKEW_MS: String(random(2 * MAX_SKEW_MS) - MAX_SKEW_MS) })
        await seconds(15)
        await kill(skewed)
        return start()
      }
      case 'secondCompass': {
        const second = await start()
        await seconds(20)
        await kill(second)
        return run
      }
      case 'restartDatabase':
        await server?.restart()
        return run
      case 'reorg': {
        if (ethereum === undefined) return run
        const depth = Math.min(1 + random(MAX_DEPTH), notFinal(ethereum))
        options.note?.(`${depth} blocks deep`)
        if (depth === 0) return run
        // a delivery that was mined and taken back is paid for where it lands
        await ethereum.reorg(depth)
        return run
      }
      case 'fullDisk':
        return fillDisk(run)
      case 'rival':
        await race(round)
        return run
      case 'downtime':
        return ethereum === undefined ? run : leave(run, ethereum)
      default:
        return run
    }
  }

  /** Whether everything was executed; it is given up once nothing has been for as long as patience lasts. */
  async function awaitAll(): Promise<boolean> {
    let [before, since] = [0, performance.now()]
    for (;;) {
      const [onA, onB] = await Promise.all([ranOn(a), ranOn(b)])
      if (sent.every(({ to, orderId }) => (to === a ? onA : onB).counts.has(orderId))) return true
      const now = onA.counts.size + onB.counts.size
      if (now > before) [before, since] = [now, performance.now()]
      if (performance.now() - since > patienceMs) return false
      await seconds(5)
    }
  }

  /** The store says what the chains say, as soon as Compass has had the time to look. */
  async function settle(run: CompassRun): Promise<void> {
    const until = performance.now() + patienceMs
    for (let last = run; ; last = await start()) {
      await seconds(10)
      await stop(last)
      const wrong = await inconsistencies(place, chains, sent)
      if (wrong.length === 0) return
      if (performance.now() > until) throw fail(`the store is not what the chains are\n${wrong.join('\n')}`)
    }
  }

  const canHappen = (trouble: Trouble): boolean => {
    if (trouble === 'reorg' || trouble === 'downtime' || trouble.startsWith('beacon')) return ethereum !== undefined
    if (trouble === 'fullDisk') return disk !== null
    return (trouble !== 'restartDatabase' && trouble !== 'secondCompass') || server !== null
  }
  const sideOf = (trouble: Trouble): Side => {
    const side = random(2) === 0 ? a : b
    if (!trouble.startsWith('beacon')) return side
    return a.chain.beaconUrl === undefined ? b : a
  }

  try {
    const usable = (options.script ?? troubles).filter(canHappen)
    for (const trouble of (options.script ?? []).filter((one) => !canHappen(one)))
      options.note?.(`${trouble} cannot happen here: it is left out`)
    let run = await start()
    for (let round = 0; round < rounds; round++) {
      const drawn = options.script === undefined ? random(usable.length) : round % usable.length
      const trouble = usable[drawn] ?? 'kill'
      const side = sideOf(trouble)
      options.note?.(`round ${round}: ${trouble} on chain ${side.contracts.chainId}`)
      const fresh = await send(String(round))
      run = await harm(trouble, side, run, fresh, round)
      await requireLife(run)
    }
    const done = await awaitAll()
    await requireLife(run)
    if (!done) {
      await stop(run)
      throw fail(`not everything was executed\n${(await inconsistencies(place, chains, sent)).join('\n')}`)
    }
    await settle(run)
    await everyOrderRanOnce(chains, sent, { spared, ...(raced ? { rival: machine.rival } : {}) })
    return { messages: sent.length, kills }
  } finally {
    for (const { chain } of [a, b]) {
      chain.rpcFaults.clear()
      chain.beaconFaults?.clear()
    }
    await machine.stop()
  }
}
