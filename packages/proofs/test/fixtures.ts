import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'

const root = join(fileURLToPath(import.meta.url), '../../../..')
const fixtures = process.env.MERIDIAN_FIXTURES ?? join(root, '../shared/fixtures')

/** Real chain data below the folder of fixtures. */
export interface Fixture<T> {
  /** For a test's `skip`: why it cannot run, or `false`. */
  readonly absent: string | false
  read(): T
}

/** The fixture with this path. It may be absent: it is other people's data and not in the repository. */
export function fixture<T>(path: string): Fixture<T> {
  const file = join(fixtures, path)
  return {
    absent: existsSync(file) ? false : `no fixture ${file}`,
    read: () => JSON.parse(readFileSync(file, 'utf8')) as T, // CAST: real chain data, whose verification is the test
  }
}
