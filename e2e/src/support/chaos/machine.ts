import type { ChildProcess } from 'node:child_process'
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { putEmptyStore } from '@meridian/compass/testing/empty-store'
import { type PostgresServer, startPostgres } from '@meridian/compass/testing/postgres'
import { createSmallDisk, type SmallDisk } from '@meridian/compass/testing/small-disk'
import { devAccounts } from '@meridian/devnet'
import type { Address } from 'viem'
import { rawConfigOf, secretsOf } from '../compass-config.ts'
import { type CompassRun, startCompassProcess } from '../compass-run.ts'
import type { TwoChains } from '../two-qbft.ts'

/** Where Compass remembers during a run: a folder of its own, or a server that two of them share. */
export type ChaosStore = 'folder' | 'postgres'

/** What Compass runs on. */
export interface Machine {
  /** Folder or URL of the store. */
  readonly place: string
  readonly server: PostgresServer | null
  /** The disk that the store is on, where it may become full. */
  readonly disk: SmallDisk | null
  /** Wallet of the Compass that shares nothing with the other, on both chains. */
  readonly rival: Address
  start(env?: Readonly<Record<string, string>>): CompassRun
  /** Starts the one that shares nothing: another store, other wallets. */
  startRival(): CompassRun
  stop(): Promise<void>
}

/** Account of the devnets that nothing else uses. */
const RIVAL = 7
/** What a store grows to in a run, and what it leaves free. Bytes. */
const DISK = 400 * 2 ** 20
/** Soon enough for a run that lasts seconds. */
const FAST = { rebroadcastMs: 500, lostAfterMs: 1_000, bumpAfterMs: 3_000, claims: false }

/** @param small Whether its disk may become full; it is an ordinary one where this process may not mount one. */
export async function createMachine(chains: TwoChains, store: ChaosStore, small: boolean): Promise<Machine> {
  const folder = mkdtempSync(join(tmpdir(), 'compass-chaos-'))
  const disk = small ? createSmallDisk(DISK) : null
  const server = store === 'postgres' ? await startPostgres(disk?.folder) : null
  const place = (await server?.createDatabase('compass')) ?? join(disk?.folder ?? folder, 'store')
  if (server === null) await putEmptyStore(place)
  const running = new Set<ChildProcess>()
  const account = devAccounts(RIVAL + 1)[RIVAL]
  if (account === undefined) throw new Error(`account ${RIVAL}`)

  function config(name: string, at: string): string {
    const path = join(folder, `${name}.json`)
    const raw = rawConfigOf(chains, at, { a: FAST, b: FAST, top: { logLevel: 'warn' } })
    writeFileSync(path, JSON.stringify(raw))
    return path
  }
  mkdirSync(join(folder, 'rival'))
  const [ours, theirs] = [config('compass', place), config('rival', join(folder, 'rival', 'store'))]
  const secrets = secretsOf(chains)
  const rivals = Object.fromEntries(Object.keys(secrets).map((name) => [name, account.privateKey]))
  return {
    place,
    server,
    disk,
    rival: account.account.address,
    start: (env = {}) => startCompassProcess(ours, { ...secrets, ...env }, running),
    startRival: () => startCompassProcess(theirs, rivals, running),
    async stop() {
      for (const child of running) child.kill('SIGKILL')
      await server?.stop()
      disk?.stop()
      rmSync(folder, { recursive: true, force: true })
    },
  }
}
