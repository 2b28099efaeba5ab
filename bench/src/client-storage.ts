import type { PrivateChain } from '@meridian/cli/private-chain'
import { type Address, type Hex, hexToBigInt, isHex, numberToHex } from 'viem'

/** `EthereumLightClient._state`: the head's slot is in its lowest 64 bits. */
const STATE_SLOT = 0n
/** `EthereumLightClient._committees`, and how many there are. */
const COMMITTEES_SLOT = 1n
const COMMITTEES = 16n
/** `EthereumLightClient._blocks`, and how many there are. */
const BLOCKS_SLOT = COMMITTEES_SLOT + COMMITTEES
const BLOCKS = 8192n

const MASK_64 = 2n ** 64n - 1n

/**
 * Lowers the head of an Ethereum light client by cheatcode, so that the update that brought it is new again and its
 * write is paid. The ring word that the update will write holds another block, as it does after the ring's first round.
 */
export async function lowerHead(chain: PrivateChain, client: Address, expected: bigint, by: bigint): Promise<void> {
  const state = await load(chain, client, STATE_SLOT)
  if ((state & MASK_64) !== expected) throw new Error(`the client's head is not in storage slot ${STATE_SLOT}`)
  await store(chain, client, STATE_SLOT, state - by)
  await soil(chain, client, BLOCKS_SLOT + (expected % BLOCKS))
}

/** Puts another block where the block of `slot` will be written, as in every round of the ring but the first. */
export function soilBlock(chain: PrivateChain, client: Address, slot: bigint): Promise<void> {
  return soil(chain, client, BLOCKS_SLOT + (slot % BLOCKS))
}

/** Puts another committee where that of `period` will be written, as in every round of the ring but the first. */
export function soilCommittee(chain: PrivateChain, client: Address, period: bigint): Promise<void> {
  return soil(chain, client, COMMITTEES_SLOT + (period % COMMITTEES))
}

async function soil(chain: PrivateChain, client: Address, slot: bigint): Promise<void> {
  await store(chain, client, slot, (await load(chain, client, slot)) ^ (MASK_64 << 64n))
}

async function load(chain: PrivateChain, client: Address, slot: bigint): Promise<bigint> {
  const word = await chain.rpc.request('eth_getStorageAt', [client, numberToHex(slot), 'latest'])
  if (!isHex(word)) throw new Error('eth_getStorageAt answered without a word')
  return hexToBigInt(word)
}

async function store(chain: PrivateChain, client: Address, slot: bigint, word: bigint): Promise<void> {
  const value: Hex = numberToHex(word, { size: 32 })
  await chain.rpc.request('anvil_setStorageAt', [client, numberToHex(slot), value])
}
