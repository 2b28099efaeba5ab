import { iLightClientAbi } from '@meridian/abi'
import { call, estimateGas, getBlock } from '@meridian/chain'
import type { ClientState } from '@meridian/consensus'
import { type Address, decodeFunctionResult, encodeFunctionData, type Hex, isAddressEqual } from 'viem'
import type { ChainContext, Common } from '../chain-context.ts'
import { backoffMs, type MessageKey, type Reason } from '../message.ts'
import { policyOf, retryDelayMs, revertReason } from '../policy.ts'
import { gasCap, limitWithin } from '../submitter/gas-limit.ts'
import type { Submitter } from '../submitter/submitter.ts'

/** What came of asking for updates. `applied`: there was nothing to send, or it is not new. */
export type UpdateRequest =
  | { readonly status: 'sent' | 'inFlight' | 'applied' }
  | { readonly status: 'waiting'; readonly reason: Reason; readonly delayMs: number }

/** Keeps one light client in step. */
export interface Maintainer {
  /** Sends the first of the updates that is new, on behalf of messages that wait for it. */
  request(client: Address, updates: readonly Hex[], messages: readonly MessageKey[]): Promise<UpdateRequest>
  /** Looks whether the client needs an update although no message waits, as often as the chain's tuning says. `client`: asked
   *  for when it is time. */
  maintain(client: () => Promise<Address>): Promise<void>
  /** The client as it was last read; null before. */
  lastRead(): ClientState | null
  readClient(client: Address): Promise<ClientState>
}

/** Times as long as configured between looks at most, and how quickly it comes to that. */
const LONGEST_REST = 10
const REST_GROWTH = 4

/** A client that needs nothing is looked at less and less: what it may need next is hours away, or a message brings it. */
function restMs(maintainMs: number, idle: number): number {
  return maintainMs * Math.min(REST_GROWTH ** Math.max(0, idle - 1), LONGEST_REST)
}

/**
 * Lazy: updates when a message waits for one, when a committee must rotate, or when the trusting period runs down. One
 * update of a client is on its way at a time, since each is simulated on what the one before it left.
 */
export function createMaintainer(
  source: ChainContext,
  target: ChainContext,
  submitter: Submitter,
  common: Common,
): Maintainer {
  const log = common.log.child({ role: 'maintainer', from: source.name, to: target.name })
  const { rpc } = target.ports
  let state: ClientState | null = null
  let nextLookAt = 0
  /** Looks in a row that found nothing due: each makes the next one later. */
  let idle = 0
  /** Updates in a row that were sent for nobody while the head stayed where it is. */
  let fruitless = 0
  let headBefore: bigint | null = null

  async function request(
    client: Address,
    updates: readonly Hex[],
    messages: readonly MessageKey[],
  ): Promise<UpdateRequest> {
    const pending = await submitter.pending()
    const inFlight = pending.find((t) => t.kind === 'update' && isAddressEqual(t.to, client))
    if (inFlight !== undefined) {
      await common.store.attach(inFlight.id, messages)
      return { status: 'inFlight' }
    }
    for (const update of updates) {
      const data = encodeFunctionData({ abi: iLightClientAbi, functionName: 'update', args: [update] })
      const simulated = await call(rpc, { to: client, data, from: submitter.address })
      if (!simulated.ok) {
        const reason = revertReason(simulated.revert)
        log.warn({ reason: reason.code, detail: reason.detail }, 'update would revert')
        return { status: 'waiting', reason, delayMs: retryDelayMs(policyOf(simulated.revert), backoffMs(3)) }
      }
      if (decodeFunctionResult({ abi: iLightClientAbi, functionName: 'update', data: simulated.data }) === 0) continue
      const estimate = await estimateGas(rpc, { to: client, data, from: submitter.address })
      if (!estimate.ok) {
        const reason = revertReason(estimate.revert)
        return { status: 'waiting', reason, delayMs: retryDelayMs(policyOf(estimate.revert), backoffMs(0)) }
      }
      const gasLimit = limitWithin(estimate.gas, target.tuning)
      if (gasLimit === null)
        return { status: 'waiting', reason: gasCap('update', estimate.gas, target.tuning), delayMs: backoffMs(6) }
      const sent = await submitter.send({ kind: 'update', to: client, data, gasLimit, messages })
      if (sent.status === 'refused') return { status: 'waiting', reason: sent.reason, delayMs: backoffMs(1) }
      log.info({ messages: messages.length, nonce: sent.transaction.nonce }, 'light-client update sent')
      return { status: 'sent' }
    }
    return { status: 'applied' }
  }

  async function readClient(client: Address): Promise<ClientState> {
    state = await source.consensus.readClient(rpc, client)
    return state
  }

  return {
    request,
    readClient,
    lastRead: () => state,
    async maintain(clientOf) {
      const now = common.clock.now()
      if (now < nextLookAt) return
      const client = await clientOf()
      const [read, head] = await Promise.all([readClient(client), getBlock(rpc, 'latest')])
      if (read.head.number !== headBefore) fruitless = 0
      headBefore = read.head.number
      const updates = await source.consensus.maintain(source.ports, read, head.timestamp)
      const result = updates.length === 0 ? null : await request(client, updates, [])
      idle = updates.length === 0 ? idle + 1 : 0
      if (result?.status === 'sent') fruitless += 1
      // more than one update may be due: look again as soon as this one can have landed. What reverts comes later each time.
      const isUnderWay = result?.status === 'sent' || result?.status === 'inFlight'
      const underWayMs = fruitless < 2 ? 0 : backoffMs(fruitless - 2)
      nextLookAt = now + (isUnderWay ? underWayMs : restMs(target.tuning.maintainMs, idle))
    },
  }
}
