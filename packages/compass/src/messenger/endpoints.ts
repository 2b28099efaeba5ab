import { ChainDataError, commonLogSpan, getBlock, type LogPort, QuorumError, readByQuorum } from '@meridian/chain'
import type { BlockPoint, PortNode, RpcPort } from '@meridian/consensus'
import { LogError, MeridianError } from '@meridian/core'
import { ReceiptError } from '@meridian/proofs'
import { type Hex, isHex, keccak256, stringToHex } from 'viem'
import { z } from 'zod'
import type { ChainContext } from '../chain-context.ts'

/** An endpoint, or several that have to agree, for one look at a chain. */
export interface ChainView {
  /** Knows how many blocks may be asked of it at once, where its endpoints do. */
  readonly rpc: LogPort
  /** The newest final block. */
  finalized(): Promise<BlockPoint>
  /** What was read does not fit together: whoever said it is asked last from now on. */
  passOver(reason: Error): void
}

/** What says that an endpoint's answers are wrong, and not that it has none. */
const WRONG =
  /^(CHAIN_DATA|INCOMPLETE_LOGS|FINALITY_VIOLATION|HEAD_BEHIND|RPC_MALFORMED|(QBFT_|ISTANBUL_|PARLIA_)?NODE_ANSWER)$/

/** Whether an error says that what was answered is wrong. */
export function isWrongAnswer(error: unknown): error is Error {
  if (error instanceof ReceiptError || error instanceof LogError) return true
  return error instanceof MeridianError && WRONG.test(error.code)
}

/**
 * One endpoint for a whole look, so that what it says is of one chain and can be held against itself. With a quorum, as many
 * endpoints as that, which have to say the same.
 */
export function viewOf(chain: ChainContext): ChainView {
  const { ports, consensus } = chain
  const quorum = chain.tuning.quorum ?? 1
  if (quorum > 1) {
    const rpc = quorumPort(ports.rpc, quorum)
    return { rpc, finalized: () => finalByQuorum(chain, rpc, quorum), passOver: () => undefined }
  }
  const [node] = ports.rpc.nodes?.() ?? []
  const rpc: LogPort = node ?? ports.rpc
  return {
    rpc,
    finalized: () => consensus.finalized({ ...ports, rpc }),
    passOver: (reason) => node?.passOver(reason),
  }
}

/**
 * For what ends a message, which nobody looks at again: read by as many endpoints as the chain's quorum asks for. Nothing in
 * the answer shows whether it is right.
 */
export function endingPort({ ports, tuning }: ChainContext): RpcPort {
  const quorum = tuning.quorum ?? 1
  return quorum > 1 ? quorumPort(ports.rpc, quorum) : ports.rpc
}

/**
 * Reads something of which the answer shows whether it is right, of one endpoint after the other.
 * @throws what the last endpoint came to.
 */
export async function overEndpoints<T>(rpc: RpcPort, read: (rpc: RpcPort) => Promise<T>): Promise<T> {
  const nodes = rpc.nodes?.() ?? []
  if (nodes.length < 2) return read(rpc)
  let failure: unknown
  for (const node of nodes) {
    try {
      return await read(node)
    } catch (error) {
      if (isWrongAnswer(error)) node.passOver(error)
      failure = error
    }
  }
  throw failure
}

const blockSchema = z.looseObject({ number: z.string(), hash: z.string(), parentHash: z.string() })
const logsSchema = z.array(
  z.looseObject({ address: z.string(), topics: z.array(z.string()), data: z.string(), blockHash: z.string() }),
)

/** What two endpoints have to say alike: nodes add fields of their own to blocks and logs. */
function keyOf(answer: unknown): string {
  const block = blockSchema.safeParse(answer)
  if (block.success) {
    const { number, hash, parentHash, timestamp, receiptsRoot, logsBloom } = block.data
    return digest([number, hash, parentHash, timestamp, receiptsRoot, logsBloom])
  }
  const logs = logsSchema.safeParse(answer)
  if (logs.success)
    return digest(
      logs.data.map(({ address, topics, data, blockHash, transactionHash, logIndex }) => [
        [address, topics, data, blockHash, transactionHash, logIndex],
      ]),
    )
  return digest(answer)
}

function digest(value: unknown): string {
  const text = JSON.stringify(value)?.toLowerCase() ?? 'nothing'
  return text.length > 80 ? keccak256(stringToHex(text)) : text
}

/** Every read by `quorum` endpoints that say the same. The head is the newest block that all of them have. */
function quorumPort(rpc: RpcPort, quorum: number): LogPort {
  const nodesOf = (): readonly (LogPort & PortNode)[] => rpc.nodes?.() ?? []
  const logSpan = commonLogSpan(nodesOf().flatMap((node) => (node.logSpan === undefined ? [] : [node.logSpan])))
  const request = (method: string, params: readonly unknown[]) =>
    readByQuorum(nodesOf(), quorum, method, (node) => node.request(method, params), keyOf)
  return {
    ...(logSpan === undefined ? {} : { logSpan }),
    async request(method, params) {
      if (method !== 'eth_getBlockByNumber' || params[0] !== 'latest') return request(method, params)
      const heads = await Promise.allSettled(nodesOf().map((node) => node.request(method, params)))
      const numbers = heads.flatMap((head) => {
        const block = head.status === 'fulfilled' ? blockSchema.safeParse(head.value) : null
        return block?.success === true && isHex(block.data.number) ? [BigInt(block.data.number)] : []
      })
      const [common] = numbers.sort((a, b) => Number(b - a)).slice(quorum - 1)
      if (common === undefined) throw new QuorumError('the head', quorum, [`${numbers.length} endpoints answer`])
      return request(method, [`0x${common.toString(16)}`, ...params.slice(1)])
    },
  }
}

/** The newest block that `quorum` beacon nodes call final and that the execution nodes have; else by the RPC alone. */
async function finalByQuorum({ ports, consensus }: ChainContext, rpc: RpcPort, quorum: number): Promise<BlockPoint> {
  const nodes = ports.beacon?.nodes?.() ?? []
  if (ports.beacon === undefined || nodes.length === 0) return consensus.finalized({ ...ports, rpc })
  const outcomes = await Promise.allSettled(nodes.map((beacon) => consensus.finalized({ rpc, beacon })))
  const finals = outcomes.flatMap((outcome, i) => {
    const node = nodes[i]
    return outcome.status === 'fulfilled' && node !== undefined ? [{ node, point: outcome.value }] : []
  })
  const sorted = finals.sort((a, b) => Number(b.point.number - a.point.number))
  const said = sorted.map(({ node, point }) => `${node.host}: ${point.number}`)
  const candidate = sorted[quorum - 1]?.point
  if (candidate === undefined) throw new QuorumError('the final block', quorum, said)
  for (const { node, point } of sorted) {
    if (point.number > candidate.number) continue
    const { hash } = await getBlock(rpc, point.number)
    if (hash.toLowerCase() === point.hash.toLowerCase()) continue
    const lie = new ChainDataError('final block hash', hash, point.hash as Hex)
    node.passOver(lie)
    throw lie
  }
  return candidate
}
