import { iFeeServiceAbi } from '@meridian/abi'
import { call, estimateGas, getBlock, getReceipt } from '@meridian/chain'
import type { ClientState } from '@meridian/consensus'
import { encodeReceiptProof } from '@meridian/proofs'
import { type Address, encodeFunctionData, type Hex, hexToNumber, isAddressEqual, zeroAddress } from 'viem'
import { min } from '../bigint.ts'
import type { ChainContext, ClaimRule, Common } from '../chain-context.ts'
import type { Maintainer } from '../maintainer/maintainer.ts'
import { backoffMs, type Reason } from '../message.ts'
import { readProvableBlock } from '../messenger/proof.ts'
import { readRoute } from '../mos.ts'
import { policyOf, retryDelayMs, revertReason } from '../policy.ts'
import type { Submitter } from '../submitter/submitter.ts'
import { reasonOf } from '../worker.ts'
import { type Claim, type ClaimOrder, isWorthSettling, isWorthWithdrawing } from './claim.ts'
import { readEscrow, readFeeService, readOwed, recordedFor } from './fee-service.ts'

/** Collects the fees of one lane. */
export interface Claimer {
  /** One look: finds what was earned, settles what is worth it, follows what was sent, withdraws what is credited. */
  step(): Promise<void>
}

/** What a Claimer is made of. */
export interface ClaimerDeps extends Common {
  /** Where the messages started and their fees lie. */
  readonly source: ChainContext
  /** Where they are delivered. */
  readonly target: ChainContext
  readonly rule: ClaimRule
  /** The wallet on the source chain. */
  readonly submitter: Submitter
  /** Keeps the light client on the source chain that follows the target. */
  readonly maintainer: Maintainer
  /** Who delivers on the target: it receives the fees where nobody else was named. */
  readonly deliverer: Address
}

/** Deliveries and claims that are looked at in one step. */
const STEP_LIMIT = 32
/** Part of a wallet's transactions under way that claims may be: the rest is for deliveries. */
const WALLET_SHARE = 2
const MARGIN_NUMERATOR = 6n
const MARGIN_DENOMINATOR = 5n

/**
 * Claims by what the chains say. A claim is a row that begins with a final delivery and ends when a final block shows none
 * of its fees in escrow, whoever settled them. The row and the transaction that settles it are written down together
 * before anything is sent, and the row is open again only when the ledger shows that this transaction came to nothing: so
 * a killed process claims neither twice nor never. Nothing here touches a message.
 */
export function createClaimer(deps: ClaimerDeps): Claimer {
  const { source, target, rule, submitter, maintainer, store, clock } = deps
  const { claims } = store
  const { rpc } = source.ports
  const log = deps.log.child({ role: 'claimer', from: source.name, to: target.name })
  const payee = source.payee ?? source.signer?.address ?? deps.deliverer
  let nextWithdrawalAt = 0
  /** Milliseconds between looks at what cannot be settled now, or is not worth it yet. */
  const lookMs = source.tuning.maintainMs

  async function find(): Promise<void> {
    const deliveries = await claims.unread(source.id, target.id, STEP_LIMIT)
    if (deliveries.length === 0) return
    const feeService = await readFeeService(rpc, source.mos)
    for (const { id, hash } of deliveries) {
      const receipt = await getReceipt(target.ports.rpc, hash)
      // it is final, so a node that does not have it is behind
      if (receipt === null) return
      const orders: ClaimOrder[] = []
      for (const orderId of recordedFor(receipt, target.mos, source.id, payee)) {
        const held = await readEscrow(rpc, feeService, orderId)
        // settled already, or paid to another fee service: what is not here cannot be claimed here
        if (held !== null && held.amount > 0n) orders.push(held)
      }
      const found = {
        deliveryId: id,
        fromChain: source.id,
        toChain: target.id,
        feeService,
        blockNumber: receipt.blockNumber,
        blockHash: receipt.blockHash,
        txHash: hash,
        txIndex: hexToNumber(receipt.transactionIndex),
        orders,
        createdAt: clock.now(),
      }
      await claims.found(id, orders.length === 0 ? null : found)
      log.info({ delivery: hash, orders: orders.length }, 'delivery earned fees')
    }
  }

  const wait = (claim: Claim, reason: Reason, delay: number, failure: boolean): Promise<void> =>
    claims.reopen(claim.deliveryId, reason, clock.now() + delay, failure)

  /** What of a claim lies in escrow. */
  async function heldOf(claim: Claim, block: bigint | 'latest'): Promise<readonly ClaimOrder[]> {
    const held: ClaimOrder[] = []
    for (const { orderId } of claim.orders) {
      const order = await readEscrow(rpc, claim.feeService, orderId, block)
      if (order !== null && order.amount > 0n) held.push(order)
    }
    return held
  }

  /** Nothing is in escrow at the head: it ends once a final block says so too. */
  async function end(claim: Claim): Promise<void> {
    const { number } = await source.consensus.finalized(source.ports)
    const held = await heldOf(claim, number)
    if (held.length > 0) {
      const reason = { code: 'NOT_FINAL', detail: `it is settled; final block ${number} does not show it yet` }
      return wait(claim, reason, source.tuning.pollMs, false)
    }
    await claims.settled(claim.deliveryId, clock.now())
    nextWithdrawalAt = 0
    log.info({ delivery: claim.txHash, orders: claim.orders.length }, 'fees settled')
  }

  /** Looks what became of the transactions that settle claims. */
  async function follow(): Promise<void> {
    for (const claim of await claims.due(source.id, target.id, 'submitted', clock.now(), STEP_LIMIT)) {
      const transaction = claim.transactionId === null ? null : await store.transaction(claim.transactionId)
      if (transaction?.state === 'pending') continue
      // a success that is not final yet is waited for: nothing is lost, and a reorg makes it pending again
      if (transaction?.state === 'mined' && transaction.success === true) continue
      if ((await heldOf(claim, 'latest')).length === 0) {
        await end(claim)
        continue
      }
      const code = transaction?.success === false ? 'CLAIM_REVERTED' : 'CLAIM_LOST'
      const detail = transaction?.error ?? 'its transaction came to nothing'
      log.warn({ delivery: claim.txHash, code, detail }, 'claim comes again')
      await wait(claim, { code, detail }, backoffMs(claim.attempts), true)
    }
  }

  async function gasPrice(): Promise<bigint> {
    const { baseFeePerGas } = await getBlock(rpc, 'latest')
    return (baseFeePerGas ?? 0n) + source.tuning.minPriorityFeePerGas
  }

  async function settle(): Promise<void> {
    const open = await claims.due(source.id, target.id, 'open', clock.now(), STEP_LIMIT)
    if (open.length === 0) return
    const price = await gasPrice()
    const worth: Claim[] = []
    for (const claim of open) {
      const held = await heldOf(claim, 'latest')
      if (held.length === 0) await end(claim)
      else if (isWorthSettling(claim, held, rule, price, clock.now())) worth.push(claim)
      else await wait(claim, { code: 'NOT_WORTH_IT', detail: 'its fees do not pay for settling it yet' }, lookMs, false)
    }
    if (worth.length === 0) return
    const { lightClient } = await readRoute(rpc, source.mos, target.id)
    if (lightClient === zeroAddress) {
      const reason = { code: 'NO_ROUTE', detail: `chain ${source.id} has no light client of chain ${target.id}` }
      for (const claim of worth) await wait(claim, reason, lookMs, false)
      return
    }
    const client = await maintainer.readClient(lightClient)
    for (const claim of worth) {
      try {
        await settleOne(claim, lightClient, client)
      } catch (error) {
        // what is wrong with one claim is not the fault of the others
        const reason = reasonOf(error)
        log.warn({ delivery: claim.txHash, code: reason.code, detail: reason.detail }, 'claim cannot be proven')
        await wait(claim, reason, backoffMs(claim.attempts), true)
      }
    }
  }

  async function settleOne(claim: Claim, lightClient: Address, client: ClientState): Promise<void> {
    const pending = await submitter.pending()
    if (pending.length * WALLET_SHARE >= source.tuning.maxInFlight) {
      const reason = { code: 'WALLET_BUSY', detail: `${pending.length} transactions are on their way` }
      return wait(claim, reason, source.tuning.pollMs, false)
    }
    const [block, head] = await Promise.all([getBlock(target.ports.rpc, claim.blockNumber), getBlock(rpc, 'latest')])
    const proof = await target.consensus.proveReceiptsRoot(target.ports, client, block, head.timestamp)
    if (proof.status === 'waiting') {
      const reason = { code: proof.reason.code, detail: 'the target block cannot be proven yet' }
      return wait(claim, reason, lookMs, false)
    }
    const behind = { code: 'LIGHT_CLIENT_BEHIND', detail: 'it waits for an update of the light client' }
    // a claim is in no hurry: the next message is going to pay for an update that proves this block too
    if (proof.updates.length > 0 && clock.now() - claim.createdAt < rule.updateAfterMs)
      return wait(claim, behind, lookMs, false)
    if (proof.updates.length > 0) {
      const asked = await maintainer.request(lightClient, proof.updates, [])
      if (asked.status === 'waiting') return wait(claim, asked.reason, asked.delayMs, false)
      return wait(claim, behind, source.tuning.pollMs, false)
    }
    const { trie } = await readProvableBlock(target, claim)
    const { nodes } = trie.prove(claim.txIndex)
    const receiptProof = encodeReceiptProof({ blockProof: proof.proof, txIndex: claim.txIndex, nodes })
    const args = [target.id, receiptProof] as const
    const data = encodeFunctionData({ abi: iFeeServiceAbi, functionName: 'settle', args })
    const refused = await sendIfItRuns('claim', claim.feeService, data, [claim.deliveryId])
    if (refused === null) log.info({ delivery: claim.txHash, orders: claim.orders.length }, 'claim sent')
    else await wait(claim, refused.reason, refused.delay, refused.failure)
  }

  /** Sends a call that passed simulation; else says why not, and when to try again. */
  async function sendIfItRuns(
    kind: 'claim' | 'withdraw',
    to: Address,
    data: Hex,
    ids: readonly number[],
  ): Promise<{ readonly reason: Reason; readonly delay: number; readonly failure: boolean } | null> {
    const from = submitter.address
    const simulated = await call(rpc, { to, data, from })
    const estimate = simulated.ok ? await estimateGas(rpc, { to, data, from }) : simulated
    if (!estimate.ok) {
      const reason = revertReason(estimate.revert)
      return { reason, delay: retryDelayMs(policyOf(estimate.revert), backoffMs(1)), failure: true }
    }
    const gasLimit = min((estimate.gas * MARGIN_NUMERATOR) / MARGIN_DENOMINATOR, source.tuning.maxTransactionGas)
    const sent = await submitter.send({ kind, to, data, gasLimit, messages: [], claims: ids, from })
    return sent.status === 'sent' ? null : { reason: sent.reason, delay: source.tuning.pollMs, failure: false }
  }

  /** Takes out what is credited to our wallet. What was credited to another payee is that one's to withdraw. */
  async function withdraw(): Promise<void> {
    const now = clock.now()
    if (now < nextWithdrawalAt || !isAddressEqual(payee, submitter.address)) return
    const feeService = await readFeeService(rpc, source.mos)
    const under = await store.openTransactions(source.id, submitter.address)
    // until the one before it is final, what it took may come back
    if (under.some(({ kind, to }) => kind === 'withdraw' && isAddressEqual(to, feeService))) return
    nextWithdrawalAt = now + lookMs
    const price = await gasPrice()
    for (const token of await claims.tokens(source.id, feeService)) {
      const owed = await readOwed(rpc, feeService, payee, token)
      if (token === zeroAddress ? !isWorthWithdrawing(owed, rule, price) : owed === 0n) continue
      const args = [token, payee] as const
      const data = encodeFunctionData({ abi: iFeeServiceAbi, functionName: 'withdraw', args })
      const refused = await sendIfItRuns('withdraw', feeService, data, [])
      if (refused === null) log.info({ token, amount: String(owed) }, 'withdrawal sent')
      else log.warn({ token, code: refused.reason.code, detail: refused.reason.detail }, 'no withdrawal')
    }
  }

  return {
    async step() {
      await find()
      await follow()
      await settle()
      await withdraw()
    },
  }
}
