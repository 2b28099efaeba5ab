import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before } from 'node:test'
import { type CompassConfig, type OpenCompass, openCompass, type Progress } from '@meridian/compass'
import { putEmptyStore } from '@meridian/compass/testing/empty-store'
import type { VirtualClock } from '@meridian/devnet'
import type { Hex } from 'viem'
import { configOf, type Extra, secretsOf } from './compass-config.ts'
import { startTwoChains, type TwoChains, type TwoChainsOptions } from './two-qbft.ts'

/** How much faster time passes where it is all that is waited for. */
const HURRY = 5

/** Chains on one clock. */
export interface World {
  readonly clock: VirtualClock
  stop(): Promise<void>
}

/** A world of a file's tests, with a folder. */
export interface WorldRun<W extends World> {
  world(): W
  /** Ends with the file's tests. */
  folder(): string
  /** Folder of Compass' store, in `folder`. */
  store(): string
  /** A second of the chains passes. */
  tick(): Promise<void>
  /** Resolves when it holds; looks again with every second of the chains. */
  until(holds: () => Promise<boolean> | boolean): Promise<void>
  /** The same, while time passes faster: for what only time brings. */
  hurryUntil(holds: () => Promise<boolean> | boolean): Promise<void>
}

/** The same with a Compass in this process. */
export interface WorldWithCompass<W extends World, More> extends WorldRun<W> {
  compass(): OpenCompass
  /** Every step that a message has taken so far. */
  readonly steps: readonly Progress[]
  /** Starts Compass on the store, after the one before was closed. */
  startCompass(more?: More): Promise<void>
  /** Resolves when an order has taken a step. */
  reached(orderId: Hex, stage: Progress['stage']): Promise<Progress>
}

/** What happens beside the start and the stop of a world. */
export interface Around {
  /** After the start. */
  readonly begin?: () => Promise<void>
  /** Before the stop, also of a start that failed. */
  readonly end?: () => Promise<void> | void
  /** Compass has to make its store itself. */
  readonly noStore?: boolean
}

/** Starts a world before the tests of a file and stops it after them. */
export function useWorld<W extends World>(start: () => Promise<W>, around: Around = {}): WorldRun<W> {
  let world: W
  let folder: string
  const store = (): string => join(folder, 'store')
  const tick = async (): Promise<void> => {
    await world.clock.waitUntil(world.clock.now() + 1)
  }
  before(async () => {
    folder = mkdtempSync(join(tmpdir(), 'compass-e2e-'))
    if (around.noStore !== true) await putEmptyStore(store())
    world = await start()
    await around.begin?.()
  })
  after(async () => {
    await around.end?.()
    await world?.stop()
    if (folder !== undefined) rmSync(folder, { recursive: true })
  })
  const until = async (holds: () => Promise<boolean> | boolean): Promise<void> => {
    while (!(await holds())) await tick()
  }
  return {
    world: () => world,
    folder: () => folder,
    store,
    tick,
    until,
    async hurryUntil(holds) {
      const { clock } = world
      const rate = clock.rate()
      clock.setRate(rate * HURRY)
      try {
        await until(holds)
      } finally {
        clock.setRate(rate)
      }
    },
  }
}

/** What a file's tests run on. */
export interface CompassParts<W extends World, More> {
  start(): Promise<W>
  /** Compass' configuration with its store in a folder. */
  config(world: W, store: string, more: More | undefined): CompassConfig
  /** Variables that hold the keys. */
  secrets(world: W): Record<string, string>
  /** The first Compass is started by a test, and with more than the others. */
  readonly noCompass?: boolean
  readonly noStore?: boolean
}

/** Starts a world with a Compass before the tests of a file and stops both after them. */
export function useCompass<W extends World, More>(parts: CompassParts<W, More>): WorldWithCompass<W, More> {
  const { noCompass = false, noStore = false } = parts
  let compass: OpenCompass | undefined
  const steps: Progress[] = []
  const waiting = new Set<() => void>()

  async function startCompass(more?: More): Promise<void> {
    const secrets = { env: parts.secrets(run.world()), readFile: () => '' }
    compass = await openCompass(parts.config(run.world(), run.store(), more), { secrets })
    compass.subscribe((step) => {
      steps.push(step)
      for (const look of waiting) look()
    })
    compass.start()
  }
  const run = useWorld(() => parts.start(), {
    noStore,
    begin: async () => {
      if (!noCompass) await startCompass()
    },
    end: async () => compass?.close(),
  })
  return {
    ...run,
    compass() {
      if (compass === undefined) throw new Error('no Compass was started')
      return compass
    },
    steps,
    startCompass,
    reached: (orderId, stage) =>
      new Promise((resolve) => {
        const look = (): void => {
          const found = steps.find((step) => step.orderId === orderId && step.stage === stage)
          if (found === undefined) return
          waiting.delete(look)
          resolve(found)
        }
        waiting.add(look)
        look()
      }),
  }
}

/** Two chains and a Compass between them. `extra` is what each start has, unless it brings its own. */
export function useTwoChains(
  { extra = {}, ...parts }: { readonly extra?: Extra; readonly noCompass?: boolean; readonly noStore?: boolean } = {},
  options: TwoChainsOptions = {},
): WorldWithCompass<TwoChains, Extra> {
  return useCompass<TwoChains, Extra>({
    ...parts,
    start: () => startTwoChains(options),
    config: (chains, store, more = extra) => configOf(chains, store, more),
    secrets: secretsOf,
  })
}
