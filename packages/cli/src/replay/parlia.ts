import {
  anchorOfSet,
  encodeAttestedProof,
  encodeUpdate,
  type KnownSet,
  knownSetOf,
  nextEpochOf,
  offsetOf,
  type ParliaHeader,
  ParliaVerifyError,
  parseEpochFile,
  parseHeaderFile,
  readExtraData,
  requireAdjacent,
  storeStep,
  type ValidatorSet,
  type VoteAttestation,
  verifyAttestation,
  votersOf,
} from '@meridian/consensus/parlia'
import { MeridianError } from '@meridian/core'
import type { Address, Hex } from 'viem'
import { PARLIA_POLICY, parliaClientInit } from '../deploy/parlia-client.ts'
import { UsageError } from '../errors.ts'
import { readText } from '../files.ts'
import { createPrivateChain, type PrivateChain } from '../private-chain.ts'
import type { AttestationLine, ReplayError } from './report.ts'
import { headOf, submitUpdate } from './submit.ts'

/** Headers of one Parlia chain, and the epoch headers that list the validators. */
export interface ParliaReplay {
  readonly validators: readonly string[]
  readonly headers: readonly string[]
  /** Blocks in an epoch. */
  readonly epochLength: bigint
}

/** BNB Smart Chain's id: votes do not name it, and what is replayed holds no proof of possession, which would. */
const CHAIN_ID = 56n

/** An attestation with the header that carries it. */
interface Carried {
  readonly file: string
  readonly index: number
  readonly carrier: ParliaHeader
  readonly attestation: VoteAttestation
}

/** A light client that trusts one set, on a chain of its own. */
interface Client {
  readonly chain: PrivateChain
  readonly address: Address
  readonly known: KnownSet
}

/**
 * Judges every attestation in the files: the hash of the header that carries it, which set is in force at its target, and
 * by the light client on a private chain whether it makes its source final. Each set has a client of its own, which
 * trusts it just below the first block that it votes on here; its clock goes just past the carrying header.
 *
 * The switch to a set needs the numbers of the set before; where that is not given, its own stand in for them.
 *
 * @throws {@link UsageError} for files that hold no validators or no header
 */
export async function* replayParlia(replay: ParliaReplay): AsyncGenerator<AttestationLine, void, undefined> {
  const { epochLength } = replay
  const sets = replay.validators.flatMap((file) => read(file, () => parseEpochFile(readText(file), epochLength)))
  const files = replay.headers.map((file) => ({ file, headers: read(file, () => parseHeaderFile(readText(file))) }))
  if (files.length === 0) throw new UsageError('--header', 'is needed with --consensus parlia')
  const sources = new Map(files.flatMap(({ headers }) => headers.map((header) => [header.hash, header] as const)))
  const carried = files.flatMap(({ file, headers }) =>
    headers.flatMap((carrier, index): readonly Carried[] => {
      const isEpoch = carrier.number % epochLength === 0n
      const { attestation } = read(file, () => readExtraData(carrier.extraData, isEpoch))
      return attestation === undefined ? [] : [{ file, index, carrier, attestation }]
    }),
  )
  const clients = new Map<bigint, Client>()
  try {
    for (const item of carried) yield await judge(item, sets, sources, clients, epochLength)
  } finally {
    for (const { chain } of clients.values()) await chain.stop()
  }
}

async function judge(
  item: Carried,
  sets: readonly ValidatorSet[],
  sources: ReadonlyMap<Hex, ParliaHeader>,
  clients: Map<bigint, Client>,
  epochLength: bigint,
): Promise<AttestationLine> {
  const { file, index, carrier, attestation } = item
  const { sourceNumber, sourceHash, targetNumber, targetHash } = attestation.data
  const set = setFor(sets, targetNumber, epochLength)
  const line = {
    file,
    index,
    block: { number: Number(carrier.number), hash: carrier.hash, hashChecked: true },
    source: { number: Number(sourceNumber), hash: sourceHash },
    target: { number: Number(targetNumber), hash: targetHash },
    votes: votersOf(attestation.voters).length,
    epoch: set === undefined ? null : Number(set.epoch),
    validators: set === undefined ? null : set.validators.length,
    finalizes: null,
    gasUsed: 0,
    head: null,
  } as const
  const unapplied = (name: string, args: ReplayError['args']): AttestationLine => ({
    ...line,
    result: 'unapplied',
    error: { name, args },
  })
  try {
    requireAdjacent(attestation.data)
    if (set === undefined)
      return unapplied('NO_VALIDATOR_SET', { target: targetNumber, checked: 'the hash of the header alone' })
    const source = sources.get(sourceHash)
    if (source === undefined) {
      verifyAttestation(attestation, set)
      return unapplied('SOURCE_NOT_GIVEN', { source: sourceNumber, checked: 'the votes' })
    }
    const client = clients.get(set.epoch) ?? (await startClient(sets, set, source, epochLength))
    clients.set(set.epoch, client)
    await client.chain.warp(carrier.timestamp + 1n)
    const proof = encodeAttestedProof({ header: source, attestation, known: client.known })
    const submitted = await submitUpdate(client.chain, client.address, encodeUpdate([storeStep(proof)]))
    const head = await headOf(client.chain, client.address)
    const accepted = submitted.result !== 'rejected'
    return {
      ...line,
      ...submitted,
      result: accepted ? 'finalized' : 'rejected',
      finalizes: accepted ? { number: Number(source.number), hash: source.hash } : null,
      head: { number: Number(head.number), hash: head.hash },
    }
  } catch (error) {
    if (!(error instanceof ParliaVerifyError)) throw error
    return { ...line, result: 'rejected', error: { name: error.code, args: { ...error.context } } }
  }
}

/** First target of a set, with the numbers of the set before if that is there. */
function firstTargetOf(sets: readonly ValidatorSet[], set: ValidatorSet, epochLength: bigint): bigint {
  const before = sets.find(({ epoch }) => nextEpochOf(epoch, epochLength) === set.epoch)
  return set.epoch + offsetOf(before ?? set)
}

/** The set in force at a target; else one whose epoch has begun, which the client will refuse; else none. */
function setFor(sets: readonly ValidatorSet[], target: bigint, epochLength: bigint): ValidatorSet | undefined {
  const begun = sets.filter(
    (set) => set.epoch <= target && target < nextEpochOf(set.epoch, epochLength) + offsetOf(set),
  )
  return begun.find((set) => firstTargetOf(sets, set, epochLength) <= target) ?? begun[0]
}

async function startClient(
  sets: readonly ValidatorSet[],
  set: ValidatorSet,
  source: ParliaHeader,
  epochLength: bigint,
): Promise<Client> {
  const below = source.number - 1n
  const first = firstTargetOf(sets, set, epochLength)
  const anchor = anchorOfSet(set, first, below > set.epoch ? below : set.epoch, source.timestamp - 1n)
  const chain = await createPrivateChain({ start: source.timestamp })
  try {
    const address = await chain.deploy(
      parliaClientInit({ chainId: CHAIN_ID, epochLength, policy: PARLIA_POLICY }, anchor),
    )
    return { chain, address, known: knownSetOf(anchor, epochLength) }
  } catch (error) {
    await chain.stop()
    throw error
  }
}

function read<T>(source: string, parse: () => T): T {
  try {
    return parse()
  } catch (error) {
    if (error instanceof UsageError) throw error
    if (error instanceof MeridianError) throw new UsageError(source, error.message)
    throw error
  }
}
