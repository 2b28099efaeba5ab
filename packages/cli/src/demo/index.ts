import { counterAbi } from '@meridian/abi'
import type { Message, Progress } from '@meridian/compass'
import { type SentMessage, type SentTransfer, send } from '@meridian/sdk'
import { createWalletClient, type Hex, http, isAddressEqual, keccak256, parseEventLogs, stringToHex } from 'viem'
import { exitCode, RunError } from '../errors.ts'
import type { Io } from '../io.ts'
import { AMOUNT, balances, observeAsset, sendBack, sendThere, wrap } from './asset.ts'
import { observe } from './observe.ts'
import { createDisplay, type Output } from './terminal.ts'
import type { DemoChain, World } from './types.ts'
import { directSteps, hubSteps, initialView, type Step, type View, withStep } from './view.ts'
import { type ChainKinds, lanesOf, startWorld, type Topology } from './world.ts'

/** How the demo runs. */
export interface DemoOptions {
  readonly topology: Topology
  /** Of a pair. */
  readonly kinds: ChainKinds
  /** Ends by itself once a message in each direction has executed, and a token has gone and come back. */
  readonly once: boolean
  /** Virtual seconds per second. */
  readonly rate: number
}

/** A message as the last line of `--once` has it. */
interface OnceMessage {
  readonly from: string
  readonly to: string
  readonly orderId: Hex
  readonly sourceTx: Hex
  /** The transaction by which the hub forwarded it; only over a hub. */
  readonly hubTx?: Hex
  readonly targetTx: Hex
  readonly updateGas: number
  readonly deliveryGas: number
  readonly secondsFinalToExecuted: number
  readonly executed: true
}

/** A transfer of tokens as the last line of `--once` has it. */
interface OnceTransfer extends OnceMessage {
  /** Token units. */
  readonly amount: string
}

/** Gas for the counter, which writes three slots. */
const GAS_LIMIT = 150_000n
/** Milliseconds between two messages of one direction. */
const SEND_EVERY = 6_000
/** Milliseconds between two looks at the chains. */
const LOOK_EVERY = 300
/** Looks in a row that may fail before the demo gives up: a busy machine is no failure. */
const MAX_FAILED_LOOKS = 20
/** Milliseconds until `--once` gives up, on each leg of the way: a message over a hub has two. */
const ONCE_TIMEOUT = 240_000
/** Milliseconds until `--once` gives up. */
const onceTimeout = ({ hub }: World): number => (hub === null ? 1 : 2) * ONCE_TIMEOUT

type ShownStep = Step | 'failed' | null

const stepOf: Readonly<Record<Progress['stage'], ShownStep>> = {
  sent: 'sent',
  final: 'final',
  lightClientUpdated: 'updated',
  proven: 'proven',
  delivered: 'delivered',
  executed: 'executed',
  failed: 'failed',
  expired: 'failed',
  forwarded: 'forwarded',
  settled: null,
}
/** The same of a message over a hub: before it is forwarded, and after. */
const firstLegStepOf = { ...stepOf, proven: null }
const lastLegStepOf = { ...stepOf, final: 'hubFinal', lightClientUpdated: 'hubUpdated', proven: null } as const

/** What a step of Compass' is called here; null: it is not shown. */
function shownStep({ stage, fromChain, data }: Progress, overHub: boolean): ShownStep {
  if (!overHub) return stepOf[stage]
  return (data.logChain === fromChain ? firstLegStepOf : lastLegStepOf)[stage]
}

/** Runs the demo until it is stopped, or with `once` until both messages have executed. Returns the exit code. */
export async function runDemo(options: DemoOptions, io: Io, output: Output): Promise<number> {
  const display = createDisplay(output, io.env)
  let view = initialView('starting', options.rate, options.topology === 'hub' ? hubSteps : directSteps)
  const show = (next: View, change?: Parameters<typeof display.show>[1]) => {
    view = next
    display.show(view, change)
  }
  let world: World | null = null
  const over = new AbortController()
  try {
    world = await startWorld({
      topology: options.topology,
      kinds: options.kinds,
      rate: options.rate,
      phase: (phase) => show({ ...view, phase }),
      signal: io.signal,
    })
    const running = world
    const names = new Map(running.chains.map((chain) => [chain.endpoint.chainId, chain.name]))
    const tell = (orderId: Hex, from: bigint, to: bigint, step: Step | 'failed', at: number, note: string | null) => {
      const transfer = running.transfers.has(orderId)
      const row = { orderId, from: names.get(from) ?? `${from}`, to: names.get(to) ?? `${to}`, transfer }
      show({ ...withStep(view, row, step, at, note), now: io.now() }, { orderId, from: row.from, step })
    }
    running.compass.subscribe((progress) => {
      const { orderId, fromChain, toChain, stage, at, data } = progress
      const step = shownStep(progress, running.hub !== null)
      // The row is there since it was sent; Compass sees it a moment later.
      if (stage !== 'sent' && step !== null) tell(orderId, fromChain, toChain, step, at, data.reason?.detail ?? null)
    })
    show({ ...view, running: true, phase: 'running', now: io.now() })
    const sent = (message: Pick<SentMessage, 'orderId' | 'fromChain' | 'toChain'>) =>
      tell(message.orderId, message.fromChain, message.toChain, 'sent', io.now(), null)
    const looking = look(running, io, over.signal, () => view, show)
    if (!options.once) {
      await Promise.race([keepSending(running, io, sent), looking.failed])
      return exitCode.ok
    }
    const result = await Promise.race([sendOnce(running, io, sent), looking.failed])
    display.close()
    if (result === null) return io.signal.aborted ? INTERRUPTED : exitCode.failed
    output.write(`${JSON.stringify(result)}\n`)
    return exitCode.ok
  } catch (error) {
    display.close()
    if (io.signal.aborted) return options.once ? INTERRUPTED : exitCode.ok
    throw error
  } finally {
    over.abort()
    display.close()
    await world?.stop()
  }
}

/** Exit code of a run that was interrupted before it came to its end. */
const INTERRUPTED = 130

/** Reads the chains again and again. `failed` only ever rejects. */
function look(world: World, io: Io, over: AbortSignal, view: () => View, show: (view: View) => void) {
  const signal = AbortSignal.any([io.signal, over])
  const failed = (async (): Promise<never> => {
    let failures = 0
    while (true) {
      try {
        const [chains, asset] = await Promise.all([observe(world), observeAsset(world)])
        if (!signal.aborted) show({ ...view(), chains, asset, now: io.now() })
        failures = 0
      } catch (error) {
        if (++failures > MAX_FAILED_LOOKS) throw error
      }
      if (!signal.aborted) await io.sleep(LOOK_EVERY, signal)
      if (signal.aborted) return new Promise<never>(() => {})
    }
  })()
  failed.catch(() => {})
  return { failed }
}

type Sent = (message: Pick<SentMessage, 'orderId' | 'fromChain' | 'toChain'>) => void

async function keepSending(world: World, io: Io, sent: Sent): Promise<null> {
  for (let round = 0; !io.signal.aborted; round++) {
    for (const message of await sendBoth(world, round)) sent(message)
    const held = await balances(world)
    if (held.away >= AMOUNT) sent(named(await sendBack(world)))
    else {
      if (held.home < AMOUNT) await wrap(world)
      sent(named(await sendThere(world)))
    }
    await io.sleep(SEND_EVERY, io.signal)
  }
  return null
}

/** A message each way, and tokens there and back. Null when it is interrupted. */
async function sendOnce(
  world: World,
  io: Io,
  sent: Sent,
): Promise<{ readonly messages: readonly OnceMessage[]; readonly transfers: readonly OnceTransfer[] } | null> {
  const messages = await sendBoth(world, 0)
  for (const message of messages) sent(message)
  await wrap(world)
  const there = named(await sendThere(world))
  sent(there)
  const deadline = io.now() + onceTimeout(world)
  const first = await executed(world, io, [...messages, there], deadline)
  if (first === null) return null
  const arrived = await balances(world)
  if (arrived.away !== AMOUNT || arrived.home !== 0n) throw new RunError('the demo', 'the tokens did not arrive')
  const back = named(await sendBack(world))
  sent(back)
  const second = await executed(world, io, [back], deadline)
  if (second === null) return null
  const returned = await balances(world)
  if (returned.home !== AMOUNT || returned.away !== 0n) throw new RunError('the demo', 'the tokens did not come back')
  const [a, b] = world.chains
  const amount = AMOUNT.toString()
  return {
    messages: await Promise.all(lanesOf(world).map(({ source, target }, i) => report(world, source, target, first[i]))),
    transfers: [
      { ...(await onceMessage(world, a, b, first[messages.length])), amount },
      { ...(await onceMessage(world, b, a, second[0])), amount },
    ],
  }
}

/** A transfer of the demo's: it never waits at the bridge, so an order carries it. */
function named(transfer: SentTransfer): Pick<SentMessage, 'orderId' | 'fromChain' | 'toChain'> {
  if (transfer.orderId === null) throw new RunError('the demo', 'a transfer waits for its limit')
  return { ...transfer, orderId: transfer.orderId }
}

/** The orders' rows once all have executed; null when it is interrupted. */
async function executed(
  world: World,
  io: Io,
  orders: readonly Pick<SentMessage, 'orderId' | 'fromChain'>[],
  deadline: number,
): Promise<readonly Message[] | null> {
  while (!io.signal.aborted) {
    const rows = await Promise.all(
      // over a hub: the leg that it is on
      orders.map(({ fromChain, orderId }) => world.compass.message({ fromChain, orderId })),
    )
    const failed = rows.find((row) => row?.executed === false)
    if (failed != null) {
      throw new RunError(
        'the demo',
        `message ${failed.orderId} was delivered and its target refused it: ${failed.executionReason}`,
      )
    }
    const done = rows.filter((row) => row !== null).filter((row) => row.executed === true)
    if (done.length === orders.length) return done
    if (io.now() > deadline) throw new RunError('the demo', stuck(rows, world))
    await io.sleep(LOOK_EVERY, io.signal)
  }
  return null
}

/** What the target app itself says decides whether the message has executed. */
async function report(
  world: World,
  source: DemoChain,
  target: DemoChain,
  row: Message | undefined,
): Promise<OnceMessage> {
  const hash = row?.targetTx ?? null
  const receipt = hash === null ? null : await target.endpoint.client.getTransactionReceipt({ hash })
  const counted = parseEventLogs({ abi: counterAbi, eventName: 'Counted', logs: receipt?.logs ?? [] }).find(
    ({ address, args }) => isAddressEqual(address, target.counter) && args.orderId === row?.orderId,
  )
  if (row?.targetTx == null || counted?.args.messageHash !== keccak256(payloadOf(source, 0))) {
    throw new RunError('the demo', `the app on ${target.name} does not show the message from ${source.name}`)
  }
  return onceMessage(world, source, target, row)
}

async function onceMessage(
  world: World,
  source: DemoChain,
  target: DemoChain,
  row: Message | undefined,
): Promise<OnceMessage> {
  if (row?.targetTx == null) throw new RunError('the demo', `nothing from ${source.name} was found on ${target.name}`)
  const { orderId, fromChain, targetTx, includedAt } = row
  // over a hub: the leg before this one
  const first = (await world.compass.message({ fromChain, orderId, logChain: fromChain })) ?? row
  const legs = first.logChain === row.logChain ? [row] : [first, row]
  const sum = (gas: (leg: Message) => bigint | null) =>
    Number(legs.reduce((total, leg) => total + (gas(leg) ?? 0n), 0n))
  return {
    from: source.name,
    to: target.name,
    orderId,
    sourceTx: first.txHash,
    ...(legs.length === 1 ? {} : { hubTx: row.txHash }),
    targetTx,
    updateGas: sum((leg) => leg.updateGas),
    deliveryGas: sum((leg) => leg.deliveryGas),
    secondsFinalToExecuted: Math.max(0, (includedAt ?? 0) - (first.finalAt ?? 0)) / 1000,
    executed: true,
  }
}

function stuck(rows: readonly (Message | null | undefined)[], world: World): string {
  const where = rows.map((row) =>
    row == null ? 'not seen' : `${row.state}${row.reason === null ? '' : ` (${row.reason.detail})`}`,
  )
  const troubles = world.compass
    .status()
    .workers.flatMap(({ name, trouble }) => (trouble === null ? [] : [`${name}: ${trouble.reason.detail}`]))
  const why = troubles.length === 0 ? '' : `; Compass says ${troubles.join(', ')}`
  return `after ${onceTimeout(world) / 1000} s the messages are ${where.join(' and ')}${why}; run it again with a lower --rate on a slow machine`
}

function sendBoth(world: World, round: number): Promise<readonly SentMessage[]> {
  return Promise.all(
    lanesOf(world).map(({ from, to, source, target }) => {
      const wallet = createWalletClient({ account: source.user, transport: http(source.source.rpc) })
      const message = {
        kind: 'message',
        target: target.counter,
        payload: payloadOf(source, round),
        gasLimit: GAS_LIMIT,
      } as const
      return send(from, wallet, { toChain: to.chainId, message })
    }),
  )
}

function payloadOf(source: DemoChain, round: number): Hex {
  return stringToHex(`message ${round + 1} from ${source.name}`)
}
