/**
 * A beacon chain made of nothing but what a light client looks at: sparse state trees, committees with known keys, and
 * signatures. Written apart from the code that it tests, down to the bytes.
 */
import { bls12_381 } from '@noble/curves/bls12-381.js'
import { sha256 } from '@noble/hashes/sha2.js'
import {
  bytesToBigInt,
  bytesToHex,
  concatBytes,
  concatHex,
  type Hex,
  hexToBytes,
  keccak256,
  numberToHex,
  toRlp,
} from 'viem'

const { Fp, Fp2, Fr } = bls12_381.fields
const G1 = bls12_381.G1.Point
const G2 = bls12_381.G2.Point
const DST = 'BLS_SIG_BLS12381G2_XMD:SHA-256_SSWU_RO_POP_'

export interface G1Affine {
  readonly x: bigint
  readonly y: bigint
}
export interface G2Affine {
  readonly x: { readonly c0: bigint; readonly c1: bigint }
  readonly y: { readonly c0: bigint; readonly c1: bigint }
}

export const infinityG2: G2Affine = { x: { c0: 0n, c1: 0n }, y: { c0: 0n, c1: 0n } }

const uint = (value: bigint, size: number) => numberToHex(value, { size })
const packG1 = ({ x, y }: G1Affine) => concatHex([uint(x, 48), uint(y, 48)])
const packG2 = ({ x, y }: G2Affine) => concatHex([uint(x.c0, 48), uint(x.c1, 48), uint(y.c0, 48), uint(y.c1, 48)])
const hash = (...parts: Uint8Array[]): Uint8Array => new Uint8Array(sha256(concatBytes(parts)))
const pair = (left: Hex, right: Hex): Hex => bytesToHex(hash(hexToBytes(left), hexToBytes(right)))
/** A word that depends on its name only. */
export const filler = (name: string): Hex => bytesToHex(hash(new TextEncoder().encode(name)))
const littleEndian = (value: bigint): Hex => bytesToHex(hexToBytes(uint(value, 32)).reverse())

function compressed({ x, y }: G1Affine): Uint8Array {
  const bytes = hexToBytes(uint(x, 48))
  bytes[0] = (bytes[0] ?? 0) | 0x80 | (y > (Fp.ORDER - 1n) / 2n ? 0x20 : 0)
  return bytes
}
const keyLeaf = (key: G1Affine): Hex => bytesToHex(hash(compressed(key), new Uint8Array(16)))

/** A Merkle tree of which only some leaves matter; the rest is filler. */
export class SparseTree {
  readonly #name: string
  readonly #leaves: ReadonlyMap<bigint, Hex>
  readonly #ancestors: ReadonlySet<bigint>
  constructor(name: string, leaves: ReadonlyMap<bigint, Hex>) {
    this.#name = name
    this.#leaves = leaves
    const ancestors = new Set<bigint>()
    for (const leaf of leaves.keys()) for (let g = leaf >> 1n; g > 0n; g >>= 1n) ancestors.add(g)
    this.#ancestors = ancestors
  }
  node(gindex: bigint): Hex {
    const leaf = this.#leaves.get(gindex)
    if (leaf !== undefined) return leaf
    if (!this.#ancestors.has(gindex)) return filler(`${this.#name}/${gindex}`)
    return pair(this.node(2n * gindex), this.node(2n * gindex + 1n))
  }
  branch(gindex: bigint): Hex[] {
    const siblings: Hex[] = []
    for (let g = gindex; g > 1n; g >>= 1n) siblings.push(this.node(g ^ 1n))
    return siblings
  }
}

/** A sync committee whose secret keys are known. `keys` and `aggregate` may be replaced by hostile ones. */
export interface Committee {
  readonly secrets: readonly bigint[]
  readonly keys: readonly G1Affine[]
  readonly aggregate: G1Affine
}

export function committeeOf(secrets: readonly bigint[]): Committee {
  const keys = secrets.map((secret) => G1.BASE.multiply(secret).toAffine())
  const total = secrets.reduce((sum, secret) => Fr.add(sum, secret), 0n)
  return { secrets, keys, aggregate: total === 0n ? { x: 0n, y: 0n } : G1.BASE.multiply(total).toAffine() }
}

export function secretsOf(name: string, size: number): bigint[] {
  return Array.from({ length: size }, (_, i) => Fr.create(bytesToBigInt(hexToBytes(filler(`${name}/${i}`)))))
}

function keyTree(committee: Committee): Hex[] {
  const size = committee.keys.length
  const nodes: Hex[] = Array.from({ length: 2 * size }, () => '0x')
  committee.keys.forEach((key, i) => {
    nodes[size + i] = keyLeaf(key)
  })
  for (let g = size - 1; g > 0; g--) nodes[g] = pair(nodes[2 * g] ?? '0x', nodes[2 * g + 1] ?? '0x')
  return nodes
}

export function pubkeysRootOf(committee: Committee): Hex {
  return keyTree(committee)[1] ?? '0x'
}

export function committeeRoot(committee: Committee): Hex {
  return pair(pubkeysRootOf(committee), keyLeaf(committee.aggregate))
}

function multiproof(committee: Committee, absent: readonly number[]): Hex[] {
  const nodes = keyTree(committee)
  const proof: Hex[] = []
  for (let known = absent.map((i) => i + committee.keys.length); (known[0] ?? 1) > 1; ) {
    for (const g of known) if (!known.includes(g ^ 1)) proof.push(nodes[g ^ 1] ?? '0x')
    known = [...new Set(known.map((g) => g >> 1))]
  }
  return proof
}

/** Where the fields stand; typed again from consensus-specs, apart from the contract's and the client's tables. */
const early = { finalized: 105n, current: 54n, next: 55n, blockRoots: 37n, summaries: 59n }
const late = { finalized: 169n, current: 86n, next: 87n, blockRoots: 69n, summaries: 91n }
const progressive = { finalized: 735n, current: 2945n, next: 2946n, blockRoots: 352n, summaries: 2950n }
/** `signed_execution_payload_bid.message.block_hash` in a body of Gloas: of a payload that may never be revealed. */
export const BID_BLOCK_HASH = 22857n
export const forkTable = {
  capella: { layout: 0, places: early, blockHash: 412n, receiptsRoot: 403n },
  deneb: { layout: 1, places: early, blockHash: 812n, receiptsRoot: 803n },
  electra: { layout: 2, places: late, blockHash: 812n, receiptsRoot: 803n },
  fulu: { layout: 2, places: late, blockHash: 812n, receiptsRoot: 803n },
  gloas: { layout: 3, places: progressive, blockHash: 2856n, receiptsRoot: undefined },
} as const
export type ForkName = keyof typeof forkTable

export interface World {
  readonly name: string
  readonly genesisTime: bigint
  readonly genesisValidatorsRoot: Hex
  readonly secondsPerSlot: bigint
  readonly slotsPerEpoch: bigint
  readonly slotsPerPeriod: bigint
  readonly slotsPerHistoricalRoot: bigint
  readonly forks: readonly { readonly name: ForkName; readonly epoch: bigint; readonly version: Hex }[]
}

export function forkAt(world: World, slot: bigint) {
  const fork = world.forks.findLast(({ epoch }) => epoch <= slot / world.slotsPerEpoch)
  if (fork === undefined) throw new RangeError(`no fork at slot ${slot}`)
  return { ...fork, ...forkTable[fork.name] }
}

export interface BeaconBlock {
  readonly slot: bigint
  readonly header: Hex
  readonly root: Hex
  readonly state: SparseTree
  readonly body: SparseTree
  /** Raw RLP of the execution header. */
  readonly execution: Hex
  readonly receipts: Hex
  /** What with the body's root, or with the state's, makes up the header's root. */
  readonly aroundBody: Hex
  readonly aroundState: Hex
}

/** What a block's state names. */
export interface StateFields {
  readonly finalized?: Hex
  readonly current?: Committee
  readonly next?: Committee
  /** Roots in `block_roots`, by slot. */
  readonly blockRoots?: ReadonlyMap<bigint, Hex>
  /** Roots in entries of `historical_summaries`, by the window of slots that an entry covers. */
  readonly summaries?: ReadonlyMap<bigint, Hex>
  /** Tells blocks of one slot apart. */
  readonly salt?: string
}

export function makeBlock(world: World, slot: bigint, fields: StateFields = {}): BeaconBlock {
  const name = `${world.name}/${slot}/${fields.salt ?? ''}`
  const { places, blockHash, receiptsRoot } = forkAt(world, slot)
  const leaves = new Map<bigint, Hex>()
  if (fields.finalized !== undefined) leaves.set(places.finalized, fields.finalized)
  if (fields.current !== undefined) leaves.set(places.current, committeeRoot(fields.current))
  if (fields.next !== undefined) leaves.set(places.next, committeeRoot(fields.next))
  for (const [at, root] of fields.blockRoots ?? []) leaves.set(blockRootIndex(world, slot, at), root)
  for (const [at, root] of fields.summaries ?? []) leaves.set(summaryIndex(world, slot, at), root)
  const state = new SparseTree(`${name}/state`, leaves)
  const execution = toRlp([
    ...['parent', 'ommers', 'coinbase', 'state', 'transactions', 'receipts'].map((field) =>
      field === 'coinbase' ? filler(name).slice(0, 42) : filler(`${name}/${field}`),
    ),
    concatHex(Array.from({ length: 8 }, (_, i) => filler(`${name}/bloom/${i}`))),
    '0x',
    numberToHex(1_000_000n + slot),
    numberToHex(36_000_000n),
    numberToHex(21_000n + slot),
    numberToHex(world.genesisTime + slot * world.secondsPerSlot),
    '0x4d65726964',
    filler(`${name}/randao`),
    '0x0000000000000000',
    numberToHex(7n),
    filler(`${name}/withdrawals`),
    '0x',
    '0x',
    filler(`${name}/beacon`),
    filler(`${name}/requests`),
  ] as Hex[]) // CAST: every element is 0x-prefixed hex; the slice of a filler keeps its prefix
  const receipts = filler(`${name}/receipts`)
  const payload = new Map<bigint, Hex>([[blockHash, keccak256(execution)]])
  if (receiptsRoot === undefined) payload.set(BID_BLOCK_HASH, filler(`${name}/bid`))
  else payload.set(receiptsRoot, receipts)
  const body = new SparseTree(`${name}/body`, payload)
  const proposer = slot * 7n + 3n
  const parent = filler(`${name}/parent`)
  const [stateRoot, bodyRoot] = [state.node(1n), body.node(1n)]
  const zero = uint(0n, 32)
  const [parentAndState, bodySide] = [pair(parent, stateRoot), pair(pair(bodyRoot, zero), pair(zero, zero))]
  const root = pair(pair(pair(littleEndian(slot), littleEndian(proposer)), parentAndState), bodySide)
  const header = concatHex([uint(slot, 8), uint(proposer, 8), parent, stateRoot, bodyRoot])
  const sides = {
    aroundBody: concatHex([uint(slot, 8), uint(proposer, 8), parentAndState]),
    aroundState: concatHex([uint(slot, 8), uint(proposer, 8), parent, bodySide]),
  }
  return { slot, header, root, state, body, execution, receipts, ...sides }
}

/** Generalized index of `block_roots[at % n]` in the state at `slot`. */
export function blockRootIndex(world: World, slot: bigint, at: bigint): bigint {
  return forkAt(world, slot).places.blockRoots * world.slotsPerHistoricalRoot + (at % world.slotsPerHistoricalRoot)
}

/**
 * Generalized index in the state at `slot` of `at`'s root in the summary of the window of slots that it lies in. Entry 0
 * is Capella's first window, here that of slot 0.
 */
export function summaryIndex(world: World, slot: bigint, at: bigint): bigint {
  const window = at / world.slotsPerHistoricalRoot
  const summary = 2n * forkAt(world, slot).places.summaries * 2n ** 24n + window
  return 2n * summary * world.slotsPerHistoricalRoot + (at % world.slotsPerHistoricalRoot)
}

export function domainOf(version: Hex, genesisValidatorsRoot: Hex): Hex {
  const forkData = pair(concatHex([version, uint(0n, 28)]), genesisValidatorsRoot)
  return concatHex(['0x07000000', `0x${forkData.slice(2, 58)}`])
}

/** An update to make, and what to falsify in it. */
export interface UpdateSpec {
  readonly attested: bigint
  readonly finalized: BeaconBlock
  readonly signatureSlot?: bigint
  readonly signers: Committee
  readonly absent?: readonly number[]
  /** The next committee in the attested state. */
  readonly next?: Committee
  /** Whether the update carries it. */
  readonly carriesNext?: boolean
  readonly version?: Hex
  readonly genesisValidatorsRoot?: Hex
  readonly signature?: G2Affine
  readonly salt?: string
  /** Those absent from the kept aggregate that the update says to start from. */
  readonly keptAbsent?: readonly number[]
  /** In place of that aggregate. */
  readonly keptKey?: G1Affine
  /** Whether it asks to keep its own. */
  readonly keep?: boolean
}

export function bitsOf(size: number, absent: readonly number[]): Hex {
  const bits = new Uint8Array(size / 8).fill(0xff)
  for (const i of absent) bits[i >> 3] = (bits[i >> 3] ?? 0) & ~(1 << (i & 7))
  return bytesToHex(bits)
}

/** The aggregate key of all but the absent members. */
export function aggregateOf(committee: Committee, absent: readonly number[]): G1Affine {
  const secret = committee.secrets.reduce((sum, key, i) => (absent.includes(i) ? sum : Fr.add(sum, key)), 0n)
  return G1.BASE.multiply(secret).toAffine()
}

export function makeUpdate(world: World, spec: UpdateSpec): Hex {
  const { signers, finalized, absent = [], signatureSlot = spec.attested + 1n } = spec
  const size = signers.keys.length
  const attested = makeBlock(world, spec.attested, {
    finalized: finalized.root,
    ...(spec.next === undefined ? {} : { next: spec.next }),
    salt: `attested/${spec.salt ?? ''}`,
  })
  const { places } = forkAt(world, spec.attested)
  const version = spec.version ?? forkAt(world, signatureSlot - 1n).version
  const message = pair(attested.root, domainOf(version, spec.genesisValidatorsRoot ?? world.genesisValidatorsRoot))
  const secret = signers.secrets.reduce((sum, key, i) => (absent.includes(i) ? sum : Fr.add(sum, key)), 0n)
  const signature = spec.signature ?? (secret === 0n ? infinityG2 : hashToG2(message).multiply(secret).toAffine())
  const { keptAbsent } = spec
  const key = keptAbsent === undefined ? signers.aggregate : aggregateOf(signers, keptAbsent)
  const next = spec.carriesNext ? spec.next : undefined
  const flags = (next === undefined ? 0n : 1n) + (keptAbsent === undefined ? 0n : 2n) + (spec.keep ? 4n : 0n)
  const proven = signers.keys.flatMap((_, i) => (absent.includes(i) !== (keptAbsent ?? []).includes(i) ? [i] : []))
  return concatHex([
    attested.header,
    finalized.header,
    uint(signatureSlot, 8),
    bitsOf(size, absent),
    pubkeysRootOf(signers),
    packG1(spec.keptKey ?? key),
    packG2(signature),
    uint(flags, 1),
    ...(keptAbsent === undefined ? [] : [bitsOf(size, keptAbsent)]),
    ...(next === undefined ? [] : [committeeRoot(next), ...attested.state.branch(places.next)]),
    ...attested.state.branch(places.finalized),
    ...proven.map((i) => packG1(signers.keys[i] ?? { x: 0n, y: 0n })),
    ...multiproof(signers, proven),
  ])
}

export function hashToG2(message: Hex) {
  return G2.fromAffine(bls12_381.G2.hashToCurve(hexToBytes(message), { DST }).toAffine())
}

/** A point of the curve outside the subgroup: the first x that gives one. */
export function strayG1(): G1Affine {
  for (let x = 1n; ; x++) {
    const square = Fp.add(Fp.pow(x, 3n), 4n)
    if (!Fp.eql(Fp.pow(square, (Fp.ORDER - 1n) / 2n), 1n)) continue
    const y = Fp.sqrt(square)
    if (!G1.fromAffine({ x, y }).isTorsionFree()) return { x, y }
  }
}

/** The same on the twist. */
export function strayG2(): G2Affine {
  for (let c0 = 1n; ; c0++) {
    const x = Fp2.create({ c0, c1: 1n })
    const square = Fp2.add(Fp2.mul(Fp2.sqr(x), x), Fp2.create({ c0: 4n, c1: 4n }))
    try {
      const y = Fp2.sqrt(square)
      if (!G2.fromAffine({ x, y }).isTorsionFree()) return { x, y }
    } catch {
      // not a square: the next x
    }
  }
}
