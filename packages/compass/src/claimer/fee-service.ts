import { iFeeServiceAbi, iMessageServiceAbi } from '@meridian/abi'
import { call, getBlock, getLogs, getReceipt, type Receipt, RpcMalformedError } from '@meridian/chain'
import type { RpcPort } from '@meridian/consensus'
import {
  deliveryRecordForwardedTopic,
  deliveryRecordTopic,
  parseDeliveryRecord,
  parseDeliveryRecordForwarded,
} from '@meridian/core'
import { type Address, decodeFunctionResult, encodeFunctionData, type Hex, isAddressEqual } from 'viem'
import { chainTopic } from '../mos.ts'
import type { Claim, ClaimOrder } from './claim.ts'

/** The fee service that a chain's MOS brings fees to. */
export async function readFeeService(rpc: RpcPort, mos: Address): Promise<Address> {
  const functionName = 'feeService'
  const data = encodeFunctionData({ abi: iMessageServiceAbi, functionName })
  const answer = await read(rpc, mos, data, functionName)
  return decodeFunctionResult({ abi: iMessageServiceAbi, functionName, data: answer })
}

/** What lies in escrow for an order; null where nothing does. `block`: as of its end. */
export async function readEscrow(
  rpc: RpcPort,
  feeService: Address,
  orderId: Hex,
  block: bigint | 'latest' = 'latest',
): Promise<ClaimOrder | null> {
  const functionName = 'escrowOf'
  const data = encodeFunctionData({ abi: iFeeServiceAbi, functionName, args: [orderId] })
  const answer = await read(rpc, feeService, data, functionName, block)
  const { toChain, token, amount } = decodeFunctionResult({ abi: iFeeServiceAbi, functionName, data: answer })
  return toChain === 0n ? null : { orderId, token, amount }
}

/** What an account may withdraw. Units of the token. */
export async function readOwed(rpc: RpcPort, feeService: Address, account: Address, token: Address): Promise<bigint> {
  const functionName = 'owed'
  const data = encodeFunctionData({ abi: iFeeServiceAbi, functionName, args: [account, token] })
  const answer = await read(rpc, feeService, data, functionName)
  return decodeFunctionResult({ abi: iFeeServiceAbi, functionName, data: answer })
}

/** The orders from `fromChain` whose fees a receipt says are `payee`'s. @throws {LogError} MOS emits no such log. */
export function recordedFor(receipt: Receipt, mos: Address, fromChain: bigint, payee: Address): readonly Hex[] {
  return receipt.logs
    .filter(({ address }) => isAddressEqual(address, mos))
    .filter(({ topics }) => topics[0] === deliveryRecordTopic && topics[1] === chainTopic(fromChain))
    .map((log) => parseDeliveryRecord(log))
    .filter((record) => isAddressEqual(record.payee, payee))
    .map(({ orderId }) => orderId)
}

/**
 * The orders from `fromChain` delivered on `recordChain` whose fees a hub's logs say are `payee`'s. @throws {LogError} the hub
 * emits no such log.
 */
export function forwardedFor(
  receipt: Receipt,
  hub: Address,
  fromChain: bigint,
  recordChain: bigint,
  payee: Address,
): readonly Hex[] {
  return receipt.logs
    .filter(({ address, topics }) => isAddressEqual(address, hub) && topics[0] === deliveryRecordForwardedTopic)
    .map((log) => parseDeliveryRecordForwarded(log))
    .filter((record) => record.originChain === fromChain && record.recordChain === recordChain)
    .filter((record) => isAddressEqual(record.payee, payee))
    .map(({ orderId }) => orderId)
}

/** A hub's receipt that has the records of all these orders, among the newest `lookBack` blocks; null where there is none. */
export async function findForwarded(
  rpc: RpcPort,
  hub: Address,
  claim: Pick<Claim, 'fromChain' | 'toChain' | 'orders'>,
  lookBack: bigint,
): Promise<Receipt | null> {
  const { number } = await getBlock(rpc, 'latest')
  const { fromChain, toChain } = claim
  const wanted = claim.orders.map(({ orderId }) => orderId)
  const topics = [deliveryRecordForwardedTopic, chainTopic(fromChain), chainTopic(toChain), wanted]
  const fromBlock = number > lookBack ? number - lookBack : 0n
  const logs = await getLogs(rpc, { address: hub, topics, fromBlock, toBlock: number })
  const byTransaction = Map.groupBy(logs, ({ transactionHash }) => transactionHash)
  for (const [hash, records] of byTransaction) {
    const there = new Set(records.map((log) => parseDeliveryRecordForwarded(log).orderId))
    if (wanted.every((orderId) => there.has(orderId))) return getReceipt(rpc, hash)
  }
  return null
}

async function read(
  rpc: RpcPort,
  to: Address,
  data: Hex,
  what: string,
  block: bigint | 'latest' = 'latest',
): Promise<Hex> {
  const result = await call(rpc, { to, data }, block)
  if (result.ok) return result.data
  throw new RpcMalformedError('endpoint', 'eth_call', `${what} reverted with ${result.revert.name}`)
}
