#!/usr/bin/env node
// Plain JavaScript, so that an old host Node can run it: finds the Node that npm installed and runs the command there.
import { spawn } from 'node:child_process'
import { createRequire } from 'node:module'
import { constants } from 'node:os'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { HEAP_MB } from './heap.js'

/** From this version on Node runs TypeScript itself. */
const OLDEST_NODE = 26

const main = join(dirname(fileURLToPath(import.meta.url)), '..', 'src', 'main.ts')

const isNew = Number(process.versions.node.split('.')[0]) >= OLDEST_NODE
const binary = isNew ? process.execPath : npmNode()
if (binary === null) {
  process.stderr.write(
    `meridian: needs Node ${OLDEST_NODE}; npm has none for ${process.platform}-${process.arch} here: run npm ci without --omit=optional\n`,
  )
  process.exit(1)
}
// the limit of a running process cannot be changed, so that one of its own is started even where this Node would do
const own = /--max[-_]old[-_]space[-_]size/.test(process.env.NODE_OPTIONS ?? '')
const flags = own ? [] : [`--max-old-space-size=${HEAP_MB}`]
// the channel carries nothing: its end tells the child that this process was killed
const child = spawn(binary, [...flags, main, ...process.argv.slice(2)], { stdio: [0, 1, 2, 'ipc'] })
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP']) process.on(signal, () => child.kill(signal))
child.on('error', (error) => {
  process.stderr.write(`meridian: cannot run ${binary}: ${error.message}\n`)
  process.exit(1)
})
// ended by a signal before it listened for one: said as a shell says it
child.on('exit', (code, signal) => process.exit(code ?? 128 + constants.signals[signal]))

function npmNode() {
  const { resolve } = createRequire(import.meta.url)
  const platform = `${process.platform}-${process.arch}`
  for (const name of [`node-${platform}`, `node-bin-${platform}`]) {
    try {
      return join(dirname(resolve(`${name}/package.json`)), 'bin', 'node')
    } catch {
      // The other name may be there.
    }
  }
  return null
}
