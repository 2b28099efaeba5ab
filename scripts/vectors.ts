/** `npm run gen:vectors`: runs every generator of `vectors/`. `--check` writes nothing and fails if anything differs. */
import { spawnSync } from 'node:child_process'
import { join } from 'node:path'
import { root, toolEnv } from './tool-path.ts'

for (const name of ['ethereum', 'istanbul', 'message', 'parlia', 'qbft', 'receipts', 'state', 'tries']) {
  const script = join(root, 'scripts', 'vectors', `${name}.ts`)
  const run = spawnSync('node', [script, ...process.argv.slice(2)], { cwd: root, env: toolEnv(), stdio: 'inherit' })
  if (run.status !== 0) process.exitCode = 1
}
