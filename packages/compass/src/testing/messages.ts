import { type Hex, numberToHex, pad } from 'viem'
import type { MessageOrigin } from '../message.ts'
import type { Store } from '../store/types.ts'

/** MOS of the source chain of these messages. */
export const testMos: Hex = pad('0xa1', { size: 20 })

/** A message from chain 1 to chain 2. */
export const testOrigin = (n: number, overrides: Partial<MessageOrigin> = {}): MessageOrigin => ({
  fromChain: 1n,
  toChain: 2n,
  orderId: pad(numberToHex(n)),
  nonce: BigInt(n),
  mos: testMos,
  logChain: 1n,
  emitter: testMos,
  fromAddress: pad(numberToHex(n), { size: 20 }),
  messageData: '0xabcd',
  gasLimit: 100_000n,
  target: null,
  options: '0x',
  deadline: 0n,
  sequence: 0n,
  refundRecipient: null,
  blockNumber: 1n,
  blockHash: pad('0x01'),
  blockTimestamp: 0n,
  txHash: pad(numberToHex(n)),
  txIndex: n,
  logIndex: n,
  ...overrides,
})
export const testKey = (n: number) => ({ fromChain: 1n, orderId: pad(numberToHex(n)) })

/** Puts messages 1 to `count` into a store, seen at 1 and final at 2. */
export async function putMessages(store: Store, count: number): Promise<void> {
  const origins = Array.from({ length: count }, (_, i) => testOrigin(i + 1))
  await store.commitScan(1n, testMos, { number: 1n, hash: pad('0x01'), final: null }, origins, 1)
  await store.apply(origins.map((one) => [one, { type: 'finalized', at: 2 }] as const))
}

/** Writes down a transaction to chain 2 that delivers messages. */
export function deliver(store: Store, nonce: number, messages: readonly number[], at: number) {
  return store.reserve(
    {
      chainId: 2n,
      signer: testMos,
      nonce,
      kind: 'delivery',
      to: testMos,
      data: '0x',
      gasLimit: 1_000_000n,
      attempt: {
        hash: pad(numberToHex(0x1000 + nonce)),
        raw: '0x5ec3e7',
        maxFeePerGas: 5n,
        maxPriorityFeePerGas: 1n,
      },
      messages: messages.map(testKey),
    },
    at,
  )
}
