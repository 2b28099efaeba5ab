import { iFeeServiceAbi, iHubAbi } from '@meridian/abi'
import { call, estimateGas, getBlock, getReceipt, type Receipt } from '@meridian/chain'
import type { ClientState } from '@meridian/consensus'
import { encodeReceiptProof } from '@meridian/proofs'
import { type Address, encodeFunctionData, getAddress, type Hex, hexToNumber, isAddressEqual, zeroAddress } from 'viem'
import type { ChainContext, Common } from '../chain-context.ts'
import type { Maintainer } from '../maintainer/maintainer.ts'
import { backoffMs, type Reason } from '../message.ts'
import type { HubContext } from '../messenger/leg.ts'
import { readProvableBlock } from '../messenger/proof.ts'
import { type Route, readRoute } from '../mos.ts'
import { policyOf, retryDelayMs, revertReason } from '../policy.ts'
import type { UnreadDelivery } from '../store/claims.ts'
import { gasPriceOf } from '../submitter/fees.ts'
import { gasCap, limitWithin } from '../submitter/gas-limit.ts'
import { readMarket } from '../submitter/market.ts'
import type { Job, Submitter } from '../submitter/submitter.ts'
import type { ClaimRule } from '../tuning.ts'
import { reasonOf } from '../worker.ts'
import { type Claim, isWorthSettling, isWorthWithdrawing, type ReceiptPlace } from './claim.ts'
import { findForwarded, forwardedFor, readEscrow, readOwed, recordedFor } from './fee-service.ts'
import { createFeeServices, type Escrowed } from './fee-services.ts'

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
  /** Keeps the light client on the source chain that follows the target, or the hub. */
  readonly maintainer: Maintainer
  /** Who delivers on the target: it receives the fees where nobody else was named. */
  readonly deliverer: Address
  /** The hub that the lane goes over: records come back over it. Null: the lane is direct. */
  readonly via: {
    readonly hub: HubContext
    /** The wallet on the hub's chain. */
    readonly submitter: Submitter
    /** Keeps the light client on the hub's chain that follows the target. */
    readonly maintainer: Maintainer
  } | null
}

/** A place that a claim's records are proven at on their way back: the hub, then the source. */
interface Station {
  /** Where the receipt with the records lies before. */
  readonly record: ChainContext
  readonly on: ChainContext
  readonly submitter: Submitter
  readonly maintainer: Maintainer
  /** Who vouches for the record chain there. */
  route(): Promise<Route>
  call(
    claim: Claim,
    receiptProof: Hex,
  ): { readonly kind: 'claim' | 'forwardRecords'; readonly to: Address; readonly data: Hex }
}

/** Deliveries and claims that are looked at in one step. */
const STEP_LIMIT = 32
/** A claim that does not pay is looked at again after this part of its age. */
const LOOK_SHARE = 4
/** Part of a wallet's transactions under way that claims may be: the rest is for deliveries. */
const WALLET_SHARE = 2
/** Blocks of the hub that are searched for records that somebody else has forwarded. */
const LOOK_BACK = 1_000n

/**
 * Claims by what the chains say. A claim is a row that begins with a final delivery and ends when a final block shows none
 * of its fees in escrow, whoever settled them. The row and the transaction that settles it are written down together
 * before anything is sent, and the row is open again only when the ledger shows that this transaction came to nothing: so
 * a killed process claims neither twice nor never. Over a hub the row goes through this twice: once for the transaction that
 * forwards its records, once for the one that settles it. Nothing here touches a message.
 */
export function createClaimer(deps: ClaimerDeps): Claimer {
  const { source, target, rule, submitter, maintainer, via, store, clock } = deps
  const { claims } = store
  const { rpc } = source.ports
  const log = deps.log.child({ role: 'claimer', from: source.name, to: target.name })
  const payee = source.payee ?? source.signer?.address ?? deps.deliverer
  const feeServices = createFeeServices(rpc, source.mos)
  let nextWithdrawalAt = 0
  /** Milliseconds between looks at what cannot be settled now, or is not worth it yet. */
  const lookMs = source.tuning.maintainMs

  /** The stations of a claim's way, the last one last. */
  const stations: readonly Station[] = [
    ...(via === null
      ? []
      : [
          {
            record: target,
            on: via.hub,
            submitter: via.submitter,
            maintainer: via.maintainer,
            route: () => readRoute(via.hub.ports.rpc, via.hub.mos, target.id),
            call: (_: Claim, proof: Hex) => {
              const args = [target.id, [], proof] as const
              const data = encodeFunctionData({ abi: iHubAbi, functionName: 'forwardRecords', args })
              return { kind: 'forwardRecords', to: via.hub.hub, data } as const
            },
          },
        ]),
    {
      record: via?.hub ?? target,
      on: source,
      submitter,
      maintainer,
      route: () => readRoute(rpc, source.mos, target.id),
      call: ({ feeService }, proof) => {
        const data = encodeFunctionData({ abi: iFeeServiceAbi, functionName: 'settle', args: [target.id, proof] })
        return { kind: 'claim', to: feeService, data }
      },
    },
  ]

  async function find(): Promise<void> {
    const delivered = await claims.unread(source.id, target.id, STEP_LIMIT)
    await findIn(delivered, target, (receipt) => recordedFor(receipt, target.mos, source.id, payee))
    if (via === null) return
    const { hub } = via
    const relayed = await claims.unread(source.id, target.id, STEP_LIMIT, hub.id)
    await findIn(relayed, hub, (receipt) => forwardedFor(receipt, hub.hub, source.id, target.id, payee))
  }

  /** Looks into receipts of a chain for orders whose fees are ours. */
  async function findIn(
    deliveries: readonly UnreadDelivery[],
    record: ChainContext,
    ordersIn: (receipt: Receipt) => readonly Hex[],
  ): Promise<void> {
    if (deliveries.length === 0) return
    const present = await feeServices.current()
    for (const { id, hash } of deliveries) {
      const receipt = await getReceipt(record.ports.rpc, hash)
      // it is final, so a node that does not have it is behind: this one is looked at again, the others go on
      if (receipt === null) continue
      const held = await feeServices.escrowsOf(
        ordersIn(receipt).map((orderId) => ({
          orderId,
          sentIn: async () =>
            (await store.message({ fromChain: source.id, orderId, logChain: source.id }))?.blockNumber ?? null,
        })),
        present,
      )
      // the others are settled already
      const orders = held.filter((order) => order !== null).filter(({ amount }) => amount > 0n)
      // of two the former: what is in the present one is found there again
      const { feeService } = orders.find((order) => !isAddressEqual(order.feeService, present)) ?? {
        feeService: present,
      }
      const place = placeOf(record, receipt)
      const found = { ...place, deliveryId: id, fromChain: source.id, toChain: target.id, feeService, orders }
      await claims.found(id, orders.length === 0 ? null : { ...found, createdAt: clock.now() })
      log.info({ delivery: hash, orders: orders.length }, 'delivery earned fees')
    }
  }

  const wait = (claim: Claim, reason: Reason, delay: number, failure: boolean): Promise<void> =>
    claims.reopen(claim.deliveryId, reason, clock.now() + delay, failure)

  /** What of a claim lies in escrow at one fee service: where it was found, or the present one once nothing is left there. */
  async function heldOf(claim: Claim, block: bigint | 'latest'): Promise<readonly Escrowed[]> {
    const found = await heldAt(claim.feeService, claim, block)
    if (found.length > 0) return found
    const present = await feeServices.current()
    return isAddressEqual(present, claim.feeService) ? [] : heldAt(present, claim, block)
  }

  async function heldAt(feeService: Address, claim: Claim, block: bigint | 'latest'): Promise<readonly Escrowed[]> {
    const held = await Promise.all(claim.orders.map(({ orderId }) => readEscrow(rpc, feeService, orderId, block)))
    const orders = held.filter((order) => order !== null).filter(({ amount }) => amount > 0n)
    return orders.map((order) => ({ ...order, feeService }))
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
      const [held] = await heldOf(claim, 'latest')
      if (held === undefined) {
        await end(claim)
        continue
      }
      if (transaction?.kind === 'forwardRecords' && transaction.state === 'final' && transaction.success === true) {
        await moveTo(claim, transaction.hash)
        continue
      }
      if (transaction?.kind === 'claim' && transaction.success && !isAddressEqual(transaction.to, held.feeService)) {
        const detail = 'its other fees lie with another fee service'
        await wait(claim, { code: 'SETTLED_IN_PART', detail }, 0, false)
        continue
      }
      const code = transaction?.success === false ? 'CLAIM_REVERTED' : 'CLAIM_LOST'
      const detail = transaction?.error ?? 'its transaction came to nothing'
      log.warn({ delivery: claim.txHash, code, detail }, 'claim comes again')
      await wait(claim, { code, detail }, backoffMs(claim.attempts), true)
    }
  }

  /** Its records are final on the hub, in the receipt of this transaction. */
  async function moveTo(claim: Claim, hash: Hex | null): Promise<void> {
    const receipt = via === null || hash === null ? null : await getReceipt(via.hub.ports.rpc, hash)
    // it is final, so a node that does not have it is behind
    if (via === null || receipt === null) return
    await claims.moved(claim.deliveryId, placeOf(via.hub, receipt))
    log.info({ delivery: claim.txHash, forwarded: hash }, 'records forwarded')
  }

  /** Takes up records that somebody else has forwarded. Returns whether they need not be forwarded again. */
  async function adopt(claim: Claim): Promise<boolean> {
    if (via === null) return false
    const { hub } = via
    const receipt = await findForwarded(hub.ports.rpc, hub.hub, claim, LOOK_BACK)
    if (receipt === null) return false
    const { number } = await hub.consensus.finalized(hub.ports)
    if (receipt.blockNumber > number) {
      const detail = `its records are forwarded in block ${receipt.blockNumber}; ${number} is final`
      await wait(claim, { code: 'NOT_FINAL', detail }, hub.tuning.pollMs, false)
    } else await moveTo(claim, receipt.transactionHash)
    return true
  }

  /** The lane took another way when the claim was moved: it starts over from the delivery. Returns whether it can. */
  async function startOver(claim: Claim): Promise<void> {
    const transaction = await store.transaction(claim.deliveryId)
    const hash = transaction?.chainId === target.id ? transaction.hash : null
    const receipt = hash === null ? null : await getReceipt(target.ports.rpc, hash)
    if (receipt !== null) return claims.moved(claim.deliveryId, placeOf(target, receipt))
    const detail = `its records are on chain ${claim.recordChain}, which vouches for chain ${target.id} no more`
    return wait(claim, { code: 'NO_ROUTE', detail }, lookMs, false)
  }

  const gasPrice = async (): Promise<bigint> => gasPriceOf(await readMarket(source))

  async function settle(): Promise<void> {
    const open = await claims.due(source.id, target.id, 'open', clock.now(), STEP_LIMIT)
    if (open.length === 0) return
    const price = await gasPrice()
    const worth: Claim[] = []
    for (const claim of open) {
      const now = clock.now()
      // what it was found with decides whether the chain is asked at all: a fee is hardly raised after the delivery
      const held = isWorthSettling(claim, claim.orders, rule, price, now) ? await heldOf(claim, 'latest') : null
      const feeService = held?.[0]?.feeService
      if (held?.length === 0) await end(claim)
      else if (held !== null && feeService !== undefined && isWorthSettling(claim, held, rule, price, now))
        worth.push({ ...claim, feeService })
      else {
        // the older, the rarer: many that never pay must not cost more than those that do
        const delay = Math.max(lookMs, (now - claim.createdAt) / LOOK_SHARE)
        const rest = Math.max(lookMs, claim.createdAt + rule.maxAgeMs - now)
        const reason = { code: 'NOT_WORTH_IT', detail: 'its fees do not pay for settling it yet' }
        await wait(claim, reason, Math.floor(Math.min(delay, rest)), false)
      }
    }
    if (worth.length === 0) return
    for (const claim of worth)
      if (!stations.some(({ record }) => record.id === claim.recordChain)) await startOver(claim)
    for (const station of stations) {
      const here = worth.filter(({ recordChain }) => recordChain === station.record.id)
      if (here.length > 0) await settleAt(station, here)
    }
  }

  async function settleAt(station: Station, worth: readonly Claim[]): Promise<void> {
    const { on, record } = station
    const route = await station.route()
    // only what the source believes now is worth a transaction there
    const hub = on === source ? (via?.hub.hub ?? zeroAddress) : zeroAddress
    if (route.lightClient === zeroAddress || !isAddressEqual(route.hub, hub)) {
      const detail = `chain ${on.id} has no route to chain ${target.id} on which chain ${record.id} vouches for it`
      for (const claim of worth) await wait(claim, { code: 'NO_ROUTE', detail }, lookMs, false)
      return
    }
    const client = await station.maintainer.readClient(route.lightClient)
    for (const claim of worth) {
      try {
        if (on !== source && (await adopt(claim))) continue
        await settleOne(station, claim, route.lightClient, client)
      } catch (error) {
        // what is wrong with one claim is not the fault of the others
        const reason = reasonOf(error)
        log.warn({ delivery: claim.txHash, code: reason.code, detail: reason.detail }, 'claim cannot be proven')
        await wait(claim, reason, backoffMs(claim.attempts), true)
      }
    }
  }

  async function settleOne(station: Station, claim: Claim, lightClient: Address, client: ClientState): Promise<void> {
    const { on, record } = station
    const pending = await station.submitter.pending()
    if (pending.length * WALLET_SHARE >= on.tuning.maxInFlight) {
      const reason = { code: 'WALLET_BUSY', detail: `${pending.length} transactions are on their way` }
      return wait(claim, reason, on.tuning.pollMs, false)
    }
    const [block, head] = await Promise.all([
      getBlock(record.ports.rpc, claim.blockNumber),
      getBlock(on.ports.rpc, 'latest'),
    ])
    const proof = await record.consensus.proveReceiptsRoot(record.ports, client, block, head.timestamp)
    if (proof.status === 'waiting') {
      const reason = {
        code: proof.reason.code,
        detail: `block ${claim.blockNumber} of ${record.name} cannot be proven yet`,
      }
      return wait(claim, reason, lookMs, false)
    }
    const behind = { code: 'LIGHT_CLIENT_BEHIND', detail: 'it waits for an update of the light client' }
    // a claim is in no hurry: the next message is going to pay for an update that proves this block too
    if (proof.updates.length > 0 && clock.now() - claim.createdAt < rule.updateAfterMs)
      return wait(claim, behind, lookMs, false)
    if (proof.updates.length > 0) {
      const asked = await station.maintainer.request(lightClient, proof.updates, [])
      if (asked.status === 'waiting') return wait(claim, asked.reason, asked.delayMs, false)
      return wait(claim, behind, on.tuning.pollMs, false)
    }
    const { trie } = await readProvableBlock(record, claim)
    const { nodes } = trie.prove(claim.txIndex)
    const receiptProof = encodeReceiptProof({ blockProof: proof.proof, txIndex: claim.txIndex, nodes })
    const job = { ...station.call(claim, receiptProof), claims: [claim.deliveryId] }
    const refused = await sendIfItRuns(station, job)
    if (refused === null)
      log.info({ delivery: claim.txHash, orders: claim.orders.length }, `${sentWords[job.kind]} sent`)
    else {
      // an endpoint that does not show what has become of it is not asked without end
      const delay = refused.failure ? Math.max(refused.delay, backoffMs(claim.attempts)) : refused.delay
      await wait(claim, refused.reason, delay, refused.failure)
    }
  }

  /** Sends a call that passed simulation; else says why not, and when to try again. */
  async function sendIfItRuns(
    by: Pick<Station, 'on' | 'submitter'>,
    job: Pick<Job, 'kind' | 'to' | 'data' | 'claims'>,
  ): Promise<{ readonly reason: Reason; readonly delay: number; readonly failure: boolean } | null> {
    const { tuning, ports } = by.on
    const { to, data } = job
    const from = by.submitter.address
    const simulated = await call(ports.rpc, { to, data, from })
    const estimate = simulated.ok ? await estimateGas(ports.rpc, { to, data, from }) : simulated
    if (!estimate.ok) {
      const reason = revertReason(estimate.revert)
      return { reason, delay: retryDelayMs(policyOf(estimate.revert), backoffMs(1)), failure: true }
    }
    const gasLimit = limitWithin(estimate.gas, tuning)
    if (gasLimit === null) return { reason: gasCap(job.kind, estimate.gas, tuning), delay: backoffMs(6), failure: true }
    const sent = await by.submitter.send({ ...job, gasLimit, messages: [], from: by.submitter.address })
    return sent.status === 'sent' ? null : { reason: sent.reason, delay: tuning.pollMs, failure: false }
  }

  /** Takes out what is credited to our wallet. What was credited to another payee is that one's to withdraw. */
  async function withdraw(): Promise<void> {
    const now = clock.now()
    if (now < nextWithdrawalAt || !isAddressEqual(payee, submitter.address)) return
    nextWithdrawalAt = now + lookMs
    const tokens = await claims.tokens(source.id)
    if (tokens.length === 0) return
    // credits stay where they were earned, whatever MOS changed since
    const services = [...(await claims.feeServices(source.id)), await feeServices.current()]
    const open = (await store.openTransactions(source.id, submitter.address)).filter(({ kind }) => kind === 'withdraw')
    const price = await gasPrice()
    for (const feeService of new Set(services.map((one) => getAddress(one)))) {
      // until the one before it is final, what it took may come back
      if (open.some(({ to }) => isAddressEqual(to, feeService))) nextWithdrawalAt = 0
      else await withdrawFrom(feeService, tokens, price)
    }
  }

  async function withdrawFrom(feeService: Address, tokens: readonly Address[], price: bigint): Promise<void> {
    for (const token of tokens) {
      const owed = await readOwed(rpc, feeService, payee, token)
      if (token === zeroAddress ? !isWorthWithdrawing(owed, rule, price) : owed === 0n) continue
      const args = [token, payee] as const
      const data = encodeFunctionData({ abi: iFeeServiceAbi, functionName: 'withdraw', args })
      const refused = await sendIfItRuns({ on: source, submitter }, { kind: 'withdraw', to: feeService, data })
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

const sentWords = { claim: 'claim', forwardRecords: 'forwarding of records' } as const

/** The place of a receipt on a chain. */
function placeOf(record: ChainContext, receipt: Receipt): ReceiptPlace {
  return {
    recordChain: record.id,
    blockNumber: receipt.blockNumber,
    blockHash: receipt.blockHash,
    txHash: receipt.transactionHash,
    txIndex: hexToNumber(receipt.transactionIndex),
  }
}
