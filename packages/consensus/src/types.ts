import type { RpcReceipt } from '@meridian/proofs'
import type { Address, Hex } from 'viem'

/** Name of a consensus in the registry; what `ILightClient.consensus()` returns. */
export type ConsensusKind = 'ethereum' | 'istanbul' | 'parlia' | 'qbft'

/** One of the endpoints behind a port. */
export interface PortNode {
  /** Host and port: what may be shown. */
  readonly host: string
  /** What it answered is not what it was asked for: it is asked last for a while, and named with the reason. */
  passOver(reason: Error): void
}

/** A JSON-RPC endpoint, as a value: the caller owns retries, failover and timeouts. */
export interface RpcPort {
  request(method: string, params: readonly unknown[]): Promise<unknown>
  /** The endpoints one by one, preferred first, where the port has several. */
  nodes?(): readonly (RpcPort & PortNode)[]
}

/**
 * A beacon node's REST API, as a value. `path` starts with `/eth/`. What is called is listed in
 * `docs/spec/beacon-endpoints.md`. Both reject with an error whose `context.status` is 404 where the node has no such
 * object (an empty slot, a pruned state, a route that it does not serve).
 */
export interface BeaconPort {
  /** The body as JSON. */
  get(path: string): Promise<unknown>
  /** The body asked for as `application/octet-stream`: SSZ. */
  getBytes(path: string): Promise<Uint8Array>
  /** The nodes one by one, preferred first, where the port has several: none is believed, so each can be passed over. */
  nodes?(): readonly (BeaconPort & PortNode)[]
}

/** What a consensus may read of its source chain. `beacon` is there where the consensus needs it. */
export interface SourcePorts {
  readonly rpc: RpcPort
  readonly beacon?: BeaconPort
}

/** A point of the source chain's execution layer. */
export interface BlockPoint {
  readonly number: bigint
  /** Unix seconds. */
  readonly timestamp: bigint
  readonly hash: Hex
}

/** The light client's state on the target chain, as `ILightClient` shows it, plus what one consensus reads beside it. */
export interface ClientState {
  readonly address: Address
  readonly kind: ConsensusKind
  readonly status: 'active' | 'expired' | 'frozen'
  /** In the consensus' own unit: beacon slot for Ethereum, block number for QBFT and Istanbul. */
  readonly head: { readonly number: bigint; readonly timestamp: bigint; readonly hash: Hex }
  /** Unix seconds; from then on the client is expired unless its head moves. */
  readonly expiresAt: bigint
  /** Per-consensus state (parameters, stored periods, validator set), opaque outside its folder. */
  readonly detail: unknown
}

/** Why a proof cannot be built yet. Each resolves by waiting or by an operator; none is an error. */
export type WaitReason =
  | { readonly code: 'NOT_FINAL'; readonly finalized: bigint; readonly wanted: bigint }
  | { readonly code: 'UPDATE_NOT_SERVED'; readonly detail: string }
  | { readonly code: 'CLOCK_BEHIND'; readonly earliest: bigint; readonly now: bigint }
  | { readonly code: 'CLIENT_UNUSABLE'; readonly status: 'expired' | 'frozen' }

/**
 * What proves a block on the target chain: updates for `ILightClient.update` in order, then a proof for `verifyBlock`, or
 * for `verifyReceiptsRoot` where only that was asked for.
 */
export type BlockProof =
  | { readonly status: 'ready'; readonly updates: readonly Hex[]; readonly proof: Hex }
  | { readonly status: 'waiting'; readonly reason: WaitReason }

/** Something that a light client accepted and that the source's own nodes can contradict. */
export interface AcceptedClaim {
  /** A head; where heads are judged by committees that the client learns ahead of them, also such a committee. */
  readonly what: 'head' | 'committee'
  /** Of a head in the consensus' own unit; of a committee its period. */
  readonly number: bigint
  readonly hash: Hex
}

/** A claim, and bytes that hold the update that the client accepted it with: the update's own, or calldata around it. */
export interface AcceptedUpdate extends AcceptedClaim {
  readonly update: Hex
}

/** What the source's own nodes have in the place of a claim. */
export interface OwnViews {
  /** How many nodes there are, those that do not answer included. */
  readonly asked: number
  readonly views: readonly OwnView[]
}

/** What one of them has. */
export interface OwnView {
  /** Host and port: what may be shown. */
  readonly host: string
  /** Zero: nothing is there, and the node knows that for good. Null: it is not final there yet, or the node lacks it. */
  readonly hash: Hex | null
}

/** Evidence for `ILightClient.reportMisbehaviour`, checked as the contract checks it; or why there is none. */
export type Evidence =
  | { readonly status: 'found'; readonly data: Hex }
  | { readonly status: 'none'; readonly code: NoEvidence; readonly detail: string }

/**
 * Why a contradiction cannot be proven. `UPDATE_NOT_FOUND`: the transaction's bytes do not hold what the client accepted.
 * `NO_CONFLICT`: the two agree after all. `SET_UNKNOWN`: who signed is not, or no longer, known to the client or to our
 * nodes. `NOT_SERVED`: our nodes do not serve what two thirds signed instead. `EXPIRED`: it is too old to count.
 */
export type NoEvidence = 'UPDATE_NOT_FOUND' | 'NO_CONFLICT' | 'SET_UNKNOWN' | 'NOT_SERVED' | 'EXPIRED'

/** One consensus as Compass sees it. All I/O goes through the ports; `now` is unix seconds of the target chain. */
export interface Consensus {
  readonly kind: ConsensusKind
  /** The newest execution block that is final by the source chain's own rule. */
  finalized(source: SourcePorts): Promise<BlockPoint>
  /** Reads the light client at `address` through the target chain's RPC. */
  readClient(target: RpcPort, address: Address): Promise<ClientState>
  /** Updates and block proof for the execution block `block`, given the client's state. */
  proveBlock(source: SourcePorts, client: ClientState, block: BlockPoint, now: bigint): Promise<BlockProof>
  /**
   * The same for the block's receipts root alone: all that a message needs, and shorter where the consensus can show the
   * root by itself. The proof is for `ILightClient.verifyReceiptsRoot`.
   */
  proveReceiptsRoot(source: SourcePorts, client: ClientState, block: BlockPoint, now: bigint): Promise<BlockProof>
  /** Updates that the client needs although no message waits: rotation, or a trusting period that runs down. */
  maintain(source: SourcePorts, client: ClientState, now: bigint): Promise<readonly Hex[]>
  /** What a client accepts beside heads, by its events. Left out where heads are all. */
  readonly otherClaims?: {
    /** First topic of the event. */
    readonly topic: Hex
    /** @throws where the log is no such event. */
    read(log: { readonly topics: readonly Hex[]; readonly data: Hex }): AcceptedClaim
  }
  /**
   * What each of the source's own nodes that answers has in the place of a claim. One that has the claim itself says so at
   * once; another hash counts only once the node holds it final.
   *
   * @throws what a node failed with, where none answers.
   */
  ownViews(source: SourcePorts, claim: AcceptedClaim): Promise<OwnViews>
  /**
   * Evidence that what the client accepted is not the source's own.
   *
   * @param target The chain of the client, for what `client` does not hold.
   */
  misbehaviour(
    source: SourcePorts,
    target: RpcPort,
    client: ClientState,
    accepted: AcceptedUpdate,
    now: bigint,
  ): Promise<Evidence>
  /**
   * Receipts that follow those of the block's `transactions` transactions in its receipts trie and that JSON-RPC does not
   * serve. Left out where a chain has none.
   */
  hiddenReceipts?(source: SourcePorts, block: BlockPoint, transactions: number): Promise<readonly RpcReceipt[]>
}
