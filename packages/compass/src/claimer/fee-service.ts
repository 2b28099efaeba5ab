import { iFeeServiceAbi, iMessageServiceAbi } from '@meridian/abi'
import { call, type Receipt, RpcMalformedError } from '@meridian/chain'
import type { RpcPort } from '@meridian/consensus'
import { deliveryRecordTopic, parseDeliveryRecord } from '@meridian/core'
import { type Address, decodeFunctionResult, encodeFunctionData, type Hex, isAddressEqual } from 'viem'
import { chainTopic } from '../mos.ts'
import type { ClaimOrder } from './claim.ts'

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
