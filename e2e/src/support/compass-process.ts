/** Compass in a process of its own, to be killed: `node compass-process.ts CONFIG.json`. One line of JSON a step. */
import { readFileSync } from 'node:fs'
import { openCompass, parseConfig } from '@meridian/compass'

const [path] = process.argv.slice(2)
if (path === undefined) throw new Error('usage: compass-process.ts CONFIG.json')
try {
  const compass = await openCompass(parseConfig(JSON.parse(readFileSync(path, 'utf8'))))
  compass.subscribe(({ stage, orderId }) => process.stdout.write(`${JSON.stringify({ stage, orderId })}\n`))
  compass.start()
  process.stdout.write('{"stage":"started"}\n')
  process.once('SIGTERM', () => {
    compass.close().then(() => process.exit(0))
  })
} catch (error) {
  process.stderr.write(`${error instanceof Error ? error.message : String(error)}\n`)
  process.exitCode = 2
}
