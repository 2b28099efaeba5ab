import { iLightClientAbi, iMessageServiceAbi } from '@meridian/abi'
import { call, getBlock, getLogs } from '@meridian/chain'
import type { ClientState } from '@meridian/consensus'
import {
  type Address,
  decodeEventLog,
  decodeFunctionData,
  encodeFunctionData,
  getAbiItem,
  type Hex,
  isAddressEqual,
  isHex,
  toEventSelector,
  zeroAddress,
} from 'viem'
import { z } from 'zod'
import type { ChainContext, Common } from '../chain-context.ts'
import type { Metrics } from '../metrics/metrics.ts'
import { readRoute } from '../mos.ts'
import { revertReason } from '../policy.ts'
import type { Submitter } from '../submitter/submitter.ts'
import { readHeadOf } from './heads.ts'

/** How a Compass watches. */
export interface WatchOptions {
  /** Milliseconds between two looks. */
  readonly pollMs: number
  /** Nothing else is done: no message is carried. */
  readonly only: boolean
  readonly metrics: Metrics | null
}

/** A head that a light client accepted and our own nodes do not have. */
export interface Contradiction {
  readonly client: Address
  readonly number: bigint
  readonly accepted: Hex
  /** Zero: our nodes have nothing there, and are beyond it. */
  readonly own: Hex
  /** The transaction that moved the head; null where only the head itself was seen. */
  readonly tx: Hex | null
}

/** Holds what one light client accepts against the source's own nodes. */
export interface Watcher {
  /** One look. Throws what the endpoints do: what was found before stands. */
  look(): Promise<void>
  /** Found since the start. */
  contradictions(): readonly Contradiction[]
}

/** What a watcher is made of. */
export interface WatcherDeps extends Common {
  readonly source: ChainContext
  readonly target: ChainContext
  readonly metrics: Metrics | null
  /** Null: evidence is not sent. */
  readonly submitter: Submitter | null
}

interface Head {
  readonly number: bigint
  readonly hash: Hex
  readonly tx: Hex | null
}

const headAdvanced = toEventSelector(getAbiItem({ abi: iLightClientAbi, name: 'HeadAdvanced' }))
/** Blocks of the target that the first look goes back. */
const LOOK_BACK = 5_000n
/** Heads that our nodes are behind, and that are kept for later. */
const MAX_WAITING = 10_000
/** Gas of a report: two proofs, each verified in full. */
const REPORT_GAS = 12_000_000n
const transactionSchema = z.object({ to: z.string().nullable(), input: z.custom<Hex>((value) => isHex(value)) })

/**
 * Watches the light client of `source` on `target`. Every head that it accepted is read from the target's logs; our own
 * nodes of the source say what is there. A contradiction is an alarm at once, whoever is right: either validators signed
 * two chains, or our nodes follow another one. Where the consensus can prove the first, the proof is sent, after the target
 * itself took it in a simulation.
 */
export function createWatcher(deps: WatcherDeps): Watcher {
  const { source, target, submitter, metrics, clock } = deps
  const log = deps.log.child({ role: 'watcher', from: source.name, to: target.name })
  const { rpc } = target.ports
  const found = new Map<string, Contradiction>()
  const reported = new Set<string>()
  let waiting: readonly Head[] = []
  let watched: Address | null = null
  let readTo: bigint | null = null

  /** Heads that the client accepted since the last look, and the one that it has. */
  async function acceptedSince(client: ClientState): Promise<readonly Head[]> {
    const { number: latest } = await getBlock(rpc, 'latest')
    const from = readTo === null ? (latest > LOOK_BACK ? latest - LOOK_BACK : 0n) : readTo + 1n
    const filter = { address: client.address, topics: [headAdvanced], fromBlock: from, toBlock: latest }
    const logs = from > latest ? [] : await getLogs(rpc, filter, target.tuning.maxSpan)
    readTo = latest
    const heads = logs.map(({ topics, data, transactionHash }): Head => {
      const [signature = headAdvanced, ...rest] = topics
      const { args } = decodeEventLog({
        abi: iLightClientAbi,
        eventName: 'HeadAdvanced',
        data,
        topics: [signature, ...rest],
      })
      return { number: args.number, hash: args.hash, tx: transactionHash }
    })
    const { number, hash } = client.head
    return heads.some((head) => head.hash === hash) || number === 0n ? heads : [...heads, { number, hash, tx: null }]
  }

  /** Calldata of the update that moved the head; null where the transaction did not call the client or MOS directly. */
  async function updatesIn(client: Address, tx: Hex): Promise<readonly Hex[]> {
    const parsed = transactionSchema.safeParse(await rpc.request('eth_getTransactionByHash', [tx]))
    if (!parsed.success || parsed.data.to === null || !isHex(parsed.data.to)) return []
    const { to, input } = parsed.data
    try {
      if (isAddressEqual(to, client)) {
        const decoded = decodeFunctionData({ abi: iLightClientAbi, data: input })
        return decoded.functionName === 'update' ? [decoded.args[0]] : []
      }
      const { args = [] } = decodeFunctionData({ abi: iMessageServiceAbi, data: input })
      return args.flatMap((argument: unknown) =>
        Array.isArray(argument) ? argument.filter((item: unknown): item is Hex => isHex(item)) : [],
      )
    } catch {
      return []
    }
  }

  async function report(client: ClientState, one: Contradiction, now: bigint): Promise<void> {
    const key = `${one.number}:${one.accepted}`
    if (client.status !== 'active' || reported.has(key)) return
    if (source.consensus.misbehaviour === undefined || one.tx === null)
      return log.error({ code: 'NO_EVIDENCE', tx: one.tx }, 'evidence cannot be built from a head of this consensus')
    for (const update of await updatesIn(client.address, one.tx)) {
      const accepted = { number: one.number, hash: one.accepted, update }
      const evidence = await source.consensus.misbehaviour(source.ports, client, accepted, now)
      if (evidence === null) continue
      const data = encodeFunctionData({ abi: iLightClientAbi, functionName: 'reportMisbehaviour', args: [evidence] })
      return send(client.address, data, key)
    }
    log.error({ code: 'NO_EVIDENCE', tx: one.tx }, 'its transaction does not hold what proves the conflict')
  }

  async function send(client: Address, data: Hex, key: string): Promise<void> {
    const from = submitter?.address ?? zeroAddress
    const simulated = await call(rpc, { to: client, data, from, gas: REPORT_GAS })
    if (!simulated.ok) {
      const { code, detail } = revertReason(simulated.revert)
      return log.error({ code, detail }, 'the client does not take the evidence')
    }
    if (submitter === null)
      return log.error({ code: 'NO_SIGNER', client, data }, 'evidence is there; anybody may send it')
    const sent = await submitter.send({ kind: 'update', to: client, data, gasLimit: REPORT_GAS, messages: [] })
    if (sent.status === 'refused') return log.error({ ...sent.reason }, 'evidence cannot be sent now')
    reported.add(key)
    log.error({ client, nonce: sent.transaction.nonce }, 'misbehaviour reported')
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
        waiting = []
      }
      const client = await source.consensus.readClient(rpc, lightClient)
      const heads = [...waiting, ...(await acceptedSince(client))]
      const later: Head[] = []
      for (const head of heads) {
        const own = await readHeadOf(source, head.number)
        if (own === null) later.push(head)
        else if (own.toLowerCase() !== head.hash.toLowerCase()) {
          const one = { client: lightClient, number: head.number, accepted: head.hash, own, tx: head.tx }
          const key = `${head.number}:${head.hash}`
          const known = found.get(key)
          if (known === undefined || (known.tx === null && head.tx !== null)) found.set(key, one)
          if (known === undefined)
            log.error(
              { code: 'CONTRADICTION', ...one, number: String(one.number) },
              'a light client accepted what its chain does not have',
            )
        }
      }
      waiting = later.slice(-MAX_WAITING)
      metrics?.watched({ fromChain: source.id, toChain: target.id }, found.size, clock.now())
      if (found.size === 0) return
      const { timestamp } = await getBlock(rpc, 'latest')
      for (const one of found.values()) await report(client, one, timestamp)
    },
  }
}
