import type { Sanctions } from './decide.ts'

/** How a file is read: its text, and what changes whenever the text does. */
export interface WatchedFile {
  readText(path: string): string
  /** Time of change and size, as text. */
  stamp(path: string): string
}

/** Bytes of an address: 20 of an EVM chain, up to 64 elsewhere. */
const line = /^0x([0-9a-fA-F]{2}){1,64}$/

/**
 * The list in a file: one address a line, # starts a comment. It is read again when the file changes. A line that is no
 * address makes the whole file unreadable: half a list is no list.
 *
 * @returns what the list says now.
 */
export function createSanctions(path: string, file: WatchedFile): () => Sanctions {
  let stamp: string | null = null
  let known: Sanctions = { unreadable: 'not read yet' }
  return () => {
    try {
      const now = file.stamp(path)
      if (now !== stamp) {
        known = parseSanctions(file.readText(path))
        stamp = now
      }
    } catch (error) {
      stamp = null
      const code = error instanceof Error && 'code' in error ? String(error.code) : 'it cannot be read'
      known = { unreadable: `${path}: ${code}` }
    }
    return known
  }
}

/** The addresses of a list, in lower case. */
export function parseSanctions(text: string): Sanctions {
  const found = new Set<string>()
  for (const [i, raw] of text.split(/\r?\n/).entries()) {
    const entry = raw.replace(/#.*$/, '').trim()
    if (entry === '') continue
    if (!line.test(entry)) return { unreadable: `line ${i + 1} is no address` }
    found.add(entry.toLowerCase())
  }
  return found
}
