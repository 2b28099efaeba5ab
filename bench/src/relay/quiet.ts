import { writeFileSync } from 'node:fs'
import { rawConfigOf, secretsOf } from '../../../e2e/src/support/compass-config.ts'
import { startCompass, startWorld } from './throughput.ts'

/** Seconds that Compass has to settle down, and that are counted. */
const SETTLE = 15
const COUNTED = 40

/** Calls a chain and block while nothing happens, the chain with more of them; settings as they are by default. */
export async function measureQuiet(note: (text: string) => void): Promise<number> {
  const world = await startWorld('pglite')
  const { chains, qbft, configPath, place } = world
  const { a, b } = chains
  try {
    const standard = { pollMs: 2_000, rebroadcastMs: 10_000, lostAfterMs: 30_000 }
    writeFileSync(configPath, JSON.stringify(rawConfigOf(chains, place, { a: standard, b: standard })))
    const compass = startCompass(configPath, secretsOf(chains))
    await a.send(['there'])
    await compass.firstDelivery
    await new Promise((resolve) => setTimeout(resolve, SETTLE * 1_000))
    const counts = [a, b].map(() => new Map<string, number>())
    for (const [i, side] of [a, b].entries()) {
      const count = counts[i]
      // a lie that lies about nothing sees every answer
      side.chain.rpcFaults.set({
        kind: 'lie',
        method: { test: (method: string) => (count?.set(method, (count.get(method) ?? 0) + 1), false) } as RegExp, // CAST: all that is used of it
        rewrite: (result) => result,
      })
    }
    const before = qbft.map((chain) => chain.head().number)
    await new Promise((resolve) => setTimeout(resolve, COUNTED * 1_000))
    const blocks = qbft.map((chain, i) => Number(chain.head().number - (before[i] ?? 0n)))
    await compass.stop()
    return Math.max(
      ...counts.map((count, i) => {
        const calls = [...count.values()].reduce((sum, n) => sum + n, 0)
        note(`${calls} calls in ${blocks[i]} blocks: ${[...count].map(([method, n]) => `${method} ${n}`).join(', ')}`)
        return calls / (blocks[i] ?? 1)
      }),
    )
  } finally {
    await world.stop()
  }
}
