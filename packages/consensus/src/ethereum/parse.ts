import type { Hex } from 'viem'
import { z } from 'zod'
import { ParseError } from './errors.ts'
import { depthOf, type ForkName, gindices } from './forks.ts'
import { forkAtSlot, type Network } from './networks.ts'
import type { Bootstrap, LightClientHeader, OptimisticUpdate, Update } from './types.ts'

const MAX_UINT64 = (1n << 64n) - 1n
const MAX_UINT256 = (1n << 256n) - 1n
const MAX_EXTRA_DATA_BYTES = 32

function decimal(max: bigint, name: string) {
  return z
    .string(`expected a decimal ${name} in quotes`)
    .regex(/^(0|[1-9]\d{0,77})$/, `expected a decimal ${name}`)
    .transform((text) => BigInt(text))
    .refine((value) => value <= max, `exceeds ${name}`)
}

const uint64 = decimal(MAX_UINT64, 'uint64')
const uint256 = decimal(MAX_UINT256, 'uint256')

function isHex(text: string): text is Hex {
  return /^0x([0-9a-fA-F]{2})*$/.test(text)
}

function bytes(length: number) {
  return z
    .string(`expected ${length} bytes of hex`)
    .refine((text) => isHex(text) && text.length === 2 + 2 * length, `expected 0x and ${2 * length} hex digits`)
    .transform((text): Hex => `0x${text.slice(2).toLowerCase()}`)
}

const bytes32 = bytes(32)
const bytes48 = bytes(48)
const extraData = z
  .string('expected hex')
  .refine((text) => isHex(text) && text.length <= 2 + 2 * MAX_EXTRA_DATA_BYTES, 'expected at most 32 bytes of hex')
  .transform((text): Hex => `0x${text.slice(2).toLowerCase()}`)

const beaconSchema = z
  .strictObject({
    slot: uint64,
    proposer_index: uint64,
    parent_root: bytes32,
    state_root: bytes32,
    body_root: bytes32,
  })
  .transform((h) => ({
    slot: h.slot,
    proposerIndex: h.proposer_index,
    parentRoot: h.parent_root,
    stateRoot: h.state_root,
    bodyRoot: h.body_root,
  }))

const capellaExecutionShape = {
  parent_hash: bytes32,
  fee_recipient: bytes(20),
  state_root: bytes32,
  receipts_root: bytes32,
  logs_bloom: bytes(256),
  prev_randao: bytes32,
  block_number: uint64,
  gas_limit: uint64,
  gas_used: uint64,
  timestamp: uint64,
  extra_data: extraData,
  base_fee_per_gas: uint256,
  block_hash: bytes32,
  transactions_root: bytes32,
  withdrawals_root: bytes32,
}
const capellaExecution = z.strictObject(capellaExecutionShape)
const denebExecution = z.strictObject({ ...capellaExecutionShape, blob_gas_used: uint64, excess_blob_gas: uint64 })

const noBlobGas = z.literal('0', 'expected no blob gas before deneb')
/** A Capella header in an object of a later fork: spec `upgrade_lc_header_to_deneb`. */
const upgradedExecution = z.strictObject({
  ...capellaExecutionShape,
  blob_gas_used: noBlobGas,
  excess_blob_gas: noBlobGas,
})

function executionSchema(fork: ForkName) {
  if (fork === 'capella') return z.union([capellaExecution, upgradedExecution]).transform(toExecution)
  return denebExecution.transform((e) => ({
    ...toExecution(e),
    blobGasUsed: e.blob_gas_used,
    excessBlobGas: e.excess_blob_gas,
  }))
}

function toExecution(e: z.output<typeof capellaExecution>) {
  return {
    parentHash: e.parent_hash,
    feeRecipient: e.fee_recipient,
    stateRoot: e.state_root,
    receiptsRoot: e.receipts_root,
    logsBloom: e.logs_bloom,
    prevRandao: e.prev_randao,
    blockNumber: e.block_number,
    gasLimit: e.gas_limit,
    gasUsed: e.gas_used,
    timestamp: e.timestamp,
    extraData: e.extra_data,
    baseFeePerGas: e.base_fee_per_gas,
    blockHash: e.block_hash,
    transactionsRoot: e.transactions_root,
    withdrawalsRoot: e.withdrawals_root,
  }
}

/** The header's own slot decides its fork; the server's `version` is never read. */
const slotOuter = z.looseObject({ beacon: beaconSchema })
const payloadOuter = z.strictObject({
  beacon: beaconSchema,
  execution: z.unknown().refine((value) => value !== undefined, 'missing'),
  execution_branch: z.array(bytes32),
})
const bidOuter = z.strictObject({
  beacon: beaconSchema,
  execution_block_hash: bytes32,
  execution_branch: z.array(bytes32),
})

function branchOf(gindex: bigint) {
  return z.array(bytes32).length(depthOf(gindex), `expected ${depthOf(gindex)} siblings (gindex ${gindex})`)
}

const aggregateSchema = (size: number) =>
  z
    .strictObject({ sync_committee_bits: bytes(size / 8), sync_committee_signature: bytes(96) })
    .transform((a) => ({ bits: a.sync_committee_bits, signature: a.sync_committee_signature }))

const committeeSchema = (size: number) =>
  z
    .strictObject({
      pubkeys: z.array(bytes48).length(size, `expected ${size} public keys`),
      aggregate_pubkey: bytes48,
    })
    .transform((c) => ({ pubkeys: c.pubkeys, aggregatePubkey: c.aggregate_pubkey }))

const bootstrapOuter = z.strictObject({
  header: z.unknown(),
  current_sync_committee: z.unknown(),
  current_sync_committee_branch: z.unknown(),
})

const updateOuter = z.strictObject({
  attested_header: z.unknown(),
  next_sync_committee: z.unknown().optional(),
  next_sync_committee_branch: z.unknown().optional(),
  finalized_header: z.unknown(),
  finality_branch: z.unknown(),
  sync_aggregate: z.unknown(),
  signature_slot: uint64,
})

const optimisticOuter = z.strictObject({
  attested_header: z.unknown(),
  sync_aggregate: z.unknown(),
  signature_slot: uint64,
})

type Path = readonly (string | number)[]

function check<T>(schema: z.ZodType<T>, value: unknown, path: Path): T {
  const result = schema.safeParse(value)
  if (result.success) return result.data
  const issue = result.error.issues[0]
  const where = [...path, ...(issue?.path ?? [])].map(String).join('.') || 'the document'
  throw new ParseError(`${where}: ${(issue?.message ?? 'malformed').replaceAll('\n', ' ')}`, {
    path: where,
    expected: issue?.message ?? 'well-formed JSON',
    given: typeof value === 'object' ? (Array.isArray(value) ? 'array' : 'object') : String(value).slice(0, 80),
  })
}

/**
 * A header has the form of its object's fork, which is the attested header's. Across a fork a finalized header is older
 * than that and is brought into the newer form (spec `upgrade_lc_header_to_…`); what is proven of it stays that of its
 * own slot's fork.
 */
function parseHeader(value: unknown, network: Network, path: Path): LightClientHeader {
  const { slot } = check(slotOuter, value, path).beacon
  const fork = forkAtSlot(network, slot).name
  const { executionPayload, executionBlockHash } = gindices[fork]
  const branchPath = [...path, 'execution_branch']
  if (executionPayload === undefined || isBid(value)) {
    const outer = check(bidOuter, value, path)
    const branch = check(normalizedBranchOf(executionBlockHash), outer.execution_branch, branchPath)
    return { beacon: outer.beacon, executionBlockHash: outer.execution_block_hash, executionBranch: branch }
  }
  const outer = check(payloadOuter, value, path)
  return {
    beacon: outer.beacon,
    execution: check(executionSchema(fork), outer.execution, [...path, 'execution']),
    executionBranch: check(branchOf(executionPayload), outer.execution_branch, branchPath),
  }
}

function isBid(value: unknown): boolean {
  return typeof value === 'object' && value !== null && 'execution_block_hash' in value
}

/** A branch as long as Gloas' own, with zeros before one that is shorter: spec `normalize_merkle_branch`. */
function normalizedBranchOf(gindex: bigint) {
  const { executionBlockHash: longest } = gindices.gloas
  const extra = depthOf(longest) - depthOf(gindex)
  return branchOf(longest)
    .refine((branch) => branch.slice(0, extra).every((word) => BigInt(word) === 0n), `expected ${extra} zeros first`)
    .transform((branch) => branch.slice(extra))
}

/** `{version, data}` or the bare object. */
function unwrap(value: unknown): { readonly value: unknown; readonly path: Path } {
  if (typeof value === 'object' && value !== null && 'data' in value) return { value: value.data, path: ['data'] }
  return { value, path: [] }
}

/**
 * Reads a `LightClientBootstrap` as the beacon REST API serves it, with or without its wrapper.
 * @throws ParseError where the JSON is not one; ForkError where its slot's fork is unknown.
 */
export function parseBootstrap(json: unknown, network: Network): Bootstrap {
  const { value, path } = unwrap(json)
  const outer = check(bootstrapOuter, value, path)
  const header = parseHeader(outer.header, network, [...path, 'header'])
  const places = gindices[forkAtSlot(network, header.beacon.slot).name]
  return {
    header,
    currentSyncCommittee: check(committeeSchema(network.preset.syncCommitteeSize), outer.current_sync_committee, [
      ...path,
      'current_sync_committee',
    ]),
    currentSyncCommitteeBranch: check(branchOf(places.currentSyncCommittee), outer.current_sync_committee_branch, [
      ...path,
      'current_sync_committee_branch',
    ]),
  }
}

/**
 * Reads a `LightClientUpdate` or a `LightClientFinalityUpdate`, with or without its wrapper.
 * @throws ParseError where the JSON is neither; ForkError where a slot's fork is unknown.
 */
export function parseUpdate(json: unknown, network: Network, at: Path = []): Update {
  const inner = unwrap(json)
  const path = [...at, ...inner.path]
  const outer = check(updateOuter, inner.value, path)
  const attestedHeader = parseHeader(outer.attested_header, network, [...path, 'attested_header'])
  const places = gindices[forkAtSlot(network, attestedHeader.beacon.slot).name]
  const size = network.preset.syncCommitteeSize
  const finalityUpdate: Update = {
    attestedHeader,
    finalizedHeader: parseHeader(outer.finalized_header, network, [...path, 'finalized_header']),
    finalityBranch: check(branchOf(places.finalizedRoot), outer.finality_branch, [...path, 'finality_branch']),
    syncAggregate: check(aggregateSchema(size), outer.sync_aggregate, [...path, 'sync_aggregate']),
    signatureSlot: outer.signature_slot,
  }
  if (outer.next_sync_committee === undefined && outer.next_sync_committee_branch === undefined) return finalityUpdate
  return {
    ...finalityUpdate,
    nextSyncCommittee: {
      committee: check(committeeSchema(size), outer.next_sync_committee, [...path, 'next_sync_committee']),
      branch: check(branchOf(places.nextSyncCommittee), outer.next_sync_committee_branch, [
        ...path,
        'next_sync_committee_branch',
      ]),
    },
  }
}

/** Reads a `LightClientOptimisticUpdate`. @throws ParseError, ForkError. */
export function parseOptimisticUpdate(json: unknown, network: Network): OptimisticUpdate {
  const { value, path } = unwrap(json)
  const outer = check(optimisticOuter, value, path)
  return {
    attestedHeader: parseHeader(outer.attested_header, network, [...path, 'attested_header']),
    syncAggregate: check(aggregateSchema(network.preset.syncCommitteeSize), outer.sync_aggregate, [
      ...path,
      'sync_aggregate',
    ]),
    signatureSlot: outer.signature_slot,
  }
}

/** Reads what `light_client/updates` serves: an array, or a single update. @throws ParseError, ForkError. */
export function parseUpdates(json: unknown, network: Network): Update[] {
  const list = unwrap(json)
  if (Array.isArray(list.value)) return list.value.map((entry, i) => parseUpdate(entry, network, [...list.path, i]))
  return [parseUpdate(json, network)]
}

const headersSchema = z.object({
  data: z.object({
    root: bytes32,
    canonical: z.boolean(),
    header: z.object({ message: beaconSchema, signature: bytes(96).optional() }),
  }),
})

/** Reads what `/eth/v1/beacon/headers/{block_id}` serves. @throws ParseError. */
export function parseBlockHeader(json: unknown) {
  const { data } = check(headersSchema, json, [])
  return { root: data.root, canonical: data.canonical, header: data.header.message }
}

/** Parses text as JSON with a one-line error. @throws ParseError. */
export function parseJson(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch (cause) {
    const reason = cause instanceof Error ? cause.message.replaceAll('\n', ' ') : String(cause)
    throw new ParseError(`not JSON: ${reason}`, { path: '', expected: 'JSON', given: text.slice(0, 40) })
  }
}
