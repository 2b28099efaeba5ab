/** Format, lint, types, the layering rule and the rule against ambiguous packing, in one go. Prints what is broken; exit code 1 if anything is. */
import { spawnSync } from 'node:child_process'
import { join } from 'node:path'
import { findViolations } from './layers.ts'
import { findAmbiguousPackings } from './packed.ts'
import { foundryBinary, root, toolEnv } from './tool-path.ts'

const run = (name: string, command: string, args: readonly string[]): boolean => {
  const { status, stdout, stderr } = spawnSync(command, args, { cwd: root, env: toolEnv(), encoding: 'utf8' })
  if (status !== 0) process.stderr.write(`${name} failed\n${stdout}${stderr}`)
  return status === 0
}

const violations = findViolations(join(root, 'packages'), join(root, 'package.json'))
for (const { file, specifier, rule } of violations) process.stderr.write(`layers: ${file}: ${rule} ${specifier}\n`)

const packings = findAmbiguousPackings(join(root, 'contracts', 'src'), join(root, 'node_modules'))
for (const { file, line, types } of packings) {
  process.stderr.write(
    `encodePacked: contracts/src/${file}:${line}: more than one dynamic argument (${types.join(', ')})\n`,
  )
}

const clean = [
  violations.length === 0,
  packings.length === 0,
  run('biome', 'biome', ['check', '--error-on-warnings', '.']),
  run('forge fmt', foundryBinary('forge'), ['fmt', '--check']),
  run('tsc', 'tsc', ['--noEmit']),
]
process.exitCode = clean.every(Boolean) ? 0 : 1
