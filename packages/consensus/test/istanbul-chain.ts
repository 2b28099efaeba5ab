import { concatHex, fromRlp, type Hex, keccak256, numberToHex, stringToHex, toRlp, zeroHash } from 'viem'
import {
  type AggregatedSeal,
  aggregateKey,
  applyDifference,
  encodeServed,
  epochOf,
  type IstanbulChain,
  type IstanbulHeader,
  keysOf,
  parseHeader,
  quorum,
  type SealedHeader,
  signSeal,
} from '../src/istanbul/index.ts'
import type { RpcPort } from '../src/types.ts'

export const GENESIS_TIME = 1_800_000_000n
/** Seconds between blocks. */
export const PERIOD = 5n
export const testChain: IstanbulChain = { chainId: 22_776n, epochSize: 10n, forkHeight: 5n }

/** A validator's secret. */
export const secretOf = (index: number): Hex => keccak256(stringToHex(`istanbul test validator ${index}`))
export const secretsOf = (indices: readonly number[]): Hex[] => indices.map(secretOf)

const keyCache = new Map<Hex, ReturnType<typeof keysOf>>()
/** Keys of a secret, worked out once. */
export function keys(secret: Hex): ReturnType<typeof keysOf> {
  const known = keyCache.get(secret) ?? keysOf(secret)
  keyCache.set(secret, known)
  return known
}
export const g1Of = (secrets: readonly Hex[]): Hex[] => secrets.map((secret) => keys(secret).g1)

/** How the next epoch's set differs: seats that leave, secrets that join. */
export interface Change {
  readonly removed?: readonly number[]
  readonly added?: readonly Hex[]
}

export interface BlockPlan {
  readonly number: bigint
  /** Secrets of the set, by seat. */
  readonly set: readonly Hex[]
  /** Seats that sign; default: the first quorum. */
  readonly signers?: readonly number[]
  readonly parentHash?: Hex
  readonly timestamp?: bigint
  readonly round?: bigint
  readonly change?: Change
  readonly salt?: string
  /** Fields behind the last, as forks append them. */
  readonly more?: readonly Hex[]
  /** Whole extra data, in place of what the change says. */
  readonly extraData?: Hex
  readonly receiptsRoot?: Hex
}

const bitmapOf = (seats: readonly number[]): bigint => seats.reduce((bitmap, seat) => bitmap | (1n << BigInt(seat)), 0n)
const scalar = (value: bigint): Hex => (value === 0n ? '0x' : numberToHex(value))

const EMPTY: Hex[] = ['0x', '0x', '0x']

/** The extra data of a header in the form of the block hash. */
export function extraDataOf({ removed = [], added = [] }: Change = {}): Hex {
  const addresses = added.map((secret): Hex => `0x${keccak256(secret).slice(-40)}`)
  const list = [
    addresses,
    added.map((secret) => keys(secret).g2),
    added.map((secret) => keys(secret).g1),
    scalar(bitmapOf(removed)),
    `0x${'5a'.repeat(65)}` as Hex,
    EMPTY,
    ['0x0f', `0x${'5a'.repeat(64)}`, '0x'] as Hex[],
  ]
  return concatHex([numberToHex(0x4d4150n, { size: 32 }), toRlp(list as never)]) // CAST: nested lists of hex
}

/** RLP of a header in the form of the block hash. */
export function headerOf(plan: BlockPlan): Hex {
  const root = (label: string): Hex => keccak256(stringToHex(`${label} ${plan.number} ${plan.salt ?? ''}`))
  const timestamp = plan.timestamp ?? GENESIS_TIME + plan.number * PERIOD
  return toRlp([
    plan.parentHash ?? root('parent'),
    `0x${'c0'.repeat(20)}`,
    root('state'),
    root('transactions'),
    plan.receiptsRoot ?? root('receipts'),
    `0x${'00'.repeat(256)}`,
    scalar(plan.number),
    '0x7a1200',
    '0x5208',
    scalar(timestamp),
    plan.extraData ?? extraDataOf(plan.change),
    zeroHash,
    '0x0000000000000000',
    '0x174876e800',
    ...(plan.more ?? []),
  ])
}

/** Seats that sign unless a plan says otherwise. */
export const quorumSeats = (size: number): number[] => Array.from({ length: quorum(size) }, (_, seat) => seat)

/** The seal of these seats of the set over a header. */
export function sealOf(hash: Hex, set: readonly Hex[], seats: readonly number[], round = 0n): AggregatedSeal {
  return signSeal(
    hash,
    round,
    seats.map((seat) => set[seat] ?? '0x'),
    bitmapOf(seats),
  )
}

/** A header that its set sealed, with all that proves it. */
export function makeBlock(plan: BlockPlan): SealedHeader & { readonly header: IstanbulHeader; readonly served: Hex } {
  const unsealed = headerOf(plan)
  const seats = plan.signers ?? quorumSeats(plan.set.length)
  const seal = sealOf(keccak256(unsealed), plan.set, seats, plan.round ?? 0n)
  const served = encodeServed(unsealed, seal)
  return {
    header: parseHeader(served),
    served,
    seal,
    validators: g1Of(plan.set),
    aggregateKey: aggregateKey(
      plan.set.map((secret) => keys(secret).g2),
      seal.bitmap,
    ),
  }
}

/** The set after a change. */
export function changed(set: readonly Hex[], { removed = [], added = [] }: Change): Hex[] {
  const byKey = new Map([...set, ...added].map((secret) => [keys(secret).g1, secret]))
  return applyDifference(g1Of(set), { removed: bitmapOf(removed), added: g1Of(added) }).map(
    (key) => byKey.get(key) ?? '0x',
  )
}

export interface TestIstanbulChain {
  readonly rpc: RpcPort
  /** A block with all that proves it. */
  block(number: bigint): SealedHeader & { readonly header: IstanbulHeader }
  /** Appends blocks up to a height; the last of each epoch has the change planned for it. */
  growTo(number: bigint): void
  /** Plans a change at the end of an epoch. */
  change(epoch: bigint, change: Change): void
  /** Answers of JSON-RPC that are altered on the way, by method. */
  readonly lies: Map<string, (answer: unknown) => unknown>
}

/** A chain in memory, with the JSON-RPC that the consensus reads. */
export function createTestIstanbulChain(set: readonly Hex[], chain: IstanbulChain = testChain): TestIstanbulChain {
  const blocks: (SealedHeader & { readonly header: IstanbulHeader; readonly served: Hex })[] = []
  const changes = new Map<bigint, Change>()
  const sets = new Map<bigint, readonly Hex[]>([
    [0n, set],
    [1n, set],
  ])
  const lies = new Map<string, (answer: unknown) => unknown>()
  const setOf = (epoch: bigint): readonly Hex[] => sets.get(epoch) ?? []
  const append = (): void => {
    const number = BigInt(blocks.length)
    const epoch = epochOf(number, chain.epochSize)
    const last = number > 0n && number % chain.epochSize === 0n
    const change = last ? (changes.get(epoch) ?? {}) : {}
    const made = makeBlock({
      number,
      set: setOf(epoch),
      parentHash: blocks.at(-1)?.header.hash ?? zeroHash,
      change,
      round: number % 3n,
      signers: number % 2n === 0n ? quorumSeats(setOf(epoch).length) : setOf(epoch).map((_, seat) => seat),
    })
    blocks.push(made)
    if (last) sets.set(epoch + 1n, changed(setOf(epoch), change))
  }
  append()
  const answer = (method: string, params: readonly unknown[]): unknown => {
    const [tag] = params
    const at = tag === 'latest' ? blocks.length - 1 : Number(tag)
    const block = blocks[at]
    if (block === undefined) return null
    if (method === 'eth_getBlockByNumber') return rpcBlock(block)
    if (method === 'istanbul_getSnapshot') {
      const epoch = BigInt(at) / chain.epochSize + 1n
      const validators = setOf(epoch).map((secret) => ({
        Address: `0x${keccak256(secret).slice(-40)}`,
        BLSPublicKey: keys(secret).g2,
        BLSG1PublicKey: keys(secret).g1,
      }))
      return { epoch: Number(chain.epochSize), number: at, hash: block.header.hash, validators }
    }
    throw new Error(`${method} is not served`)
  }
  return {
    lies,
    change: (epoch, change) => void changes.set(epoch, change),
    growTo(number) {
      while (BigInt(blocks.length) <= number) append()
    },
    block(number) {
      const found = blocks[Number(number)]
      if (found === undefined) throw new Error(`no block ${number}`)
      return found
    },
    rpc: {
      async request(method, params) {
        const given = answer(method, params)
        const lie = lies.get(method)
        return lie === undefined ? given : lie(given)
      },
    },
  }
}

/** A block as JSON-RPC serves it. */
export function rpcBlock({ header, served }: { readonly header: IstanbulHeader; readonly served: Hex }): unknown {
  const fields = fromRlp(served, 'hex') as readonly Hex[] // CAST: a header is a list of strings
  const quantity = (index: number): Hex => numberToHex(BigInt(fields[index] === '0x' ? 0 : (fields[index] ?? 0)))
  return {
    hash: header.hash,
    parentHash: fields[0],
    miner: fields[1],
    stateRoot: fields[2],
    transactionsRoot: fields[3],
    receiptsRoot: fields[4],
    logsBloom: fields[5],
    number: quantity(6),
    gasLimit: quantity(7),
    gasUsed: quantity(8),
    timestamp: quantity(9),
    extraData: fields[10],
    mixHash: fields[11],
    nonce: fields[12],
    baseFeePerGas: quantity(13),
  }
}
