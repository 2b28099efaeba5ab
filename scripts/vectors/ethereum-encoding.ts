/** A made-up beacon chain's constructor arguments and proofs in bytes, apart from the code that they test. */
import { ethereumLightClientAbi } from '@meridian/abi'
import { concatHex, encodeAbiParameters, type Hex, numberToHex, zeroAddress } from 'viem'
import {
  type BeaconBlock,
  blockRootIndex,
  type Committee,
  committeeRoot,
  filler,
  forkAt,
  forkTable,
  summaryIndex,
  type World,
} from './ethereum-world.ts'

/** The minimal preset, with a fork in each of its first periods. */
export const minimal: World = {
  name: 'minimal',
  genesisTime: 1_700_000_000n,
  genesisValidatorsRoot: filler('genesis validators'),
  secondsPerSlot: 6n,
  slotsPerEpoch: 8n,
  slotsPerPeriod: 64n,
  slotsPerHistoricalRoot: 64n,
  forks: [
    { name: 'capella', epoch: 0n, version: '0x03000001' },
    { name: 'deneb', epoch: 8n, version: '0x04000001' },
    { name: 'electra', epoch: 16n, version: '0x05000001' },
    { name: 'fulu', epoch: 20n, version: '0x06000001' },
  ],
}

const scheduler = '0x00000000000000000000000000000000000f0a4c'

export function constructorArgs(world: World, size: number, block: BeaconBlock, current: Committee): Hex {
  const inputs = ethereumLightClientAbi.find((item) => item.type === 'constructor')?.inputs
  if (inputs === undefined) throw new Error('the contract has a constructor')
  return encodeAbiParameters(inputs, [
    {
      chainId: 7n,
      genesisTime: world.genesisTime,
      genesisValidatorsRoot: world.genesisValidatorsRoot,
      secondsPerSlot: world.secondsPerSlot,
      slotsPerEpoch: world.slotsPerEpoch,
      epochsPerSyncCommitteePeriod: world.slotsPerPeriod / world.slotsPerEpoch,
      syncCommitteeSize: BigInt(size),
      slotsPerHistoricalRoot: world.slotsPerHistoricalRoot,
      trustingPeriod: 86_400n,
      clockDrift: 12n,
      forkScheduler: size === 32 ? scheduler : zeroAddress,
      forkNotice: 3_600n,
    },
    world.forks.map(({ name, epoch, version }) => ({ epoch, version, stateLayout: forkTable[name].layout })),
    {
      blockRoot: block.root,
      header: block.header,
      syncCommitteeRoot: committeeRoot(current),
      branch: block.state.branch(forkAt(world, block.slot).places.current),
    },
  ])
}

export const timeOf = (world: World, slot: bigint) => Number(world.genesisTime + slot * world.secondsPerSlot)
export const range = (from: number, to: number) => Array.from({ length: to - from }, (_, i) => from + i)

export function blockProof(
  world: World,
  finalized: BeaconBlock,
  ancestor?: BeaconBlock,
  indexSlot = ancestor?.slot,
): Hex {
  const block = ancestor ?? finalized
  return concatHex([
    ancestor === undefined ? '0x00' : '0x01',
    finalized.header,
    ...(ancestor === undefined || indexSlot === undefined
      ? []
      : [ancestor.header, ...finalized.state.branch(blockRootIndex(world, finalized.slot, indexSlot))]),
    ...block.body.branch(forkAt(world, block.slot).blockHash),
    block.execution,
  ])
}

/** Proof by `historical_summaries` that `ancestor` stands at `at`; in its own slot unless said otherwise. */
export function summaryProof(world: World, finalized: BeaconBlock, ancestor: BeaconBlock, at = ancestor.slot): Hex {
  return concatHex([
    '0x02',
    finalized.header,
    ancestor.header,
    numberToHex(at / world.slotsPerHistoricalRoot, { size: 3 }),
    ...finalized.state.branch(summaryIndex(world, finalized.slot, at)),
    ...ancestor.body.branch(forkAt(world, ancestor.slot).blockHash),
    ancestor.execution,
  ])
}

/** The short form, of the receipts root alone. `at`: where the ancestor is said to stand. */
export function receiptsProof(world: World, finalized: BeaconBlock, ancestor?: BeaconBlock, at = ancestor?.slot): Hex {
  return concatHex([
    ...(ancestor === undefined || at === undefined
      ? (['0x03'] as const)
      : ([
          '0x04',
          finalized.aroundState,
          ...finalized.state.branch(blockRootIndex(world, finalized.slot, at)),
        ] as const)),
    ...receiptsPart(world, ancestor ?? finalized),
  ])
}

export function summaryReceiptsProof(
  world: World,
  finalized: BeaconBlock,
  ancestor: BeaconBlock,
  at = ancestor.slot,
): Hex {
  return concatHex([
    '0x05',
    finalized.aroundState,
    numberToHex(at / world.slotsPerHistoricalRoot, { size: 3 }),
    ...finalized.state.branch(summaryIndex(world, finalized.slot, at)),
    ...receiptsPart(world, ancestor),
  ])
}

export function receiptsPart(world: World, block: BeaconBlock): Hex[] {
  const { receiptsRoot } = forkAt(world, block.slot)
  if (receiptsRoot === undefined) throw new Error(`no receipts root in the body at slot ${block.slot}`)
  return [block.aroundBody, block.receipts, ...block.body.branch(receiptsRoot)]
}
