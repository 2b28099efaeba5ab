import { parseQbftHeader, quorum, sealHeader } from '@meridian/consensus/qbft'
import { type Address, type Hex, keccak256, stringToHex } from 'viem'
import { devAccounts } from '../accounts.ts'
import { type DevnetChain, viemChainOf } from '../chain.ts'
import type { VirtualClock } from '../clock.ts'
import { DevnetError } from '../errors.ts'
import { createEngine } from '../execution/chain.ts'
import { type ExecutionBlock, encodeHeader } from '../execution/header.ts'
import { createGate } from '../gate.ts'
import { createFaultBox } from '../rpc/fault.ts'
import { commonFront } from '../rpc/front.ts'
import type { SealedIndex } from '../rpc/sealed.ts'
import { listen, rpcApp } from '../rpc/server.ts'
import type { SealedBlock } from './block.ts'
import { type ExtraData, encodeExtraData, MIX_HASH } from './extra-data.ts'
import { qbftFront } from './front.ts'
import { createValidatorBook } from './validators.ts'

/** What the validators do wrong. */
export interface QbftFault {
  /** So many validators (the last of the set) do not sign. Below the quorum no block is made. */
  readonly withheld?: number
  /** Blocks are committed in this round instead of round 0. */
  readonly round?: number
}

export interface QbftOptions {
  readonly name?: string
  readonly chainId: number
  readonly clock: VirtualClock
  /** Private keys of the validators at genesis. Default: four that derive from the chain id. */
  readonly validators?: readonly Hex[]
  /** Seconds between blocks that have transactions. Default 2. */
  readonly blockPeriodSeconds?: number
  /** Seconds between blocks while no transaction waits. Default: the block period. */
  readonly emptyBlockPeriodSeconds?: number
  /** Blocks after which pending votes are dropped. Default 30000. */
  readonly epochLength?: bigint
  readonly accounts?: number
}

export interface QbftChain extends DevnetChain {
  readonly kind: 'qbft'
  /** Validators of the next block, ascending. */
  validators(): readonly Address[]
  /** Starts votes for one change of the set; it takes effect after more than half of the validators proposed a block. */
  proposeValidator(change: { readonly add: Hex } | { readonly drop: Address }): Address
  setFault(fault: QbftFault): void
  head(): SealedBlock
  /** Makes one block now, whatever the clock says. */
  mine(): Promise<SealedBlock>
  /** RLP of a second header for the height of an existing block, sealed by the same validators with another time. */
  equivocate(number: bigint): Promise<{ readonly served: Hex; readonly conflicting: Hex }>
}

/** A private key for development, from a label. */
export const devKey = (label: string): Hex => keccak256(stringToHex(label))

/** Starts a QBFT chain: anvil executes, this process seals with the validators' keys and serves JSON-RPC. */
export async function createQbftChain(options: QbftOptions): Promise<QbftChain> {
  const { clock, chainId } = options
  const name = options.name ?? `qbft-${chainId}`
  const period = options.blockPeriodSeconds ?? 2
  const emptyPeriod = options.emptyBlockPeriodSeconds ?? period
  if (!Number.isInteger(period) || period < 1 || emptyPeriod < period)
    throw new DevnetError('QBFT_OPTIONS', 'periods are whole seconds, at least 1', { period, emptyPeriod })
  const keys =
    options.validators ?? [0, 1, 2, 3].map((index) => devKey(`meridian devnet ${chainId} validator ${index}`))
  const book = createValidatorBook(keys, options.epochLength ?? 30_000n)
  const accounts = options.accounts ?? 10
  const engine = await createEngine({ chainId, accounts, timestamp: Math.floor(clock.now()), ownHistory: true })

  const blocks: SealedBlock[] = []
  const bySealed = new Map<Hex, SealedBlock>()
  const byAnvil = new Map<Hex, SealedBlock>()
  let fault: QbftFault = {}
  let stalledRounds = 0
  let pending = false
  let nextDue = 0
  const gate = createGate()

  const head = (): SealedBlock => {
    const block = blocks.at(-1)
    if (block === undefined) throw new DevnetError('QBFT_STATE', 'no genesis', {})
    return block
  }
  const add = (block: SealedBlock): void => {
    blocks.push(block)
    bySealed.set(block.hash, block)
    byAnvil.set(block.anvilHash, block)
  }
  const seal = (
    block: ExecutionBlock,
    fields: Record<string, Hex>,
    unsealed: ExtraData,
    signers: readonly Address[],
  ) => {
    const unsealedHeader = { ...block, ...fields, extraData: encodeExtraData({ ...unsealed, seals: [] }) }
    const raw = sealHeader(encodeHeader(unsealedHeader), signers.map(book.key), unsealed.round)
    const { number, timestamp, hash, seals } = parseQbftHeader(raw)
    const extra = { ...unsealed, seals }
    const header = { ...fields, extraData: encodeExtraData(extra) }
    const sealed: SealedBlock = { number, timestamp, hash, anvilHash: block.hash, extra, header }
    return { sealed, raw }
  }
  const sealedFields = (parentHash: Hex, miner: Address, stateRoot: Hex): Record<string, Hex> => ({
    parentHash,
    miner,
    stateRoot,
    difficulty: '0x1',
    mixHash: MIX_HASH,
    nonce: '0x0000000000000000',
  })
  /** The validators that sign, all that are there: real nodes serve more than the quorum when they have it. */
  const signers = (): readonly Address[] => book.current().slice(0, book.current().length - (fault.withheld ?? 0))

  const make = async (timestamp: number): Promise<SealedBlock> => {
    const parent = head()
    const validators = book.current()
    if (signers().length < quorum(validators.length))
      throw new DevnetError('QBFT_QUORUM', 'too few validators sign', {
        expected: quorum(validators.length),
        given: signers().length,
      })
    const number = parent.number + 1n
    const round = fault.round ?? stalledRounds
    stalledRounds = 0
    const proposer = validators[Number((number + BigInt(round)) % BigInt(validators.length))]
    if (proposer === undefined) throw new DevnetError('QBFT_STATE', 'no validators', {})
    const block = await engine.mine({ timestamp, coinbase: proposer })
    await engine.writeHistory(parent.number, parent.hash)
    const stateRoot = await engine.stateRoot()
    const vote = book.vote(proposer)
    const { sealed } = seal(
      block,
      sealedFields(parent.hash, proposer, stateRoot),
      { validators, vote, round, seals: [] },
      signers(),
    )
    add(sealed)
    book.committed(number, proposer, vote)
    pending = block.transactions.length > 0
    nextDue = timestamp + (pending ? period : emptyPeriod)
    return sealed
  }
  const mine = (): Promise<SealedBlock> =>
    gate.write(() => make(Math.max(Math.floor(clock.now()), Number(head().timestamp) + 1)))

  const genesis = await engine.block('latest')
  const unsealed: ExtraData = { validators: book.current(), round: 0, seals: [] }
  add(seal(genesis, sealedFields(genesis.parentHash, genesis.miner, await engine.stateRoot()), unsealed, []).sealed)
  nextDue = Number(head().timestamp) + period

  const handle = clock.attach({
    name,
    due: () => nextDue,
    run: (now) =>
      gate.write(async () => {
        const timestamp = Math.max(Math.floor(now), Number(head().timestamp) + 1)
        if (signers().length >= quorum(book.current().length)) await make(timestamp)
        else {
          stalledRounds++
          nextDue = Math.max(timestamp, nextDue) + period
        }
      }),
  })
  const rpcFaults = createFaultBox()
  const index: SealedIndex<SealedBlock> = {
    head,
    byNumber: (number) => blocks[Number(number)],
    bySealedHash: (hash) => bySealed.get(hash),
    byAnvilHash: (hash) => byAnvil.get(hash),
  }
  const front = commonFront(
    {
      upstream: engine.upstream,
      gate,
      produce: async () => void (await mine()),
      pending: () => {
        if (pending) return
        pending = true
        nextDue = Math.min(nextDue, Number(head().timestamp) + period)
        handle.wake()
      },
      jump: clock.jump,
      faults: rpcFaults,
    },
    qbftFront(engine.upstream, index),
  )
  const server = await listen(rpcApp(front, rpcFaults))

  return {
    name,
    kind: 'qbft',
    chainId,
    rpcUrl: server.url,
    viemChain: viemChainOf(chainId, name, server.url),
    accounts: devAccounts(accounts),
    pid: engine.pid,
    rpcFaults,
    validators: book.current,
    proposeValidator: book.propose,
    setFault(next) {
      fault = next
    },
    head,
    mine,
    async advance(count) {
      for (let index = 0; index < count; index++) await clock.advanceTo(nextDue)
    },
    equivocate: (number) =>
      gate.write(async () => {
        const sealed = blocks[Number(number)]
        if (sealed === undefined) throw new DevnetError('QBFT_STATE', 'no such block', { number })
        const block = await engine.block(`0x${number.toString(16)}`)
        const fields: Record<string, Hex> = { ...sealed.header, timestamp: `0x${(sealed.timestamp + 1n).toString(16)}` }
        const unsealed = { ...sealed.extra, seals: [] }
        return {
          served: encodeHeader({ ...block, ...sealed.header }),
          conflicting: seal(block, fields, unsealed, sealed.extra.validators).raw,
        }
      }),
    async stop() {
      handle.detach()
      await gate.write(async () => undefined)
      await server.stop()
      await engine.stop()
    },
  }
}
