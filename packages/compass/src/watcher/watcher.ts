import { iLightClientAbi } from '@meridian/abi'
import { getBlock, getLogs, type Log } from '@meridian/chain'
import type { AcceptedClaim, ClientState } from '@meridian/consensus'
import { type Address, decodeEventLog, getAbiItem, type Hex, isAddressEqual, toEventSelector, zeroAddress } from 'viem'
import { readRoute } from '../mos.ts'
import { reasonOf } from '../worker.ts'
import type { Contradiction, WatcherDeps } from './deps.ts'
import { createReporter } from './reporter.ts'
import { verdictOf } from './verdict.ts'

/** Holds what one light client accepts against the source's own nodes. */
export interface Watcher {
  /**
   * One look.
   *
   * @throws what the endpoints do. What was found before stands, and what could not be looked at is looked at again.
   */
  look(): Promise<void>
  /** Found since the start. */
  contradictions(): readonly Contradiction[]
}

interface Accepted extends AcceptedClaim {
  readonly tx: Hex | null
}

const headAdvanced = toEventSelector(getAbiItem({ abi: iLightClientAbi, name: 'HeadAdvanced' }))
/** Blocks of the target that the first look goes back. */
const LOOK_BACK = 5_000n
/** Blocks that are read again each time: a reorg of the target may have put other events into them. */
const READ_AGAIN = 64n
/** Claims that our nodes cannot judge yet, and that are kept for later. */
const MAX_WAITING = 10_000
/** Of them, how many are asked for in one look. */
const MAX_ASKED = 64
/** Contradictions that evidence is looked for in one look: the first that is proven makes the others needless. */
const MAX_REPORTS = 4
/** Claims that are remembered as judged: more than can be in the blocks that are read again. */
const MAX_JUDGED = 10_000

const keyOf = ({ what, number, hash }: AcceptedClaim): string => `${what}:${number}:${hash}`

/**
 * Watches the light client of `source` on `target`. Every head that it accepted is read from the target's logs, and what else
 * later heads are judged by; our own nodes of the source say what is there. A contradiction is an alarm at once, whoever is
 * right: either validators signed two chains, or our nodes follow another one. Where the first can be proven, the proof is
 * sent, after the target itself took it in a simulation.
 */
export function createWatcher(deps: WatcherDeps): Watcher {
  const { source, target, metrics, clock } = deps
  const log = deps.log.child({ role: 'watcher', from: source.name, to: target.name })
  const { rpc } = target.ports
  const { otherClaims } = source.consensus
  const found = new Map<string, Contradiction>()
  /** What some of our nodes have something else for, but not most. */
  const disputed = new Map<string, Contradiction>()
  const waiting = new Map<string, Accepted>()
  const judged = new Set<string>()
  const reporter = createReporter(deps, log)
  let watched: Address | null = null
  let readTo: bigint | null = null

  function claimOf(one: Log): Accepted {
    const [signature = headAdvanced, ...rest] = one.topics
    const tx = one.transactionHash
    if (signature === otherClaims?.topic) return { ...otherClaims.read(one), tx }
    const topics: [Hex, ...Hex[]] = [signature, ...rest]
    const { args } = decodeEventLog({ abi: iLightClientAbi, eventName: 'HeadAdvanced', data: one.data, topics })
    return { what: 'head', number: args.number, hash: args.hash, tx }
  }

  /** What the client accepted since the last look, and the head that it has: into what waits to be judged. */
  async function readAccepted({ address, head }: ClientState): Promise<void> {
    const { number: latest } = await getBlock(rpc, 'latest')
    const back = (blocks: bigint, from: bigint) => (from > blocks ? from - blocks : 0n)
    const from = readTo === null ? back(LOOK_BACK, latest) : back(READ_AGAIN, readTo)
    const kinds = otherClaims === undefined ? [headAdvanced] : [headAdvanced, otherClaims.topic]
    const filter = { address, topics: [kinds], fromBlock: from, toBlock: latest }
    const logs = from > latest ? [] : await getLogs(rpc, filter, target.tuning.maxSpan)
    const accepted = logs.map(claimOf)
    const present = { what: 'head', number: head.number, hash: head.hash, tx: null } as const
    for (const one of head.number === 0n ? accepted : [...accepted, present]) {
      const key = keyOf(one)
      for (const known of [found, disputed]) {
        const before = known.get(key)
        // it was seen as a head alone, or a reorg put it into another transaction
        if (before !== undefined && one.tx !== null) known.set(key, { ...before, tx: one.tx })
      }
      if (judged.has(key)) continue
      const before = waiting.get(key)
      if (before === undefined || one.tx !== null) waiting.set(key, one)
    }
    const dropped = [...waiting.keys()].slice(0, Math.max(0, waiting.size - MAX_WAITING))
    for (const key of dropped) waiting.delete(key)
    if (dropped.length > 0) log.error({ code: 'NOT_JUDGED', count: dropped.length }, 'our nodes are too far behind')
    readTo = latest
  }

  /** Asks our nodes about what waits. Returns why some of it could not be asked for; null where all could. */
  async function judge(client: Address): Promise<unknown> {
    let failure: unknown = null
    for (const [key, one] of [...waiting].slice(0, MAX_ASKED)) {
      // whatever comes of it, others are asked for first next time
      waiting.delete(key)
      waiting.set(key, one)
      try {
        const { verdict, own } = verdictOf(one.hash, await source.consensus.ownViews(source.ports, one))
        const contradiction = own === null ? null : { ...one, client, own }
        if (verdict === 'held' || verdict === 'contradicted') settle(key)
        if (verdict !== 'disputed') disputed.delete(key)
        if (contradiction === null || verdict === 'held') continue
        if (verdict === 'contradicted') raise(key, contradiction)
        else if (!disputed.has(key)) {
          disputed.set(key, contradiction)
          log.warn({ code: 'DISPUTED', ...asText(contradiction) }, 'our own nodes differ about what a client accepted')
        }
      } catch (error) {
        failure ??= error
      }
    }
    return failure
  }

  function settle(key: string): void {
    waiting.delete(key)
    judged.add(key)
    for (const old of [...judged].slice(0, Math.max(0, judged.size - MAX_JUDGED))) judged.delete(old)
  }

  function raise(key: string, one: Contradiction): void {
    if (found.has(key)) return
    found.set(key, one)
    log.error({ code: 'CONTRADICTION', ...asText(one) }, 'a light client accepted what its chain does not have')
  }

  return {
    contradictions: () => [...found.values()],
    async look() {
      const { lightClient } = await readRoute(rpc, target.mos, source.id)
      if (lightClient === zeroAddress) return
      if (watched === null || !isAddressEqual(watched, lightClient)) {
        // a new client behind the route begins anew; what the old one accepted stays found
        watched = lightClient
        readTo = null
        waiting.clear()
        disputed.clear()
        judged.clear()
      }
      const client = await source.consensus.readClient(rpc, lightClient)
      await readAccepted(client)
      const failure = await judge(lightClient)
      let left = MAX_REPORTS
      for (const [key, one] of [...found, ...disputed]) {
        if (reporter.isDue(key) && left-- <= 0) continue
        const proven = await reporter.report(client, key, one)
        // signatures of two thirds do not lie, however few of our nodes show them
        if (proven) raise(key, one)
        if (found.has(key)) disputed.delete(key)
      }
      const unproven = reporter.unproven([...found.keys()])
      const seen = { contradictions: found.size, disputed: disputed.size, open: waiting.size - disputed.size, unproven }
      metrics?.watched({ fromChain: source.id, toChain: target.id }, seen, failure === null ? clock.now() : null)
      if (failure === null) return
      log.debug({ ...reasonOf(failure) }, 'some of what a client accepted could not be looked at')
      throw failure
    },
  }
}

const asText = ({ number, hash: accepted, ...rest }: Contradiction) => ({ ...rest, number: String(number), accepted })
