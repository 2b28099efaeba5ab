import {
  encodeExtraData,
  type ParliaHeader,
  parseParliaHeader,
  quorum,
  sealParliaHeader,
  type VoteAttestation,
} from '@meridian/consensus/parlia'
import { type Hex, keccak256, stringToHex, zeroHash } from 'viem'
import { devAccounts } from '../accounts.ts'
import { type DevnetChain, viemChainOf } from '../chain.ts'
import type { VirtualClock } from '../clock.ts'
import { DevnetError } from '../errors.ts'
import { createEngine } from '../execution/chain.ts'
import { type ExecutionBlock, encodeHeader } from '../execution/header.ts'
import { createGate } from '../gate.ts'
import { createFaultBox } from '../rpc/fault.ts'
import { commonFront } from '../rpc/front.ts'
import { listen, rpcApp } from '../rpc/server.ts'
import { parliaFront } from './front.ts'
import { createParliaBook, type ParliaKey, type ParliaSet, parliaKey, votesOf } from './validators.ts'

/** A block of the sealed chain. */
export interface ParliaBlock {
  readonly number: bigint
  readonly timestamp: bigint
  readonly hash: Hex
  /** What anvil calls the same block. */
  readonly anvilHash: Hex
  /** Votes that it carries. */
  readonly attestation?: VoteAttestation | undefined
  /** The newest block that is justified by votes up to this block, and the newest that is final. */
  readonly justified: bigint
  readonly finalized: bigint
  /** Header fields that differ from anvil's, as JSON-RPC serves them. */
  readonly header: Readonly<Record<string, Hex>>
}

/** What the validators do wrong. */
export interface ParliaFault {
  /** So many validators (the last of the set) do not vote. Below the quorum no block carries votes. */
  readonly withheld?: number
  /** Blocks carry no votes, although validators voted: the next that does is not adjacent to what it justifies from. */
  readonly skipAttestation?: boolean
}

export interface ParliaOptions {
  readonly name?: string
  readonly chainId: number
  readonly clock: VirtualClock
  /** The set that genesis lists. Default: four that derive from the chain id. */
  readonly validators?: readonly ParliaKey[]
  /** Blocks that a validator makes in a row. Default 1. */
  readonly turnLength?: number
  /** Blocks in an epoch. Default 20; BNB Smart Chain has 1000. */
  readonly epochLength?: bigint
  /** Seconds between blocks. Default 1. */
  readonly blockPeriodSeconds?: number
  readonly accounts?: number
}

/** A finalized block that contradicts one of the chain: validators voted twice. */
export interface ParliaEquivocation {
  readonly header: ParliaHeader
  readonly attestation: VoteAttestation
}

export interface ParliaChain extends DevnetChain {
  readonly kind: 'parlia'
  readonly epochLength: bigint
  /** The set in force at the next block. */
  validators(): ParliaSet
  /** What the next epoch that begins will list. */
  rotate(members: readonly ParliaKey[], turnLength?: number): void
  setFault(fault: ParliaFault): void
  head(): ParliaBlock
  finalized(): bigint
  /** Makes one block now, whatever the clock says. */
  mine(): Promise<ParliaBlock>
  /** A second header for the height of an existing block, with another state of nothing but time, and votes for it. */
  equivocate(number: bigint): Promise<ParliaEquivocation>
}

const VANITY = zeroHash
const NO_SEAL: Hex = `0x${'00'.repeat(65)}`
/** In turn. */
const DIFFICULTY: Hex = '0x2'

/** Starts a Parlia chain: anvil executes, this process seals, votes and serves JSON-RPC. */
export async function createParliaChain(options: ParliaOptions): Promise<ParliaChain> {
  const { clock, chainId } = options
  const name = options.name ?? `parlia-${chainId}`
  const period = options.blockPeriodSeconds ?? 1
  if (!Number.isInteger(period) || period < 1)
    throw new DevnetError('PARLIA_OPTIONS', 'the period is whole seconds, at least 1', { period })
  const epochLength = options.epochLength ?? 20n
  const genesisSet =
    options.validators ?? [0, 1, 2, 3].map((index) => parliaKey(`meridian devnet ${chainId} validator ${index}`))
  const book = createParliaBook(genesisSet, options.turnLength ?? 1, epochLength)
  const accounts = options.accounts ?? 10
  const engine = await createEngine({ chainId, accounts, timestamp: Math.floor(clock.now()), ownHistory: true })

  const blocks: ParliaBlock[] = []
  const bySealed = new Map<Hex, ParliaBlock>()
  const byAnvil = new Map<Hex, ParliaBlock>()
  let fault: ParliaFault = {}
  let nextDue = 0
  const gate = createGate()

  const at = (number: bigint): ParliaBlock => {
    const block = blocks[Number(number)]
    if (block === undefined) throw new DevnetError('PARLIA_STATE', 'no such block', { number })
    return block
  }
  const head = (): ParliaBlock => at(BigInt(blocks.length - 1))

  /** Votes for `target` from what was justified before it; undefined if there is no quorum. */
  const voteFor = (target: ParliaBlock, source: ParliaBlock): VoteAttestation | undefined => {
    const { members } = book.inForce(target.number)
    const voting = members.slice(0, members.length - (fault.withheld ?? 0))
    if (voting.length < quorum(members.length)) return undefined
    return votesOf(voting, {
      sourceNumber: source.number,
      sourceHash: source.hash,
      targetNumber: target.number,
      targetHash: target.hash,
    })
  }
  const sealed = (block: ExecutionBlock, fields: Record<string, Hex>, proposer: ParliaKey, extraData: Hex) => {
    const unsealed = encodeHeader({ ...block, ...fields, extraData })
    const header = parseParliaHeader(sealParliaHeader(unsealed, proposer.privateKey, BigInt(chainId)))
    return { header, fields: { ...fields, extraData: header.extraData } }
  }
  const sealedFields = (parentHash: Hex, miner: Hex, stateRoot: Hex): Record<string, Hex> => ({
    parentHash,
    miner,
    stateRoot,
    difficulty: DIFFICULTY,
    mixHash: zeroHash,
    nonce: '0x0000000000000000',
    parentBeaconBlockRoot: zeroHash,
  })
  const proposerOf = (number: bigint): ParliaKey => {
    const { members, turnLength } = book.inForce(number)
    const proposer = members[Number((number / BigInt(turnLength)) % BigInt(members.length))]
    if (proposer === undefined) throw new DevnetError('PARLIA_STATE', 'no validators', {})
    return proposer
  }
  const add = (block: ParliaBlock): ParliaBlock => {
    blocks.push(block)
    bySealed.set(block.hash, block)
    byAnvil.set(block.anvilHash, block)
    return block
  }

  const make = async (timestamp: number): Promise<ParliaBlock> => {
    const parent = head()
    const number = parent.number + 1n
    const listed = book.enter(number)
    const proposer = proposerOf(number)
    const attestation =
      fault.skipAttestation === true || parent.number === 0n ? undefined : voteFor(parent, at(parent.justified))
    const block = await engine.mine({ timestamp, coinbase: proposer.address })
    await engine.writeHistory(parent.number, parent.hash)
    const epoch = listed === undefined ? {} : { epoch: { validators: listed.members, turnLength: listed.turnLength } }
    const extra = encodeExtraData({ ...epoch, ...(attestation === undefined ? {} : { attestation }) }, VANITY, NO_SEAL)
    const { header, fields } = sealed(
      block,
      sealedFields(parent.hash, proposer.address, await engine.stateRoot()),
      proposer,
      extra,
    )
    nextDue = timestamp + period
    const finalizes = attestation?.data.targetNumber === (attestation?.data.sourceNumber ?? 0n) + 1n
    return add({
      number,
      timestamp: header.timestamp,
      hash: header.hash,
      anvilHash: block.hash,
      attestation,
      justified: attestation?.data.targetNumber ?? parent.justified,
      finalized: attestation !== undefined && finalizes ? attestation.data.sourceNumber : parent.finalized,
      header: fields,
    })
  }
  const nextTime = (now: number): number => Math.max(Math.floor(now), Number(head().timestamp) + 1)
  const mine = (): Promise<ParliaBlock> => gate.write(() => make(nextTime(clock.now())))

  const genesis = await engine.block('latest')
  const listed = book.enter(0n)
  const first = proposerOf(0n)
  const extra = encodeExtraData(
    { epoch: { validators: listed?.members ?? [], turnLength: listed?.turnLength ?? 1 } },
    VANITY,
    NO_SEAL,
  )
  const start = sealed(genesis, sealedFields(genesis.parentHash, genesis.miner, await engine.stateRoot()), first, extra)
  add({
    number: 0n,
    timestamp: start.header.timestamp,
    hash: start.header.hash,
    anvilHash: genesis.hash,
    justified: 0n,
    finalized: 0n,
    header: start.fields,
  })
  nextDue = Number(head().timestamp) + period

  const handle = clock.attach({
    name,
    due: () => nextDue,
    run: (now) => gate.write(async () => void (await make(nextTime(now)))),
  })
  const rpcFaults = createFaultBox()
  const front = commonFront(
    {
      upstream: engine.upstream,
      gate,
      produce: async () => void (await mine()),
      pending: () => undefined,
      jump: clock.jump,
      faults: rpcFaults,
    },
    parliaFront(engine.upstream, {
      head,
      byNumber: (number) => blocks[Number(number)],
      bySealedHash: (hash) => bySealed.get(hash),
      byAnvilHash: (hash) => byAnvil.get(hash),
      justified: () => head().justified,
      finalized: () => head().finalized,
      inForce: book.inForce,
    }),
  )
  const server = await listen(rpcApp(front, rpcFaults))

  return {
    name,
    kind: 'parlia',
    chainId,
    epochLength,
    rpcUrl: server.url,
    viemChain: viemChainOf(chainId, name, server.url),
    accounts: devAccounts(accounts),
    pid: engine.pid,
    rpcFaults,
    validators: () => book.inForce(head().number + 1n),
    rotate: (members, turnLength) => book.plan(members, turnLength ?? options.turnLength ?? 1),
    setFault(next) {
      fault = next
    },
    head,
    finalized: () => head().finalized,
    mine,
    async advance(count) {
      for (let index = 0; index < count; index++) await clock.advanceTo(nextDue)
    },
    equivocate: (number) =>
      gate.write(async () => {
        const block = await engine.block(`0x${number.toString(16)}`)
        const fields: Record<string, Hex> = {
          ...at(number).header,
          receiptsRoot: keccak256(stringToHex('equivocation')),
        }
        const { header } = sealed(block, fields, proposerOf(number), fields.extraData ?? '0x')
        const { members } = book.inForce(number + 1n)
        const voters = members.slice(0, quorum(members.length))
        const attestation = votesOf(voters, {
          sourceNumber: number,
          sourceHash: header.hash,
          targetNumber: number + 1n,
          targetHash: keccak256(header.hash),
        })
        return { header, attestation }
      }),
    async stop() {
      handle.detach()
      await gate.write(async () => undefined)
      await server.stop()
      await engine.stop()
    },
  }
}
