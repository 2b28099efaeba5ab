import { cpSync, existsSync, mkdirSync, mkdtempSync, renameSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { hasCode } from '@meridian/core'
import { openStore } from '../store/open.ts'

/**
 * Puts an empty store of this version into `folder`, as Compass leaves one that has seen nothing.
 *
 * PGlite takes seconds of a processor to make a database, and a tenth of that to open one. Within a run of the suite,
 * which names a folder for what its processes share in `MERIDIAN_TEST_SHARED`, the first to ask makes it and the others
 * copy; without that, the folder stays as it is and Compass makes its store itself.
 */
export async function putEmptyStore(folder: string): Promise<void> {
  const shared = process.env.MERIDIAN_TEST_SHARED
  if (shared === undefined) return
  const template = join(shared, 'empty-store')
  if (!existsSync(template)) await makeTemplate(shared, template)
  cpSync(template, folder, { recursive: true })
}

async function makeTemplate(shared: string, template: string): Promise<void> {
  mkdirSync(shared, { recursive: true })
  const own = mkdtempSync(join(shared, 'making-'))
  const store = await openStore(own)
  await store.close()
  try {
    renameSync(own, template)
  } catch (error) {
    // another process was faster
    if (!hasCode(error, 'ENOTEMPTY') && !hasCode(error, 'EEXIST')) throw error
    rmSync(own, { recursive: true })
  }
}
