import { MeridianError } from '@meridian/core'
import { type Address, getAddress, zeroAddress } from 'viem'
import { type Bell, createBell } from './bell.ts'
import type { ChainContext, Common } from './chain-context.ts'
import { createClaimer } from './claimer/claimer.ts'
import { createMaintainer, type Maintainer } from './maintainer/maintainer.ts'
import { createLane } from './messenger/lane.ts'
import { createFirstLeg, createLastLeg, type HubContext, type Leg } from './messenger/leg.ts'
import { createHubSource, createSource, type Source } from './messenger/source.ts'
import type { Progress } from './progress.ts'
import { createDryRun } from './submitter/dry-run.ts'
import type { Submitter } from './submitter/submitter.ts'
import { createWallets } from './submitter/wallets.ts'
import { createWorker, type Worker } from './worker.ts'

/** A direction to serve. */
export interface LaneConfig {
  readonly from: bigint
  readonly to: bigint
  /** The chain whose hub it goes over. Absent: it is direct. */
  readonly via?: bigint | undefined
}

/** A worker, how often it looks when nothing wakes it, and what wakes it. */
export interface Duty {
  readonly worker: Worker
  /** Milliseconds. */
  readonly pollMs: number
  readonly bell: Bell
  /** Whether a step of a message makes it worth a look at once. */
  wakes(progress: Progress): boolean
}

/** All that is done for some chains: their messages read, their wallets kept, the legs to them served, fees there claimed. */
export interface ChainWork {
  readonly duties: readonly Duty[]
  readonly submitters: ReadonlyMap<bigint, Submitter>
  readonly maintainers: readonly {
    readonly fromChain: bigint
    readonly toChain: bigint
    readonly maintainer: Maintainer
  }[]
}

/** Chains and lanes as they are configured. */
export interface Network {
  readonly chains: ReadonlyMap<bigint, ChainContext>
  readonly lanes: readonly LaneConfig[]
}

/** A chain of a network. @throws {MeridianError} `CONFIG` there is none with this id. */
export function chainOf({ chains }: Network, id: bigint): ChainContext {
  const chain = chains.get(id)
  if (chain === undefined) throw new MeridianError('CONFIG', `lanes: chain ${id} is not configured`, { given: id })
  return chain
}

function hubOf(network: Network, id: bigint): HubContext {
  const chain = chainOf(network, id)
  if (chain.hub === undefined) throw new MeridianError('CONFIG', `chains: ${chain.name} has no hub`, { given: id })
  return { ...chain, hub: getAddress(chain.hub) }
}

/** The legs of every lane's way. @param dryRun Nothing is sent, so no signer is needed. @throws {MeridianError} `CONFIG` a chain, its signer or its hub is missing. */
export function legsOf(network: Network, dryRun = false): readonly Leg[] {
  const legs = network.lanes.flatMap(({ from, to, via }): readonly Leg[] => {
    const [source, target] = [chainOf(network, from), chainOf(network, to)]
    if (via === undefined) return [createLastLeg(source, target, null)]
    const hub = hubOf(network, via)
    return [createFirstLeg(source, hub, target), createLastLeg(source, target, hub)]
  })
  for (const { target } of legs) {
    const { name, id, signer } = target
    if (signer === null && !dryRun) throw new MeridianError('CONFIG', `chains: ${name} needs a signer`, { given: id })
  }
  return legs
}

/** Whether fees that lie on a chain are claimed: it needs a wallet there. */
const claimsOn = ({ claims, signer }: ChainContext): boolean => claims !== null && signer !== null

/**
 * What several Compasses divide between them: each chain by itself, but for those whose wallets a claim needs together,
 * because its records come back over a hub.
 */
export function piecesOf(network: Network): readonly (readonly bigint[])[] {
  const piece = new Map([...network.chains.keys()].map((id) => [id, [id]]))
  for (const { from, via } of network.lanes) {
    if (via === undefined || !claimsOn(chainOf(network, from))) continue
    const [one, other] = [piece.get(from) ?? [], piece.get(via) ?? []]
    if (one === other) continue
    const joined = [...one, ...other]
    for (const id of joined) piece.set(id, joined)
  }
  return [...new Set(piece.values())]
}

/**
 * The work for a piece of the network, from scratch: nothing is remembered but what the store holds, so that another
 * Compass can go on with it. A wallet's nonces, what is simulated on them and the updates of the light clients on a chain
 * belong together; so a chain is never divided.
 */
export function createChainWork(network: Network, piece: readonly bigint[], common: Common): ChainWork {
  const { clock, log } = common
  const duties: Duty[] = []
  const submitters = new Map<bigint, Submitter>()
  const sources = new Map<bigint, Source>()
  const maintainers = new Map<string, ChainWork['maintainers'][number]>()
  const onHead = new Map<bigint, Bell[]>()
  const mine = new Set(piece)
  const dryRun = common.dryRun ?? false
  const legs = legsOf(network, dryRun).filter(({ target }) => mine.has(target.id))
  const claimed = network.lanes.filter(({ from }) => mine.has(from) && claimsOn(chainOf(network, from)))

  function add(name: string, pollMs: number, work: () => Promise<unknown>, wakes: Duty['wakes'] = () => false): Bell {
    const bell = createBell(clock)
    duties.push({ worker: createWorker(name, work, clock, log), pollMs, bell, wakes })
    return bell
  }

  /** The one that keeps a chain's light client on another. */
  function maintainerOf(source: ChainContext, target: ChainContext, submitter: Submitter): Maintainer {
    const key = `${source.id}-${target.id}`
    const known = maintainers.get(key)
    if (known !== undefined) return known.maintainer
    const maintainer = createMaintainer(source, target, submitter, common)
    maintainers.set(key, { fromChain: source.id, toChain: target.id, maintainer })
    return maintainer
  }

  for (const id of new Set([...legs.map(({ target }) => target.id), ...claimed.map(({ from }) => from)])) {
    const chain = chainOf(network, id)
    const submitter = dryRun
      ? createDryRun(chain, common)
      : createWallets(chain, common, () => sources.get(id)?.finalized() ?? null)
    submitters.set(id, submitter)
    onHead.set(id, [add(`submitter ${chain.name}`, wokenMs(chain), submitter.poll)])
  }
  for (const id of piece) {
    const chain = chainOf(network, id)
    const used = network.lanes.filter(({ from }) => from === id).map(({ to }) => to)
    const source = createSource(chain, used, common)
    sources.set(id, source)
    add(`source ${chain.name}`, chain.tuning.pollMs, async () => {
      // a new head: what was sent may be in it, and what is final there may be settled
      if (await source.step()) for (const bell of onHead.get(id) ?? []) bell.ring()
    })
    if (!network.lanes.some(({ via }) => via === id)) continue
    const hub = hubOf(network, id)
    add(`hub ${hub.name}`, hub.tuning.pollMs, createHubSource(hub, [...network.chains.values()], common).step)
  }
  for (const leg of legs) {
    const { origin, source, target, toChain } = leg
    const submitter = submitters.get(target.id)
    if (submitter === undefined) continue
    const maintainer = maintainerOf(source, target, submitter)
    const targetFinal = () => sources.get(target.id)?.finalized()?.number ?? null
    const lane = createLane({ ...common, leg, submitter, maintainer, targetFinal })
    const work = async (): Promise<void> => {
      if (await lane.step()) bell.ring()
    }
    const bell = add(nameOf(leg), wokenMs(target), work, ({ stage, data }) => {
      const here = data.fromChain === origin.id && data.toChain === toChain && data.logChain === source.id
      return here && stage === 'final'
    })
    onHead.get(target.id)?.push(bell)
  }
  for (const { from, to, via } of claimed) {
    const [source, target] = [chainOf(network, from), chainOf(network, to)]
    const submitter = submitters.get(from)
    if (source.claims === null || submitter === undefined) continue
    const hub = via === undefined ? null : hubOf(network, via)
    const onHub = via === undefined ? undefined : submitters.get(via)
    const claimer = createClaimer({
      ...common,
      source,
      target,
      rule: source.claims,
      submitter,
      // of the chain that vouches for the target on the source: the other way round
      maintainer: maintainerOf(hub ?? target, source, submitter),
      deliverer: signerOf(target),
      via:
        hub === null || onHub === undefined
          ? null
          : { hub, submitter: onHub, maintainer: maintainerOf(target, hub, onHub) },
    })
    add(`claimer ${source.name}-${target.name}`, wokenMs(source), claimer.step)
  }
  return { duties, submitters, maintainers: [...maintainers.values()] }
}

/** Milliseconds between looks at the least of what is woken by what it waits for, or is in no hurry. */
const WOKEN_MS = 1_000
const wokenMs = ({ tuning }: ChainContext): number => Math.max(tuning.pollMs, WOKEN_MS)

/** A lane's legs are told apart by the hub. */
function nameOf({ origin, source, target, toChain }: Leg): string {
  if (source !== origin) return `lane ${origin.name}-${target.name} over ${source.name}`
  return toChain === target.id
    ? `lane ${origin.name}-${target.name}`
    : `lane ${origin.name}-${toChain} to ${target.name}`
}

/** Nobody where nothing is sent. */
const signerOf = ({ signer }: ChainContext): Address => signer?.address ?? zeroAddress
