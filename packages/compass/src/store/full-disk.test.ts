import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { join } from 'node:path'
import { after, describe, it } from 'node:test'
import { fileURLToPath } from 'node:url'
import { hasCode } from '@meridian/core'
import { putMessages, testKey } from '../testing/messages.ts'
import { createSmallDisk } from '../testing/small-disk.ts'
import { PANIC_EXIT, RESERVE_BYTES } from './embedded.ts'
import { openStore } from './open.ts'
import type { Store } from './types.ts'

/** Bytes: a new store takes 40 MB. */
const SIZE = RESERVE_BYTES + 80 * 2 ** 20
const program = fileURLToPath(new URL('../testing/full-disk-process.ts', import.meta.url))

const isFull = (error: unknown): boolean =>
  hasCode(error, 'STORE_FULL') && /its disk has 63 MiB free, and needs 64$/.test(error.message)

const disk = createSmallDisk(SIZE)
const skip = disk === null ? 'this process may not mount a disk' : false

// CO-11
describe('a store on a disk that is full', { skip }, () => {
  const folder = join(disk?.folder ?? '', 'store')
  after(() => disk?.stop())

  async function withStore(work: (store: Store) => Promise<void>): Promise<void> {
    const store = await openStore(folder)
    await work(store).finally(() => store.close())
  }

  it('writes nothing, reads what is there, and goes on when there is room', async () => {
    await withStore(async (store) => {
      await putMessages(store, 2)
      disk?.fill(RESERVE_BYTES - 4_096)
      await assert.rejects(store.apply([[testKey(1), { type: 'proven', at: 3 }]]), isFull)
      await assert.rejects(store.markSent('0x01', 1), isFull)
      assert.equal((await store.message(testKey(1)))?.state, 'final')
    })
    await assert.rejects(openStore(folder), isFull)
    disk?.empty()
    await withStore(async (store) => {
      await store.apply([[testKey(1), { type: 'proven', at: 3 }]])
      assert.equal((await store.message(testKey(1)))?.state, 'provable')
    })
  })

  // PGlite went on after a panic of its PostgreSQL, answered to nothing again and held the whole process in an endless loop:
  // a Compass whose disk was filled in the middle of a transaction neither worked nor said why, nor could it be stopped
  it('ends its process in one line where a transaction is under way, and the next one recovers', async () => {
    const child = spawn(process.execPath, [program, folder], { stdio: ['pipe', 'pipe', 'pipe'] })
    let errors = ''
    child.stderr.on('data', (chunk: Buffer) => {
      errors += chunk.toString()
    })
    const closed = once(child, 'close')
    await Promise.race([once(child.stdout, 'data'), closed])
    disk?.fill()
    child.stdin.end()
    const [code] = await closed
    assert.equal(code, PANIC_EXIT, errors)
    assert.match(errors, /^the store in .*: the database gave up: .*PANIC: {2}could not write to file "pg_wal.*\n$/)
    disk?.empty()
    await withStore(async (store) => {
      const found = (await store.messages()).map(({ state, attempts }) => `${state} ${attempts}`)
      assert.deepEqual(found.sort(), ['final 0', 'provable 0'])
    })
  })
})
