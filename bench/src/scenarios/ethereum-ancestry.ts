import { ethereumClientInit } from '@meridian/cli/deploy'
import { createPrivateChain } from '@meridian/cli/private-chain'
import { beaconHeaderRoot, blockRootGindex, forkAtSlot, timeAtSlot } from '@meridian/consensus/ethereum'
import { keccak256, stringToHex } from 'viem'
import { beaconBlock, createBootstrap, createCommittee, FINALIZED_SLOT, network } from '../beacon.ts'
import { counterAddress, deployTarget, encodeDelivery, gasAboveFloor, sourceBlock } from '../delivery.ts'
import type { Scenario } from '../scenario.ts'

/** The first message only makes the slots non-zero. */
const [BEFORE, PLACE] = [149, 150] as const
/** As far back as a block of the same epoch lies at most. Any other slot that `block_roots` holds costs the same. */
const OLDER = 31n

/** A message's delivery from the finalized block itself, or from a block that its `block_roots` hold. */
async function gasOf(older: boolean): Promise<number> {
  const chain = await createPrivateChain({ start: timeAtSlot(network, FINALIZED_SLOT) + 1n })
  try {
    const source = sourceBlock(counterAddress(chain.account), [BEFORE, PLACE])
    const { committee } = createCommittee('current')
    const slot = FINALIZED_SLOT - OLDER
    const inner = beaconBlock(slot, source.receiptsRoot, keccak256(stringToHex('state')))
    const gindex = blockRootGindex(forkAtSlot(network, FINALIZED_SLOT).name, slot, network.preset)
    const stateLeaves = new Map([[gindex, beaconHeaderRoot(inner.header)]])
    const { bootstrap, state, ...outer } = createBootstrap(FINALIZED_SLOT, source.receiptsRoot, committee, stateLeaves)
    const finalized = { header: outer.header, blockRootBranch: state.branch(gindex) }
    const block = older ? { ...source, ...inner, finalized } : { ...source, ...outer }
    const target = await deployTarget(chain, await chain.deploy(ethereumClientInit(bootstrap, network)))
    await gasAboveFloor(chain, target, encodeDelivery(block, BEFORE), 1n)
    return await gasAboveFloor(chain, target, encodeDelivery(block, PLACE), 2n)
  } finally {
    await chain.stop()
  }
}

/**
 * What `block_roots` adds to the delivery of `mos/deliver-1`, calldata at its standard price: the difference of two whole
 * transactions, neither of which pays EIP-7623's floor.
 */
export const ancestry: Scenario = {
  id: 'ethereum/ancestry',
  unit: 'gas',
  measure: 'transaction',
  floor: 27_000,
  aim: 24_000,
  peers: [
    { name: 'a chain of execution headers, 31 blocks', value: 341_000, source: 'estimated; 11,000 a header' },
    { name: 'EIP-2935 storage proof', value: 125_000, source: 'estimated; up to 140,000' },
  ],
  run: async () => (await gasOf(true)) - (await gasOf(false)),
}
