import { ethereumLightClientAbi } from '@meridian/abi'
import {
  type Address,
  encodeAbiParameters,
  encodeEventTopics,
  type Hex,
  keccak256,
  numberToHex,
  parseEventLogs,
} from 'viem'
import { z } from 'zod'
import type { RpcPort } from '../types.ts'
import { absentIndices, changedIndices, participantsKey } from './committee.ts'
import type { EncodingOptions, KeptAggregate } from './encode.ts'
import { type Network, periodAtSlot } from './networks.ts'
import { pubkeysRoot } from './ssz.ts'
import type { SyncCommittee, Update } from './types.ts'

/** Fewest absent members for which to keep an aggregate: storing one costs about what proving one or two members does. */
const KEEP_FROM = 3
/** Blocks of the target chain back from its newest in which the event is looked for: what public endpoints answer. */
const LOG_BLOCKS = 10_000n

/** A kept aggregate and the commitment that the client stores for it. */
export interface CommittedAggregate extends KeptAggregate {
  readonly commitment: Hex
}

/** The contract's commitment to an aggregate: `keptAggregate()` where it is the kept one. */
export function aggregateCommitment({ period, bits }: KeptAggregate, committee: SyncCommittee): Hex {
  const { x, y } = participantsKey(committee, bits).negate().toAffine()
  // EIP-2537: a coordinate is 64 bytes.
  const key = [x >> 256n, BigInt.asUintN(256, x), y >> 256n, BigInt.asUintN(256, y)] as const
  const types = [{ type: 'uint256' }, { type: 'bytes32' }, { type: 'uint256[4]' }, { type: 'bytes' }] as const
  return keccak256(encodeAbiParameters(types, [period, pubkeysRoot(committee), key, bits]))
}

/**
 * How to put an update into bytes for the least gas: from the kept aggregate where fewer members differ from it than are
 * absent, and to be kept where that will pay.
 * @param kept What the client has kept, if that is known; used only where it fits the committee.
 */
export function chooseEncoding(
  update: Update,
  signers: SyncCommittee,
  network: Network,
  kept: CommittedAggregate | undefined,
): EncodingOptions {
  const size = signers.pubkeys.length
  const { bits } = update.syncAggregate
  const absent = absentIndices(bits, size).length
  const keep = absent >= KEEP_FROM ? { keep: true } : {}
  const period = periodAtSlot(network, update.signatureSlot)
  if (kept?.period !== period || kept.bits.length !== bits.length) return keep
  if (aggregateCommitment(kept, signers) !== kept.commitment) return keep
  const changed = changedIndices(bits, kept.bits, size).length
  if (changed >= absent) return keep
  return changed === 0 ? { from: kept } : { from: kept, ...keep }
}

const logsSchema = z.array(
  z.looseObject({
    topics: z.array(z.templateLiteral(['0x', z.string()])),
    data: z.templateLiteral(['0x', z.string()]),
  }),
)

/**
 * Finds the event of the aggregate that `commitment` stands for. Without it an update is only dearer, so a node that
 * serves no logs, or prunes them, is no error.
 */
export async function findKeptAggregate(
  target: RpcPort,
  address: Address,
  commitment: Hex,
  blockNumber: bigint,
): Promise<CommittedAggregate | undefined> {
  if (BigInt(commitment) === 0n) return undefined
  const eventName = 'AggregateKept'
  const topics = encodeEventTopics({ abi: ethereumLightClientAbi, eventName, args: { commitment } })
  const from = blockNumber > LOG_BLOCKS ? blockNumber - LOG_BLOCKS : 0n
  const filter = { address, topics, fromBlock: numberToHex(from), toBlock: numberToHex(blockNumber) }
  const answer = await target.request('eth_getLogs', [filter]).catch(() => undefined)
  const logs = logsSchema.safeParse(answer)
  if (!logs.success) return undefined
  // CAST: the decoder reads topics and data, and passes over logs of which they are no such event.
  const found = parseEventLogs({ abi: ethereumLightClientAbi, eventName, logs: logs.data as never }).at(-1)
  if (found === undefined || found.args.commitment !== commitment) return undefined
  return { period: found.args.period, bits: found.args.bits, commitment }
}
