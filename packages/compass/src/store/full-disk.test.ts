import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdirSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { hasCode } from '@meridian/core'
import { putMessages, testKey } from '../testing/messages.ts'
import { createSmallDisk, type SmallDisk } from '../testing/small-disk.ts'
import { PANIC_EXIT, RESERVE_BYTES } from './embedded.ts'
import { openStore } from './open.ts'

/** The store when it is new takes 40 MB. */
const SIZE = RESERVE_BYTES + 80 * 2 ** 20

function withDisk(name: string, work: (disk: SmallDisk) => Promise<void>): void {
  test(name, async (t) => {
    const disk = createSmallDisk(SIZE)
    if (disk === null) return t.skip('this process may not mount a disk')
    t.after(disk.stop)
    await work(disk)
  })
}

// CO-10
withDisk(
  'on a full disk nothing is written, what is there is read, and it goes on when there is room',
  async (disk) => {
    const folder = join(disk.folder, 'store')
    const store = await openStore(folder)
    await putMessages(store, 2)
    disk.fill(RESERVE_BYTES - 4_096)
    const isFull = (error: unknown): boolean =>
      hasCode(error, 'STORE_FULL') && /its disk has 63 MiB free, and needs 64/.test(error.message)
    await assert.rejects(store.apply([[testKey(1), { type: 'proven', at: 3 }]]), isFull)
    await assert.rejects(putMessages(store, 3), isFull)
    assert.equal((await store.message(testKey(1)))?.state, 'final')
    await store.close()
    await assert.rejects(openStore(folder), isFull)
    disk.empty()
    const again = await openStore(folder)
    await again.apply([[testKey(1), { type: 'proven', at: 3 }]])
    assert.equal((await again.message(testKey(1)))?.state, 'provable')
    await again.close()
  },
)

// PGlite goes on after a panic of its PostgreSQL: it answered to nothing again and held the whole process in an endless loop,
// so that a Compass whose disk filled up in the middle of a transaction neither worked nor said why.
withDisk(
  'a disk that is full in the middle of a transaction ends the process in one line; the next one recovers',
  async (disk) => {
    const folder = join(disk.folder, 'store')
    mkdirSync(folder)
    const child = spawn(
      process.execPath,
      [new URL('../testing/full-disk-process.ts', import.meta.url).pathname, folder],
      {
        stdio: ['pipe', 'pipe', 'pipe'],
      },
    )
    let errors = ''
    child.stderr.on('data', (chunk: Buffer) => {
      errors += chunk.toString()
    })
    await once(child.stdout, 'data')
    disk.fill()
    child.stdin.end()
    const [code] = await once(child, 'close')
    assert.equal(code, PANIC_EXIT, errors)
    assert.match(errors, /^the store in .*: the database gave up: .*PANIC: {2}could not write to file "pg_wal.*\n$/)
    disk.empty()
    const store = await openStore(folder)
    assert.equal((await store.message(testKey(1)))?.state, 'final')
    await store.close()
  },
)
