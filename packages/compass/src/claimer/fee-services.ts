import { iMessageServiceAbi } from '@meridian/abi'
import { getBlock, getLogs } from '@meridian/chain'
import type { RpcPort } from '@meridian/consensus'
import { feeServiceSetTopic } from '@meridian/core'
import { type Address, decodeEventLog, type Hex, isAddressEqual, zeroAddress } from 'viem'
import { min } from '../bigint.ts'
import type { ClaimOrder } from './claim.ts'
import { readEscrow, readFeeService } from './fee-service.ts'

/** What lies in escrow for an order, and where. */
export interface Escrowed extends ClaimOrder {
  readonly feeService: Address
}

/** An order that may have a fee in escrow. */
export interface Order {
  readonly orderId: Hex
  /** Block of the chain that sent it; null where that is not known. Asked only for what the present fee service does not have. */
  sentIn(): Promise<bigint | null>
}

/** The fee services of a chain's MOS: the one that it brings fees to, and those before, which keep what was brought to them. */
export interface FeeServices {
  current(): Promise<Address>
  /**
   * What lies in escrow for each of the orders; null where nothing does. What MOS changed since an order was sent is read
   * from its logs; of an order whose block is not known only the present fee service is asked.
   *
   * @param present The current one.
   */
  escrowsOf(orders: readonly Order[], present: Address): Promise<readonly (Escrowed | null)[]>
}

export function createFeeServices(rpc: RpcPort, mos: Address): FeeServices {
  /** What the logs say from a block on, as long as the present fee service is this one. */
  let known: { readonly since: bigint; readonly present: Address; readonly former: readonly Address[] } | null = null

  async function formerOf(present: Address, sentIn: bigint): Promise<readonly Address[]> {
    if (known !== null && known.since <= sentIn && isAddressEqual(known.present, present)) return known.former
    const { number } = await getBlock(rpc, 'latest')
    const logs = await getLogs(rpc, { address: mos, topics: [feeServiceSetTopic], fromBlock: sentIn, toBlock: number })
    const replaced = logs.map(
      ({ topics, data }) =>
        // CAST: a log has its selector first, and this filter asks for one
        decodeEventLog({
          abi: iMessageServiceAbi,
          eventName: 'FeeServiceSet',
          topics: topics as [Hex, ...Hex[]],
          data,
        }).args.previous,
    )
    const former = [...new Set(replaced)].filter((one) => one !== zeroAddress && !isAddressEqual(one, present))
    known = { since: sentIn, present, former: former.reverse() }
    return known.former
  }

  async function escrowAt(services: readonly Address[], orderId: Hex): Promise<Escrowed | null> {
    for (const feeService of services) {
      const held = await readEscrow(rpc, feeService, orderId)
      if (held !== null) return { ...held, feeService }
    }
    return null
  }

  return {
    current: () => readFeeService(rpc, mos),
    async escrowsOf(orders, present) {
      const held = await Promise.all(orders.map(({ orderId }) => escrowAt([present], orderId)))
      const missing = orders.filter((_, i) => held[i] === null)
      const sentIn = new Map(await Promise.all(missing.map(async (order) => [order, await order.sentIn()] as const)))
      const blocks = [...sentIn.values()].filter((block) => block !== null)
      if (blocks.length === 0) return held
      const former = await formerOf(present, blocks.reduce(min))
      return Promise.all(
        orders.map((order, i) => held[i] ?? (sentIn.get(order) == null ? null : escrowAt(former, order.orderId))),
      )
    },
  }
}
