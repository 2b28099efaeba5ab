import { randomBytes } from 'node:crypto'
import { counterAbi, iMOSV3Abi } from '@meridian/abi'
import { createRpc } from '@meridian/chain'
import { bytesToHex, encodeFunctionData, type Hex, type LocalAccount, zeroAddress } from 'viem'
import type { Side } from '../../../e2e/src/support/two-qbft.ts'

/** A stream of messages from one chain to the other's counter. */
export interface Load {
  /** Sends so many messages now, each in a transaction of its own. */
  send(count: number): Promise<void>
  readonly sent: () => number
}

/** Bytes of a message. */
export const MESSAGE_BYTES = 512
/** Gas that a message gives the counter. */
const MESSAGE_GAS = 100_000n
/** Gas of a sending transaction, rounded up. */
const SEND_GAS = 250_000n
const FEE_PER_GAS = 10_000_000_000n

/** Signs as it sends; what it sends is an account's own call of a counter, as an application's is. */
export async function createLoad(here: Side, there: Side, account: LocalAccount): Promise<Load> {
  const { client } = here.deployer
  const rpc = createRpc({ urls: [here.chain.rpcUrl], batchSize: 64 })
  const toChain = there.contracts.chainId
  const [value] = await client.readContract({
    abi: iMOSV3Abi,
    address: here.contracts.mos,
    functionName: 'getMessageFee',
    args: [toChain, zeroAddress, MESSAGE_GAS],
  })
  let nonce = await client.getTransactionCount({ address: account.address })
  let sent = 0

  async function one(): Promise<Hex> {
    const body = bytesToHex(randomBytes(MESSAGE_BYTES))
    return account.signTransaction({
      type: 'eip1559',
      chainId: Number(here.contracts.chainId),
      to: here.counter,
      data: encodeFunctionData({
        abi: counterAbi,
        functionName: 'send',
        args: [toChain, there.counter, body, MESSAGE_GAS],
      }),
      value,
      nonce: nonce++,
      gas: SEND_GAS,
      maxFeePerGas: FEE_PER_GAS,
      maxPriorityFeePerGas: 1n,
    })
  }

  return {
    sent: () => sent,
    async send(count) {
      const raws: Hex[] = []
      for (let i = 0; i < count; i++) raws.push(await one())
      await Promise.all(raws.map((raw) => rpc.request('eth_sendRawTransaction', [raw])))
      sent += count
    },
  }
}
