/**
 * Every test there is: format, lint, layers and types; the generated ABIs; the contracts; TypeScript; end to end.
 * Closes with one count over all of them. `MERIDIAN_SEED` repeats a run's random choices.
 */
import { type ChildProcess, spawn } from 'node:child_process'
import { randomInt } from 'node:crypto'
import { globSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs'
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
/** What the steps that failed said of it, to be said again at the end: between is what a thousand others say. */
const failures: string[] = []
const children = new Set<ChildProcess>()
const stop = () => {
  for (const child of children) child.kill('SIGTERM')
}
process.once('SIGINT', stop)
process.once('SIGTERM', stop)

/** Who goes first where there are more steps than cores: chains that are short of time make a test of them slow, and flaky. */
type Priority = 'first' | 'spare'

/** Runs a command to its end, and shows then what it wrote: steps share the terminal. */
function run(command: string, args: readonly string[], priority: Priority): Promise<{ code: number; output: string }> {
  return new Promise((resolve, reject) => {
    const [program, ...rest] = priority === 'first' ? [command, ...args] : ['nice', '-n', '10', command, ...args]
    const child = spawn(program, rest, { cwd: root, env, stdio: ['ignore', 'pipe', 'pipe'] })
    children.add(child)
    let output = ''
    const take = (chunk: Buffer) => {
      output += chunk.toString()
    }
    child.stdout.on('data', take)
    child.stderr.on('data', take)
    child.once('error', reject)
    child.once('close', (code) => {
      children.delete(child)
      process.stdout.write(output)
      if (code !== 0) failures.push(output.slice(Math.max(0, output.search(/failing tests:/i))))
      resolve({ code: code ?? 1, output })
    })
  })
}

/** A step that either holds or does not; it counts as one test. */
async function check(name: string, script: string, args: readonly string[] = []): Promise<Count> {
  const { code } = await run('node', [join('scripts', script), ...args], 'spare')
  process.stdout.write(`${name}: ${code === 0 ? 'ok' : 'failed'}\n`)
  return { passed: code === 0 ? 1 : 0, failed: code === 0 ? 0 : 1, skipped: 0 }
}

/** The contracts' tests, on one core: compiling and running them takes minutes, next to what else there is to run. */
async function contracts(): Promise<Count> {
  const { code, output } = await run(foundryBinary('forge'), ['test', '--threads', '1', '--fuzz-seed', seed], 'spare')
  const line = /(\d+) tests? passed, (\d+) failed, (\d+) skipped \(\d+ total tests?\)/.exec(output)
  const count = { passed: Number(line?.[1] ?? 0), failed: Number(line?.[2] ?? 0), skipped: Number(line?.[3] ?? 0) }
  // A compiler error leaves no summary behind: it must not look like a green run.
  return (code !== 0 || count.passed === 0) && count.failed === 0 ? { ...count, failed: 1 } : count
}

/** Test files in a process each, one after the other, or all in one. */
async function typescript(
  name: string,
  globs: readonly string[],
  priority: Priority,
  isolation: 'process' | 'none' = 'process',
): Promise<Count> {
  const tap = join(scratch, `${name}.tap`)
  const args = ['--test', '--test-concurrency=1', '--test-timeout=300000', `--test-isolation=${isolation}`]
  const reporters = ['--test-reporter=spec', '--test-reporter-destination=stdout', '--test-reporter=tap']
  const { code } = await run('node', [...args, ...reporters, `--test-reporter-destination=${tap}`, ...globs], priority)
  const text = readFileSync(tap, 'utf8')
  const read = (key: string) => Number(new RegExp(`^# ${key} (\\d+)$`, 'm').exec(text)?.[1] ?? 0)
  const count = { passed: read('pass'), failed: read('fail') + read('cancelled'), skipped: read('skipped') }
  return code !== 0 && count.failed === 0 ? { ...count, failed: 1 } : count
}

process.stdout.write(`seed ${seed} (repeat with MERIDIAN_SEED=${seed})\n`)
const started = performance.now()
type Job = () => Promise<Count>

/** What takes longest goes first, so that nobody waits for it alone in the end. */
const longest = ['demo', 'qbft-to-ethereum', 'hub-kill', 'hub', 'hub-held-up', 'compass-kill', 'claims-kill', 'claims']
const rank = (file: string): number => {
  const place = longest.indexOf(file.replace('.test.ts', ''))
  return place < 0 ? longest.length : place
}
const endToEnd: Job[] = readdirSync(join(root, 'e2e', 'src'))
  .filter((file) => file.endsWith('.test.ts'))
  .sort((a, b) => rank(a) - rank(b) || (a < b ? -1 : 1))
  .map((file) => () => typescript(`e2e-${file}`, [join('e2e', 'src', file)], 'first'))

const units = globSync('{packages,scripts,bench}/**/*.test.ts', {
  cwd: root,
  exclude: ['**/node_modules/**'],
}).sort()
/**
 * Packages whose tests share a process: they change nothing of it, and each would load and warm up the same libraries. The
 * preset of `-minimal` holds for a whole process.
 */
const library = /^packages.(abi|core|proofs|consensus|chain|sdk|devnet)\b(?!.*-minimal\.test\.ts$)/
const libraries = units.filter((file) => library.test(file))
const others = units.filter((file) => !library.test(file))
/** Files of the others that are run one after the other. */
const CHUNK = 8

const spare: Job[] = [
  () => check('format, lint, layers, types', 'lint.ts'),
  () => check('vectors are what their generators make', 'vectors.ts', ['--check']),
  () => typescript('libraries', libraries, 'spare', 'none'),
  ...Array.from({ length: Math.ceil(others.length / CHUNK) }, (_, i): Job => {
    const files = others.slice(i * CHUNK, (i + 1) * CHUNK)
    return () => typescript(`unit-${i}`, files, 'spare')
  }),
]

/** Takes one job after the other until none waits. */
async function work(...queues: readonly Job[][]): Promise<readonly Count[]> {
  const counts: Count[] = []
  for (const queue of queues)
    for (let job = queue.shift(); job !== undefined; job = queue.shift()) counts.push(await job())
  return counts
}

// End to end waits much: for blocks, for the next look. The others have what it leaves of two cores.
const lanes = [
  work(endToEnd, spare),
  work([contracts, () => check('packages/abi matches the contracts', 'gen.ts', ['--check'])], endToEnd, spare),
  work(spare, endToEnd),
]
const counts = (await Promise.all(lanes)).flat()
rmSync(scratch, { recursive: true })

for (const failure of failures) process.stdout.write(`\n${failure}`)
const sum = (key: keyof Count) => counts.reduce((total, count) => total + count[key], 0)
process.stdout.write(`\nin ${Math.round((performance.now() - started) / 1000)} s, seed ${seed}\n`)
process.stdout.write(`Meridian: ${sum('passed')} passed, ${sum('failed')} failed, ${sum('skipped')} skipped\n`)
process.exitCode = sum('failed') === 0 && sum('passed') > 0 ? 0 : 1
