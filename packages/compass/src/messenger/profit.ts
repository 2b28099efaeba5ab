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

/** What a token that fees are paid in is worth. */
export interface Price {
  readonly token: Address
  /** Units of it that a whole coin (10^18 wei) is worth. */
  readonly units: bigint
}

/** Which messages of a lane are delivered: those that pay for it, and those that somebody sponsors. */
export interface ProfitRule {
  /** What a whole coin of the target (10^18 wei) is worth in units of each token that fees are paid in; the zero address is
   *  the source's native coin. A fee in a token that is not here is worth nothing. */
  readonly prices: readonly Price[]
  /** As `prices`, of a coin of the chain whose hub the lane goes over. */
  readonly hubPrices?: readonly Price[] | undefined
  /** Percent of the estimated cost that a fee has to come to. */
  readonly minPercent: number
  /** Senders whose messages are delivered whatever they pay. */
  readonly sponsored: readonly string[]
}

/** What a leg costs on the chain that it goes to. Wei. */
export interface LegCost {
  readonly work: Work
  /** Of a coin of that chain. */
  readonly prices: readonly Price[]
  readonly gasPrice: bigint
  /** What a rollup charges for a message's data beside its gas; 0 elsewhere. */
  readonly dataFee: bigint
}

const WEI = 10n ** 18n
const PERCENT = 100n

/**
 * Why a message does not pay; null where it does, or is sponsored. Pure. The cost of a leg is the gas that a message may use
 * there, and its share of what its neighbours of the block share.
 *
 * @param held Its fee as it lies in escrow; null: none does. @param legs What of its way is still to be paid: over a hub both
 *   legs at first, then the last one, since what is spent is spent. @param neighbours Messages of its block, itself counted.
 */
export function unprofitable(
  message: Message,
  held: ClaimOrder | null,
  rule: ProfitRule,
  legs: readonly LegCost[],
  neighbours: number,
): Reason | null {
  const sender = message.fromAddress.toLowerCase()
  if (rule.sponsored.some((one) => one.toLowerCase() === sender)) return null
  const costs = legs.map(({ work, gasPrice, dataFee, prices }) => {
    const gas = work.memberGas(message) + work.baseGas / BigInt(Math.max(1, neighbours))
    const wei = gas * gasPrice + dataFee
    const units = prices.find(({ token }) => held !== null && isAddressEqual(token, held.token))?.units ?? null
    return { wei, units }
  })
  const percent = BigInt(rule.minPercent)
  const inWei = costs.map(({ wei }) => `${(wei * percent) / PERCENT} wei`).join(' and ')
  const no = (why: string): Reason => ({ code: 'UNPROFITABLE', detail: why })
  const over = legs.length > 1 ? ' over its two legs' : ''
  if (held === null) return no(`no fee lies in escrow; delivering it has to bring ${inWei}${over}`)
  const name = nameOf(held.token)
  let sum = 0n
  for (const { wei, units } of costs) {
    if (units === null)
      return no(`its fee of ${held.amount} ${name} has no price; delivering it has to bring ${inWei}${over}`)
    sum += wei * percent * units
  }
  const whole = WEI * PERCENT
  if (held.amount * whole >= sum) return null
  const needed = (sum + whole - 1n) / whole
  return no(`its fee is ${held.amount} ${name}; delivering it has to bring ${needed}${over}`)
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
