import { bytesToHex, type Hex, numberToHex } from 'viem'
import type { RpcPort } from '../types.ts'
import { headerOfBlock, isBytes, member } from './block.ts'
import { G1_SIZE, G2_SIZE, type ValidatorKeys } from './bn254.ts'
import { lastBlockOf } from './epoch.ts'
import { IstanbulSourceError } from './errors.ts'
import { type IstanbulHeader, parseHeader } from './header.ts'

export interface IstanbulSource {
  /** The newest block: final, as every block of the chain is. Its seal is the caller's to check. */
  latest(): Promise<IstanbulHeader>
  /** The header at a height, undefined where the node has none yet. Recomputed to its block hash. */
  headerAt(number: bigint): Promise<IstanbulHeader | undefined>
  /** Blocks of an epoch, as the node says. */
  epochSize(): Promise<bigint>
  /** Keys of the set that seals the blocks of an epoch, by seat. What they are good for is the caller's to check. */
  validatorsOf(epoch: bigint, epochSize: bigint): Promise<readonly ValidatorKeys[]>
}

const answer = (message: string, context: Readonly<Record<string, unknown>>): IstanbulSourceError =>
  new IstanbulSourceError('ISTANBUL_NODE_ANSWER', message, context)

/** A key in hex or, as Go writes an array of bytes that has no text form, as numbers. */
function keyOf(value: unknown, size: number): Hex {
  const hex =
    Array.isArray(value) && value.every((byte) => Number.isInteger(byte) && byte >= 0 && byte < 256)
      ? bytesToHex(Uint8Array.from(value))
      : value
  if (!isBytes(hex) || hex.length !== 2 + 2 * size) throw answer('a validator has no such key', { size, given: value })
  return hex
}

/** Headers and validators of a MAP relay chain over JSON-RPC, each read once. */
export function createIstanbulSource(rpc: RpcPort): IstanbulSource {
  const headers = new Map<bigint, IstanbulHeader>()
  const sets = new Map<bigint, readonly ValidatorKeys[]>()

  async function read(tag: Hex | 'latest'): Promise<IstanbulHeader | undefined> {
    const block = await rpc.request('eth_getBlockByNumber', [tag, false])
    if (block === null || block === undefined) return undefined
    try {
      return headerOfBlock(block)
    } catch (cause) {
      // A fork may have added fields that have no name here.
      const hash = member(block, 'hash')
      const raw = await rpc.request('debug_getRawHeader', [tag === 'latest' ? hash : tag]).catch(() => undefined)
      if (!isBytes(raw) || typeof hash !== 'string') throw cause
      const header = parseHeader(raw)
      if (header.hash !== hash.toLowerCase()) throw cause
      return header
    }
  }

  return {
    async latest() {
      const header = await read('latest')
      if (header === undefined) throw answer('the node has no block', {})
      return header
    },
    async headerAt(number) {
      const known = headers.get(number)
      if (known !== undefined) return known
      const header = await read(numberToHex(number))
      if (header === undefined) return undefined
      if (header.number !== number)
        throw answer('the block is of another height', { expected: number, given: header.number })
      headers.set(number, header)
      return header
    },
    async epochSize() {
      const size = member(await rpc.request('istanbul_getSnapshot', ['latest']), 'epoch')
      if (typeof size !== 'number' || !Number.isSafeInteger(size) || size < 1)
        throw answer('the node answers with no epoch size', { given: size })
      return BigInt(size)
    },
    async validatorsOf(epoch, epochSize) {
      const known = sets.get(epoch)
      if (known !== undefined) return known
      // The snapshot at the last block of the epoch before has the set that this block's difference made.
      const snapshot = await rpc.request('istanbul_getSnapshot', [numberToHex(lastBlockOf(epoch - 1n, epochSize))])
      const list = member(snapshot, 'validators')
      if (!Array.isArray(list)) throw answer('the node answers with no snapshot', { epoch, given: snapshot })
      const keys = list.map((validator: unknown) => ({
        g1: keyOf(member(validator, 'BLSG1PublicKey'), G1_SIZE),
        g2: keyOf(member(validator, 'BLSPublicKey'), G2_SIZE),
      }))
      sets.set(epoch, keys)
      return keys
    },
  }
}
