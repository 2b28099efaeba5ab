import { iLightClientAbi } from '@meridian/abi'
import { ethereumClientInit } from '@meridian/cli/deploy'
import { createPrivateChain, type PrivateChain } from '@meridian/cli/private-chain'
import { type Bootstrap, type Network, timeAtSlot } from '@meridian/consensus/ethereum'
import { type Address, encodeFunctionData, type Hex } from 'viem'

/** Runs `body` with a light client that starts at `bootstrap` on a private chain. */
export async function withClient<T>(
  bootstrap: Bootstrap,
  network: Network,
  body: (chain: PrivateChain, client: Address) => Promise<T>,
): Promise<T> {
  const chain = await createPrivateChain({ start: timeAtSlot(network, bootstrap.header.beacon.slot) + 1n })
  try {
    return await body(chain, await chain.deploy(ethereumClientInit(bootstrap, network)))
  } finally {
    await chain.stop()
  }
}

/** Gas of the whole transaction that applies an update; throws unless it is accepted. */
export async function gasOfUpdate(chain: PrivateChain, client: Address, update: Hex): Promise<number> {
  const data = encodeFunctionData({ abi: iLightClientAbi, functionName: 'update', args: [update] })
  const mined = await chain.transact(client, data)
  if (!mined.ok) throw new Error(`the update was refused: ${(await chain.call(client, data)).data}`)
  return Number(mined.gasUsed)
}
