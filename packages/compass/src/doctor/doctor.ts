import type { ChainConfig, CompassConfig } from '../config/schema.ts'
import { apiToken, sanctionsOf, storePlace } from '../open.ts'
import { resolveUrl, type Secrets } from '../secrets/reference.ts'
import { resolveSigner } from '../secrets/signer.ts'
import { openStore } from '../store/open.ts'
import { type CheckedChain, checkChain, checkEndpoint, clockLine } from './chain.ts'
import { checkLane } from './lane.ts'
import { attempt, type DoctorLine, fail, ok, warn } from './line.ts'

export type { DoctorLine } from './line.ts'

/** What a check-up is made with. */
export interface DoctorOptions {
  readonly secrets: Secrets
  /** Milliseconds since the epoch, of this machine. */
  readonly now: () => number
  /** Nothing will be sent: no wallet is looked at. */
  readonly withoutSigners?: boolean
}

/**
 * Checks everything that Compass will need before it runs: secrets, endpoints, chain ids, contracts, wallets, light
 * clients, clocks and the store. Never throws: what cannot be checked is a line that says so. Nothing is sent or written.
 */
export async function* runDoctor(config: CompassConfig, options: DoctorOptions): AsyncGenerator<DoctorLine> {
  const { secrets } = options
  if (config.api?.token !== undefined)
    yield await attempt('api.token', 'set the variable, or write the file', async () => {
      apiToken(config, secrets)
      return ok('api.token', 'is there')
    })
  else if (config.api !== undefined) yield warn('api.token', 'none: nothing can be written', 'set api.token')
  if (config.filters.sanctions !== undefined) yield sanctionsLine(config)
  const checked = new Map<bigint, CheckedChain>()
  for (const chain of config.chains) {
    for await (const item of chainLines(config, chain, options)) {
      if ('subject' in item) yield item
      else checked.set(chain.id, item)
    }
  }
  for (const { from, to, via } of config.lanes) {
    const [source, target, hub] = [checked.get(from), checked.get(to), via === undefined ? null : checked.get(via)]
    if (source !== undefined && target !== undefined && hub !== undefined)
      yield* checkLane({ source, target, via: hub })
    else yield fail(`lane ${from}-${to}`, 'a chain of it cannot be reached', 'mend that chain first')
  }
  yield await storeLine(config, secrets)
}

async function* chainLines(
  config: CompassConfig,
  chain: ChainConfig,
  { secrets, now, withoutSigners = false }: DoctorOptions,
): AsyncGenerator<DoctorLine | CheckedChain> {
  const urls: { rpc: string[]; beacon: string[] } = { rpc: [], beacon: [] }
  for (const key of ['rpc', 'beacon'] as const) {
    for (const [i, given] of (chain[key] ?? []).entries()) {
      const what = `${chain.name} ${key}[${i}]`
      let url: string | null = null
      const secret = await attempt(what, 'set the variable, or write the file', async () => {
        url = resolveUrl(what, given, secrets)
        return ok(what, 'is there')
      })
      if (url === null) yield secret
      else {
        const line = await checkEndpoint(what, key, url, chain)
        if (line.status !== 'fail') urls[key].push(url)
        yield line
      }
    }
  }
  if (urls.rpc.length === 0 || (chain.beacon !== undefined && urls.beacon.length === 0)) return
  const result = await checkChain({
    ...chain,
    rpc: urls.rpc,
    ...(chain.beacon === undefined ? {} : { beacon: urls.beacon }),
  })
  yield* result.lines
  if (result.checked !== null) {
    yield clockLine(result.checked, now())
    yield result.checked
  }
  if (withoutSigners || chain.signer === undefined || result.checked === null) return
  const { walletLine } = result
  for (const [i, reference] of [chain.signer, ...chain.moreSigners].entries()) {
    const what = `${chain.name} ${i === 0 ? 'signer' : `moreSigners[${i - 1}]`}`
    yield await attempt(what, 'set the variable, write the file, or let the key manager sign for us', async () => {
      const { address } = await resolveSigner(reference, secrets)
      const receives = config.lanes.some(({ to, via }) => to === chain.id || via === chain.id)
      return walletLine(what, address, receives)
    })
  }
}

function sanctionsLine(config: CompassConfig): DoctorLine {
  const list = sanctionsOf(config)()
  return 'unreadable' in list
    ? fail('filters.sanctions', list.unreadable, 'until it is read, every message waits')
    : ok('filters.sanctions', `${list.size} addresses`)
}

function storeLine(config: CompassConfig, secrets: Secrets): Promise<DoctorLine> {
  return attempt('store', 'free the folder, or start the server', async () => {
    try {
      const store = await openStore(storePlace(config.store, secrets))
      await store.close()
      return ok('store', 'opens, and is of this version')
    } catch (error) {
      if (error instanceof Error && 'code' in error && error.code === 'STORE_LOCKED')
        return ok('store', 'is in use by a running Compass')
      throw error
    }
  })
}
