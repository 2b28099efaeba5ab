import { iLightClientAbi, iMessageServiceAbi } from '@meridian/abi'
import type { RpcPort } from '@meridian/consensus'
import { type Address, decodeFunctionData, type Hex, isAddressEqual, isHex } from 'viem'
import { z } from 'zod'

const transactionSchema = z.object({ to: z.string().nullable(), input: z.custom<Hex>((value) => isHex(value)) })

interface Frame {
  readonly to?: string | undefined
  readonly input: Hex
  readonly calls?: readonly Frame[] | undefined
}
const frameSchema: z.ZodType<Frame> = z.object({
  to: z.string().optional(),
  input: z.custom<Hex>((value) => isHex(value)),
  get calls() {
    return z.array(frameSchema).optional()
  },
})

/** Bytes of a transaction that can hold the update which a client took: those of each argument first, then all of it. */
export async function updateBytes(rpc: RpcPort, client: Address, tx: Hex): Promise<readonly Hex[]> {
  const parsed = transactionSchema.safeParse(await rpc.request('eth_getTransactionByHash', [tx]))
  return parsed.success ? bytesIn(client, parsed.data) : []
}

/**
 * The same out of the calls that a transaction came to: whoever moves a client by a contract that makes up its calldata shows
 * it only there. Nothing where the node does not trace.
 */
export async function tracedUpdateBytes(rpc: RpcPort, client: Address, tx: Hex): Promise<readonly Hex[]> {
  const answer = await rpc.request('debug_traceTransaction', [tx, { tracer: 'callTracer' }]).catch(() => null)
  const parsed = frameSchema.safeParse(answer)
  if (!parsed.success) return []
  const found: Hex[] = []
  for (const frames: Frame[] = [parsed.data]; frames.length > 0; ) {
    const frame = frames.pop()
    if (frame === undefined) break
    if (frame.to !== undefined && isHex(frame.to) && isAddressEqual(frame.to, client))
      found.push(...bytesIn(client, { to: frame.to, input: frame.input }))
    frames.push(...(frame.calls ?? []))
  }
  return found
}

function bytesIn(client: Address, { to, input }: z.infer<typeof transactionSchema>): readonly Hex[] {
  const own = to !== null && isHex(to) && isAddressEqual(to, client)
  try {
    const { args = [] } = decodeFunctionData({ abi: own ? iLightClientAbi : iMessageServiceAbi, data: input })
    return [...args.flat().filter((item: unknown): item is Hex => isHex(item)), input]
  } catch {
    return [input]
  }
}
