import { spawnSync } from 'node:child_process'
import { foundryBinary, root, toolEnv } from './tool-path.ts'

const run = spawnSync(foundryBinary('forge'), process.argv.slice(2), { cwd: root, env: toolEnv(), stdio: 'inherit' })
process.exitCode = run.status ?? 1
