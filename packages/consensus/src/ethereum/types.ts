import type { Hex } from 'viem'

/** `BeaconBlockHeader`. */
export interface BeaconHeader {
  readonly slot: bigint
  readonly proposerIndex: bigint
  readonly parentRoot: Hex
  readonly stateRoot: Hex
  readonly bodyRoot: Hex
}

/** `ExecutionPayloadHeader` of Capella to Fulu; the blob fields since Deneb. */
export interface ExecutionHeader {
  readonly parentHash: Hex
  readonly feeRecipient: Hex
  readonly stateRoot: Hex
  readonly receiptsRoot: Hex
  readonly logsBloom: Hex
  readonly prevRandao: Hex
  readonly blockNumber: bigint
  readonly gasLimit: bigint
  readonly gasUsed: bigint
  readonly timestamp: bigint
  readonly extraData: Hex
  readonly baseFeePerGas: bigint
  readonly blockHash: Hex
  readonly transactionsRoot: Hex
  readonly withdrawalsRoot: Hex
  readonly blobGasUsed?: bigint
  readonly excessBlobGas?: bigint
}

/** `LightClientHeader`, Capella to Fulu. */
export interface PayloadLightClientHeader {
  readonly beacon: BeaconHeader
  readonly execution: ExecutionHeader
  readonly executionBranch: readonly Hex[]
}

/**
 * `LightClientHeader` in objects of Gloas: of the execution block only its hash; the bid's parent, in a block before Gloas
 * the payload's own, with the branch that the block's fork has for it.
 */
export interface BidLightClientHeader {
  readonly beacon: BeaconHeader
  readonly executionBlockHash: Hex
  readonly executionBranch: readonly Hex[]
}

/**
 * `LightClientHeader`. From Gloas on only the second form; before it the first, and the second where an update that
 * attests a block of Gloas finalizes an older one.
 */
export type LightClientHeader = PayloadLightClientHeader | BidLightClientHeader

/** `SyncCommittee`: compressed keys, in committee order. */
export interface SyncCommittee {
  readonly pubkeys: readonly Hex[]
  readonly aggregatePubkey: Hex
}

/** `SyncAggregate`. Bit i of the committee is byte `i >> 3`, bit `i & 7`. */
export interface SyncAggregate {
  readonly bits: Hex
  readonly signature: Hex
}

/** `LightClientBootstrap`. */
export interface Bootstrap {
  readonly header: LightClientHeader
  readonly currentSyncCommittee: SyncCommittee
  readonly currentSyncCommitteeBranch: readonly Hex[]
}

/** `LightClientUpdate`, or `LightClientFinalityUpdate` where `nextSyncCommittee` is absent. */
export interface Update {
  readonly attestedHeader: LightClientHeader
  readonly nextSyncCommittee?: { readonly committee: SyncCommittee; readonly branch: readonly Hex[] }
  readonly finalizedHeader: LightClientHeader
  readonly finalityBranch: readonly Hex[]
  readonly syncAggregate: SyncAggregate
  readonly signatureSlot: bigint
}

/** `LightClientOptimisticUpdate`. */
export interface OptimisticUpdate {
  readonly attestedHeader: LightClientHeader
  readonly syncAggregate: SyncAggregate
  readonly signatureSlot: bigint
}
