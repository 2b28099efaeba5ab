import { type BlockHeader, ChainDataError, getBlock, getLogs } from '@meridian/chain'
import type { BlockProof, WaitReason } from '@meridian/consensus'
import { type Address, bytesToHex, getAddress, type Hex, isAddressEqual, zeroAddress } from 'viem'
import { max, min } from '../bigint.ts'
import type { ChainContext, Common } from '../chain-context.ts'
import { createFeeServices } from '../claimer/fee-services.ts'
import { createGate, noFilters } from '../filters/gate.ts'
import type { Maintainer } from '../maintainer/maintainer.ts'
import { backoffMs, type Happening, type Message, type MessageEvent, type Reason, rarerMs } from '../message.ts'
import {
  chainTopic,
  forwardedOrigin,
  messageTopics,
  type Outcome,
  readAwaitedSequence,
  readReceiptsRoot,
} from '../mos.ts'
import { type BlockGroup, plan, type Work } from '../plan.ts'
import { policyOf, retryDelayMs, revertReason } from '../policy.ts'
import { inOrder } from '../streams.ts'
import { gasPriceOf } from '../submitter/fees.ts'
import { readMarket } from '../submitter/market.ts'
import type { Submitter } from '../submitter/submitter.ts'
import { isPast } from './deadline.ts'
import { partition } from './deliver.ts'
import { endingPort } from './endpoints.ts'
import type { Leg } from './leg.ts'
import { dataOf, type LegCost, type ProfitRule, readDataFee, unprofitable } from './profit.ts'
import { type ProvableBlock, readProvableBlock } from './proof.ts'

/** One leg of one direction between two chains. */
export interface Lane {
  /** One look: proves and delivers what is due, settles what is final. Returns whether more is due than it looked at. */
  step(): Promise<boolean>
}

/** What a lane is made of. */
export interface LaneDeps extends Common {
  readonly leg: Leg
  readonly submitter: Submitter
  readonly maintainer: Maintainer
  /** Which messages are delivered. Absent: all, whatever they pay. */
  readonly profit?: ProfitRule | undefined
  /** Newest final block of the target; null while not known. */
  readonly targetFinal: () => bigint | null
}

type ReadyProof = Extract<BlockProof, { status: 'ready' }>

/** Messages looked at in one step, and how long a failed one waits at least between looks at its outcome. */
const STEP_LIMIT = 256
const RECHECK_MS = 60_000
/** Blocks that are proven and delivered side by side. */
const BLOCKS_AT_A_TIME = 4
/** Milliseconds between looks at a message that does not pay, at least. */
const UNPROFITABLE_MS = 30_000
/** Milliseconds between looks at a message that is past its deadline and that others may record. */
const LAPSED_MS = 600_000
/** Blocks of the target that are searched for who delivered a message. */
const LOOK_BACK = 1_000n

/**
 * Carries the messages of one lane over one leg of its way. Nothing it cannot do now is lost: the message waits with its
 * reason.
 */
export function createLane(deps: LaneDeps): Lane {
  const { leg, submitter, maintainer, store, clock } = deps
  const { origin, source, target } = leg
  const { streamOf } = leg.work
  const feeServices = createFeeServices(origin.ports.rpc, origin.mos)
  const log = deps.log.child({ role: 'messenger', from: source.name, to: target.name })
  const { rpc } = target.ports
  /** Whether what hubs have of a lane that is direct now has been looked for. */
  let looked = false
  const lane = { fromChain: origin.id, toChain: leg.toChain }
  const gate = createGate(deps.filters ?? noFilters, lane, { store, clock, log })

  const waiting = (message: Message, reason: Reason, delay: number, failure: boolean): Happening => {
    const at = clock.now()
    return [message, { type: 'waiting', at, reason, nextAttemptAt: at + delay, failure }]
  }

  /** Whom the source chain's fees go to; zero stands for who delivers, and is shorter where that is one wallet. */
  const payee = ((): Address => {
    const wanted = origin.payee ?? origin.signer?.address ?? submitter.address
    return submitter.addresses.length === 1 && isAddressEqual(wanted, submitter.address) ? zeroAddress : wanted
  })()

  /** The target already has an outcome: whoever delivered it, it is included. `now`: unix seconds of the target. */
  async function adopt(message: Message, now: bigint): Promise<boolean> {
    const outcome = await leg.outcome(message)
    if (outcome === 'none') return false
    // it failed before its deadline, and is proven again to record that it expired
    if (outcome === 'failed' && isPast(message, now) && leg.recordsExpiry(message)) return false
    const found = await whoDelivered(message)
    const block = found?.block ?? (await getBlock(rpc, 'latest')).number
    const included: MessageEvent = {
      type: 'included',
      at: clock.now(),
      outcome,
      executionReason: outcome === 'failed' ? (found?.reason ?? null) : null,
      tx: found?.tx ?? null,
      block,
      gas: null,
    }
    await store.apply([[message, included]])
    log.info({ orderId: message.orderId, outcome, tx: found?.tx }, 'carried by somebody else')
    return true
  }

  async function whoDelivered(message: Message): Promise<{ tx: Hex; block: bigint; reason: Hex } | null> {
    const { number } = await getBlock(rpc, 'latest')
    const fromBlock = number > LOOK_BACK ? number - LOOK_BACK : 0n
    const topics = [leg.endTopics, chainTopic(origin.id)]
    const logs = await getLogs(rpc, { address: leg.contract, topics, fromBlock, toBlock: number })
    for (const entry of [...logs].reverse()) {
      const [ended] = leg.endingsIn([{ ...entry, topics: [...entry.topics], logIndex: '0x0' }])
      if (ended?.orderId === message.orderId)
        return { tx: entry.transactionHash, block: entry.blockNumber, reason: ended.reason }
    }
    return null
  }

  /** What final blocks of the target say in one answer became of messages there, by order id. */
  async function endingsOf(messages: readonly Message[]): Promise<ReadonlyMap<Hex, Outcome>> {
    const blocks = messages.flatMap(({ targetBlock }) => (targetBlock === null ? [] : [targetBlock]))
    const [fromBlock, toBlock] = [blocks.reduce(min, blocks[0] ?? 0n), blocks.reduce(max, 0n)]
    if (blocks.length < 2 || toBlock - fromBlock >= target.tuning.maxSpan) return new Map()
    const search = { address: leg.contract, topics: [leg.endTopics, chainTopic(origin.id)], fromBlock, toBlock }
    const logs = await getLogs(endingPort(target), search, target.tuning.maxSpan)
    const endings = leg.endingsIn(logs.map((entry) => ({ ...entry, topics: [...entry.topics], logIndex: '0x0' })))
    return new Map(endings.map(({ orderId, outcome }) => [orderId, outcome]))
  }

  async function settleAll(messages: readonly Message[]): Promise<void> {
    const endings = await endingsOf(messages)
    const known: Happening[] = []
    const others: Message[] = []
    for (const message of messages) {
      const outcome = endings.get(message.orderId)
      if (outcome === undefined || outcome === 'none' || outcome === 'forwarded') others.push(message)
      else known.push([message, { type: 'settled', at: clock.now(), outcome }])
    }
    await store.apply(known)
    for (const message of others) await settle(message)
  }

  async function settle(message: Message): Promise<void> {
    const outcome = await leg.outcome(message)
    const at = clock.now()
    if (outcome === 'forwarded' && !(await carriedOn(message))) {
      const detail = 'the hub has forwarded it, and the endpoint does not show its log'
      return store.apply([waiting(message, { code: 'FORWARD_NOT_SEEN', detail }, target.tuning.pollMs, true)])
    }
    if (outcome !== 'none') return store.apply([[message, { type: 'settled', at, outcome }]])
    log.warn({ orderId: message.orderId }, 'a reorg of the target took a delivery back')
    const gone: Happening[] = [[message, { type: 'excluded', at }]]
    const transaction = message.transactionId === null ? null : await store.transaction(message.transactionId)
    const reason = { code: 'REORG', detail: 'the target took its delivery back' }
    if (message.transactionId !== null && transaction?.state !== 'pending')
      gone.push([message, { type: 'dropped', at, reason, nextAttemptAt: at }])
    return store.apply(gone)
  }

  /** Whether the next leg is known, which begins with the hub's log: where its source missed that, it is looked for. */
  async function carriedOn(message: Message): Promise<boolean> {
    const { fromChain, orderId, targetBlock } = message
    const next = { fromChain, orderId, logChain: target.id }
    if ((await store.message(next)) !== null) return true
    const cursor = await store.cursor(target.id, leg.contract)
    // it is going to be read
    if (cursor === null || targetBlock === null || cursor.number < targetBlock) return false
    const topics = [messageTopics, chainTopic(fromChain), chainTopic(leg.toChain)]
    const search = { address: leg.contract, topics, fromBlock: target.startBlock, toBlock: cursor.number }
    const logs = await getLogs(rpc, search, target.tuning.maxSpan)
    const found = logs.findLast(({ data }) => data.startsWith(orderId))
    if (found === undefined) return false
    const { timestamp } = await getBlock(rpc, found.blockNumber)
    const forwarded = forwardedOrigin(found, timestamp, target.id, [origin])
    if (forwarded === null) return false
    log.warn({ orderId, tx: found.transactionHash }, "the hub's log was missed, and found now")
    await store.commitScan(target.id, leg.contract, cursor, [forwarded], clock.now())
    return true
  }

  async function recheck(message: Message): Promise<void> {
    const { timestamp: now } = await getBlock(rpc, 'latest')
    const outcome = await leg.outcome(message)
    if (outcome === 'delivered' || outcome === 'expired') {
      await adopt(message, now)
      return
    }
    if (isPast(message, now) && leg.recordsExpiry(message))
      return store.apply([[message, { type: 'lapsed', at: clock.now() }]])
    const reason = message.reason ?? { code: 'EXECUTION_FAILED', detail: 'the target failed; anybody may retry it' }
    const at = clock.now()
    const delay = rarerMs(RECHECK_MS, at - (message.settledAt ?? at))
    // its deadline is not slept through
    const left = message.deadline > now ? Math.max(RECHECK_MS, Number(message.deadline - now) * 1_000) : delay
    await store.apply([waiting(message, reason, Math.min(delay, left), false)])
  }

  /** What can go to the target now, by what the target says of deadlines and streams. The rest waits with its reason. */
  async function admitted(
    messages: readonly Message[],
    head: BlockHeader,
    blockProof: Hex,
  ): Promise<readonly Message[]> {
    const { timestamp: now } = head
    const open: Message[] = []
    for (const message of messages) {
      const past = isPast(message, now)
      // what was tried before, or may have expired, may have ended since, by us or by somebody else
      if ((message.attempts > 0 || past) && (await adopt(message, now))) continue
      if (past && !leg.recordsExpiry(message)) {
        const detail = `its deadline ${message.deadline} is past; whoever proves it now records that it expired`
        await store.apply([waiting(message, { code: 'DEADLINE_PASSED', detail }, LAPSED_MS, false)])
      } else open.push(message)
    }
    const fresh = await paying(open, blockProof, head)
    const awaited = new Map<string, bigint>()
    for (const message of fresh) {
      const stream = streamOf(message)
      if (stream === null || message.target === null || awaited.has(stream)) continue
      awaited.set(stream, await readAwaitedSequence(rpc, target.mos, message, message.target))
    }
    const { ready, early } = inOrder(fresh, awaited, (message) => isPast(message, now))
    await store.apply(early.map(([message, expected]) => outOfOrder(message, expected)))
    return ready
  }

  /** Those that pay for their delivery, by the lane's rule. The others wait with both figures: fees rise, and gas falls. */
  async function paying(messages: readonly Message[], blockProof: Hex, head: BlockHeader): Promise<readonly Message[]> {
    if (deps.profit === undefined || messages.length === 0) return messages
    const rule = deps.profit
    const going = messages.map((message) => leg.next(message)).find((next) => next !== null)
    const gasPrice = gasPriceOf(await readMarket(target, head))
    const nextGasPrice = going == null ? 0n : gasPriceOf(await readMarket(going.target))
    const held = await feeServices.escrowsOf(
      messages.map((message) => ({ orderId: message.orderId, sentIn: () => sentIn(message) })),
      await feeServices.current(),
    )
    const reasons = await Promise.all(
      messages.map(async (message, i) => {
        const next = leg.next(message)
        const costs = await Promise.all([
          legCost(target, leg.work, message, gasPrice),
          ...(next === null ? [] : [legCost(next.target, next.work, message, nextGasPrice)]),
        ])
        return unprofitable(message, held[i] ?? null, rule, costs, messages.length)
      }),
    )

    /** Behind a hub a message's row has the hub's block. */
    async function sentIn(message: Message): Promise<bigint | null> {
      if (source.id === origin.id) return message.blockNumber
      const { fromChain, orderId } = message
      return (await store.message({ fromChain, orderId, logChain: fromChain }))?.blockNumber ?? null
    }

    /** The proof of the next leg is not known yet: it is taken to be as long as this one's. */
    async function legCost(on: ChainContext, work: Work, message: Message, price: bigint): Promise<LegCost> {
      const { l1FeeOracle } = on.tuning
      const dataFee =
        l1FeeOracle === undefined ? 0n : await readDataFee(on.ports.rpc, l1FeeOracle, dataOf(message, blockProof))
      const prices = on.id === leg.toChain ? rule.prices : (rule.hubPrices ?? [])
      return { work, prices, gasPrice: price, dataFee }
    }
    const refused = messages.flatMap((message, i): readonly Happening[] => {
      const reason = reasons[i] ?? null
      const at = clock.now()
      const delay = rarerMs(UNPROFITABLE_MS, at - (message.finalAt ?? at))
      return reason === null ? [] : [waiting(message, reason, delay, false)]
    })
    await store.apply(refused)
    return messages.filter((_, i) => reasons[i] === null)
  }

  /** An early member of a stream. Its predecessor wakes it; it counts as no failure. */
  function outOfOrder(message: Message, expected: bigint): Happening {
    const detail = `it is number ${message.sequence} of its stream, whose number ${expected} comes first`
    return waiting(message, { code: 'OUT_OF_ORDER', detail }, retryDelayMs('inOrder', 0), false)
  }

  /** The update that made their block provable, for those that waited while another message's or a claim's did it. */
  async function broughtByUpdates(client: Address, messages: readonly Message[]): Promise<readonly Happening[]> {
    const found: Happening[] = []
    const waited = messages.flatMap((message) =>
      message.state === 'final' && message.updateTx === null && message.finalAt !== null
        ? [{ message, finalAt: message.finalAt }]
        : [],
    )
    const first = Math.min(...waited.map(({ finalAt }) => finalAt))
    if (waited.length === 0 || (await store.lastUpdate(target.id, client, first)) === null) return []
    for (const { message, finalAt } of waited) {
      const update = await store.lastUpdate(target.id, client, finalAt)
      if (update === null) continue
      found.push([message, { type: 'updated', at: clock.now(), tx: update.hash, gas: update.gasUsed }])
    }
    return found
  }

  /** Proves a block and delivers its messages. Returns whether the light client has to move first. */
  async function deliver(client: Address, group: BlockGroup, proof: BlockProof, head: BlockHeader): Promise<boolean> {
    const { timestamp: now } = head
    const fresh = await admitted(group.messages, head, proof.status === 'ready' ? proof.proof : '0x')
    if (fresh.length === 0) return false
    if (proof.status === 'waiting') {
      const { reason, delay } = waitOf(proof.reason, target.tuning.pollMs)
      await store.apply(fresh.map((m) => waiting(m, reason, delay, false)))
      return false
    }
    const combined = target.tuning.combineUpdates ? proof.updates : []
    if (proof.updates.length > combined.length) {
      const result = await maintainer.request(client, proof.updates, fresh)
      const at = clock.now()
      const moved = fresh.filter(({ state }) => state === 'provable')
      const reason = { code: 'LIGHT_CLIENT_BEHIND', detail: 'it waits for an update of the light client' }
      await store.apply(moved.map((m) => [m, { type: 'unproven', at, reason, nextAttemptAt: at }] as const))
      if (result.status === 'waiting')
        await store.apply(fresh.map((m) => waiting(m, result.reason, result.delayMs, true)))
      return true
    }
    const block = await readProvableBlock(source, group)
    if (!fresh.every((message) => block.holds(message))) {
      await correct(client, group, block, proof)
      return false
    }
    await store.apply(await broughtByUpdates(client, fresh))
    const provenAt = clock.now()
    await store.apply(fresh.filter(({ state }) => state === 'final').map((m) => [m, { type: 'proven', at: provenAt }]))
    const context = { block, blockProof: proof.proof, updates: combined, payee }
    const { ready, refused, later } = await partition(leg, submitter.address, context, fresh)
    // before anything that may wake them
    await store.apply(later.map((message) => outOfOrder(message, message.sequence - 1n)))
    for (const { delivery, gasLimit } of ready) {
      const { kind, to, data, messages } = delivery
      const sent = await submitter.send({ kind, to, data, gasLimit, messages })
      if (sent.status === 'refused')
        await store.apply(messages.map((m) => waiting(m, sent.reason, target.tuning.pollMs, false)))
      else log.info({ orderIds: messages.map((m) => m.orderId), nonce: sent.transaction.nonce }, `${kind} sent`)
    }
    for (const [message, revert] of refused) {
      const policy = policyOf(revert)
      if (policy === 'readOutcome' && (await adopt(message, now))) continue
      const reason = revertReason(revert)
      log.warn({ orderId: message.orderId, reason: reason.code, detail: reason.detail }, 'delivery would revert')
      const backoff = backoffMs(message.attempts)
      // its outcome was asked for just now: an endpoint that does not show it yet is not asked without end
      const delay = policy === 'readOutcome' ? backoff : retryDelayMs(policy, backoff)
      await store.apply([waiting(message, reason, delay, policy !== 'inOrder')])
    }
    return false
  }

  /**
   * An endpoint told of a message that the block's receipts do not have: it may have told of it in place of another. What
   * the receipts have takes the place of what is known of the block, if the light client vouches for them: an endpoint's
   * own word for them could be as false.
   *
   * @throws {ChainDataError} nobody vouches for the receipts, or not yet.
   */
  async function correct(client: Address, group: BlockGroup, block: ProvableBlock, proof: ReadyProof): Promise<void> {
    const root = bytesToHex(block.trie.root)
    const vouched = proof.updates.length > 0 ? null : await readReceiptsRoot(rpc, client, proof.proof)
    const different = (): ChainDataError => new ChainDataError('logs of the block', 'those in its receipts', 'others')
    if (vouched !== root) throw different()
    const origins = block.logs.map((entry) => leg.read(entry, group.blockTimestamp)).filter((one) => one !== null)
    const { blockNumber } = group
    const logs = { logChain: source.id, emitter: getAddress(leg.emitter), fromChain: origin.id, blockNumber }
    const forgotten = await store.correct(logs, origins, clock.now())
    if (forgotten === 0) throw different()
    log.error({ block: String(blockNumber), forgotten }, 'an endpoint made up messages: the receipts are believed')
  }

  /** What is wrong with one block is not the fault of the others: its messages wait with the reason. */
  async function withdrawn(group: BlockGroup, error: unknown): Promise<void> {
    const detail = error instanceof Error ? error.message : String(error)
    const code = error instanceof Error && 'code' in error ? String(error.code) : 'INTERNAL'
    log.error({ block: String(group.blockNumber), code, detail }, 'block cannot be proven')
    const current = await Promise.all(group.messages.map((m) => store.message(m)))
    const stuck = current.filter((m) => m !== null).filter((m) => m.state === 'final' || m.state === 'provable')
    await store.apply(stuck.map((m) => waiting(m, { code, detail }, backoffMs(m.attempts), true)))
  }

  async function prove(groups: readonly BlockGroup[]): Promise<void> {
    const client = await leg.lightClient()
    const [state, head] = await Promise.all([maintainer.readClient(client), getBlock(rpc, 'latest')])
    const proofs = await Promise.all(
      groups.map(async (group) => {
        const point = { number: group.blockNumber, hash: group.blockHash, timestamp: group.blockTimestamp }
        try {
          return await source.consensus.proveReceiptsRoot(source.ports, state, point, head.timestamp)
        } catch (error) {
          await withdrawn(group, error)
          return null
        }
      }),
    )
    const proven = groups.flatMap((group, i) => {
      const proof = proofs[i] ?? null
      return proof === null ? [] : [{ group, proof }]
    })
    const needsUpdate = (proof: BlockProof): boolean =>
      proof.status === 'ready' && proof.updates.length > 0 && !target.tuning.combineUpdates
    // several blocks at a time, so that one that waits for an answer does not have the others wait
    const free = proven.filter(({ proof }) => !needsUpdate(proof))
    const take = async (): Promise<void> => {
      for (let next = free.shift(); next !== undefined; next = free.shift()) {
        const { group, proof } = next
        await deliver(client, group, proof, head).catch((error: unknown) => withdrawn(group, error))
      }
    }
    await Promise.all(Array.from({ length: BLOCKS_AT_A_TIME }, take))
    // the update that proves the newest block most often proves those before it
    const behind = proven.filter(({ proof }) => needsUpdate(proof))
    behind.sort((a, b) => Number(b.group.blockNumber - a.group.blockNumber))
    let updating = false
    for (const { group, proof } of behind) {
      try {
        if (updating) await maintainer.request(client, [], group.messages)
        else updating = await deliver(client, group, proof, head)
      } catch (error) {
        await withdrawn(group, error)
      }
    }
  }

  return {
    async step() {
      const now = clock.now()
      if (!looked && source === origin && target.id === leg.toChain) {
        const count = await store.reroute(origin.id, target.id, now)
        if (count > 0) log.info({ messages: count }, 'carried directly, and no more over a hub')
        looked = true
      }
      const targetFinal = deps.targetFinal()
      const [due, landed, failed] = await Promise.all([
        store.due(origin.id, leg.toChain, now, STEP_LIMIT, source.id),
        targetFinal === null ? [] : store.landed(origin.id, leg.toChain, targetFinal, now, STEP_LIMIT, source.id),
        store.failed(origin.id, leg.toChain, now, STEP_LIMIT, source.id),
      ])
      const actions = plan([...(await gate.admit(due)), ...landed, ...failed], { targetFinal }, now)
      // what waits goes first: what has landed is in no hurry
      const groups = actions.flatMap((action) => (action.type === 'prove' ? [action.group] : []))
      if (groups.length > 0) await prove(groups)
      await settleAll(actions.flatMap((action) => (action.type === 'settle' ? [action.message] : [])))
      for (const action of actions) if (action.type === 'recheck') await recheck(action.message)
      await maintainer.maintain(leg.lightClient)
      return due.length === STEP_LIMIT || landed.length === STEP_LIMIT
    },
  }
}

function waitOf(wait: WaitReason, pollMs: number): { readonly reason: Reason; readonly delay: number } {
  switch (wait.code) {
    case 'NOT_FINAL':
      return {
        reason: { code: wait.code, detail: `block ${wait.wanted} is not final; ${wait.finalized} is` },
        delay: pollMs,
      }
    case 'UPDATE_NOT_SERVED':
      return { reason: { code: wait.code, detail: wait.detail }, delay: pollMs }
    case 'CLOCK_BEHIND': {
      const detail = `the target's clock is ${wait.now}; the update counts from ${wait.earliest}`
      return { reason: { code: wait.code, detail }, delay: pollMs }
    }
    case 'CLIENT_UNUSABLE':
      return { reason: { code: wait.code, detail: `the light client is ${wait.status}` }, delay: RECHECK_MS }
  }
}
