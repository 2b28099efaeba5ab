import { createRequire } from 'node:module'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'

/** Root of the repository. */
export const root = dirname(dirname(fileURLToPath(import.meta.url)))

const cpu: Partial<Record<NodeJS.Architecture, string>> = { x64: 'amd64', arm64: 'arm64' }

/** Path of the `forge` or `anvil` binary that npm installed for this platform. */
export function foundryBinary(tool: 'forge' | 'anvil'): string {
  const name = `@foundry-rs/${tool}-${process.platform}-${cpu[process.arch] ?? process.arch}`
  const manifest = createRequire(import.meta.url).resolve(`${name}/package.json`)
  return join(dirname(manifest), 'bin', tool)
}

/** The environment in which npm's own `node` and tools come first. */
export function toolEnv(): NodeJS.ProcessEnv {
  return { ...process.env, PATH: `${join(root, 'node_modules', '.bin')}:${process.env.PATH ?? ''}` }
}
