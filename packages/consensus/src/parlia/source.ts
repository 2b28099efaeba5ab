import type { RpcBlock } from '@meridian/proofs'
import { type Address, concatHex, type Hex, numberToHex } from 'viem'
import type { RpcPort } from '../types.ts'
import { requireAdjacent, verifyAttestation } from './attestation.ts'
import type { HistoryProof } from './encode.ts'
import { ParliaSourceError, ParliaVerifyError } from './errors.ts'
import { readExtraData, type VoteAttestation } from './extra.ts'
import { headerOfBlock, type ParliaHeader, parseParliaHeader } from './header.ts'
import { HISTORY_ADDRESS, historySlotOf } from './proofs.ts'
import { offsetOf, setOfHeader, type ValidatorSet } from './validator-set.ts'

/** How far above its target a block may carry an attestation, and so how many blocks are looked at for one (BEP-590). */
const CARRIER_DEPTH = 3n

/** A final block with the votes that make it so, which were checked. */
export interface FinalBlock {
  readonly header: ParliaHeader
  readonly attestation: VoteAttestation
  /** The block that lists the set whose votes they are. */
  readonly epoch: bigint
}

/** Headers of a Parlia chain over JSON-RPC, each read once and recomputed to its hash. */
export interface ParliaSource {
  /** Height of the newest block. */
  latest(): Promise<bigint>
  /** @throws {ParliaSourceError} where the node has no such block. */
  headerAt(number: bigint): Promise<ParliaHeader>
  /** Undefined where the node has none yet. */
  findHeader(number: bigint): Promise<ParliaHeader | undefined>
  /** The set that an epoch's first block lists. */
  setAt(epoch: bigint): Promise<ValidatorSet>
  /** The first target of the set that an epoch's first block lists. */
  firstTarget(epoch: bigint): Promise<bigint>
  /** The epoch whose set is in force at a target. */
  epochInForce(target: bigint): Promise<bigint>
  /** The lowest block from `from` to `to` that votes make final, those carried by blocks that are there. */
  firstFinal(from: bigint, to: bigint): Promise<FinalBlock | undefined>
  /** The highest block up to `to` that votes make final, among the newest `depth`. */
  lastFinal(to: bigint, depth: bigint): Promise<FinalBlock | undefined>
  /** That the state of a block keeps the hash of an older one. Undefined where the node keeps no such state any more. */
  historyProof(above: bigint, number: bigint): Promise<HistoryProof | undefined>
}

const isHexText = (value: unknown): value is Hex => typeof value === 'string' && /^0x([0-9a-fA-F]{2})+$/.test(value)

/**
 * What was worked out about headers, by their hashes: it holds whatever the chain does. Keys are decompressed and votes
 * verified once.
 */
export interface ParliaCache {
  readonly sets: Map<Hex, ValidatorSet>
  /** What the votes in a header make final. */
  readonly finals: Map<Hex, FinalBlock>
}

/** Most headers of each kind that a cache remembers. */
const CACHE_SIZE = 1024

export const createParliaCache = (): ParliaCache => ({ sets: new Map(), finals: new Map() })

function remember<T>(map: Map<Hex, T>, hash: Hex, value: T): T {
  // A map keeps the order of insertion: the first is the oldest.
  if (map.size >= CACHE_SIZE) for (const oldest of [...map.keys()].slice(0, CACHE_SIZE / 2)) map.delete(oldest)
  map.set(hash, value)
  return value
}

/**
 * @param epochLength Blocks in an epoch.
 * @param cache Shared by sources of one chain; a source itself remembers heights, and is for one piece of work.
 */
export function createParliaSource(rpc: RpcPort, epochLength: bigint, cache = createParliaCache()): ParliaSource {
  const headers = new Map<bigint, ParliaHeader>()

  async function findHeader(number: bigint): Promise<ParliaHeader | undefined> {
    const known = headers.get(number)
    if (known !== undefined) return known
    const tag = numberToHex(number)
    const block = await rpc.request('eth_getBlockByNumber', [tag, false])
    if (block === null || block === undefined) return undefined
    if (typeof block !== 'object' || !('hash' in block) || typeof block.hash !== 'string')
      throw new ParliaSourceError('PARLIA_NODE_ANSWER', 'the node answers with no block', { given: block })
    const header = await checked(block as RpcBlock, tag) // CAST: encodeHeaderFields checks each field that it reads
    if (header.number !== number)
      throw new ParliaSourceError('PARLIA_NODE_ANSWER', 'the block is of another height', {
        expected: number,
        given: header.number,
      })
    headers.set(number, header)
    return header
  }

  /** The block's header; by its raw bytes where a fork has appended fields that are not known here. */
  async function checked(block: RpcBlock, tag: Hex): Promise<ParliaHeader> {
    try {
      return headerOfBlock(block)
    } catch (cause) {
      const raw = await rpc.request('debug_getRawHeader', [tag]).catch(() => undefined)
      if (!isHexText(raw)) throw cause
      const header = parseParliaHeader(raw)
      if (header.hash !== block.hash.toLowerCase()) throw cause
      return header
    }
  }

  async function headerAt(number: bigint): Promise<ParliaHeader> {
    const header = await findHeader(number)
    if (header === undefined)
      throw new ParliaSourceError('PARLIA_NODE_ANSWER', 'the node lacks a block below its head', { number })
    return header
  }

  async function setAt(epoch: bigint): Promise<ValidatorSet> {
    const header = await headerAt(epoch)
    return cache.sets.get(header.hash) ?? remember(cache.sets, header.hash, setOfHeader(header))
  }

  const before = (epoch: bigint): bigint => (epoch < epochLength ? 0n : epoch - epochLength)
  const firstTarget = async (epoch: bigint): Promise<bigint> => epoch + offsetOf(await setAt(before(epoch)))

  async function epochInForce(target: bigint): Promise<bigint> {
    const epoch = target - (target % epochLength)
    return epoch === 0n || target >= (await firstTarget(epoch)) ? epoch : before(epoch)
  }

  /** The block that the attestation in `carrier` makes final. A header whose votes do not hold would be no block at all. */
  async function finalBy(carrier: ParliaHeader): Promise<FinalBlock | undefined> {
    const known = cache.finals.get(carrier.hash)
    if (known !== undefined) return known
    const { attestation } = readExtraData(carrier.extraData, carrier.number % epochLength === 0n)
    if (attestation === undefined) return undefined
    try {
      requireAdjacent(attestation.data)
    } catch (error) {
      if (error instanceof ParliaVerifyError) return undefined
      throw error
    }
    const { sourceNumber, sourceHash, targetNumber } = attestation.data
    const header = await findHeader(sourceNumber)
    if (header?.hash !== sourceHash)
      throw new ParliaSourceError('PARLIA_NODE_ANSWER', 'votes are for a block that the node does not serve', {
        expected: sourceHash,
        given: header?.hash,
      })
    const epoch = await epochInForce(targetNumber)
    try {
      verifyAttestation(attestation, await setAt(epoch))
    } catch (cause) {
      throw new ParliaSourceError(
        'PARLIA_NODE_ANSWER',
        'a block carries votes that do not hold',
        {
          number: carrier.number,
        },
        { cause },
      )
    }
    return remember(cache.finals, carrier.hash, { header, attestation, epoch })
  }

  return {
    async latest() {
      const number = await rpc.request('eth_blockNumber', [])
      if (typeof number !== 'string' || !/^0x[0-9a-fA-F]+$/.test(number))
        throw new ParliaSourceError('PARLIA_NODE_ANSWER', 'no block number', { given: number })
      return BigInt(number)
    },
    headerAt,
    findHeader,
    setAt,
    firstTarget,
    epochInForce,
    async firstFinal(from, to) {
      // The child of a source is its target; a block above that carries the votes.
      for (let number = from + 2n; number <= to + 1n + CARRIER_DEPTH; number += 1n) {
        const carrier = await findHeader(number)
        if (carrier === undefined) return undefined
        const found = await finalBy(carrier)
        if (found !== undefined && found.header.number >= from) return found.header.number <= to ? found : undefined
      }
      return undefined
    },
    async lastFinal(to, depth) {
      const end = to > depth ? to - depth : 0n
      for (let number = to; number > end; number -= 1n) {
        const found = await finalBy(await headerAt(number))
        if (found !== undefined) return found
      }
      return undefined
    },
    async historyProof(above, number) {
      const answer = await rpc
        .request('eth_getProof', [HISTORY_ADDRESS satisfies Address, [historySlotOf(number)], numberToHex(above)])
        .catch(() => undefined)
      const account = nodesOf(answer, 'accountProof')
      const slots: unknown = member(answer, 'storageProof')
      const storage = nodesOf(Array.isArray(slots) ? slots[0] : undefined, 'proof')
      return account === undefined || storage === undefined ? undefined : { account, storage }
    },
  }
}

function member(value: unknown, key: string): unknown {
  return typeof value === 'object' && value !== null && Object.hasOwn(value, key)
    ? (value as Readonly<Record<string, unknown>>)[key] // CAST: an object that has the key
    : undefined
}

function nodesOf(value: unknown, key: string): Hex | undefined {
  const nodes = member(value, key)
  return Array.isArray(nodes) && nodes.length > 0 && nodes.every(isHexText) ? concatHex(nodes) : undefined
}
