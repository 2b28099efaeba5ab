import type { apiSchemas, DoctorLine } from '@meridian/compass'
import { formatEther } from 'viem'
import type { z } from 'zod'

type Shape<Schema extends z.ZodType> = z.output<Schema>
type Lane = Shape<typeof apiSchemas.laneSchema>
type LightClient = Shape<typeof apiSchemas.lightClientSchema>
type Endpoint = Shape<typeof apiSchemas.endpointSchema>
type Wallet = Shape<typeof apiSchemas.walletSchema>
type Worker = Shape<typeof apiSchemas.workerSchema>
type Cost = Shape<typeof apiSchemas.costSchema>
type Message = Shape<typeof apiSchemas.messageSchema>
type NameOf = (chainId: string) => string

/** `12 s`, `3 min`, `5 h`, `2 d`. */
export function duration(seconds: number): string {
  const size = Math.abs(seconds)
  if (size < 120) return `${Math.round(seconds)} s`
  if (size < 7_200) return `${Math.round(seconds / 60)} min`
  if (size < 172_800) return `${Math.round(seconds / 3_600)} h`
  return `${Math.round(seconds / 86_400)} d`
}

/** A lane in one line. */
export function laneLine(lane: Lane, nameOf: NameOf, now: number): string {
  const states = Object.entries(lane.states).map(([state, count]) => `${state} ${count}`)
  const reasons = lane.reasons.map(({ code, count }) => `${code} ${count}`)
  const oldest = lane.oldestPendingAt === null ? '' : `, oldest ${duration((now - lane.oldestPendingAt) / 1_000)}`
  const waiting = states.length === 0 ? 'nothing waits' : `${states.join(', ')}${oldest}`
  const why = reasons.length === 0 ? '' : ` (${reasons.join(', ')})`
  const mark = lane.paused
    ? ' PAUSED'
    : lane.stalled === null
      ? ''
      : ` STALLED: ${lane.stalled.code}: ${lane.stalled.detail}`
  return `lane    ${nameOf(lane.fromChain)} -> ${nameOf(lane.toChain)}: ${waiting}${why}${mark}`
}

/** A light client in one line. */
export function lightClientLine(client: LightClient, nameOf: NameOf): string {
  const lag = client.lagSeconds === null ? '' : `, ${duration(client.lagSeconds)} behind`
  const expiry = client.expirySeconds === null ? '' : `, expires in ${duration(client.expirySeconds)}`
  const where = `${nameOf(client.fromChain)} on ${nameOf(client.toChain)}`
  return `client  ${where}: ${client.status}, head ${client.head.number}${lag}${expiry}`
}

/** A wallet in one line. */
export function walletLine(wallet: Wallet, nameOf: NameOf): string {
  const runway = wallet.runwayDays === null ? 'spends nothing' : `lasts ${wallet.runwayDays.toFixed(1)} d`
  return `wallet  ${nameOf(wallet.chainId)} ${wallet.address}: ${formatEther(BigInt(wallet.balance))}, ${runway}`
}

/** A worker that makes no progress, in one line. */
export function workerLine({ name, trouble }: Worker, now: number): string | null {
  if (trouble === null) return null
  const since = duration((now - trouble.since) / 1_000)
  return `trouble ${name}: ${trouble.reason.code} for ${since} (${trouble.failures} tries): ${trouble.reason.detail}`
}

/** What a route has cost, in one line. */
export function costLine(cost: Cost, nameOf: NameOf): string {
  const route = `${nameOf(cost.fromChain)} -> ${nameOf(cost.toChain)}`
  const paid = `${formatEther(BigInt(cost.wei))} on ${nameOf(cost.paidOn)}`
  return `cost    ${route}: ${cost.kind} ${cost.transactions}, ${cost.gas} gas, ${paid}`
}

/** An endpoint in one line: how it fares, and how far it is. */
export function endpointLine(one: Endpoint, nameOf: NameOf, now: number): string {
  const until =
    one.state === 'asked' ? '' : ` for ${duration(Math.max(one.restUntil, one.limitedUntil) / 1_000 - now / 1_000)}`
  const failing = one.failures === 0 ? '' : `, ${one.failures} failures in a row: ${one.lastError ?? 'of a run before'}`
  const wrong = one.wrongAnswers + one.disagreements
  const lies = wrong === 0 ? '' : `, ${wrong} wrong answers`
  const lag = one.head === null || one.head.lagSeconds === 0 ? '' : ` (${duration(one.head.lagSeconds)} behind)`
  const head = one.head === null ? '' : `, block ${one.head.number}${lag}`
  return `node    ${nameOf(one.chainId)} ${one.name} ${one.host}: ${one.state}${until}${head}${failing}${lies}`
}

/** A message in one line. */
export function messageLine(message: Message, nameOf: NameOf, now: number): string {
  const age = duration((now - message.seenAt) / 1_000)
  const why = message.reason === null ? '' : `: ${message.reason.code}: ${message.reason.detail}`
  const tries = message.attempts === 0 ? '' : `, ${message.attempts} tries`
  const wait = (message.nextAttemptAt - now) / 1_000
  const next = wait > 0 && message.reason?.code !== 'CLEARED' ? `, next in ${duration(wait)}` : ''
  const route = `${nameOf(message.fromChain)} -> ${nameOf(message.toChain)}`
  return `${message.orderId} ${route} ${message.state} for ${age}${tries}${next}${why}`
}

/** A finding in one line. */
export function doctorText({ subject, status, detail, mend }: DoctorLine): string {
  return `${status.padEnd(4)} ${subject}: ${detail}${mend === null ? '' : ` — ${mend}`}`
}
