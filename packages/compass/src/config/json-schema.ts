import { z } from 'zod'
import { configSchema } from './schema.ts'

/**
 * The configuration as JSON Schema (draft 7, which editors read), with descriptions and defaults. Rules that span several
 * keys are only in `parseConfig`.
 */
export function configJsonSchema(): Readonly<Record<string, unknown>> {
  const schema = z.toJSONSchema(configSchema, {
    io: 'input',
    target: 'draft-7',
    unrepresentable: 'any',
    override: ({ jsonSchema }) => {
      if (typeof jsonSchema.default === 'bigint') jsonSchema.default = plain(jsonSchema.default)
      // a bigint only comes from code
      if (Array.isArray(jsonSchema.anyOf))
        jsonSchema.anyOf = jsonSchema.anyOf.filter((branch) => Object.keys(branch).length > 0)
    },
  })
  return { title: "Compass' configuration", ...schema }
}

/** A number, or digits where JSON has no such number. */
export const plain = (value: bigint): number | string =>
  value <= BigInt(Number.MAX_SAFE_INTEGER) ? Number(value) : String(value)

let keys: readonly string[] | null = null

/** Every key that a configuration can have, wherever. */
export function knownKeys(): readonly string[] {
  keys ??= [...collect(configJsonSchema(), new Set())]
  return keys
}

function collect(schema: unknown, found: Set<string>): Set<string> {
  if (typeof schema !== 'object' || schema === null) return found
  for (const [key, value] of Object.entries(schema)) {
    if (key === 'properties' && typeof value === 'object' && value !== null)
      for (const name of Object.keys(value)) found.add(name)
    collect(value, found)
  }
  return found
}
