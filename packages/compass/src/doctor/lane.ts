import { iHubAbi, iMessageServiceAbi } from '@meridian/abi'
import { call } from '@meridian/chain'
import type { ClientState, RpcPort } from '@meridian/consensus'
import {
  type Address,
  decodeFunctionResult,
  encodeFunctionData,
  type Hex,
  isAddressEqual,
  isHex,
  size,
  zeroAddress,
} from 'viem'
import { readFeeService } from '../claimer/fee-service.ts'
import { type Route, readChainOf, readRoute } from '../mos.ts'
import { verdictOf } from '../watcher/verdict.ts'
import type { CheckedChain } from './chain.ts'
import { attempt, type DoctorLine, fail, ok, warn } from './line.ts'

/** Seconds before its expiry from which a light client is worth a word. */
const SOON = 86_400n
/** Bytes of what a view of one value answers. */
const WORD = 32
/** Gas of the message that a fee is asked for. */
const QUOTED_GAS = 100_000n
const GOVERNOR = 'the governor there sets it (setRoute, setHubRoute)'

/** A lane whose chains answer. */
export interface CheckedLane {
  readonly source: CheckedChain
  readonly target: CheckedChain
  /** The chain whose hub it goes over; null: it is direct. */
  readonly via: CheckedChain | null
}

/** Who vouches on a chain for another one, as the configuration has it. */
interface Expected {
  readonly on: CheckedChain
  readonly origin: CheckedChain
  /** Whose light client it is: the origin's, or over a hub the hub's chain's. */
  readonly voucher: CheckedChain
  /** Zero: the route is direct. */
  readonly hub: Address
}

/**
 * A lane: are the routes of its way ours, are their light clients alive, and do they follow the chains that our nodes see? Over
 * a hub that is the hub's route to the source, its route onwards to the target, and the target's route over the hub.
 */
export async function* checkLane({ source, target, via }: CheckedLane): AsyncGenerator<DoctorLine> {
  const lane = `lane ${source.config.name}-${target.config.name}`
  if (via === null) yield* checkRoute(lane, { on: target, origin: source, voucher: source, hub: zeroAddress })
  else {
    const hub = via.config.hub ?? zeroAddress
    yield await hubLine(lane, via, hub)
    yield* checkRoute(`${lane} first leg`, { on: via, origin: source, voucher: source, hub: zeroAddress })
    // a hub passes nothing on to a chain that it has no direct route of
    yield* checkRoute(`${lane} onwards`, { on: via, origin: target, voucher: target, hub: zeroAddress })
    yield* checkRoute(`${lane} last leg`, { on: target, origin: source, voucher: via, hub })
  }
  if (source.config.claims !== false && source.config.signer !== undefined) {
    const back = { on: source, origin: target, voucher: via ?? target, hub: via?.config.hub ?? zeroAddress }
    for await (const line of checkRoute(`${lane} records`, back))
      yield line.status === 'fail' ? warn(line.subject, `no fee can be claimed: ${line.detail}`, line.mend ?? '') : line
  }
  yield* feeLines(lane, source, target)
  const pauses: readonly Pause[] = [
    { side: 'source', on: source, other: target, outbound: true },
    ...(via === null
      ? []
      : [
          { side: 'hub', on: via, other: source, outbound: false },
          { side: 'hub', on: via, other: target, outbound: true },
        ]),
    { side: 'target', on: target, other: source, outbound: false },
  ]
  for (const pause of pauses) yield await pauseLine(lane, pause)
}

/** The hub's contract, and whose routes it follows. */
function hubLine(lane: string, via: CheckedChain, hub: Address): Promise<DoctorLine> {
  const what = `${lane} hub`
  return attempt(what, 'is the endpoint whole?', async () => {
    if (!(await hasCodeAt(via.ports.rpc, hub))) return fail(what, `no code at ${hub}`, 'correct chains[].hub')
    const ask = (data: Hex) => call(via.ports.rpc, { to: hub, data })
    // every application has a MOS; only a hub says what it forwarded
    const args = [0n, zeroAddress, 0n, 0n] as const
    const forwarded = await ask(encodeFunctionData({ abi: iHubAbi, functionName: 'isForwarded', args }))
    const result = await ask(encodeFunctionData({ abi: iHubAbi, functionName: 'mos' }))
    if (!forwarded.ok || size(forwarded.data) !== WORD || !result.ok || size(result.data) !== WORD)
      return fail(what, `${hub} is no hub`, 'correct chains[].hub')
    const mos = decodeFunctionResult({ abi: iHubAbi, functionName: 'mos', data: result.data })
    if (!isAddressEqual(mos, via.config.mos)) {
      const detail = `it follows the routes of MOS ${mos}, the configuration names ${via.config.mos}`
      return fail(what, detail, 'correct chains[].hub or chains[].mos')
    }
    return ok(what, `${hub} on ${via.config.name}`)
  })
}

async function* checkRoute(title: string, expected: Expected): AsyncGenerator<DoctorLine> {
  const { on, origin, voucher } = expected
  const { rpc } = on.ports
  const what = `${title} route`
  let client: ClientState | null = null
  yield await attempt(what, `is the mos of ${on.config.name} right?`, async () => {
    const route = await readRoute(rpc, on.config.mos, origin.config.id)
    const wrong = routeFault(route, expected)
    if (wrong !== null) return fail(what, ...wrong)
    const followed = await readChainOf(rpc, route.lightClient)
    if (followed !== voucher.config.id) {
      const detail = `its light client ${route.lightClient} follows chain ${followed}, not ${voucher.config.id}`
      return fail(what, detail, GOVERNOR)
    }
    client = await voucher.consensus.readClient(rpc, route.lightClient)
    return ok(what, `light client ${route.lightClient} (${client.kind})`)
  })
  if (client !== null) yield* clientLines(title, client, voucher, on)
}

/** What of a route is not as the configuration has it, and what mends it; null: nothing. */
function routeFault(route: Route, { on, origin, hub }: Expected): readonly [string, string] | null {
  const { name } = on.config
  if (route.lightClient === zeroAddress) return [`${name} has none of ${origin.config.name}`, GOVERNOR]
  if (!isAddressEqual(route.remoteMos, origin.config.mos)) {
    const detail = `it names MOS ${route.remoteMos}, the configuration ${origin.config.mos}`
    return [detail, `correct chains[].mos of ${origin.config.name}`]
  }
  if (isAddressEqual(route.hub, hub)) return null
  return [`it goes ${way(route.hub)}, the configuration ${way(hub)}`, 'correct lanes[].via and chains[].hub']
}

const way = (hub: Address): string => (hub === zeroAddress ? 'directly' : `over the hub ${hub}`)

async function* clientLines(
  title: string,
  client: ClientState,
  voucher: CheckedChain,
  on: CheckedChain,
): AsyncGenerator<DoctorLine> {
  const what = `${title} light client`
  const left = client.expiresAt - on.timestamp
  if (client.status === 'frozen') yield fail(what, 'it is frozen', 'a new client behind a new route')
  else if (client.status === 'expired' || left <= 0n)
    yield fail(what, 'it has expired', 'a new client behind a new route')
  else if (left < SOON) yield warn(what, `it expires in ${left} s`, 'start Compass: it will be updated')
  else yield ok(what, `head ${client.head.number}, expires in ${left / 3_600n} h`)
  const head = `${title} head`
  yield await attempt(head, `are the nodes of ${voucher.config.name} whole and in sync?`, async () => {
    const { number, hash } = client.head
    const views = await voucher.consensus.ownViews(voucher.ports, { what: 'head', number, hash })
    const { verdict, own } = verdictOf(hash, views)
    if (verdict === 'held') return ok(head, 'is the chain that our own nodes see')
    if (own === null) return warn(head, `our nodes do not have ${number}`, 'are they in sync?')
    const detail = `the client accepted ${hash} at ${number}, ${verdict === 'disputed' ? 'some of our' : 'our'} nodes have ${own}`
    return fail(head, detail, 'docs/runbooks/WatcherContradiction.md')
  })
}

/** Whether a fee for the lane can be paid, and lies where it can be claimed. */
async function* feeLines(lane: string, source: CheckedChain, target: CheckedChain): AsyncGenerator<DoctorLine> {
  const what = `${lane} fees`
  const { rpc } = source.ports
  const { mos, name } = source.config
  yield await attempt(what, `is the mos of ${name} right?`, async () => {
    const service = await readFeeService(rpc, mos)
    if (!(await hasCodeAt(rpc, service)))
      return fail(what, `no code at the fee service ${service}`, 'the governor there sets it (setFeeService)')
    const args = [target.config.id, zeroAddress, QUOTED_GAS, 0n] as const
    const data = encodeFunctionData({ abi: iMessageServiceAbi, functionName: 'quote', args })
    const quote = await call(rpc, { to: mos, data })
    if (!quote.ok)
      return warn(
        what,
        `no fee in native coin (${quote.revert.name})`,
        'whoever keeps its prices sets them (setChainGasPrice)',
      )
    return ok(what, `${service} takes native coin`)
  })
}

interface Pause {
  readonly side: string
  readonly on: CheckedChain
  readonly other: CheckedChain
  readonly outbound: boolean
}

function pauseLine(lane: string, { side, on, other, outbound }: Pause): Promise<DoctorLine> {
  const what = `${lane} pause`
  return attempt(what, 'is mos right?', async () => {
    const args = [other.config.id, outbound] as const
    const data = encodeFunctionData({ abi: iMessageServiceAbi, functionName: 'isLanePaused', args })
    const result = await call(on.ports.rpc, { to: on.config.mos, data })
    if (!result.ok) return fail(what, `the MOS of its ${side} does not say`, 'is mos right?')
    const paused = decodeFunctionResult({ abi: iMessageServiceAbi, functionName: 'isLanePaused', data: result.data })
    const where = `${outbound ? 'to' : 'from'} ${other.config.name}`
    return paused
      ? warn(what, `it is paused on its ${side}, ${where}`, 'whoever may unpause there decides')
      : ok(what, `its ${side} lets it go ${where}`)
  })
}

async function hasCodeAt(rpc: RpcPort, address: Address): Promise<boolean> {
  if (address === zeroAddress) return false
  const code: unknown = await rpc.request('eth_getCode', [address, 'latest'])
  return isHex(code) && code !== ('0x' satisfies Hex)
}
