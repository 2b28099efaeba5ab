import { ethereumClientInit } from '@meridian/cli/deploy'
import { createPrivateChain, type PrivateChain } from '@meridian/cli/private-chain'
import { timeAtSlot } from '@meridian/consensus/ethereum'
import { keccak256, stringToHex } from 'viem'
import { depart, deployLane, gasOfArrival } from '../assets.ts'
import { beaconBlock, createBootstrap, createCommittee, createUpdate, FINALIZED_SLOT, network } from '../beacon.ts'
import { encodeDelivery, sourceBlockWith } from '../delivery.ts'
import { gasOfUpdate } from '../ethereum-client.ts'
import type { Scenario } from '../scenario.ts'

/** Any chain that is not the source. */
const MINT_CHAIN = 31_337n
/** The light clients start two epochs before the block with the transfers. */
const BEHIND = 64n
/** One member is absent, as in most mainnet updates. */
const ABSENT = [433]
/** In the middle of the block, where the trie is deepest. The first transfer only makes the slots non-zero. */
const [BEFORE, PLACE] = [149, 150] as const

/**
 * An ERC-20 transfer through gateway and bridges: `crosschainTransfer` where the token is locked, its fee in the native
 * coin and exact, and the delivery where it is minted. Two whole transactions, summed: 199,045 gas to lock and 203,373 to
 * mint. The receipt is the real one of the locking transaction, with all its five logs, in a block of 300 transactions that
 * is the finalized Ethereum block itself; the update that made it known is not counted. A transfer before it has made the
 * slots on both sides non-zero, and the bridge's allowance is unlimited, as an app that does not want to ask again has it.
 */
export const erc20: Scenario = {
  id: 'assets/erc20',
  unit: 'gas',
  measure: 'transaction',
  floor: null,
  aim: null,
  peers: [
    {
      name: 'CCIP 2.0 ccipSend, one token',
      value: 332_000,
      source: 'published gas snapshot; source side alone, fee in LINK, unit test with mocks',
    },
    {
      name: 'Hyperlane warp route handle, synthetic',
      value: 64_000,
      source: "published; the SDK's default gas for handle alone, without dispatch and process",
    },
  ],
  async run() {
    const start = FINALIZED_SLOT - BEHIND
    const time = timeAtSlot(network, start) + 1n
    const chains: PrivateChain[] = []
    const open = async (options: Parameters<typeof createPrivateChain>[0]) => {
      const chain = await createPrivateChain(options)
      chains.push(chain)
      return chain
    }
    try {
      const lock = await open({ start: time, chainId: Number(network.chainId) })
      const mint = await open({ start: time, chainId: Number(MINT_CHAIN) })
      const signers = createCommittee('current')
      const { bootstrap } = createBootstrap(start, keccak256(stringToHex('start')), signers.committee)
      const client = await mint.deploy(ethereumClientInit(bootstrap, network))
      const back = await lock.deploy(ethereumClientInit(bootstrap, { ...network, chainId: MINT_CHAIN }))
      const lane = await deployLane(lock, mint, { onLock: back, onMint: client })
      const first = await depart(lane)
      const second = await depart(lane)
      const outcomes = new Map([
        [BEFORE, first.outcome],
        [PLACE, second.outcome],
      ])
      const source = sourceBlockWith(outcomes)
      const block = { ...source, ...beaconBlock(FINALIZED_SLOT, source.receiptsRoot, keccak256(stringToHex('state'))) }
      const update = createUpdate({ signers, finalized: block.header, absent: ABSENT })
      await mint.warp(timeAtSlot(network, update.signatureSlot) + 1n)
      await gasOfUpdate(mint, client, update.data)
      await gasOfArrival(lane, encodeDelivery(block, BEFORE, first.logIndex))
      const arrival = await gasOfArrival(lane, encodeDelivery(block, PLACE, second.logIndex))
      return second.gas + arrival
    } finally {
      for (const chain of chains) await chain.stop()
    }
  },
}
