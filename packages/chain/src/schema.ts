import { type Address, getAddress, type Hex, isAddress, isHex } from 'viem'
import { z } from 'zod'
import { RpcMalformedError } from './errors.ts'

/** `0x` and whole bytes. */
export const bytes = z.custom<Hex>((value) => isHex(value) && value.length % 2 === 0, 'not hex bytes')
/** `0x` and 32 bytes. */
export const bytes32 = z.custom<Hex>((value) => isHex(value) && value.length === 66, 'not 32 bytes')
/** JSON-RPC quantity, at most 32 bytes. */
export const quantity = z
  .string()
  .regex(/^0x[0-9a-fA-F]{1,64}$/, 'not a quantity')
  .transform((value) => BigInt(value))
/** 20 bytes; checksummed. */
export const address = z
  .custom<Address>((value) => typeof value === 'string' && isAddress(value, { strict: false }), 'not an address')
  .transform((value) => getAddress(value))

/** Parses what `method` answered. @throws {RpcMalformedError} with the path of what does not fit. */
export function parseAnswer<T>(schema: z.ZodType<T>, method: string, answer: unknown): T {
  const parsed = schema.safeParse(answer)
  if (parsed.success) return parsed.data
  const issue = parsed.error.issues[0]
  throw new RpcMalformedError(
    'endpoint',
    method,
    `${issue?.path.join('.') || 'answer'}: ${issue?.message ?? 'invalid'}`,
  )
}
