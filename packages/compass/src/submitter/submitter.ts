import {
  call,
  decodeRevert,
  describeRevert,
  getReceipt,
  parseAnswer,
  quantity,
  type Receipt,
  type WalletSigner,
} from '@meridian/chain'
import type { BlockPoint } from '@meridian/consensus'
import { type Address, type Hex, isAddressEqual } from 'viem'
import type { ChainContext, Common } from '../chain-context.ts'
import { passagesIn } from '../hub.ts'
import type { MessageKey, Reason } from '../message.ts'
import { readDataFee } from '../messenger/profit.ts'
import { endingsIn } from '../mos.ts'
import { createMutex } from '../mutex.ts'
import type { OpenTransaction, Transaction, TransactionKind } from '../store/transactions.ts'
import { broadcast } from './broadcast.ts'
import { bumpedFees, type Fees, type Market, marketFees } from './fees.ts'
import { readMarket } from './market.ts'
import { afterLoss, afterReceipt, afterReorg } from './outcome.ts'

/** What to send. It was simulated by whoever asks. */
export interface Job {
  readonly kind: TransactionKind
  readonly to: Address
  readonly data: Hex
  readonly gasLimit: bigint
  readonly messages: readonly MessageKey[]
  /** Claims that it settles, by their deliveries. */
  readonly claims?: readonly number[]
  /** The wallet that has to send it. Default: whichever has time. */
  readonly from?: Address
}

/** `sent`: it is in the ledger and will land, or its messages come back with a reason. `refused`: nothing was written. */
export type SendResult =
  | { readonly status: 'sent'; readonly transaction: Transaction }
  | { readonly status: 'refused'; readonly reason: Reason }

/** The one writer of a chain's wallets. */
export interface Submitter {
  /** The first wallet: fees go to it, and what is simulated is simulated as if from it. */
  readonly address: Address
  readonly addresses: readonly Address[]
  send(job: Job): Promise<SendResult>
  /** Looks after what is on its way: receipts, rebroadcasts, fee bumps, gaps, reorgs. */
  poll(): Promise<void>
  /** Pending transactions. */
  pending(): Promise<readonly OpenTransaction[]>
}

/** The newest final block of a chain; null while nobody knows it. */
export type Finalized = () => Promise<BlockPoint | null> | BlockPoint | null

type AnyAttempt = OpenTransaction['attempts'][number]

/** Milliseconds that the price of gas and the balance stand: within them neither changes by more than the headroom. */
const MARKET_MS = 1_000

/** Times `lostAfterMs` that the receipt of what was seen in a block, final by now, is waited for. */
const FINAL_PATIENCE = 10

/** `fresh`: nobody can have seen these bytes before. `cancel`: they fill the nonce with nothing. */
type Showing = 'fresh' | 'again' | 'cancel'

/** Gas of a transfer of nothing, which fills a gap. */
const TRANSFER_GAS = 21_000n

/**
 * One writer a key and chain. Every transaction is signed and written down before the node sees it, so that a killed
 * process finds what it may have sent, sends the same bytes again, and never signs two payloads for one message.
 */
export function createWalletSubmitter(
  chain: ChainContext,
  signer: WalletSigner,
  common: Common,
  finalized: Finalized,
): Submitter {
  const { tuning } = chain
  const { rpc } = chain.ports
  const { store, clock } = common
  const log = common.log.child({ chain: chain.name, signer: signer.address })
  const mutex = createMutex()
  let nextNonce: number | null = null
  /** What was read last, while it stands. */
  let known: { readonly at: number; readonly market: Market; readonly funds: bigint } | null = null

  const count = async (block: 'latest' | 'pending'): Promise<number> =>
    Number(
      parseAnswer(
        quantity,
        'eth_getTransactionCount',
        await rpc.request('eth_getTransactionCount', [signer.address, block]),
      ),
    )

  const market = (): Promise<Market> => readMarket(chain)

  const balance = async (): Promise<bigint> =>
    parseAnswer(quantity, 'eth_getBalance', await rpc.request('eth_getBalance', [signer.address, 'latest']))

  /** The ledger and the chain, whichever is further: the key may have been used from outside. */
  async function reconcile(): Promise<number> {
    const [latest, pending, open] = await Promise.all([
      count('latest'),
      count('pending'),
      store.openTransactions(chain.id, signer.address),
    ])
    const ledger = open.reduce((next, { nonce }) => Math.max(next, nonce + 1), 0)
    return Math.max(latest, pending, ledger)
  }

  async function sign(nonce: number, to: Address, data: Hex, gas: bigint, fees: Fees) {
    const signed = await signer.sign({ chainId: chain.id, nonce, to, data, value: 0n, gas, ...fees })
    return { ...signed, ...fees }
  }

  const refused = (code: string, detail: string): SendResult => ({ status: 'refused', reason: { code, detail } })

  async function send(job: Job): Promise<SendResult> {
    const open = await store.openTransactions(chain.id, signer.address)
    const pending = open.filter(({ state }) => state === 'pending')
    if (pending.length >= tuning.maxInFlight)
      return refused('WALLET_BUSY', `${pending.length} transactions are on their way`)
    const at = clock.now()
    if (known === null || at - known.at >= MARKET_MS || at < known.at) {
      const [price, funds] = await Promise.all([market(), balance()])
      known = { at, market: price, funds }
    }
    const { market: now, funds } = known
    const fees = marketFees(now)
    if (fees === null) {
      known = null
      return refused('FEE_CAP', `base fee ${now.baseFeePerGas} wei is above the cap of ${now.cap}`)
    }
    const cost = pending.reduce((sum, { gasLimit, attempts }) => {
      return sum + gasLimit * (attempts.at(-1)?.maxFeePerGas ?? 0n)
    }, job.gasLimit * fees.maxFeePerGas)
    const nonce = nextNonce ?? (await reconcile())
    const attempt = await sign(nonce, job.to, job.data, job.gasLimit, fees)
    const { l1FeeOracle } = tuning
    const needed = cost + (l1FeeOracle === undefined ? 0n : await readDataFee(rpc, l1FeeOracle, attempt.raw))
    if (funds < needed) {
      known = null
      return refused('WALLET_EMPTY', `${signer.address} has ${funds} wei and needs ${needed}`)
    }
    // until the ledger answers, nobody knows whose the nonce is: a commit may be lost on its way back to us
    nextNonce = null
    const transaction = await store.reserve(
      { ...job, chainId: chain.id, signer: signer.address, nonce, attempt },
      clock.now(),
    )
    nextNonce = nonce + 1
    await show(transaction, attempt.hash, attempt.raw, 'fresh')
    return { status: 'sent', transaction }
  }

  /** Shows signed bytes to the node and draws the consequences. */
  async function show(transaction: OpenTransaction, hash: Hex, raw: Hex, showing: Showing): Promise<void> {
    const result = await broadcast(rpc, raw)
    const info = { nonce: transaction.nonce, kind: transaction.kind, hash }
    if (result.type === 'accepted') {
      log.debug(info, 'transaction shown')
      return store.markSent(hash, clock.now())
    }
    log.warn({ ...info, result: result.type, detail: result.detail }, 'transaction not taken')
    if (result.type === 'nonceTooLow') {
      // words decide nothing: another endpoint may have taken these very bytes, and they may be what used the nonce
      nextNonce = null
      await store.settle(transaction.id, { error: result.detail }, [])
    } else if (result.type === 'invalid' && showing === 'fresh') {
      await reject(transaction, { code: 'TRANSACTION_INVALID', detail: result.detail })
    } else if (result.type === 'noFunds' && showing === 'fresh') {
      // the balance that we knew of was older than the node's
      known = null
      await reject(transaction, { code: 'WALLET_EMPTY', detail: result.detail })
    } else if (result.type === 'invalid' && showing === 'again') {
      // somebody may have taken these bytes before: the nonce is used either way
      await store.settle(transaction.id, { error: result.detail }, [])
      await replace(transaction, true)
    } else {
      await store.settle(transaction.id, { error: result.detail }, [])
    }
  }

  async function lose(transaction: OpenTransaction, reason: Reason): Promise<void> {
    const messages = await store.transactionMessages(transaction.id)
    const events = afterLoss(transaction, messages, reason, clock.now())
    await store.settle(transaction.id, { state: 'lost', error: reason.detail }, events)
  }

  /** No node takes it: its messages go back, and its nonce is freed, or filled where later ones wait behind it. */
  async function reject(transaction: OpenTransaction, reason: Reason): Promise<void> {
    const messages = await store.transactionMessages(transaction.id)
    const events = afterLoss(transaction, messages, reason, clock.now())
    const open = await store.openTransactions(chain.id, signer.address)
    if (open.some(({ nonce }) => nonce > transaction.nonce)) {
      await store.settle(transaction.id, { error: reason.detail }, events)
      return replace(transaction, true)
    }
    await store.settle(transaction.id, { state: 'rejected', error: reason.detail }, events)
    nextNonce = null
  }

  /** Signs the nonce again with a higher fee, or with nothing in it. */
  async function replace({ id }: OpenTransaction, cancel: boolean): Promise<void> {
    const transaction = await store.transaction(id)
    const last = transaction?.attempts.at(-1)
    if (transaction === null || last === undefined) return
    const fees = bumpedFees(last, await market())
    if (fees === null) {
      await store.settle(transaction.id, { error: 'the fee cap forbids a replacement' }, [])
      return show(transaction, last.hash, last.raw, last.cancel ? 'cancel' : 'again')
    }
    const asCancel = cancel || last.cancel
    const signed = asCancel
      ? await sign(transaction.nonce, signer.address, '0x', TRANSFER_GAS, fees)
      : await sign(transaction.nonce, transaction.to, transaction.data, transaction.gasLimit, fees)
    await store.addAttempt(transaction.id, { ...signed, cancel: asCancel }, clock.now())
    log.info({ nonce: transaction.nonce, hash: signed.hash, ...asText(fees), cancel: asCancel }, 'transaction replaced')
    await show(transaction, signed.hash, signed.raw, asCancel ? 'cancel' : 'again')
  }

  async function showAgain({ id }: OpenTransaction): Promise<void> {
    const transaction = await store.transaction(id)
    const last = transaction?.attempts.at(-1)
    if (transaction !== null && last !== undefined)
      await show(transaction, last.hash, last.raw, last.cancel ? 'cancel' : 'again')
  }

  async function findReceipt(transaction: OpenTransaction): Promise<readonly [AnyAttempt, Receipt] | null> {
    for (const attempt of [...transaction.attempts].reverse()) {
      const receipt = await getReceipt(rpc, attempt.hash)
      if (receipt !== null) return [attempt, receipt]
    }
    return null
  }

  async function land(transaction: OpenTransaction, attempt: AnyAttempt, receipt: Receipt): Promise<void> {
    const success = receipt.status === '0x1'
    const reverted = success || attempt.cancel ? null : await revertOf(transaction, receipt.blockNumber)
    const messages = await store.transactionMessages(transaction.id)
    const byHub = chain.hub !== undefined && isAddressEqual(transaction.to, chain.hub)
    const { logs } = receipt
    const endings = (fromChain: bigint) =>
      byHub ? passagesIn(logs, transaction.to, fromChain) : endingsIn(logs, chain.mos, fromChain)
    const landed = { attempt, receipt, reverted, endings }
    await store.settle(
      transaction.id,
      {
        state: 'mined',
        success,
        missingSince: null,
        hash: attempt.hash,
        blockNumber: receipt.blockNumber,
        blockHash: receipt.blockHash,
        gasUsed: receipt.gasUsed,
        gasPrice: receipt.effectiveGasPrice ?? null,
        error: reverted === null ? null : describeRevert(reverted),
      },
      afterReceipt(transaction, messages, landed, clock.now()),
    )
    const info = { nonce: transaction.nonce, kind: transaction.kind, hash: attempt.hash, gas: String(receipt.gasUsed) }
    log.info({ ...info, block: String(receipt.blockNumber), success }, 'transaction mined')
  }

  /** Runs a reverted transaction again on the state before its block, for the reason that receipts do not carry. */
  async function revertOf({ id }: OpenTransaction, block: bigint) {
    const transaction = await store.transaction(id)
    if (transaction === null) return decodeRevert('0x')
    const { to, data, gasLimit: gas } = transaction
    const result = await call(rpc, { to, data, gas, from: signer.address }, block - 1n)
    return result.ok ? decodeRevert('0x') : result.revert
  }

  async function takeBack(transaction: OpenTransaction): Promise<void> {
    const messages = await store.transactionMessages(transaction.id)
    log.warn({ nonce: transaction.nonce, hash: transaction.hash }, 'reorg took a transaction back')
    const events = afterReorg(transaction, messages, clock.now())
    await store.settle(transaction.id, { state: 'pending', success: null }, events)
  }

  async function pollOne(
    transaction: OpenTransaction,
    latest: number,
    oldest: boolean,
    receipt: ReturnType<typeof findReceipt> | null,
  ): Promise<void> {
    const now = clock.now()
    if (transaction.state === 'mined') {
      // whether it is that block still is asked once the block is final
      if (transaction.nonce < latest || (await receipt) != null) return
      return takeBack(transaction)
    }
    if (transaction.nonce < latest) {
      const found = await receipt
      if (found != null) return land(transaction, ...found)
      if (transaction.missingSince === null) return store.settle(transaction.id, { missingSince: now }, [])
      if (now - transaction.missingSince < tuning.lostAfterMs) return
      nextNonce = null
      return lose(transaction, { code: 'NONCE_TAKEN', detail: 'the key was used from outside' })
    }
    const last = transaction.attempts.at(-1)
    if (last === undefined) return
    if (oldest && now - last.createdAt >= tuning.bumpAfterMs) return replace(transaction, false)
    const shownAt = last.sentAt ?? last.createdAt
    const unshown = last.sentAt === null && now > last.createdAt
    if (unshown || now - shownAt >= tuning.rebroadcastMs) await showAgain(transaction)
  }

  async function poll(): Promise<void> {
    const open = await store.openTransactions(chain.id, signer.address)
    if (open.length === 0) return
    const latest = await count('latest')
    const firstPending = open.find(({ state, nonce }) => state === 'pending' && nonce >= latest)
    // all at once: they do not depend on one another
    const receipts = open.map((transaction) => {
      const wanted = (transaction.state === 'pending') === transaction.nonce < latest
      if (!wanted) return null
      const receipt = findReceipt(transaction)
      receipt.catch(() => undefined)
      return receipt
    })
    for (const [i, transaction] of open.entries())
      await pollOne(transaction, latest, transaction === firstPending, receipts[i] ?? null)
    await closeFinal(open.filter(({ state }) => state === 'mined'))
    // a wallet whose lowest open nonce is beyond the chain's has a gap that nobody will fill: start over from the chain
    if (firstPending !== undefined && firstPending.nonce > latest) await closeGap(latest, firstPending, open)
  }

  /**
   * A gap in front of the ledger: the node forgot transactions of somebody else's that were pending when we reconciled, or an
   * endpoint made up the nonce. A short one is filled; nothing is paid for a long one: what waits behind it goes out anew.
   */
  async function closeGap(nonce: number, behind: OpenTransaction, open: readonly OpenTransaction[]): Promise<void> {
    if (clock.now() - behind.createdAt < tuning.bumpAfterMs || (await count('pending')) > nonce) return
    // an endpoint that does not know of what has landed knows nothing of gaps
    if (((await store.lastLanded(chain.id, signer.address)) ?? -1) >= nonce) return
    if (behind.nonce - nonce > tuning.maxInFlight) {
      nextNonce = null
      const reason = { code: 'NONCE_GAP', detail: `nonce ${behind.nonce} is far from ${nonce}, which is next` }
      for (const one of open) if (one.state === 'pending' && one.nonce >= behind.nonce) await lose(one, reason)
      return
    }
    const fees = marketFees(await market())
    if (fees === null) return
    const signed = await sign(nonce, signer.address, '0x', TRANSFER_GAS, fees)
    const reservation = {
      chainId: chain.id,
      signer: signer.address,
      nonce,
      kind: 'update',
      gasLimit: TRANSFER_GAS,
    } as const
    const filler = { ...reservation, to: signer.address, data: '0x', attempt: signed, messages: [] } as const
    const transaction = await store.reserve(filler, clock.now())
    log.warn({ nonce }, 'filling a gap in front of the ledger')
    await show(transaction, signed.hash, signed.raw, 'cancel')
  }

  /** A final block should have it: an endpoint is behind, or a reorg has let somebody else use the nonce. */
  async function misses(transaction: OpenTransaction): Promise<void> {
    const now = clock.now()
    if (transaction.missingSince === null) await store.settle(transaction.id, { missingSince: now }, [])
    else if (now - transaction.missingSince >= FINAL_PATIENCE * tuning.lostAfterMs) await takeBack(transaction)
  }

  async function closeFinal(mined: readonly OpenTransaction[]): Promise<void> {
    const final = mined.length === 0 ? null : await finalized()
    if (final === null) return
    const due = mined.filter(({ blockNumber }) => blockNumber !== null && blockNumber <= final.number)
    const receipts = await Promise.all(due.map(findReceipt))
    const done: number[] = []
    for (const [i, transaction] of due.entries()) {
      const found = receipts[i] ?? null
      if (found === null) await misses(transaction)
      else if (found[0].hash === transaction.hash && found[1].blockHash === transaction.blockHash)
        done.push(transaction.id)
      else {
        // a reorg put it, or another form of it, into another block while its nonce stayed used
        await takeBack(transaction)
        await land(transaction, ...found)
      }
    }
    await store.finish(done)
  }

  return {
    address: signer.address,
    addresses: [signer.address],
    send: (job) => mutex.run(() => send(job)),
    poll: () => mutex.run(poll),
    async pending() {
      const open = await store.openTransactions(chain.id, signer.address)
      return open.filter(({ state }) => state === 'pending')
    },
  }
}

const asText = ({ maxFeePerGas, maxPriorityFeePerGas }: Fees) => ({
  maxFeePerGas: String(maxFeePerGas),
  maxPriorityFeePerGas: String(maxPriorityFeePerGas),
})
