import { ethereumLightClientAbi } from '@meridian/abi'
import {
  decodeEventLog,
  decodeFunctionResult,
  encodeFunctionData,
  getAbiItem,
  type Hex,
  toEventSelector,
  zeroHash,
} from 'viem'
import { noEvidence } from '../evidence.ts'
import type { AcceptedUpdate, ClientState, Consensus, Evidence, RpcPort, SourcePorts } from '../types.ts'
import { detailOf } from './client.ts'
import {
  type Conflict,
  type EvidenceRules,
  encodeConflict,
  requireCommittee,
  type Signed,
  verifyConflict,
  verifySigned,
} from './conflict.ts'
import { ClientMismatchError, NodeAnswerError, VerifyError } from './errors.ts'
import { type Network, periodAtSlot, slotAtTime } from './networks.ts'
import { isWrongAnswer } from './nodes.ts'
import { updateOfBlocks } from './own-update.ts'
import { findSignedUpdate, type SignedUpdate, signedUpdateOf } from './signed-update.ts'
import { createEthereumSource, type EthereumSource } from './source.ts'
import { beaconHeaderRoot } from './ssz.ts'
import type { SyncCommittee, Update } from './types.ts'

/** The contract keeps so many committees. */
const MAX_PERIODS = 16n

/** The client learns a committee ahead of the heads that it signs. */
export const otherClaims: NonNullable<Consensus['otherClaims']> = {
  topic: toEventSelector(getAbiItem({ abi: ethereumLightClientAbi, name: 'SyncCommitteeStored' })),
  read({ topics, data }) {
    const [signature = zeroHash, ...rest] = topics
    const { args } = decodeEventLog({
      abi: ethereumLightClientAbi,
      eventName: 'SyncCommitteeStored',
      data,
      topics: [signature, ...rest],
    })
    return { what: 'committee', number: args.period, hash: args.root }
  },
}

/** The client's committees at the newest block, and the rules that go with them. */
async function readRules(target: RpcPort, client: ClientState, now: bigint): Promise<EvidenceRules> {
  const { trustingPeriod, clockDrift } = detailOf(client)
  const read = async (data: Hex): Promise<Hex> => {
    const answer = await target.request('eth_call', [{ to: client.address, data }, 'latest'])
    if (typeof answer !== 'string' || !/^0x([0-9a-fA-F]{2})+$/.test(answer))
      throw new ClientMismatchError('there is no light client at the address', { address: client.address })
    return `0x${answer.slice(2)}`
  }
  const abi = ethereumLightClientAbi
  const [first, last] = decodeFunctionResult({
    abi,
    functionName: 'syncCommitteePeriods',
    data: await read(encodeFunctionData({ abi, functionName: 'syncCommitteePeriods' })),
  })
  const committeeRoots = new Map<bigint, Hex>()
  for (let period = first; period <= last && period < first + MAX_PERIODS; period++) {
    const data = await read(encodeFunctionData({ abi, functionName: 'syncCommitteeRoot', args: [period] }))
    const root = decodeFunctionResult({ abi, functionName: 'syncCommitteeRoot', data })
    if (BigInt(root) !== 0n) committeeRoots.set(period, root)
  }
  return { committeeRoots, now, trustingPeriod, clockDrift }
}

/**
 * Evidence against a head or a committee that the client accepted: the update that brought it, and what our own nodes have
 * that as many signed instead. That is another finalized block in the slot, another next committee of the period, or a later
 * finalized block whose state holds another root in the slot. Both signatures are verified here before anything is sent, so
 * that a node which lies, lags or lost a fork accuses nobody: it has no signature to show.
 *
 * @throws ClientMismatchError, and what the nodes fail with.
 */
export async function ethereumMisbehaviour(
  network: Network,
  ports: SourcePorts,
  target: RpcPort,
  client: ClientState,
  accepted: AcceptedUpdate,
  now: bigint,
): Promise<Evidence> {
  const { number, hash: root } = accepted
  const mark = accepted.what === 'head' ? { finalized: { slot: number, root } } : { next: { period: number, root } }
  const update = findSignedUpdate(accepted.update, mark, network)
  if (update === undefined) return noEvidence('UPDATE_NOT_FOUND', 'the bytes do not hold the update')
  const source = createEthereumSource(ports, network)
  const rules = await readRules(target, client, now)
  const own = await ownUpdates(source, network, update, rules)
  const committees = createCommittees(source, network, rules, client, own)
  const theirs = await committees.sign(update)
  if (!('update' in theirs)) return theirs

  let missing: Evidence = noEvidence(
    'NOT_SERVED',
    'our nodes serve no update that two thirds signed and that it conflicts with',
  )
  const tryOne = async (candidate: SignedUpdate): Promise<Evidence | undefined> => {
    const ours = await committees.sign(candidate)
    if (!('update' in ours)) {
      missing = ours
      return undefined
    }
    const conflict = await conflictOf(source, network, accepted, theirs, ours)
    if (conflict === undefined) return undefined
    verifyConflict(conflict, network, rules)
    return { status: 'found', data: encodeConflict(conflict) }
  }
  for (const { value, passOver } of own) {
    try {
      const found = await tryOne(forEvidence(value, network))
      if (found !== undefined) return found
    } catch (error) {
      if (!isWrongAnswer(error)) throw error
      passOver(error)
    }
  }
  if (accepted.what === 'head') {
    const made = await updateOfBlocks(source, network, newestUseful(network, update, rules)).catch(unlessWrong)
    const found = made && (await tryOne(made).catch(unlessWrong))
    if (found !== undefined) return found
  }
  return missing
}

function unlessWrong(error: unknown): undefined {
  if (!isWrongAnswer(error)) throw error
  return undefined
}

/** What every node has from the update's period up to the last one that the client can judge, newest finality first. */
async function ownUpdates(source: EthereumSource, network: Network, update: SignedUpdate, rules: EvidenceRules) {
  const from = periodAtSlot(network, update.finalized.slot)
  const last = lastPeriod(rules)
  if (last < from) return []
  const ranged = await source.updates(from, last - from + 1n).catch(() => [])
  const newest = await source.finalityUpdates().catch(() => [])
  return [...newest, ...ranged]
}

/** The last slot whose signature can be evidence against an update: the client knows who signs, and `block_roots` reaches. */
function newestUseful(network: Network, update: SignedUpdate, rules: EvidenceRules) {
  const { slotsPerEpoch, epochsPerSyncCommitteePeriod, slotsPerHistoricalRoot } = network.preset
  const limits = [
    slotAtTime(network, rules.now),
    (lastPeriod(rules) + 1n) * slotsPerEpoch * epochsPerSyncCommitteePeriod - 1n,
    update.finalized.slot + slotsPerHistoricalRoot,
  ]
  return limits.reduce((least, one) => (one < least ? one : least))
}

const lastPeriod = ({ committeeRoots }: EvidenceRules): bigint =>
  [...committeeRoots.keys()].reduce((last, period) => (period > last ? period : last), 0n)

/** As evidence takes it: with its next committee only where its own period is final. */
function forEvidence(served: Update, network: Network): SignedUpdate {
  const { next, ...update } = signedUpdateOf(served)
  const [attested, finalized] = [update.attested, update.finalized].map(({ slot }) => periodAtSlot(network, slot))
  return next === undefined || attested !== finalized ? update : { ...update, next }
}

/** Who signed an update, by what the client keeps and our nodes show. */
function createCommittees(
  source: EthereumSource,
  network: Network,
  rules: EvidenceRules,
  client: ClientState,
  own: readonly { readonly value: Update }[],
) {
  const known = new Map<bigint, SyncCommittee | undefined>()
  /** A block whose bootstrap shows the committee of a period: one of our own nodes', where there is one. */
  const anchorOf = (period: bigint): Hex => {
    const found = own.find(({ value }) => periodAtSlot(network, value.finalizedHeader.beacon.slot) === period)
    return found === undefined ? client.head.hash : beaconHeaderRoot(found.value.finalizedHeader.beacon)
  }
  return {
    /** @throws NodeAnswerError it does not verify. */
    async sign(update: SignedUpdate): Promise<Signed | Extract<Evidence, { status: 'none' }>> {
      const period = periodAtSlot(network, update.signatureSlot)
      try {
        const root = requireCommittee(period, network, rules)
        if (!known.has(period)) known.set(period, await source.committee(root, period, anchorOf(period)))
        const signers = known.get(period)
        if (signers === undefined)
          return none('SET_UNKNOWN', `our nodes do not show the client's committee of period ${period}`)
        const signed = { update, signers }
        verifySigned(signed, network, rules)
        return signed
      } catch (error) {
        if (!(error instanceof VerifyError)) throw error
        if (error.code === 'COMMITTEE_UNKNOWN') return none('SET_UNKNOWN', error.message)
        if (error.code === 'EXPIRED') return none('EXPIRED', error.message)
        if (error.code === 'SLOT_IN_FUTURE' || error.code === 'PARTICIPATION') return none('NOT_SERVED', error.message)
        throw new NodeAnswerError(`an update does not verify: ${error.message}`, error.context, { cause: error })
      }
    },
  }
}

const none = (code: Extract<Evidence, { status: 'none' }>['code'], detail: string) =>
  ({ status: 'none', code, detail }) as const

/** How two updates contradict each other; undefined where nothing that is at hand shows that they do. */
async function conflictOf(
  source: EthereumSource,
  network: Network,
  accepted: AcceptedUpdate,
  theirs: Signed,
  ours: Signed,
): Promise<Conflict | undefined> {
  const [first, second] = [theirs, ours]
  const [a, b] = [theirs.update, ours.update]
  const [period, ownPeriod] = [a, b].map(({ attested }) => periodAtSlot(network, attested.slot))
  if (a.next !== undefined && b.next !== undefined && period === ownPeriod && a.next.root !== b.next.root)
    return { kind: 'conflicting-committees', first, second }
  if (accepted.what === 'committee') return undefined
  const { slot } = a.finalized
  if (slot === b.finalized.slot && beaconHeaderRoot(b.finalized) !== beaconHeaderRoot(a.finalized))
    return { kind: 'conflicting-headers', first, second }
  if (slot >= b.finalized.slot || b.finalized.slot - slot > network.preset.slotsPerHistoricalRoot) return undefined
  const found = await source.blockRootBranch(b.finalized, slot)
  if (found === undefined || found.leaf === beaconHeaderRoot(a.finalized)) return undefined
  return { kind: 'forked-history', first, second, root: found.leaf, branch: found.branch }
}
