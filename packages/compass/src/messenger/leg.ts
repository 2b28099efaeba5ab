import type { Log } from '@meridian/chain'
import { LogError } from '@meridian/core'
import { type Address, type Hex, isAddressEqual, zeroAddress } from 'viem'
import type { ChainContext } from '../chain-context.ts'
import { RouteError } from '../errors.ts'
import { passagesIn, passageTopics, readPassage, readStoredRelayClient, retryRelayCalldata } from '../hub.ts'
import type { Message, MessageOrigin } from '../message.ts'
import {
  chainTopic,
  type Ending,
  endingsIn,
  endTopics,
  forwardedOrigin,
  messageTopics,
  type Outcome,
  originOf,
  type Route,
  readChainOf,
  readOutcome,
  readRoute,
  readStoredVoucher,
  retryCalldata,
} from '../mos.ts'
import { deliveryWork, forwardWork, isRelayed, type Work } from '../plan.ts'
import { recordsExpiry } from './deadline.ts'
import { endingPort } from './endpoints.ts'
import { type Delivery, type DeliveryContext, encodeDelivery, encodeForward, encodeRelay } from './proof.ts'

/** A chain that forwards, with its hub. */
export type HubContext = ChainContext & { readonly hub: Address }

/** A part of a lane's way: from the log of one chain to a contract of the next. */
export interface Leg {
  /** Where the messages started: their fees lie there. */
  readonly origin: ChainContext
  /** Whose logs it carries: the origin, or a hub. */
  readonly source: ChainContext
  /** Where its transactions go: where the messages end, or a hub. */
  readonly target: ChainContext
  /** Where the messages end. */
  readonly toChain: bigint
  /** What its transactions call. */
  readonly contract: Address
  /** What a message costs there, and which ones have to keep their order. */
  readonly work: Work
  /** Where a message goes from there, which its fee has to pay for as well; null: it ends there. */
  next(message: Message): { readonly target: ChainContext; readonly work: Work } | null
  /** The contract on the source whose logs its messages are. */
  readonly emitter: Address
  /** A message of the origin's from a log on the source; null: the log is none. */
  read(log: Log, blockTimestamp: bigint): MessageOrigin | null
  /** Topic 0 of the contract's logs that end the leg. */
  readonly endTopics: readonly Hex[]
  /** The light client on the target that vouches for the source. @throws {RouteError} contracts and configuration differ. */
  lightClient(): Promise<Address>
  /** What the contract says of a message. */
  outcome(message: Message): Promise<Outcome>
  /** What the contract's logs say of the origin's messages. */
  endingsIn(logs: Parameters<typeof endingsIn>[0]): readonly Ending[]
  /** Whether the operator pays for the record that a message expired, which is what carrying it past its deadline is for. */
  recordsExpiry(message: Message): boolean
  /** Whether a message has a transaction to itself. */
  alone(message: Message): boolean
  /** Calldata that runs a failed message again, as whoever vouched for it when it was stored last. `head`: of the target. */
  retry(message: Message, head: bigint): Promise<Hex>
  /** The call that carries messages of one block. */
  encode(context: DeliveryContext, messages: readonly Message[]): Delivery
}

/** The last leg of a lane, or its only one: to the MOS where the messages end. `via`: the hub whose logs they are. */
export function createLastLeg(origin: ChainContext, target: ChainContext, via: HubContext | null): Leg {
  const source = via ?? origin
  const { rpc } = target.ports
  return {
    origin,
    source,
    target,
    toChain: target.id,
    contract: target.mos,
    work: deliveryWork,
    next: () => null,
    emitter: via?.hub ?? origin.mos,
    read: (log, blockTimestamp) =>
      via === null ? readAt(origin, log, blockTimestamp) : readForwarded(via, origin, log, blockTimestamp),
    endTopics,
    outcome: (message) => readOutcome(endingPort(target), target.mos, message),
    endingsIn: (logs) => endingsIn(logs, target.mos, origin.id),
    recordsExpiry: (message) => recordsExpiry(message, origin, target),
    alone: () => false,
    async retry(message, head) {
      const stored = await readStoredVoucher(rpc, target.mos, message, head)
      return retryCalldata(message, stored ?? (await readRoute(rpc, target.mos, origin.id)))
    },
    encode: (context, messages) => encodeDelivery(target.mos, context, messages),
    async lightClient() {
      const route = await readRoute(rpc, target.mos, origin.id)
      requireRoute(route, origin, target, via?.hub ?? zeroAddress)
      if (via !== null) {
        const followed = await readChainOf(rpc, route.lightClient)
        if (followed !== via.id) {
          const detail = `the route's light client follows chain ${followed}, the hub is on ${via.id}`
          throw new RouteError(origin.id, target.id, detail)
        }
      }
      return route.lightClient
    },
  }
}

/** The first leg of a lane over a hub: to the hub. `target`: where the messages end. */
export function createFirstLeg(origin: ChainContext, hub: HubContext, target: ChainContext): Leg {
  const { rpc } = hub.ports
  return {
    origin,
    source: origin,
    target: hub,
    toChain: target.id,
    contract: hub.hub,
    work: forwardWork,
    next: (message) => (isRelayed(message) ? null : { target, work: deliveryWork }),
    emitter: origin.mos,
    read: (log, blockTimestamp) => readAt(origin, log, blockTimestamp),
    endTopics: passageTopics,
    outcome: (message) => readPassage(endingPort(hub), hub.hub, message, isRelayed(message)),
    endingsIn: (logs) => passagesIn(logs, hub.hub, origin.id),
    // what the hub runs expires there; anything else where it ends
    recordsExpiry: (message) => recordsExpiry(message, origin, isRelayed(message) ? hub : target),
    alone: isRelayed,
    async retry(message, head) {
      const stored = await readStoredRelayClient(rpc, hub.hub, message, head)
      return retryRelayCalldata(message, stored ?? (await readRoute(rpc, hub.mos, origin.id)).lightClient)
    },
    encode(context, messages) {
      const [first] = messages
      return first !== undefined && isRelayed(first)
        ? encodeRelay(hub.hub, context, first)
        : encodeForward(hub.hub, context, messages)
    },
    async lightClient() {
      const route = await readRoute(rpc, hub.mos, origin.id)
      requireRoute(route, origin, hub, zeroAddress)
      return route.lightClient
    },
  }
}

const isMessage = ({ topics }: Log, fromChain: bigint): boolean =>
  messageTopics.some((topic) => topic === topics[0]) && topics[1] === chainTopic(fromChain)

function readAt(origin: ChainContext, log: Log, blockTimestamp: bigint): MessageOrigin | null {
  return isAddressEqual(log.address, origin.mos) && isMessage(log, origin.id) ? originOf(log, blockTimestamp) : null
}

/** A hub also forwards what a MOS that is not the configured one sent: that is no message of this lane. */
function readForwarded(via: HubContext, origin: ChainContext, log: Log, blockTimestamp: bigint): MessageOrigin | null {
  if (!isAddressEqual(log.address, via.hub) || !isMessage(log, origin.id)) return null
  try {
    return forwardedOrigin(log, blockTimestamp, via.id, [origin])
  } catch (error) {
    if (error instanceof LogError) return null
    throw error
  }
}

function requireRoute(route: Route, origin: ChainContext, on: ChainContext, hub: Address): void {
  const fail = (detail: string): never => {
    throw new RouteError(origin.id, on.id, detail)
  }
  if (route.lightClient === zeroAddress) fail('the target has no route')
  if (!isAddressEqual(route.remoteMos, origin.mos))
    fail(`the target's route names MOS ${route.remoteMos}, the configuration ${origin.mos}`)
  if (!isAddressEqual(route.hub, hub)) fail(`the target's route goes ${way(route.hub)}, the configuration ${way(hub)}`)
}

const way = (hub: Address): string => (hub === zeroAddress ? 'directly' : `over the hub ${hub}`)
