import type { EndpointMemory } from '@meridian/chain'
import type { Hex } from 'viem'
import type { ChainContext } from './chain-context.ts'
import type { EndpointStore } from './store/endpoints.ts'

/** Writes down what chains' endpoints are remembered by, whenever it changes. */
export interface EndpointKeeper {
  /** One look. @throws the store's errors; what was not written is written the next time. */
  keep(): Promise<void>
}

/** Milliseconds after which an endpoint is noted again though nothing changed, so that the store goes on remembering it. */
const AGAIN_MS = 86_400_000

interface Noted {
  readonly text: string
  readonly at: number
}

/** @param now Milliseconds since the epoch. */
export function createEndpointKeeper(
  chains: readonly Pick<ChainContext, 'id' | 'remembered'>[],
  store: EndpointStore,
  now: () => number,
): EndpointKeeper {
  const started = now()
  const noted = new Map<bigint, ReadonlyMap<Hex, Noted>>()
  for (const { id, remembered } of chains)
    noted.set(id, new Map(remembered?.known.map((one) => [one.id, { text: textOf(one), at: started }])))

  async function keepChain({ id, remembered }: Pick<ChainContext, 'id' | 'remembered'>): Promise<void> {
    if (remembered === undefined) return
    const at = now()
    const before = noted.get(id) ?? new Map<Hex, Noted>()
    const current = remembered.now()
    const changed = current.filter((one) => {
      const last = before.get(one.id)
      return last === undefined || last.text !== textOf(one) || at - last.at >= AGAIN_MS
    })
    const forgotten = [...before.keys()].filter((one) => !current.some((other) => other.id === one))
    if (changed.length === 0 && forgotten.length === 0) return
    await store.note(id, changed, forgotten, at)
    const kept = current.map((one): readonly [Hex, Noted] => {
      const last = before.get(one.id)
      return [one.id, last === undefined || changed.includes(one) ? { text: textOf(one), at } : last]
    })
    noted.set(id, new Map(kept))
  }

  return {
    async keep() {
      for (const chain of chains) await keepChain(chain)
    },
  }
}

const textOf = (memory: EndpointMemory): string =>
  JSON.stringify(memory, (_, value: unknown) => (typeof value === 'bigint' ? String(value) : value))
