import { iLightClientAbi } from '@meridian/abi'
import { call, getBlock, parseAnswer, quantity } from '@meridian/chain'
import type { ClientState, Evidence } from '@meridian/consensus'
import type { Logger } from 'pino'
import { type Address, encodeFunctionData, type Hex, isAddressEqual, toFunctionSelector, zeroAddress } from 'viem'
import { revertReason } from '../policy.ts'
import { reasonOf } from '../worker.ts'
import type { Contradiction, WatcherDeps } from './deps.ts'
import { tracedUpdateBytes, updateBytes } from './update-bytes.ts'

/** Proves contradictions to the light client that accepted them. */
export interface Reporter {
  /**
   * Builds evidence, and sends it where somebody can; not before it is due again after a time without success. Whether there
   * is evidence.
   */
  report(client: ClientState, key: string, one: Contradiction): Promise<boolean>
  /** Whether evidence would be looked for now. */
  isDue(key: string): boolean
  /** Why those of the contradictions are unproven that are, counted. */
  unproven(keys: readonly string[]): Readonly<Record<string, number>>
}

/** Gas of a report: two proofs, each verified in full. */
const REPORT_GAS = 12_000_000n
const reportSelector = toFunctionSelector('reportMisbehaviour(bytes)')
/** Milliseconds until evidence is looked for again: our nodes may serve it later. Doubled each time, as far as the second. */
const RETRY_MS = 1_000
const RETRY_CAP_MS = 600_000
/** Tries for which what a wallet has on its way from before is waited for: two minutes. It may be the same report. */
const PATIENCE = 7

interface Attempt {
  readonly tries: number
  /** Milliseconds. */
  readonly dueAt: number
  /** Why nothing came of it; null where evidence was sent, or the client is frozen. */
  readonly reason: { readonly code: string; readonly detail: string } | null
  readonly proven: boolean
}

/** @param log Names the direction. */
export function createReporter({ source, target, submitter, store, clock }: WatcherDeps, log: Logger): Reporter {
  const { rpc } = target.ports
  const attempts = new Map<string, Attempt>()

  async function evidenceOf(client: ClientState, one: Contradiction): Promise<Evidence> {
    const { tx, what, number, hash } = one
    let missing: Evidence = {
      status: 'none',
      code: 'UPDATE_NOT_FOUND',
      detail: tx === null ? 'the head is older than the blocks that are read' : `its transaction ${tx} is not served`,
    }
    if (tx === null) return missing
    const { timestamp: now } = await getBlock(rpc, 'latest')
    for (const bytesOf of [updateBytes, tracedUpdateBytes])
      for (const update of await bytesOf(rpc, client.address, tx)) {
        const accepted = { what, number, hash, update }
        const evidence = await source.consensus.misbehaviour(source.ports, rpc, client, accepted, now)
        if (evidence.status === 'found' || evidence.code !== 'UPDATE_NOT_FOUND') return evidence
        missing = evidence
      }
    return missing
  }

  /** Whether a report of ours is on its way already: one that an earlier process sent is not sent again. */
  async function isOnItsWay(client: Address): Promise<boolean> {
    for (const { id, to } of (await submitter?.pending()) ?? [])
      if (isAddressEqual(to, client) && (await store.transaction(id))?.data.startsWith(reportSelector)) return true
    return false
  }

  /** Transactions of our wallets that are not in the ledger: what a process that was killed may have sent. */
  async function isUsedOutside(): Promise<boolean> {
    const pending = (await submitter?.pending()) ?? []
    for (const address of submitter?.addresses ?? []) {
      const [mined, sent] = await Promise.all(['latest', 'pending'].map((block) => countOf(address, block)))
      const open = pending.filter(
        ({ signer, nonce }) => isAddressEqual(signer, address) && nonce >= (mined ?? 0),
      ).length
      if ((sent ?? 0) > (mined ?? 0) + open) return true
    }
    return false
  }

  const countOf = async (address: Address, block: string): Promise<number> =>
    Number(
      parseAnswer(quantity, 'eth_getTransactionCount', await rpc.request('eth_getTransactionCount', [address, block])),
    )

  /** Why evidence was not sent; null where it was. */
  async function send(client: Address, evidence: Hex): Promise<Attempt['reason']> {
    const data = encodeFunctionData({ abi: iLightClientAbi, functionName: 'reportMisbehaviour', args: [evidence] })
    const from = submitter?.address ?? zeroAddress
    const simulated = await call(rpc, { to: client, data, from, gas: REPORT_GAS })
    if (!simulated.ok) {
      const { code, detail } = revertReason(simulated.revert)
      log.error({ code, detail }, 'the client does not take the evidence')
      return { code: 'REFUSED', detail }
    }
    if (submitter === null) {
      log.error({ code: 'NO_SIGNER', client, data }, 'evidence is there; anybody may send it')
      return { code: 'NO_SIGNER', detail: 'no signer is configured' }
    }
    const sent = await submitter.send({ kind: 'update', to: client, data, gasLimit: REPORT_GAS, messages: [] })
    if (sent.status === 'refused') {
      log.error({ ...sent.reason, client, data }, 'evidence cannot be sent now')
      return sent.reason
    }
    log.error({ client, nonce: sent.transaction.nonce }, 'misbehaviour reported')
    return null
  }

  async function attempt(
    client: ClientState,
    one: Contradiction,
    tries: number,
  ): Promise<Pick<Attempt, 'reason' | 'proven'>> {
    try {
      if (await isOnItsWay(client.address)) return { reason: null, proven: true }
      if (tries < PATIENCE && (await isUsedOutside()))
        return { reason: { code: 'WALLET_IN_USE', detail: 'what it sent before is not in a block yet' }, proven: false }
      const evidence = await evidenceOf(client, one)
      if (evidence.status === 'found') return { reason: await send(client.address, evidence.data), proven: true }
      return { reason: { code: evidence.code, detail: evidence.detail }, proven: false }
    } catch (error) {
      return { reason: reasonOf(error), proven: false }
    }
  }

  return {
    isDue: (key) => clock.now() >= (attempts.get(key)?.dueAt ?? 0),
    async report(client, key, one) {
      const before = attempts.get(key)
      // what a client accepted that the route left is of no use to anybody
      if (!isAddressEqual(client.address, one.client)) return before?.proven ?? false
      if (client.status === 'frozen') {
        attempts.delete(key)
        return false
      }
      const now = clock.now()
      if (before !== undefined && now < before.dueAt) return before.proven
      const { reason, proven } = await attempt(client, one, before?.tries ?? 0)
      const tries = (before?.tries ?? 0) + 1
      const dueAt = now + Math.min(RETRY_MS * 2 ** Math.min(tries - 1, 20), RETRY_CAP_MS)
      attempts.set(key, { tries, dueAt, reason, proven })
      if (!proven && reason !== null && reason.detail !== before?.reason?.detail)
        log.error(
          { code: 'NO_EVIDENCE', reason: reason.code, detail: reason.detail, tx: one.tx },
          'it cannot be proven',
        )
      return proven
    },
    unproven(keys) {
      const counts: Record<string, number> = {}
      for (const key of keys) {
        const { reason = null } = attempts.get(key) ?? {}
        if (reason !== null) counts[reason.code] = (counts[reason.code] ?? 0) + 1
      }
      return counts
    },
  }
}
