import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { root } from '../tool-path.ts'

/**
 * Writes files below `vectors/`, by their paths there. With `--check` on the command line it writes nothing, and the
 * process fails if a file is not what its generator makes.
 */
export function writeVectors(files: Readonly<Record<string, string>>): void {
  for (const [name, text] of Object.entries(files)) {
    const path = join(root, 'vectors', name)
    if (!process.argv.includes('--check')) {
      mkdirSync(dirname(path), { recursive: true })
      writeFileSync(path, text)
    } else if (!existsSync(path) || readFileSync(path, 'utf8') !== text) {
      process.stderr.write(`vectors/${name} is not what its generator makes; run npm run gen:vectors\n`)
      process.exitCode = 1
    }
  }
}
