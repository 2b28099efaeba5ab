import assert from 'node:assert/strict'
import { test } from 'node:test'
import { iFeeServiceAbi, iMessageServiceAbi } from '@meridian/abi'
import type { RpcPort } from '@meridian/consensus'
import { feeServiceSetTopic } from '@meridian/core'
import {
  type Address,
  decodeFunctionData,
  encodeAbiParameters,
  encodeFunctionResult,
  getAddress,
  type Hex,
  numberToHex,
  pad,
  zeroAddress,
} from 'viem'
import { testBlock } from '../testing/blocks.ts'
import { createFeeServices } from './fee-services.ts'

const account = (n: number): Address => getAddress(pad(numberToHex(n), { size: 20 }))
const [mos, first, second, third] = [account(1), account(2), account(3), account(4)]
const abi = [...iMessageServiceAbi, ...iFeeServiceAbi]
/** MOS was given each of them in this block. */
const changes = [
  { block: 1, previous: zeroAddress, next: first },
  { block: 20, previous: first, next: second },
  { block: 40, previous: second, next: third },
]

/** A chain at block 50, and from which block on its logs were asked for. */
function chain(held: ReadonlyMap<Address, Hex>) {
  const asked: number[] = []
  const rpc: RpcPort = {
    async request(method, [param]) {
      if (method === 'eth_getBlockByNumber') return { ...testBlock, number: '0x32' }
      // CAST: what is sent here is known
      if (method === 'eth_getLogs') {
        const { fromBlock, address, topics } = param as { fromBlock: Hex; address: Address; topics: Hex[] }
        assert.deepEqual([address, topics], [mos, [feeServiceSetTopic]])
        asked.push(Number(fromBlock))
        return changes
          .filter(({ block }) => block >= Number(fromBlock))
          .map(({ block, previous, next }) => ({
            address: mos,
            topics: [feeServiceSetTopic],
            data: encodeAbiParameters([{ type: 'address' }, { type: 'address' }], [previous, next]),
            blockNumber: numberToHex(block),
            blockHash: pad('0x01'),
            transactionHash: pad('0x02'),
            transactionIndex: '0x0',
            logIndex: '0x0',
          }))
      }
      const { to, data } = param as { to: Address; data: Hex } // CAST: as above
      const { functionName, args } = decodeFunctionData({ abi, data })
      if (functionName === 'feeService') return encodeFunctionResult({ abi, functionName, result: third })
      assert.equal(functionName, 'escrowOf')
      const here = held.get(getAddress(to)) === args?.[0]
      const result = { toChain: here ? 2n : 0n, token: zeroAddress, amount: here ? 7n : 0n }
      return encodeFunctionResult({ abi, functionName: 'escrowOf', result })
    },
  }
  return { services: createFeeServices(rpc, mos), asked }
}

const [one, two, three] = [pad('0x11'), pad('0x12'), pad('0x13')]
const order = (orderId: Hex, block: bigint | null) => ({ orderId, sentIn: async () => block })
const everywhere = new Map([
  [first, one],
  [second, two],
  [third, three],
])

test('what MOS’ present fee service has needs no look at the past', async () => {
  const { services, asked } = chain(everywhere)
  const sentIn = () => assert.fail('nobody has to know')
  assert.deepEqual(await services.escrowsOf([{ orderId: three, sentIn }], third), [
    { orderId: three, token: zeroAddress, amount: 7n, feeService: third },
  ])
  assert.deepEqual([await services.current(), asked], [third, []])
})

test('what was paid before is where MOS brought it then; its logs are read once for all that are younger', async () => {
  const { services, asked } = chain(everywhere)
  const found = async (...orders: Parameters<typeof services.escrowsOf>[0]) =>
    (await services.escrowsOf(orders, third)).map((escrow) => escrow?.feeService ?? null)
  assert.deepEqual(await found(order(two, 30n), order(three, 45n), order(pad('0x99'), 31n)), [second, third, null])
  assert.deepEqual(await found(order(two, 35n)), [second])
  assert.deepEqual(asked, [30])
  assert.deepEqual(await found(order(one, 10n), order(two, 30n)), [first, second])
  assert.deepEqual(await found(order(one, 10n)), [first])
  assert.deepEqual(asked, [30, 10])
})

test('an order whose block is not known is looked for in the present one only', async () => {
  const { services, asked } = chain(everywhere)
  assert.deepEqual(await services.escrowsOf([order(one, null)], third), [null])
  assert.deepEqual(asked, [])
})
