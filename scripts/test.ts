/**
 * Every test there is: format, lint, layers and types; the generated ABIs; the contracts; TypeScript; end to end.
 * Closes with one count over all of them. `MERIDIAN_SEED` repeats a run's random choices.
 */
import { type ChildProcess, spawn } from 'node:child_process'
import { randomInt } from 'node:crypto'
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { foundryBinary, root, toolEnv } from './tool-path.ts'

interface Count {
  readonly passed: number
  readonly failed: number
  readonly skipped: number
}

const seed = process.env.MERIDIAN_SEED ?? String(randomInt(2 ** 31))
const scratch = mkdtempSync(join(tmpdir(), 'meridian-test-'))
const env = {
  ...toolEnv(),
  MERIDIAN_SEED: seed,
  FORCE_COLOR: '0',
  // hundreds of processes load the same modules: each is compiled once
  NODE_COMPILE_CACHE: join(scratch, 'compiled'),
  MERIDIAN_TEST_SHARED: join(scratch, 'shared'),
}
const children = new Set<ChildProcess>()
const stop = () => {
  for (const child of children) child.kill('SIGTERM')
}
process.once('SIGINT', stop)
process.once('SIGTERM', stop)

/** Runs a command to its end. `quiet` keeps the output back until then, so that two steps can share the terminal. */
function run(command: string, args: readonly string[], quiet: boolean): Promise<{ code: number; output: string }> {
  return new Promise((resolve, reject) => {
    const child = spawn(command, args, { cwd: root, env, stdio: ['ignore', 'pipe', 'pipe'] })
    children.add(child)
    let output = ''
    const take = (chunk: Buffer) => {
      output += chunk.toString()
      if (!quiet) process.stdout.write(chunk)
    }
    child.stdout.on('data', take)
    child.stderr.on('data', take)
    child.once('error', reject)
    child.once('close', (code) => {
      children.delete(child)
      if (quiet) process.stdout.write(output)
      resolve({ code: code ?? 1, output })
    })
  })
}

/** A step that either holds or does not; it counts as one test. */
async function check(name: string, script: string, args: readonly string[] = []): Promise<Count> {
  const { code } = await run('node', [join('scripts', script), ...args], true)
  process.stdout.write(`${name}: ${code === 0 ? 'ok' : 'failed'}\n`)
  return { passed: code === 0 ? 1 : 0, failed: code === 0 ? 0 : 1, skipped: 0 }
}

/** The contracts' tests, on one core: compiling and running them takes minutes, next to what else there is to run. */
async function contracts(): Promise<Count> {
  const { code, output } = await run(foundryBinary('forge'), ['test', '--threads', '1', '--fuzz-seed', seed], true)
  const line = /(\d+) tests? passed, (\d+) failed, (\d+) skipped \(\d+ total tests?\)/.exec(output)
  const count = { passed: Number(line?.[1] ?? 0), failed: Number(line?.[2] ?? 0), skipped: Number(line?.[3] ?? 0) }
  // A compiler error leaves no summary behind: it must not look like a green run.
  return (code !== 0 || count.passed === 0) && count.failed === 0 ? { ...count, failed: 1 } : count
}

async function typescript(name: string, globs: readonly string[], concurrency: number, quiet: boolean): Promise<Count> {
  const tap = join(scratch, `${name}.tap`)
  const args = ['--test', `--test-concurrency=${concurrency}`, '--test-timeout=300000']
  const reporters = ['--test-reporter=spec', '--test-reporter-destination=stdout', '--test-reporter=tap']
  const { code } = await run('node', [...args, ...reporters, `--test-reporter-destination=${tap}`, ...globs], quiet)
  const text = readFileSync(tap, 'utf8')
  const read = (key: string) => Number(new RegExp(`^# ${key} (\\d+)$`, 'm').exec(text)?.[1] ?? 0)
  const count = { passed: read('pass'), failed: read('fail') + read('cancelled'), skipped: read('skipped') }
  return code !== 0 && count.failed === 0 ? { ...count, failed: 1 } : count
}

process.stdout.write(`seed ${seed} (repeat with MERIDIAN_SEED=${seed})\n`)
const started = performance.now()
// Two steps at a time, each on a core: the compiler has only one thread, and chains that are short of time make e2e flaky.
const contractsThenUnits = (async () => [
  await contracts(),
  await check('packages/abi matches the contracts', 'gen.ts', ['--check']),
  await typescript('unit', ['packages/**/*.test.ts', 'scripts/**/*.test.ts', 'bench/**/*.test.ts'], 1, true),
])()
const counts = [
  await check('format, lint, layers, types', 'lint.ts'),
  await check('vectors are what their generators make', 'vectors.ts', ['--check']),
  await typescript('e2e', ['e2e/src/**/*.test.ts'], 1, false),
  ...(await contractsThenUnits),
]
rmSync(scratch, { recursive: true })

const sum = (key: keyof Count) => counts.reduce((total, count) => total + count[key], 0)
process.stdout.write(`\nin ${Math.round((performance.now() - started) / 1000)} s, seed ${seed}\n`)
process.stdout.write(`Meridian: ${sum('passed')} passed, ${sum('failed')} failed, ${sum('skipped')} skipped\n`)
process.exitCode = sum('failed') === 0 && sum('passed') > 0 ? 0 : 1
