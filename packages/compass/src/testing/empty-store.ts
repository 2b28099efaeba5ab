import { cpSync, existsSync, mkdirSync, mkdtempSync, renameSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { openStore } from '../store/open.ts'

/** Makes a store in a folder. */
async function make(folder: string): Promise<void> {
  const store = await openStore(folder)
  await store.close()
}

/**
 * Puts an empty store of this version into `folder`, as Compass leaves one that has seen nothing.
 *
 * PGlite takes seconds of a processor to make a database, and a tenth of that to open one. Within a run of the suite,
 * which names a folder for what its processes share in `MERIDIAN_TEST_SHARED`, the first to ask makes it and the others
 * copy; without that, the folder stays as it is and Compass makes its store itself.
 *
 * @param maker For tests: what makes a store.
 */
export async function putEmptyStore(
  folder: string,
  shared = process.env.MERIDIAN_TEST_SHARED,
  maker: (folder: string) => Promise<void> = make,
): Promise<void> {
  if (shared === undefined) return
  const template = join(shared, 'empty-store')
  if (!existsSync(template)) await makeTemplate(shared, template, maker)
  cpSync(template, folder, { recursive: true })
}

async function makeTemplate(shared: string, template: string, maker: typeof make): Promise<void> {
  mkdirSync(shared, { recursive: true })
  const own = mkdtempSync(join(shared, 'making-'))
  await maker(own)
  try {
    renameSync(own, template)
  } catch (error) {
    // somebody else was faster, and a folder that has something in it is not replaced
    if (!existsSync(template)) throw error
    rmSync(own, { recursive: true })
  }
}
