import { sha256 } from '@noble/hashes/sha2.js'
import { bytesToHex, concatHex, type Hex, hexToBytes, padHex, sliceHex } from 'viem'
import { decompressSignature, verifyAggregate } from './bls.ts'
import { isQuorum, participants, participantsKey } from './committee.ts'
import { VerifyError } from './errors.ts'
import { gindices } from './forks.ts'
import { verifyBranch } from './merkle.ts'
import { forkAtSlot, type Network, periodAtSlot, timeAtSlot } from './networks.ts'
import { beaconHeaderRoot, executionHeaderRoot, syncCommitteeRoot } from './ssz.ts'
import type { BeaconHeader, Bootstrap, LightClientHeader, SyncCommittee, Update } from './types.ts'

/** `DOMAIN_SYNC_COMMITTEE` of consensus-specs altair. */
const DOMAIN_SYNC_COMMITTEE = '0x07000000'
/** Slots behind the head whose blocks the contract stores. */
const STORED_SLOTS = 8192n

/** What the contract holds, as a value. */
export interface LightClientStore {
  /** The newest finalized block known. */
  readonly head: { readonly slot: bigint; readonly root: Hex }
  /** The finalized blocks stored, by slot. A bootstrap that nobody has signed counts 0 participants. */
  readonly finalizedBlocks: ReadonlyMap<bigint, { readonly root: Hex; readonly participants: number }>
  /** `hash_tree_root(SyncCommittee)` by period: of the head's period, and of the one after it once it is known. */
  readonly committeeRoots: ReadonlyMap<bigint, Hex>
}

/** When an update is judged. All in seconds. */
export interface Clock {
  /** Unix time of the chain that holds the client. */
  readonly now: bigint
  /** A head older than this means that the client is expired. */
  readonly trustingPeriod: bigint
  /** How far a signature slot may lie in the future. Default 0. */
  readonly clockDrift?: bigint
}

/** What a valid update proves. */
export interface ValidatedUpdate {
  readonly finalizedHeader: BeaconHeader
  readonly finalizedRoot: Hex
  /** Members of the committee that signed. */
  readonly participants: number
  /** The committee of this period, where the update carries one. */
  readonly nextCommittee?: { readonly period: bigint; readonly root: Hex }
}

/** Spec `compute_domain(DOMAIN_SYNC_COMMITTEE, fork_version, genesis_validators_root)`. */
export function computeDomain(version: Hex, genesisValidatorsRoot: Hex): Hex {
  const forkDataRoot = sha256(
    hexToBytes(concatHex([padHex(version, { dir: 'right', size: 32 }), genesisValidatorsRoot])),
  )
  return concatHex([DOMAIN_SYNC_COMMITTEE, sliceHex(bytesToHex(forkDataRoot), 0, 28)])
}

/**
 * What a sync committee signs: spec `compute_signing_root`. The fork is that of the slot before the signature's, not
 * that of the signature's slot.
 */
export function signingRoot(network: Network, attestedRoot: Hex, signatureSlot: bigint): Hex {
  const previousSlot = (signatureSlot > 1n ? signatureSlot : 1n) - 1n
  const domain = computeDomain(forkAtSlot(network, previousSlot).version, network.genesisValidatorsRoot)
  return bytesToHex(sha256(hexToBytes(concatHex([attestedRoot, domain]))))
}

/**
 * Spec `is_valid_light_client_header`: the execution header, or from Gloas on the execution block hash, is the block's.
 * @throws VerifyError `BRANCH_EXECUTION`.
 */
export function validateLightClientHeader(header: LightClientHeader, network: Network): void {
  const fork = forkAtSlot(network, header.beacon.slot).name
  const { executionPayload, executionBlockHash } = gindices[fork]
  const shown = { code: 'BRANCH_EXECUTION', branch: header.executionBranch, root: header.beacon.bodyRoot } as const
  // Also of a block before Gloas, in an object of Gloas: by the place that its own fork has for it.
  if ('executionBlockHash' in header)
    verifyBranch({ ...shown, gindex: executionBlockHash, leaf: header.executionBlockHash })
  else if (executionPayload !== undefined)
    verifyBranch({ ...shown, gindex: executionPayload, leaf: executionHeaderRoot(fork, header.execution) })
  else
    throw new VerifyError('BRANCH_EXECUTION', `a header of ${fork} has another form`, {
      expected: 'executionBlockHash',
      given: 'execution',
    })
}

/**
 * Spec `initialize_light_client_store`.
 * @param trustedRoot Root of the block that the operator trusts; checked where it is given.
 * @throws VerifyError
 */
export function initializeLightClientStore(
  bootstrap: Bootstrap,
  network: Network,
  trustedRoot?: Hex,
): LightClientStore {
  validateLightClientHeader(bootstrap.header, network)
  const { beacon } = bootstrap.header
  const root = beaconHeaderRoot(beacon)
  if (trustedRoot !== undefined && trustedRoot.toLowerCase() !== root)
    throw new VerifyError('COMMITTEE_ROOT', 'the bootstrap is of another block', { expected: trustedRoot, given: root })
  const committeeRoot = syncCommitteeRoot(bootstrap.currentSyncCommittee)
  verifyBranch({
    code: 'BRANCH_CURRENT_COMMITTEE',
    gindex: gindices[forkAtSlot(network, beacon.slot).name].currentSyncCommittee,
    leaf: committeeRoot,
    branch: bootstrap.currentSyncCommitteeBranch,
    root: beacon.stateRoot,
  })
  return {
    head: { slot: beacon.slot, root },
    finalizedBlocks: new Map([[beacon.slot, { root, participants: 0 }]]),
    committeeRoots: new Map([[periodAtSlot(network, beacon.slot), committeeRoot]]),
  }
}

/**
 * Spec `validate_light_client_update`, with the contract's acceptance rules: finalized only, nothing from the future,
 * a committee that is stored, two thirds of it, exact branches.
 * @param signers The committee of the signature's period; checked against the stored root.
 * @throws VerifyError with the code of the rule that is broken.
 */
export function validateLightClientUpdate(
  store: LightClientStore,
  update: Update,
  signers: SyncCommittee,
  network: Network,
  clock: Clock,
): ValidatedUpdate {
  const attested = update.attestedHeader.beacon
  const finalized = update.finalizedHeader.beacon
  validateTime(store, update, network, clock)
  validateSigners(store, update, signers, network)

  const { finalizedRoot, nextCommittee } = validateBranches(update, network)
  const key = participantsKey(signers, update.syncAggregate.bits)
  const message = signingRoot(network, beaconHeaderRoot(attested), update.signatureSlot)
  if (!verifyAggregate(key, message, decompressSignature(update.syncAggregate.signature)))
    throw new VerifyError('SIGNATURE', 'the sync committee did not sign this header', {
      signatureSlot: update.signatureSlot,
      message,
    })
  refuseConflict(store, finalized.slot, finalizedRoot, nextCommittee)
  return {
    finalizedHeader: finalized,
    finalizedRoot,
    participants: participants(update.syncAggregate.bits, network.preset.syncCommitteeSize),
    ...(nextCommittee === undefined ? {} : { nextCommittee }),
  }
}

/**
 * What an update proves by itself, whoever signed it: each of its branches leads where it says.
 * @throws VerifyError `BRANCH_…`, `PERIOD_MISMATCH`.
 */
export function validateBranches(
  update: Update,
  network: Network,
): { readonly finalizedRoot: Hex; readonly nextCommittee: ValidatedUpdate['nextCommittee'] } {
  const attested = update.attestedHeader.beacon
  const finalizedRoot = beaconHeaderRoot(update.finalizedHeader.beacon)
  verifyBranch({
    code: 'BRANCH_FINALITY',
    gindex: gindices[forkAtSlot(network, attested.slot).name].finalizedRoot,
    leaf: finalizedRoot,
    branch: update.finalityBranch,
    root: attested.stateRoot,
  })
  validateLightClientHeader(update.attestedHeader, network)
  validateLightClientHeader(update.finalizedHeader, network)
  return { finalizedRoot, nextCommittee: validateNextCommittee(update, network) }
}

/** @throws VerifyError `PARTICIPATION` where fewer than two thirds signed. Returns how many did. */
export function requireQuorum({ syncAggregate }: Update, network: Network): number {
  const size = network.preset.syncCommitteeSize
  const count = participants(syncAggregate.bits, size)
  if (!isQuorum(count, size))
    throw new VerifyError('PARTICIPATION', 'fewer than two thirds signed', {
      expected: Math.ceil((2 * size) / 3),
      given: count,
    })
  return count
}

function validateTime(store: LightClientStore, update: Update, network: Network, clock: Clock): void {
  const attested = update.attestedHeader.beacon.slot
  const finalized = update.finalizedHeader.beacon.slot
  const { signatureSlot } = update
  if (!(signatureSlot > attested && attested >= finalized))
    throw new VerifyError('SLOT_ORDER', 'signature slot > attested slot >= finalized slot does not hold', {
      signatureSlot,
      attested,
      finalized,
    })
  const time = timeAtSlot(network, signatureSlot)
  const limit = clock.now + (clock.clockDrift ?? 0n)
  if (time > limit)
    throw new VerifyError('SLOT_IN_FUTURE', `slot ${signatureSlot} has not begun`, { expected: limit, given: time })
  const expiresAt = timeAtSlot(network, store.head.slot) + clock.trustingPeriod
  if (clock.now >= expiresAt)
    throw new VerifyError('EXPIRED', 'the head is older than the trusting period', {
      expected: expiresAt,
      given: clock.now,
    })
}

function validateSigners(store: LightClientStore, update: Update, signers: SyncCommittee, network: Network): void {
  const size = network.preset.syncCommitteeSize
  if (signers.pubkeys.length !== size)
    throw new VerifyError('COMMITTEE_SIZE', `a committee has ${size} members`, {
      expected: size,
      given: signers.pubkeys.length,
    })
  const period = periodAtSlot(network, update.signatureSlot)
  const expected = store.committeeRoots.get(period)
  if (expected === undefined)
    throw new VerifyError('COMMITTEE_UNKNOWN', `no committee is known for period ${period}`, {
      expected: [...store.committeeRoots.keys()],
      given: period,
    })
  const given = syncCommitteeRoot(signers)
  if (given !== expected)
    throw new VerifyError('COMMITTEE_ROOT', `another committee is stored for period ${period}`, { expected, given })
  requireQuorum(update, network)
}

function validateNextCommittee(update: Update, network: Network) {
  if (update.nextSyncCommittee === undefined) return undefined
  const attested = update.attestedHeader.beacon
  const period = periodAtSlot(network, attested.slot)
  const finalizedPeriod = periodAtSlot(network, update.finalizedHeader.beacon.slot)
  if (finalizedPeriod !== period)
    throw new VerifyError('PERIOD_MISMATCH', 'a next committee counts only where its own period is final', {
      expected: period,
      given: finalizedPeriod,
    })
  const root = syncCommitteeRoot(update.nextSyncCommittee.committee)
  verifyBranch({
    code: 'BRANCH_NEXT_COMMITTEE',
    gindex: gindices[forkAtSlot(network, attested.slot).name].nextSyncCommittee,
    leaf: root,
    branch: update.nextSyncCommittee.branch,
    root: attested.stateRoot,
  })
  return { period: period + 1n, root }
}

/** Two properly signed updates that cannot both be true: evidence, so it is told apart from a mere bad update. */
function refuseConflict(
  store: LightClientStore,
  slot: bigint,
  root: Hex,
  next: { readonly period: bigint; readonly root: Hex } | undefined,
): void {
  if (slot === store.head.slot && root !== store.head.root)
    throw new VerifyError('BLOCK_CONFLICT', `another block is final at slot ${slot}`, {
      expected: store.head.root,
      given: root,
    })
  const committee = next && store.committeeRoots.get(next.period)
  if (committee !== undefined && committee !== next?.root)
    throw new VerifyError('COMMITTEE_CONFLICT', `another committee is stored for period ${next?.period}`, {
      expected: committee,
      given: next?.root,
    })
}

/**
 * Spec `apply_light_client_update`, as the contract does it: the head only moves forward; an older finalized block, more
 * signers of a stored one and a missing next committee are stored. The result is `noop` where neither the head nor a block nor a committee
 * is new; more signers of a stored block are not. Checks nothing.
 */
export function applyLightClientUpdate(
  store: LightClientStore,
  valid: ValidatedUpdate,
  network: Network,
): { readonly store: LightClientStore; readonly result: 'updated' | 'noop' } {
  const { finalizedHeader, finalizedRoot: root, nextCommittee } = valid
  const { slot } = finalizedHeader
  const isAhead = slot > store.head.slot
  const head = isAhead ? { slot, root } : store.head
  const known = store.finalizedBlocks.get(slot)
  const hasMoreSigners = known === undefined || known.root !== root || known.participants < valid.participants
  const isNewBlock = isAhead || (store.head.slot - slot < STORED_SLOTS && hasMoreSigners)
  const headPeriod = periodAtSlot(network, head.slot)
  const isNewCommittee =
    nextCommittee !== undefined && nextCommittee.period > headPeriod && !store.committeeRoots.has(nextCommittee.period)
  const committees = [...store.committeeRoots].filter(([period]) => period >= headPeriod)
  if (isNewCommittee) committees.push([nextCommittee.period, nextCommittee.root])
  return {
    store: {
      head,
      finalizedBlocks: isNewBlock
        ? new Map([...store.finalizedBlocks, [slot, { root, participants: valid.participants }]])
        : store.finalizedBlocks,
      committeeRoots: new Map(committees),
    },
    result: isNewCommittee || (isNewBlock && known?.root !== root) ? 'updated' : 'noop',
  }
}

/** Spec `process_light_client_update`: validates, then applies. @throws VerifyError. */
export function processLightClientUpdate(
  store: LightClientStore,
  update: Update,
  signers: SyncCommittee,
  network: Network,
  clock: Clock,
): ReturnType<typeof applyLightClientUpdate> {
  return applyLightClientUpdate(store, validateLightClientUpdate(store, update, signers, network, clock), network)
}
