import { type ChildProcessByStdio, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, rm } from 'node:fs/promises'
import { createRequire } from 'node:module'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { createInterface } from 'node:readline'
import type { Readable, Writable } from 'node:stream'
import { DevnetError } from './errors.ts'

const cpu: Partial<Record<NodeJS.Architecture, string>> = { x64: 'amd64', arm64: 'arm64' }

/** Path of the `anvil` binary that npm installed for this platform. */
export function anvilBinary(): string {
  const name = `@foundry-rs/anvil-${process.platform}-${cpu[process.arch] ?? process.arch}`
  const fromAnvil = createRequire(createRequire(import.meta.url).resolve('@foundry-rs/anvil/package.json'))
  return join(dirname(fromAnvil.resolve(`${name}/package.json`)), 'bin', 'anvil')
}

export interface AnvilOptions {
  readonly chainId: number
  /** Unix seconds of block 0. */
  readonly timestamp: number
  readonly gasLimit: bigint
  /** Funded accounts of the well-known development mnemonic. */
  readonly accounts: number
}

export interface Anvil {
  readonly url: string
  readonly pid: number
  /** Rejects when the process ends by itself. */
  readonly died: Promise<never>
  stop(): Promise<void>
}

/**
 * The shell between us and anvil ends it when our end of the pipe closes: on `stop`, and also when this process is
 * killed and cannot clean up. Then it removes anvil's folder of old states.
 */
const GUARD =
  'folder=$1; shift; "$@" & echo "pid $!"; pid=$!; exec >&-; read -r _; kill -9 "$pid" 2>/dev/null; wait; rm -rf "$folder"'

const START_TIMEOUT_MS = 20_000

/** Starts anvil on a free port of 127.0.0.1, mining only on request. Throws `ANVIL_START`. */
export async function startAnvil(options: AnvilOptions): Promise<Anvil> {
  const folder = await mkdtemp(join(tmpdir(), 'meridian-anvil-'))
  const args = [
    ...['--port', '0', '--host', '127.0.0.1', '--hardfork', 'osaka', '--no-mining', '--enable-tx-gas-limit'],
    ...['--chain-id', `${options.chainId}`, '--timestamp', `${options.timestamp}`, '--accounts', `${options.accounts}`],
    ...[
      '--gas-limit',
      `${options.gasLimit}`,
      '--balance',
      '1000000',
      '--cache-path',
      folder,
      '--no-request-size-limit',
    ],
  ]
  // A group of its own: Ctrl-C in the terminal reaches this process alone, which then ends the chain in its turn.
  const shell = spawn('/bin/sh', ['-c', GUARD, 'sh', folder, anvilBinary(), ...args], {
    stdio: ['pipe', 'pipe', 'ignore'],
    detached: true,
  })
  let stopping = false
  const exited = once(shell.stdout, 'close')
  const { pid, port } = await announced(shell).catch(async (error: unknown) => {
    shell.stdin.end()
    await rm(folder, { recursive: true, force: true })
    throw error
  })
  const died = exited.then(async () => {
    if (stopping) return new Promise<never>(() => undefined)
    throw new DevnetError('ANVIL_DIED', `anvil of chain ${options.chainId} ended`, { chainId: options.chainId, pid })
  })
  died.catch(() => undefined)
  return {
    url: `http://127.0.0.1:${port}`,
    pid,
    died,
    async stop() {
      stopping = true
      shell.stdin.end()
      if (shell.exitCode === null && shell.signalCode === null) await once(shell, 'exit')
      await rm(folder, { recursive: true, force: true })
    },
  }
}

async function announced(shell: ChildProcessByStdio<Writable, Readable, null>): Promise<{ pid: number; port: number }> {
  const lines = createInterface({ input: shell.stdout })
  const abort = AbortSignal.timeout(START_TIMEOUT_MS)
  return await new Promise((resolve, reject) => {
    let pid = 0
    const fail = (why: string) => reject(new DevnetError('ANVIL_START', `anvil did not start: ${why}`, { why }))
    abort.addEventListener('abort', () => fail('timeout'))
    lines.on('close', () => fail('it ended'))
    shell.on('error', (error) => fail(error.message))
    lines.on('line', (line) => {
      const [, id] = /^pid (\d+)$/.exec(line) ?? []
      if (id !== undefined) pid = Number(id)
      const [, port] = /^Listening on .*:(\d+)$/.exec(line) ?? []
      if (port !== undefined) resolve({ pid, port: Number(port) })
    })
  })
}
