import { getBlock, getLogs } from '@meridian/chain'
import type { BlockProof, WaitReason } from '@meridian/consensus'
import { mapMessageInTopic } from '@meridian/core'
import { type Address, type Hex, isAddressEqual, zeroAddress } from 'viem'
import type { ChainContext, Common } from '../chain-context.ts'
import { RouteError } from '../errors.ts'
import type { Maintainer } from '../maintainer/maintainer.ts'
import { backoffMs, type Message, type MessageEvent, type Reason } from '../message.ts'
import { chainTopic, executedIn, readOutcome, readRoute } from '../mos.ts'
import { type BlockGroup, plan } from '../plan.ts'
import { policyOf, retryDelayMs, revertReason } from '../policy.ts'
import type { Happening } from '../store/store.ts'
import type { Submitter } from '../submitter/submitter.ts'
import { partition } from './deliver.ts'
import { readProvableBlock } from './proof.ts'

/** One direction between two chains. */
export interface Lane {
  readonly fromChain: bigint
  readonly toChain: bigint
  /** One look: proves and delivers what is due, settles what is final. */
  step(): Promise<void>
}

/** What a lane is made of. */
export interface LaneDeps extends Common {
  readonly source: ChainContext
  readonly target: ChainContext
  readonly submitter: Submitter
  readonly maintainer: Maintainer
  /** Newest final block of the target; null while not known. */
  readonly targetFinal: () => bigint | null
}

/** Messages looked at in one step, and how long a failed one waits between looks at its outcome. */
const STEP_LIMIT = 256
const RECHECK_MS = 60_000
/** Blocks of the target that are searched for who delivered a message. */
const LOOK_BACK = 1_000n

/** Carries the messages of one lane. Nothing it cannot do now is lost: the message waits with its reason. */
export function createLane(deps: LaneDeps): Lane {
  const { source, target, submitter, maintainer, store, clock } = deps
  const log = deps.log.child({ role: 'messenger', from: source.name, to: target.name })
  const { rpc } = target.ports

  async function lightClient(): Promise<Address> {
    const route = await readRoute(rpc, target.mos, source.id)
    if (route.lightClient === zeroAddress) throw new RouteError(source.id, target.id, 'the target has no route')
    if (!isAddressEqual(route.remoteMos, source.mos)) {
      const detail = `the target's route names MOS ${route.remoteMos}, the configuration ${source.mos}`
      throw new RouteError(source.id, target.id, detail)
    }
    return route.lightClient
  }

  const waiting = (message: Message, reason: Reason, delay: number, failure: boolean): Happening => {
    const at = clock.now()
    return [message, { type: 'waiting', at, reason, nextAttemptAt: at + delay, failure }]
  }

  /** The target already has an outcome: whoever delivered it, it is included. */
  async function adopt(message: Message): Promise<boolean> {
    const outcome = await readOutcome(rpc, target.mos, message)
    if (outcome === 'none') return false
    const executed = outcome === 'delivered'
    const found = await whoDelivered(message)
    const block = found?.block ?? (await getBlock(rpc, 'latest')).number
    const included: MessageEvent = {
      type: 'included',
      at: clock.now(),
      executed,
      executionReason: executed ? null : (found?.reason ?? null),
      tx: found?.tx ?? null,
      block,
      gas: null,
    }
    await store.apply([[message, included]])
    log.info({ orderId: message.orderId, outcome, tx: found?.tx }, 'delivered by somebody else')
    return true
  }

  async function whoDelivered(message: Message): Promise<{ tx: Hex; block: bigint; reason: Hex } | null> {
    const { number } = await getBlock(rpc, 'latest')
    const fromBlock = number > LOOK_BACK ? number - LOOK_BACK : 0n
    const topics = [mapMessageInTopic, chainTopic(source.id)]
    const logs = await getLogs(rpc, { address: target.mos, topics, fromBlock, toBlock: number })
    for (const entry of [...logs].reverse()) {
      const [ran] = executedIn([{ ...entry, topics: [...entry.topics], logIndex: '0x0' }], target.mos, source.id)
      if (ran?.orderId === message.orderId)
        return { tx: entry.transactionHash, block: entry.blockNumber, reason: ran.reason }
    }
    return null
  }

  async function settle(message: Message): Promise<void> {
    const outcome = await readOutcome(rpc, target.mos, message)
    const at = clock.now()
    if (outcome !== 'none') return store.apply([[message, { type: 'settled', at, outcome }]])
    log.warn({ orderId: message.orderId }, 'a reorg of the target took a delivery back')
    const gone: Happening[] = [[message, { type: 'excluded', at }]]
    const transaction = message.transactionId === null ? null : await store.transaction(message.transactionId)
    const reason = { code: 'REORG', detail: 'the target took its delivery back' }
    if (message.transactionId !== null && transaction?.state !== 'pending')
      gone.push([message, { type: 'dropped', at, reason, nextAttemptAt: at }])
    return store.apply(gone)
  }

  async function recheck(message: Message): Promise<void> {
    const outcome = await readOutcome(rpc, target.mos, message)
    if (outcome === 'delivered') {
      await adopt(message)
      return
    }
    const reason = message.reason ?? { code: 'EXECUTION_FAILED', detail: 'the target failed; anybody may retry it' }
    await store.apply([waiting(message, reason, RECHECK_MS, false)])
  }

  /** Proves a block and delivers its messages. Returns whether the light client has to move first. */
  async function deliver(client: Address, group: BlockGroup, proof: BlockProof): Promise<boolean> {
    const fresh: Message[] = []
    // what was tried before may have been delivered since, by us or by somebody else
    for (const message of group.messages) if (message.attempts === 0 || !(await adopt(message))) fresh.push(message)
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
    const provenAt = clock.now()
    await store.apply(fresh.filter(({ state }) => state === 'final').map((m) => [m, { type: 'proven', at: provenAt }]))
    const { ready, refused } = await partition(target, submitter.address, block, proof.proof, fresh, combined)
    for (const { delivery, gasLimit } of ready) {
      const { data, messages } = delivery
      const sent = await submitter.send({ kind: 'delivery', to: target.mos, data, gasLimit, messages })
      if (sent.status === 'refused')
        await store.apply(messages.map((m) => waiting(m, sent.reason, target.tuning.pollMs, false)))
      else log.info({ orderIds: messages.map((m) => m.orderId), nonce: sent.transaction.nonce }, 'delivery sent')
    }
    for (const [message, revert] of refused) {
      const policy = policyOf(revert)
      if (policy === 'readOutcome' && (await adopt(message))) continue
      const reason = revertReason(revert)
      log.warn({ orderId: message.orderId, reason: reason.code, detail: reason.detail }, 'delivery would revert')
      await store.apply([waiting(message, reason, retryDelayMs(policy, backoffMs(message.attempts)), true)])
    }
    return false
  }

  async function prove(groups: readonly BlockGroup[]): Promise<void> {
    const client = await lightClient()
    const [state, head] = await Promise.all([maintainer.readClient(client), getBlock(rpc, 'latest')])
    // the update that proves the newest block most often proves those before it
    const newestFirst = [...groups].sort((a, b) => Number(b.blockNumber - a.blockNumber))
    let updating = false
    for (const group of newestFirst) {
      const point = { number: group.blockNumber, hash: group.blockHash, timestamp: group.blockTimestamp }
      try {
        const proof = await source.consensus.proveReceiptsRoot(source.ports, state, point, head.timestamp)
        const needsUpdate = proof.status === 'ready' && proof.updates.length > 0 && !target.tuning.combineUpdates
        if (updating && needsUpdate) {
          await maintainer.request(client, [], group.messages)
          continue
        }
        updating = (await deliver(client, group, proof)) || updating
      } catch (error) {
        // what is wrong with one block is not the fault of the others
        const detail = error instanceof Error ? error.message : String(error)
        const code = error instanceof Error && 'code' in error ? String(error.code) : 'INTERNAL'
        log.error({ block: String(group.blockNumber), code, detail }, 'block cannot be proven')
        const current = await Promise.all(group.messages.map((m) => store.message(m)))
        const stuck = current.filter((m) => m !== null).filter((m) => m.state === 'final' || m.state === 'provable')
        await store.apply(stuck.map((m) => waiting(m, { code, detail }, backoffMs(m.attempts), true)))
      }
    }
  }

  return {
    fromChain: source.id,
    toChain: target.id,
    async step() {
      const now = clock.now()
      const states = ['final', 'provable', 'included', 'failed'] as const
      const due = await store.due(source.id, target.id, states, now, STEP_LIMIT)
      const actions = plan(due, { targetFinal: deps.targetFinal() }, now)
      for (const action of actions) {
        if (action.type === 'settle') await settle(action.message)
        if (action.type === 'recheck') await recheck(action.message)
      }
      const groups = actions.flatMap((action) => (action.type === 'prove' ? [action.group] : []))
      if (groups.length > 0) await prove(groups)
      await maintainer.maintain(await lightClient())
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
