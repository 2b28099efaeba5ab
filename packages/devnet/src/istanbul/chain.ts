import { type AggregatedSeal, bloomOf, epochOf, quorum, receiptsRootWith } from '@meridian/consensus/istanbul'
import { type Address, bytesToHex, type Hex, hexToBytes, keccak256, numberToHex, stringToHex, zeroHash } from 'viem'
import { devAccounts } from '../accounts.ts'
import { type DevnetChain, viemChainOf } from '../chain.ts'
import type { VirtualClock } from '../clock.ts'
import { DevnetError } from '../errors.ts'
import { createEngine } from '../execution/chain.ts'
import type { ExecutionBlock } from '../execution/header.ts'
import { createGate } from '../gate.ts'
import { createFaultBox } from '../rpc/fault.ts'
import { commonFront } from '../rpc/front.ts'
import { listen, rpcApp } from '../rpc/server.ts'
import type { IstanbulBlock, SystemLog } from './block.ts'
import { type IstanbulIndex, istanbulFront } from './front.ts'
import { genesisHeader, type HeaderFields, type SealedHeader, sealHeader } from './seal.ts'
import { createValidatorSets, type Validator } from './validators.ts'

/** What the validators do wrong. */
export interface IstanbulFault {
  /** So many validators (the last of the set) do not sign. Below the quorum no block is made. */
  readonly withheld?: number
  /** Blocks are committed in this round instead of round 0. */
  readonly round?: number
}

export interface IstanbulOptions {
  readonly name?: string
  readonly chainId: number
  readonly clock: VirtualClock
  /** Secrets of the validators at genesis. Default: four that derive from the chain id. */
  readonly validators?: readonly Hex[]
  /** Seconds between blocks. Default 2. */
  readonly blockPeriodSeconds?: number
  /** Blocks of an epoch. Default 20. */
  readonly epochSize?: number
  readonly accounts?: number
}

export interface IstanbulChain extends DevnetChain {
  readonly kind: 'istanbul'
  readonly epochSize: bigint
  /** Validators that seal the next block, by seat. */
  validators(): readonly Address[]
  /** Lets a validator join or leave with the last block of the current epoch. */
  proposeValidator(change: { readonly add: Hex } | { readonly drop: Address }): Address
  setFault(fault: IstanbulFault): void
  head(): IstanbulBlock
  /** Makes one block now, whatever the clock says. */
  mine(): Promise<IstanbulBlock>
  /** RLP of a second header for the height of an existing block, sealed by the same validators with another time. */
  equivocate(number: bigint): Promise<{ readonly served: Hex; readonly conflicting: Hex }>
}

/** Where the chain's own contract for epochs would be. */
const EPOCH_CONTRACT: Address = '0x000000000000000000000000000000000000d016'
const EPOCH_ENDED = keccak256(stringToHex('EpochEnded(uint256)'))
const EMPTY_NONCE: Hex = '0x0000000000000000'

/** Starts a chain like MAP's relay chain: anvil executes, this process seals with the validators' keys and serves JSON-RPC. */
export async function createIstanbulChain(options: IstanbulOptions): Promise<IstanbulChain> {
  const { clock, chainId } = options
  const name = options.name ?? `istanbul-${chainId}`
  const period = options.blockPeriodSeconds ?? 2
  const epochSize = BigInt(options.epochSize ?? 20)
  if (!Number.isInteger(period) || period < 1 || epochSize < 2n)
    throw new DevnetError('ISTANBUL_OPTIONS', 'a period is 1 s or more, an epoch 2 blocks or more', {
      period,
      epochSize,
    })
  const secrets =
    options.validators ??
    [0, 1, 2, 3].map((index) => keccak256(stringToHex(`meridian devnet ${chainId} validator ${index}`)))
  const sets = createValidatorSets(secrets)
  const accounts = options.accounts ?? 10
  const engine = await createEngine({ chainId, accounts, timestamp: Math.floor(clock.now()), ownHistory: true })

  const blocks: IstanbulBlock[] = []
  const bySealed = new Map<Hex, IstanbulBlock>()
  const byAnvil = new Map<Hex, IstanbulBlock>()
  let fault: IstanbulFault = {}
  let stalledRounds = 0
  let nextDue = 0
  const gate = createGate()

  const head = (): IstanbulBlock => {
    const block = blocks.at(-1)
    if (block === undefined) throw new DevnetError('ISTANBUL_STATE', 'no genesis', {})
    return block
  }
  const add = (block: IstanbulBlock): IstanbulBlock => {
    blocks.push(block)
    bySealed.set(block.hash, block)
    byAnvil.set(block.anvilHash, block)
    return block
  }
  const setAt = (number: bigint): readonly Validator[] => sets.of(epochOf(number, epochSize))
  const current = (): readonly Validator[] => setAt(head().number + 1n)
  /** Seats that sign, all that are there: real nodes serve more than the quorum when they have it. */
  const seatsOf = (set: readonly Validator[]): number[] =>
    set.map((_, seat) => seat).slice(0, set.length - (fault.withheld ?? 0))
  const hasQuorum = (set: readonly Validator[]): boolean => seatsOf(set).length >= quorum(set.length)

  const fieldsOf = (block: ExecutionBlock, other: Record<string, Hex>): HeaderFields => ({
    parentHash: block.parentHash,
    miner: block.miner,
    stateRoot: block.stateRoot,
    transactionsRoot: block.transactionsRoot,
    receiptsRoot: block.receiptsRoot,
    logsBloom: block.logsBloom ?? '0x',
    number: block.number ?? '0x0',
    gasLimit: block.gasLimit,
    gasUsed: block.gasUsed,
    timestamp: block.timestamp,
    mixHash: zeroHash,
    nonce: EMPTY_NONCE,
    baseFeePerGas: block.baseFeePerGas ?? '0x0',
    ...other,
  })

  /** The logs that end an epoch, and what they change in the header. */
  const endOfEpoch = async (block: ExecutionBlock, epoch: bigint) => {
    const tag = block.number ?? '0x0'
    // CAST: anvil's own receipts, of the block that it has just made
    const receipts = (await engine.upstream.request('eth_getBlockReceipts', [tag])) as Parameters<
      typeof receiptsRootWith
    >[0]
    const log = { address: EPOCH_CONTRACT, topics: [EPOCH_ENDED], data: numberToHex(epoch, { size: 32 }) }
    const total = receipts.reduce((count, { logs }) => count + logs.length, 0)
    return {
      receiptsRoot: receiptsRootWith(receipts, [log]),
      logsBloom: or(block.logsBloom ?? '0x', bloomOf([log])),
      logs: (hash: Hex): readonly SystemLog[] => [
        {
          ...log,
          blockNumber: tag,
          blockHash: hash,
          transactionHash: hash,
          transactionIndex: numberToHex(receipts.length),
          logIndex: numberToHex(total),
          removed: false,
        },
      ],
    }
  }

  const toBlock = (
    block: ExecutionBlock,
    fields: HeaderFields,
    { served, hash, extraData, seal }: Omit<SealedHeader, 'seal'> & { readonly seal?: AggregatedSeal },
    systemLogs: readonly SystemLog[] = [],
  ): IstanbulBlock => ({
    number: BigInt(block.number ?? 0),
    timestamp: BigInt(block.timestamp),
    hash,
    anvilHash: block.hash ?? zeroHash,
    seal,
    served,
    systemLogs,
    header: { ...fields, extraData },
  })

  const make = async (timestamp: number): Promise<IstanbulBlock> => {
    const parent = head()
    const number = parent.number + 1n
    const set = setAt(number)
    if (!hasQuorum(set))
      throw new DevnetError('ISTANBUL_QUORUM', 'too few validators sign', {
        expected: quorum(set.length),
        given: seatsOf(set).length,
      })
    const round = BigInt(fault.round ?? stalledRounds)
    stalledRounds = 0
    const proposer = set[Number((number + round) % BigInt(set.length))]
    if (proposer === undefined) throw new DevnetError('ISTANBUL_STATE', 'no validators', {})
    const block = await engine.mine({ timestamp, coinbase: proposer.address })
    await engine.writeHistory(parent.number, parent.hash)
    const epoch = epochOf(number, epochSize)
    const last = number % epochSize === 0n
    const ended = last ? await endOfEpoch(block, epoch) : undefined
    const fields = fieldsOf(block, {
      parentHash: parent.hash,
      miner: proposer.address,
      stateRoot: await engine.stateRoot(),
      ...(ended === undefined ? {} : { receiptsRoot: ended.receiptsRoot, logsBloom: ended.logsBloom }),
    })
    const change = last ? { change: sets.pending(epoch) } : {}
    const sealed = sealHeader({ fields, ...change, proposer, set, seats: seatsOf(set), round, parent: parent.seal })
    const made = add(toBlock(block, fields, sealed, ended?.logs(sealed.hash)))
    if (last) sets.end(epoch)
    nextDue = timestamp + period
    return made
  }
  const mine = (): Promise<IstanbulBlock> =>
    gate.write(() => make(Math.max(Math.floor(clock.now()), Number(head().timestamp) + 1)))

  const genesis = await engine.block('latest')
  const genesisFields = fieldsOf(genesis, { stateRoot: await engine.stateRoot() })
  add(toBlock(genesis, genesisFields, genesisHeader(genesisFields, sets.of(0n))))
  nextDue = Number(head().timestamp) + period

  const handle = clock.attach({
    name,
    due: () => nextDue,
    run: (now) =>
      gate.write(async () => {
        const timestamp = Math.max(Math.floor(now), Number(head().timestamp) + 1)
        if (hasQuorum(current())) await make(timestamp)
        else {
          stalledRounds++
          nextDue = Math.max(timestamp, nextDue) + period
        }
      }),
  })
  const rpcFaults = createFaultBox()
  const index: IstanbulIndex = {
    epochSize,
    head,
    byNumber: (number) => blocks[Number(number)],
    bySealedHash: (hash) => bySealed.get(hash),
    byAnvilHash: (hash) => byAnvil.get(hash),
    validators: sets.of,
  }
  const front = commonFront(
    {
      upstream: engine.upstream,
      gate,
      produce: async () => void (await mine()),
      pending: () => undefined,
      jump: clock.jump,
      faults: rpcFaults,
    },
    istanbulFront(engine.upstream, index),
  )
  const server = await listen(rpcApp(front, rpcFaults))

  return {
    name,
    kind: 'istanbul',
    chainId,
    epochSize,
    rpcUrl: server.url,
    viemChain: viemChainOf(chainId, name, server.url),
    accounts: devAccounts(accounts),
    pid: engine.pid,
    rpcFaults,
    validators: () => current().map(({ address }) => address),
    proposeValidator: sets.propose,
    setFault(next) {
      fault = next
    },
    head,
    mine,
    async advance(count) {
      for (let made = 0; made < count; made++) await clock.advanceTo(nextDue)
    },
    equivocate: (number) =>
      gate.write(async () => {
        const block = blocks[Number(number)]
        const proposer = setAt(number).find(({ address }) => address === block?.header.miner)
        if (block === undefined || proposer === undefined)
          throw new DevnetError('ISTANBUL_STATE', 'no such block', { number })
        const set = setAt(number)
        const fields = { ...block.header, timestamp: numberToHex(block.timestamp + 1n) }
        const seats = set.map((_, seat) => seat)
        const parent = blocks[Number(number) - 1]?.seal
        return {
          served: block.served,
          conflicting: sealHeader({ fields, proposer, set, seats, round: 0n, parent }).served,
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

/** Two bloom filters as one. */
function or(a: Hex, b: Hex): Hex {
  const [left, right] = [hexToBytes(a), hexToBytes(b)]
  return bytesToHex(left.map((byte, i) => byte | (right[i] ?? 0)))
}
