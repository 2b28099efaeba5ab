/** Compass in a process of its own, to be killed: `node compass-process.ts CONFIG.json`. One line of JSON a step. */
import { readFileSync } from 'node:fs'

// a machine whose clock is wrong, in milliseconds: set before anything can take hold of the clock
const skew = Number(process.env.COMPASS_SKEW_MS ?? 0)
const rightNow = Date.now
if (skew !== 0) Date.now = () => rightNow() + skew
const { openCompass, parseConfig } = await import('@meridian/compass')

const [path] = process.argv.slice(2)
if (path === undefined) throw new Error('usage: compass-process.ts CONFIG.json')
try {
  const compass = await openCompass(parseConfig(JSON.parse(readFileSync(path, 'utf8'))))
  compass.subscribe(({ stage, orderId }) => process.stdout.write(`${JSON.stringify({ stage, orderId })}\n`))
  compass.start()
  // before it says that it has started: who waits for that may send the signal at once
  process.once('SIGTERM', () => {
    compass.close().then(() => process.exit(0))
  })
  process.stdout.write('{"stage":"started"}\n')
} catch (error) {
  process.stderr.write(`${error instanceof Error ? error.message : String(error)}\n`)
  process.exitCode = 2
}
