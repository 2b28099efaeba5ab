import { spawnSync } from 'node:child_process'
import { closeSync, mkdtempSync, openSync, rmSync, statSync, truncateSync, writeSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

/** A disk of a test's own that is soon full. */
export interface SmallDisk {
  readonly folder: string
  /** Writes a file that leaves so many bytes free. */
  fill(free?: number): void
  /** Removes that file. */
  empty(): void
  stop(): void
}

const CHUNK = 4_096

/** Mounts a disk in memory; null where this process may not mount. `size`: bytes. */
export function createSmallDisk(size: number): SmallDisk | null {
  if (process.platform !== 'linux') return null
  const folder = mkdtempSync(join(tmpdir(), 'small-disk-'))
  const mounted = spawnSync('mount', ['-t', 'tmpfs', '-o', `size=${size},mode=0755`, 'tmpfs', folder])
  if (mounted.status !== 0) {
    rmSync(folder, { recursive: true })
    return null
  }
  const ballast = join(folder, 'ballast')
  return {
    folder,
    fill(free = 0) {
      const file = openSync(ballast, 'w')
      try {
        for (const zeros = new Uint8Array(CHUNK); ; ) writeSync(file, zeros)
      } catch (error) {
        if (!(error instanceof Error) || !('code' in error) || error.code !== 'ENOSPC') throw error
      } finally {
        closeSync(file)
      }
      if (free > 0) shorten(ballast, free)
    },
    empty: () => rmSync(ballast, { force: true }),
    stop() {
      // lazily: who was killed may still be ending
      spawnSync('umount', ['-l', folder])
      rmSync(folder, { recursive: true, force: true })
    },
  }
}

function shorten(path: string, by: number): void {
  truncateSync(path, Math.max(0, statSync(path).size - by))
}
