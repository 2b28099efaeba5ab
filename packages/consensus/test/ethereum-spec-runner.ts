/**
 * Runs the official light-client vectors (consensus-specs `tests/formats/light_client`) against the client's own code: `sync`
 * and `single_merkle_proof`. Objects are decoded by @lodestar/types, whose preset is the process', so that a run covers the
 * cases of that preset.
 *
 * The client differs from the specification's by design, and a case says so where it matters: it takes nothing that is not
 * finalized and signed by two thirds, and has no `force_update`.
 */
import assert from 'node:assert/strict'
import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import type { Type } from '@chainsafe/ssz'
import { ACTIVE_PRESET } from '@lodestar/params'
import { ssz } from '@lodestar/types'
import { uncompress } from 'snappyjs'
import { bytesToHex, type Hex, isHex } from 'viem'
import { z } from 'zod'
import {
  beaconHeaderRoot,
  depthOf,
  executionHeaderRoot,
  type ForkName,
  forkAtSlot,
  gindices,
  initializeLightClientStore,
  type LightClientHeader,
  type LightClientStore,
  type Network,
  parseBootstrap,
  parseUpdate,
  periodAtSlot,
  processLightClientUpdate,
  rootOfBranch,
  type SyncCommittee,
  syncCommitteeRoot,
  timeAtSlot,
  type Update,
  VerifyError,
  validateLightClientHeader,
  verifyBranch,
} from '../src/ethereum/index.ts'
import {
  forkOfDigest,
  networkOf,
  parseSpecConfig,
  parseYaml,
  type SpecFork,
  specForks,
} from './ethereum-spec-config.ts'

/** The largest object is a state of mainnet's preset. */
const MAX_OBJECT_BYTES = 2 ** 28
/** Longer than any case lasts: the specification's client never expires. */
const TRUSTING_PERIOD = 10n ** 12n

const hex = z.custom<Hex>((value) => isHex(value), 'not hex')
const uint = z
  .string()
  .regex(/^\d+$/)
  .transform((text) => BigInt(text))
const header = z.object({ slot: uint, beacon_root: hex, execution_root: hex.optional() })
const checks = z.object({ finalized_header: header, optimistic_header: header })
const metaSchema = z.object({ genesis_validators_root: hex, trusted_block_root: hex, bootstrap_fork_digest: hex })
const stepSchema = z.union([
  z.strictObject({
    process_update: z.object({
      update_fork_digest: hex,
      update: z.string().regex(/^[A-Za-z0-9_]+$/),
      current_slot: uint,
      checks,
    }),
  }),
  z.strictObject({ force_update: z.object({ current_slot: uint, checks }) }),
  z.strictObject({ upgrade_store: z.object({ checks }).loose() }),
])
const finalitySchema = z.object({
  finality_branch: z.array(hex),
  finalized_header: z.object({ beacon: z.object({ body_root: hex }) }),
})
const proofSchema = z.object({ leaf: hex, leaf_index: uint, branch: z.array(hex) })

/** A folder of the official layout that holds one case. */
export interface SpecCase {
  readonly name: string
  readonly preset: string
  readonly fork: string
  readonly handler: 'sync' | 'single_merkle_proof'
  /** For `single_merkle_proof`: the SSZ type. */
  readonly suite: string
  readonly path: string
}

/** What came of a case that did not fail. */
export interface SpecOutcome {
  /** Steps after which the client stands where the specification's does. */
  readonly checked: number
  /** Updates that the specification takes and this client does not, without effect on what is final. */
  readonly refused: readonly string[]
  /** Why the case, or the rest of it, is not this client's. */
  readonly unsupported?: string
}

function folders(path: string): readonly string[] {
  if (!existsSync(path)) return []
  const entries = readdirSync(path, { withFileTypes: true })
  return entries.flatMap((entry) => (entry.isDirectory() ? [entry.name] : [])).sort()
}

/** Every light-client case below `root`, which holds `tests/<config>/<fork>/…` or `<config>/<fork>/…`. */
export function findCases(root: string): readonly SpecCase[] {
  const base = existsSync(join(root, 'tests')) ? join(root, 'tests') : root
  const found: SpecCase[] = []
  for (const preset of folders(base))
    for (const fork of folders(join(base, preset)))
      for (const handler of ['sync', 'single_merkle_proof'] as const) {
        const top = join(base, preset, fork, 'light_client', handler)
        for (const suite of folders(top))
          for (const name of folders(join(top, suite)))
            found.push({ name, preset, fork, handler, suite, path: join(top, suite, name) })
      }
  return found
}

function readObject(path: string): Uint8Array {
  return new Uint8Array(uncompress(new Uint8Array(readFileSync(path)), MAX_OBJECT_BYTES))
}

/** A light-client object as the REST API shows it. */
function readJson(form: ForkName, name: 'LightClientBootstrap' | 'LightClientUpdate', path: string): unknown {
  // CAST: the forks' types have no common one; each decodes and prints its own values
  const type = ssz[form][name] as unknown as Type<unknown>
  return type.toJson(type.deserialize(readObject(path)))
}

function isSpecFork(name: string): name is SpecFork {
  return specForks.some((fork) => fork === name)
}

/** Runs one case. @throws AssertionError where the client and the vectors disagree. */
export function runCase(given: SpecCase): SpecOutcome {
  const { fork, preset } = given
  if (preset !== ACTIVE_PRESET) return unsupported(`preset ${preset} is run in a process of its own`)
  if (!isSpecFork(fork)) return unsupported(`fork ${fork} is not known here`)
  return given.handler === 'sync' ? runSync(given) : runMerkleProof(given, fork)
}

function unsupported(reason: string): SpecOutcome {
  return { checked: 0, refused: [], unsupported: reason }
}

const places = { ...gindices, altair: gindices.capella, bellatrix: gindices.capella } as const

/** What a case's name says that it proves, and where the client looks for it. */
function placeOf({ name }: SpecCase, fork: SpecFork): bigint | undefined {
  if (name.startsWith('current_sync_committee')) return places[fork].currentSyncCommittee
  if (name.startsWith('next_sync_committee')) return places[fork].nextSyncCommittee
  if (name.startsWith('finality_root')) return places[fork].finalizedRoot
  if (!name.startsWith('execution')) return undefined
  const { executionPayload, executionBlockHash } = places[fork]
  return executionPayload ?? executionBlockHash
}

function runMerkleProof(given: SpecCase, fork: SpecFork): SpecOutcome {
  const { suite, path } = given
  if (suite !== 'BeaconState' && suite !== 'BeaconBlockBody') return unsupported(`no proofs of ${suite} here`)
  const place = placeOf(given, fork)
  if (place === undefined) return unsupported('not a proof that the client needs')
  const proof = proofSchema.parse(parseYaml(readFileSync(join(path, 'proof.yaml'), 'utf8')))
  const type = ssz[fork][suite]
  const root = bytesToHex(type.deserializeToView(readObject(join(path, 'object.ssz_snappy'))).hashTreeRoot())
  assert.equal(place, proof.leaf_index, 'the client looks elsewhere')
  verifyBranch({ code: 'BRANCH_FINALITY', gindex: place, leaf: proof.leaf, branch: proof.branch, root })
  return { checked: 1, refused: [] }
}

interface Running {
  readonly network: Network
  store: LightClientStore
  /** Headers that the client has taken, by root. */
  readonly headers: Map<Hex, LightClientHeader>
  readonly committees: Map<Hex, SyncCommittee>
}

function runSync({ path }: SpecCase): SpecOutcome {
  const text = (file: string) => parseYaml(readFileSync(join(path, file), 'utf8'))
  const config = parseSpecConfig(readFileSync(join(path, 'config.yaml'), 'utf8'))
  const meta = metaSchema.parse(text('meta.yaml'))
  const network = networkOf(config, meta.genesis_validators_root)
  const formOf = (digest: Hex) => forkOfDigest(config, meta.genesis_validators_root, digest)
  const form = formOf(meta.bootstrap_fork_digest)
  if (!isClientFork(form)) return unsupported(`a header of ${form} names no execution block that could be proven`)
  const bootstrap = parseBootstrap(readJson(form, 'LightClientBootstrap', join(path, 'bootstrap.ssz_snappy')), network)
  const running: Running = {
    network,
    store: initializeLightClientStore(bootstrap, network, meta.trusted_block_root),
    headers: new Map([[beaconHeaderRoot(bootstrap.header.beacon), bootstrap.header]]),
    committees: new Map([[syncCommitteeRoot(bootstrap.currentSyncCommittee), bootstrap.currentSyncCommittee]]),
  }
  const refused: string[] = []
  let checked = 0
  for (const [index, step] of z.array(stepSchema).parse(text('steps.yaml')).entries()) {
    const where = `step ${index}`
    if ('process_update' in step) {
      const { update, update_fork_digest, current_slot, checks } = step.process_update
      const refusal = processStep(running, join(path, `${update}.ssz_snappy`), formOf(update_fork_digest), current_slot)
      if (refusal !== undefined) refused.push(`${where}: ${refusal}`)
      requireHeader(running, checks.finalized_header, where)
    } else if ('force_update' in step) {
      const { finalized_header: expected } = step.force_update.checks
      if (expected.slot !== running.store.head.slot) {
        const reason = `${where}: force_update takes a header at slot ${expected.slot} that nothing has finalized`
        return { checked, refused, unsupported: reason }
      }
      requireHeader(running, expected, where)
    } else {
      // The client has one store for all forks; its forms are those of the objects that it is given.
      requireHeader(running, step.upgrade_store.checks.finalized_header, where)
    }
    checked += 1
  }
  return { checked, refused }
}

function isClientFork(fork: SpecFork): fork is ForkName {
  return fork !== 'altair' && fork !== 'bellatrix'
}

/** Returns why the client refuses an update that the specification takes without moving what is final. */
function processStep(running: Running, path: string, form: SpecFork, currentSlot: bigint): string | undefined {
  const { network } = running
  if (!isClientFork(form)) return `an update of ${form}`
  const json = readJson(form, 'LightClientUpdate', path)
  const { finality_branch: branch, finalized_header: finalized } = finalitySchema.parse(json)
  if (branch.every(isZero) || isZero(finalized.beacon.body_root)) return 'nothing is finalized'
  const update = asTaken(parseUpdate(json, network), network)
  const period = periodAtSlot(network, update.signatureSlot)
  const signers = running.committees.get(running.store.committeeRoots.get(period) ?? '0x')
  assert.ok(signers, `the client does not know the committee of period ${period}`)
  const clock = { now: timeAtSlot(network, currentSlot), trustingPeriod: TRUSTING_PERIOD }
  try {
    running.store = processLightClientUpdate(running.store, update, signers, network, clock).store
  } catch (error) {
    if (error instanceof VerifyError && error.code === 'PARTICIPATION') return 'fewer than two thirds signed'
    throw error
  }
  running.headers.set(beaconHeaderRoot(update.finalizedHeader.beacon), update.finalizedHeader)
  const next = update.nextSyncCommittee?.committee
  if (next !== undefined) running.committees.set(syncCommitteeRoot(next), next)
  return undefined
}

function isZero(word: Hex): boolean {
  return BigInt(word) === 0n
}

/** An update as the client is given it: with its next committee where that is there and its own period is final. */
function asTaken({ nextSyncCommittee: next, ...update }: Update, network: Network): Update {
  const periods = [update.attestedHeader, update.finalizedHeader].map(({ beacon }) =>
    periodAtSlot(network, beacon.slot),
  )
  const isUsable = next?.branch.every(isZero) === false && periods[0] === periods[1]
  return next !== undefined && isUsable ? { ...update, nextSyncCommittee: next } : update
}

/** Spec `get_lc_execution_root`. */
function executionRootOf(given: LightClientHeader, network: Network): Hex {
  const fork = forkAtSlot(network, given.beacon.slot).name
  if ('execution' in given) return executionHeaderRoot(fork, given.execution)
  if (fork === 'gloas') return given.executionBlockHash
  const { executionBlockHash, executionPayload = 1n } = gindices[fork]
  const depth = depthOf(executionBlockHash) - depthOf(executionPayload)
  const index = executionBlockHash & ((1n << BigInt(depth)) - 1n)
  return rootOfBranch(given.executionBlockHash, given.executionBranch.slice(0, depth), index)
}

function requireHeader({ store, headers, network }: Running, expected: z.output<typeof header>, where: string): void {
  assert.equal(store.head.slot, expected.slot, `${where}: the finalized slot`)
  assert.equal(store.head.root, expected.beacon_root, `${where}: the finalized root`)
  const head = headers.get(store.head.root)
  assert.ok(head, `${where}: no object brought the head`)
  validateLightClientHeader(head, network)
  if (expected.execution_root !== undefined)
    assert.equal(executionRootOf(head, network), expected.execution_root, `${where}: the execution root`)
}
