import type { ssz } from '@lodestar/types'

type ValueOf<Type extends { defaultValue(): unknown }> = ReturnType<Type['defaultValue']>

/** Containers of the fork that devnet chains run (Fulu), as values. */
export type BeaconBlock = ValueOf<typeof ssz.fulu.BeaconBlock>
export type BeaconBlockBody = ValueOf<typeof ssz.fulu.BeaconBlockBody>
export type BeaconBlockHeader = ValueOf<typeof ssz.phase0.BeaconBlockHeader>
export type ExecutionPayload = ValueOf<typeof ssz.fulu.ExecutionPayload>
export type ExecutionPayloadHeader = ValueOf<typeof ssz.fulu.ExecutionPayloadHeader>
export type SyncAggregate = ValueOf<typeof ssz.altair.SyncAggregate>
export type LightClientHeader = ValueOf<typeof ssz.deneb.LightClientHeader>
export type LightClientBootstrap = ValueOf<typeof ssz.electra.LightClientBootstrap>
export type LightClientUpdate = ValueOf<typeof ssz.electra.LightClientUpdate>

/** The state as a view over its Merkle tree: mutable, with shared structure. */
export type BeaconStateView = ReturnType<typeof ssz.fulu.BeaconState.defaultViewDU>
