import type { Hex } from 'viem'
import type { BlockProof, ClientState, WaitReason } from './types.ts'

/** What a block proof waits for. */
export const waiting = (reason: WaitReason): BlockProof => ({ status: 'waiting', reason })

/** A proof, and the updates that go before it. */
export const ready = (proof: Hex, updates: readonly Hex[] = []): BlockProof => ({ status: 'ready', updates, proof })

/** Whether the client accepts nothing newly signed any more. @param now Unix seconds of the target chain. */
export const isExpired = (client: ClientState, now: bigint): boolean =>
  client.status === 'expired' || now >= client.expiresAt
