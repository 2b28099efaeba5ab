/** Compass in a process of its own, as the relay bench measures it: `node compass.ts CONFIG.json`. One line of JSON each. */
import { readFileSync } from 'node:fs'
import { openCompass, parseConfig } from '@meridian/compass'

/** Milliseconds between two reports of memory and time. */
const REPORT_MS = 1_000

const [path] = process.argv.slice(2)
if (path === undefined) throw new Error('usage: compass.ts CONFIG.json')
const say = (line: object): boolean => process.stdout.write(`${JSON.stringify(line)}\n`)
const compass = await openCompass(parseConfig(JSON.parse(readFileSync(path, 'utf8'))))
let first = true
compass.subscribe(({ stage }) => {
  if (stage !== 'delivered' || !first) return
  first = false
  say({ firstDelivery: performance.now() })
})
compass.start()
say({ started: performance.now() })
const timer = setInterval(() => {
  const { user, system } = process.cpuUsage()
  say({ rss: process.memoryUsage.rss(), cpuMs: (user + system) / 1_000 })
}, REPORT_MS)
process.once('SIGTERM', async () => {
  clearInterval(timer)
  await compass.close()
  process.exit(0)
})
