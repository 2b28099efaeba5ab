import { call, RpcMalformedError } from '@meridian/chain'
import type { RpcPort } from '@meridian/consensus'
import {
  type Address,
  concat,
  decodeFunctionResult,
  encodeFunctionData,
  type Hex,
  isAddressEqual,
  parseAbi,
  zeroAddress,
} from 'viem'
import type { ClaimOrder } from '../claimer/claim.ts'
import type { Message, Reason } from '../message.ts'
import type { Work } from '../plan.ts'

/** Which messages of a lane are delivered: those that pay for it, and those that somebody sponsors. */
export interface ProfitRule {
  /** What a whole coin of the target (10^18 wei) is worth in units of each token that fees are paid in; the zero address is
   *  the source's native coin. A fee in a token that is not here is worth nothing. */
  readonly prices: readonly { readonly token: Address; readonly units: bigint }[]
  /** Percent of the estimated cost that a fee has to come to. */
  readonly minPercent: number
  /** Senders whose messages are delivered whatever they pay. */
  readonly sponsored: readonly string[]
}

/** What gas costs on the target. Wei. */
export interface GasCost {
  readonly gasPrice: bigint
  /** What a rollup charges for a message's data beside its gas; 0 elsewhere. */
  readonly dataFee: bigint
}

const WEI = 10n ** 18n
const PERCENT = 100n

/**
 * Why a message does not pay; null where it does, or is sponsored. Pure. The cost is an upper bound: the gas that a message
 * may use, and its share of what its neighbours of the block share.
 *
 * @param held Its fee as it lies in escrow; null: none does. @param neighbours Messages of its block, itself counted.
 */
export function unprofitable(
  message: Message,
  held: ClaimOrder | null,
  rule: ProfitRule,
  work: Work,
  cost: GasCost,
  neighbours: number,
): Reason | null {
  const sender = message.fromAddress.toLowerCase()
  if (rule.sponsored.some((one) => one.toLowerCase() === sender)) return null
  const gas = work.memberGas(message) + work.baseGas / BigInt(Math.max(1, neighbours))
  const needed = ((gas * cost.gasPrice + cost.dataFee) * BigInt(rule.minPercent)) / PERCENT
  const units = rule.prices.find(({ token }) => held !== null && isAddressEqual(token, held.token))?.units ?? 0n
  const worth = held === null || units === 0n ? 0n : (held.amount * WEI) / units
  if (worth >= needed) return null
  const fee =
    held === null ? 'no fee lies in escrow' : `its fee of ${held.amount} ${nameOf(held.token)} is worth ${worth} wei`
  return { code: 'UNPROFITABLE', detail: `${fee}; delivering it has to bring ${needed}` }
}

const nameOf = (token: Address): string => (token === zeroAddress ? 'wei' : `of ${token}`)

/** OP Stack's `GasPriceOracle`, a predeploy at 0x420000000000000000000000000000000000000F. */
const oracleAbi = parseAbi(['function getL1Fee(bytes data) view returns (uint256)'])

/** What a rollup charges for a transaction's data on the chain below, beside its gas. Wei. @param data Its encoding. */
export async function readDataFee(rpc: RpcPort, oracle: Address, data: Hex): Promise<bigint> {
  const functionName = 'getL1Fee'
  const result = await call(rpc, {
    to: oracle,
    data: encodeFunctionData({ abi: oracleAbi, functionName, args: [data] }),
  })
  if (!result.ok || result.data === '0x')
    throw new RpcMalformedError('endpoint', 'eth_call', `${oracle} is no oracle of data fees`)
  return decodeFunctionResult({ abi: oracleAbi, functionName, data: result.data })
}

/** About the data that a message adds to a delivery: its proof carries it once. */
export const dataOf = ({ messageData, options }: Message, blockProof: Hex): Hex =>
  concat([blockProof, messageData, options])
