import { readFileSync } from 'node:fs'
import type { z } from 'zod'
import { UsageError } from './errors.ts'

/** A file's text. @throws {@link UsageError} */
export function readText(path: string): string {
  try {
    return readFileSync(path, 'utf8')
  } catch (error) {
    throw new UsageError(path, `cannot be read (${reason(error)})`)
  }
}

/** A file's JSON. @throws {@link UsageError} */
export function readJson(path: string): unknown {
  const text = readText(path)
  try {
    return JSON.parse(text)
  } catch {
    throw new UsageError(path, 'is not JSON')
  }
}

/** A file's JSON as `schema` has it; the first thing that differs is named. @throws {@link UsageError} */
export function readJsonAs<Schema extends z.ZodType>(path: string, schema: Schema): z.output<Schema> {
  const parsed = schema.safeParse(readJson(path))
  if (!parsed.success) throw new UsageError(path, firstIssue(parsed.error))
  return parsed.data
}

/** `at chains.0.mos: …`, for the first problem only: one line is what a person reads. */
export function firstIssue(error: z.ZodError): string {
  const issue = error.issues[0]
  if (issue === undefined) return 'is not what is expected'
  const where = issue.path.length === 0 ? '' : `at ${issue.path.join('.')}: `
  return `${where}${issue.message}`
}

function reason(error: unknown): string {
  if (error instanceof Error && 'code' in error) {
    if (error.code === 'ENOENT') return 'no such file'
    if (error.code === 'EISDIR') return 'it is a folder'
    return String(error.code)
  }
  return 'unknown reason'
}
