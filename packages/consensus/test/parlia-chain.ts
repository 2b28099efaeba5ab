import { buildTrie, type RpcBlock } from '@meridian/proofs'
import {
  type Address,
  bytesToHex,
  type Hex,
  hexToBytes,
  keccak256,
  numberToHex,
  stringToHex,
  toRlp,
  trim,
  zeroHash,
} from 'viem'
import {
  createValidatorSet,
  encodeExtraData,
  HISTORY_ADDRESS,
  HISTORY_WINDOW,
  type HistoryProof,
  historySlotOf,
  type ParliaHeader,
  type ParliaValidator,
  type Possession,
  provePossession,
  quorum,
  signVotes,
  switchOffset,
  type ValidatorSet,
  type VoteAttestation,
  type VoteData,
  voteSecret,
} from '../src/parlia/index.ts'
import type { RpcPort } from '../src/types.ts'
import { publicKeyOf, signAggregate } from './bls.ts'

export const GENESIS_TIME = 1_800_000_000n
export const CHAIN_ID = 714n
/** Blocks in an epoch: room for the switch to a set of 21 with turn length 1. */
export const TEST_EPOCH_LENGTH = 20n

const VANITY = zeroHash
const SEAL: Hex = `0x${'11'.repeat(65)}`

/** A validator with its secret vote key. */
export interface TestValidator extends ParliaValidator {
  readonly secret: bigint
}

const validators = new Map<number, TestValidator>()

/** The validator of an index, the same each time. */
export function validator(index: number): TestValidator {
  const known = validators.get(index) ?? createValidator(index)
  validators.set(index, known)
  return known
}

function createValidator(index: number): TestValidator {
  const secret = voteSecret(keccak256(stringToHex(`parlia test vote key ${index}`)))
  const address: Address = `0x${keccak256(stringToHex(`parlia test validator ${index}`)).slice(-40)}`
  return { address, secret, voteKey: publicKeyOf(secret) }
}

/** Validators ascending by address, as epoch headers list them. */
export const sorted = (indices: readonly number[]): TestValidator[] =>
  indices.map(validator).sort((a, b) => (BigInt(a.address) < BigInt(b.address) ? -1 : 1))

const signed = new Map<string, VoteAttestation>()

/** Votes of the validators in `seats`. Chains with a common beginning have its votes in common: each is signed once. */
export function attest(set: readonly TestValidator[], seats: readonly number[], data: VoteData): VoteAttestation {
  const secrets = new Map(seats.map((seat) => [seat, set[seat]?.secret ?? 0n]))
  const key = [...Object.values(data), ...[...secrets].flat()].join()
  const votes = signed.get(key) ?? signVotes(secrets, data, signAggregate)
  signed.set(key, votes)
  return votes
}

/** That a validator has its key, as StakeHub asks for it. */
export const possessionOf = (member: TestValidator, chainId = CHAIN_ID): Possession =>
  provePossession(member.secret, `0x${keccak256(member.address).slice(-40)}`, chainId)

/** The set of an epoch. */
export interface TestEpoch {
  readonly members: readonly TestValidator[]
  readonly turnLength: number
}

export interface TestBlockPlan {
  readonly timestamp?: bigint
  readonly salt?: string
  readonly parentHash?: Hex
  /** Replaces the whole extra data. */
  readonly extraData?: Hex
  /** Seats that vote for the parent; [] for none. Default: a quorum of the set in force. */
  readonly voters?: readonly number[]
  /** Fields behind those of Pascal. */
  readonly more?: readonly Hex[]
}

interface TestBlock {
  readonly header: ParliaHeader
  readonly block: RpcBlock
  readonly justified: bigint
}

/** A chain in memory, with the JSON-RPC that the consensus reads and EIP-2935's contract in its state. */
export interface TestParliaChain {
  readonly rpc: RpcPort
  header(number: bigint): ParliaHeader
  head(): bigint
  /** Appends a block. */
  append(plan?: TestBlockPlan): ParliaHeader
  appendUntil(number: bigint, plan?: TestBlockPlan): void
  /** A header for this height that is not appended. */
  make(number: bigint, plan?: TestBlockPlan): ParliaHeader
  /** The set that is in force at a target. */
  inForce(target: bigint): readonly TestValidator[]
  /** The set that an epoch's first block lists. */
  setAt(epoch: bigint): ValidatorSet
  /** First target of the set that an epoch's first block lists. */
  firstTarget(epoch: bigint): bigint
  /** Votes that make `source` final, by the first quorum of the set in force unless seats are given. */
  votesFor(source: bigint, seats?: readonly number[]): VoteAttestation
  /** That the state of `above` keeps the hash of `number`. */
  historyProof(above: bigint, number: bigint): HistoryProof
}

const scalar = (value: bigint): Hex => (value === 0n ? '0x' : numberToHex(value))
const root = (label: string): Hex => keccak256(stringToHex(label))

/** @param epochs The set that the first block of epoch i lists; the last for all that follow. */
export function createTestParliaChain(
  epochs: readonly TestEpoch[],
  epochLength = TEST_EPOCH_LENGTH,
  more: readonly Hex[] = [],
): TestParliaChain {
  const blocks: TestBlock[] = []

  const epochAt = (number: bigint): TestEpoch => {
    const found = epochs[Number(number / epochLength)] ?? epochs.at(-1)
    if (found === undefined) throw new Error('no epochs')
    return found
  }
  const firstTarget = (epoch: bigint): bigint => {
    const before = epochAt(epoch === 0n ? 0n : epoch - 1n)
    return epoch + switchOffset(before.members.length, before.turnLength)
  }
  const inForce = (target: bigint): readonly TestValidator[] => {
    const epoch = target - (target % epochLength)
    if (epoch === 0n || target >= firstTarget(epoch)) return epochAt(epoch).members
    return epochAt(epoch - 1n).members
  }
  const headerAt = (number: bigint): ParliaHeader => {
    const found = blocks[Number(number)]
    if (found === undefined) throw new Error(`no block ${number}`)
    return found.header
  }
  const history = (number: bigint) => {
    const kept = blocks.slice(Math.max(0, Number(number - HISTORY_WINDOW)), Number(number))
    const storage = buildTrie(
      [...kept.values()].map(({ header }) => ({
        key: hexToBytes(keccak256(historySlotOf(header.number))),
        value: hexToBytes(toRlp(trim(header.hash))),
      })),
    )
    const account = toRlp(['0x01', '0x', bytesToHex(storage.root), root('code')])
    const others = [...Array(20).keys()].map((i) => ({
      key: hexToBytes(root(`account ${i}`)),
      value: hexToBytes(toRlp(['0x01', '0x01', root('empty'), root('code')])),
    }))
    const state = buildTrie([{ key: hexToBytes(keccak256(HISTORY_ADDRESS)), value: hexToBytes(account) }, ...others])
    return { storage, state, first: kept[0]?.header.number ?? 0n }
  }
  const justifiedBy = (attestation: VoteAttestation | undefined, before: bigint): bigint =>
    attestation === undefined ? before : attestation.data.targetNumber

  const build = (number: bigint, plan: TestBlockPlan): TestBlock => {
    const parent = blocks[Number(number) - 1]
    const members = parent === undefined ? [] : inForce(parent.header.number)
    const seats = plan.voters ?? [...Array(quorum(members.length)).keys()]
    const source = parent === undefined ? undefined : blocks[Number(parent.justified)]
    const attestation =
      parent === undefined || source === undefined || seats.length === 0 || parent.header.number === 0n
        ? undefined
        : attest(members, seats, {
            sourceNumber: source.header.number,
            sourceHash: source.header.hash,
            targetNumber: parent.header.number,
            targetHash: parent.header.hash,
          })
    const epoch =
      number % epochLength === 0n
        ? { validators: epochAt(number).members, turnLength: epochAt(number).turnLength }
        : undefined
    const carried = { ...(epoch === undefined ? {} : { epoch }), ...(attestation === undefined ? {} : { attestation }) }
    const extraData = plan.extraData ?? encodeExtraData(carried, VANITY, SEAL)
    const fields = {
      parentHash: plan.parentHash ?? parent?.header.hash ?? zeroHash,
      sha3Uncles: root('uncles'),
      miner: epochAt(number).members[0]?.address ?? `0x${'00'.repeat(20)}`,
      stateRoot: bytesToHex(history(number).state.root),
      transactionsRoot: root(`transactions ${number}`),
      receiptsRoot: root(`receipts ${number} ${plan.salt ?? ''}`),
      logsBloom: `0x${'00'.repeat(256)}`,
      difficulty: '0x2',
      number: numberToHex(number),
      gasLimit: '0x1c9c380',
      gasUsed: '0x5208',
      timestamp: numberToHex(plan.timestamp ?? GENESIS_TIME + number),
      extraData,
      mixHash: zeroHash,
      nonce: '0x0000000000000000',
      baseFeePerGas: '0x0',
      withdrawalsRoot: root('withdrawals'),
      blobGasUsed: '0x0',
      excessBlobGas: '0x0',
      parentBeaconBlockRoot: zeroHash,
      requestsHash: root('requests'),
    } as const
    const raw = toRlp([
      ...(
        ['parentHash', 'sha3Uncles', 'miner', 'stateRoot', 'transactionsRoot', 'receiptsRoot', 'logsBloom'] as const
      ).map((name): Hex => fields[name]),
      ...(['difficulty', 'number', 'gasLimit', 'gasUsed', 'timestamp'] as const).map((name) =>
        scalar(BigInt(fields[name])),
      ),
      extraData,
      fields.mixHash,
      fields.nonce,
      '0x',
      fields.withdrawalsRoot,
      '0x',
      '0x',
      fields.parentBeaconBlockRoot,
      fields.requestsHash,
      ...(plan.more ?? more),
    ])
    const hash = keccak256(raw)
    const block: RpcBlock = { ...fields, hash }
    const header: ParliaHeader = {
      number,
      timestamp: BigInt(fields.timestamp),
      parentHash: fields.parentHash,
      stateRoot: fields.stateRoot,
      transactionsRoot: fields.transactionsRoot,
      receiptsRoot: fields.receiptsRoot,
      extraData,
      raw,
      hash,
    }
    return { header, block, justified: justifiedBy(attestation, parent?.justified ?? 0n) }
  }
  const append = (plan: TestBlockPlan = {}): ParliaHeader => {
    const made = build(BigInt(blocks.length), plan)
    blocks.push(made)
    return made.header
  }
  append()
  return {
    append,
    appendUntil(number, plan) {
      while (BigInt(blocks.length) <= number) append(plan)
    },
    make: (number, plan = {}) => build(number, plan).header,
    header: headerAt,
    head: () => BigInt(blocks.length - 1),
    inForce,
    firstTarget,
    setAt(epoch) {
      const { members, turnLength } = epochAt(epoch)
      return createValidatorSet(epoch, turnLength, members)
    },
    votesFor(source, seats) {
      const members = inForce(source + 1n)
      const [from, to] = [headerAt(source), headerAt(source + 1n)]
      return attest(members, seats ?? [...Array(quorum(members.length)).keys()], {
        sourceNumber: source,
        sourceHash: from.hash,
        targetNumber: to.number,
        targetHash: to.hash,
      })
    },
    historyProof(above, number) {
      const { storage, state, first } = history(above)
      return { account: bytesToHex(state.prove(0)), storage: bytesToHex(storage.prove(Number(number - first))) }
    },
    rpc: {
      async request(method, params) {
        const [tag] = params
        if (method === 'eth_blockNumber') return numberToHex(blocks.length - 1)
        if (method === 'eth_getBlockByNumber')
          return (tag === 'latest' ? blocks.at(-1) : blocks[Number(tag)])?.block ?? null
        if (method === 'eth_getProof') {
          const [, [slot], above] = params as [Hex, [Hex], Hex] // CAST: the consensus asks so
          const { storage, state, first } = history(BigInt(above))
          const entry = Number(BigInt(slot) - first)
          return {
            accountProof: splitNodes(state.prove(0)),
            storageProof: [{ key: slot, proof: splitNodes(storage.prove(entry)) }],
          }
        }
        throw new Error(`${method} is not served`)
      },
    },
  }
}

/** Nodes as JSON-RPC lists them. */
function splitNodes(nodes: Uint8Array): Hex[] {
  const list: Hex[] = []
  for (let at = 0; at < nodes.length; ) {
    const prefix = nodes[at] ?? 0
    const lengthSize = prefix > 0xf7 ? prefix - 0xf7 : 0
    const payload =
      lengthSize === 0 ? prefix - 0xc0 : Number(BigInt(bytesToHex(nodes.subarray(at + 1, at + 1 + lengthSize))))
    const to = at + 1 + lengthSize + payload
    list.push(bytesToHex(nodes.subarray(at, to)))
    at = to
  }
  return list
}
