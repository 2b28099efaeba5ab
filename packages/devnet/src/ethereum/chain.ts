import {
  ACTIVE_PRESET,
  activePreset,
  EPOCHS_PER_SYNC_COMMITTEE_PERIOD,
  presetToJson,
  SLOTS_PER_EPOCH,
  SYNC_COMMITTEE_SIZE,
} from '@lodestar/params'
import { ssz } from '@lodestar/types'
import type { Bootstrap, Network } from '@meridian/consensus/ethereum'
import { parseBootstrap, presets } from '@meridian/consensus/ethereum'
import { bytesToHex, type Hex, hexToBytes, numberToHex } from 'viem'
import { devAccounts } from '../accounts.ts'
import { type DevnetChain, viemChainOf } from '../chain.ts'
import type { VirtualClock } from '../clock.ts'
import { DevnetError } from '../errors.ts'
import { createEngine } from '../execution/chain.ts'
import { createGate } from '../gate.ts'
import { createFaultBox, type FaultBox } from '../rpc/fault.ts'
import { commonFront } from '../rpc/front.ts'
import { type HttpServer, listen, rpcApp } from '../rpc/server.ts'
import { beaconApi } from './beacon-api.ts'
import { createBeaconChain, type EthereumFault, type StoredBlock } from './beacon-chain.ts'
import { ethereumFront } from './front.ts'
import { createValidatorKeys } from './keys.ts'
import { createLightClientServer, type Equivocation, equivocate } from './light-client.ts'
import { executionPayload, payloadHeader, rawTransactions } from './payload.ts'
import { epochOf } from './transition.ts'

export interface EthereumOptions {
  readonly name?: string
  readonly chainId: number
  readonly clock: VirtualClock
  /** `minimal` needs a process that was started with `LODESTAR_PRESET=minimal`. Default: what this process has. */
  readonly preset?: 'mainnet' | 'minimal'
  /** Default 12. */
  readonly secondsPerSlot?: number
  /**
   * Epochs that the chain is old when it starts; the last five of them have a block each, so that something is final
   * at once. Default 5.
   */
  readonly startEpoch?: number
  /** Blocks whose states are kept for proofs. Default 2048. */
  readonly statesKept?: number
  readonly accounts?: number
}

export interface EthereumChain extends DevnetChain {
  readonly kind: 'ethereum'
  readonly beaconUrl: string
  readonly beaconFaults: FaultBox
  /** What a light client is constructed with. */
  consensusParams(): Network
  /** The light client bootstrap of the newest final block. */
  bootstrap(): Bootstrap
  setFault(fault: EthereumFault): void
  head(): StoredBlock
  finalized(): StoredBlock
  /** The canonical block of a slot, if it has one. */
  blockAt(slot: number): StoredBlock | undefined
  /** Makes the block of the next slot now, moving the clock there. */
  mine(): Promise<StoredBlock>
  /**
   * Moves the clock until the execution block `number` (default: the newest) is final and a finality update says so.
   * Only for clocks that tests move; throws `NOT_FINAL` when it does not happen within eight epochs.
   */
  finalize(number?: bigint): Promise<void>
  /** Replaces the newest `depth` blocks, none of them final; their transactions go back to the mempool unless dropped. */
  reorg(depth: number, options?: { readonly dropTransactions?: boolean }): Promise<void>
  /** One more beacon node of the same chain, with faults of its own. It stops with the chain. */
  addBeaconNode(): Promise<{ readonly url: string; readonly faults: FaultBox }>
  equivocate(
    about: 'finality' | 'committee',
  ): Equivocation & { readonly json: { honest: unknown; conflicting: unknown } }
}

/** Epochs with blocks at the start of a period, and before the time that a jump leads to. */
const SPARSE_EPOCHS = 5

/** A chain that is later than this many slots leaves slots empty to catch up. */
const MAX_LAG_SLOTS = 2 * SLOTS_PER_EPOCH

/** Starts an Ethereum chain: anvil executes, a beacon chain in this process signs and serves the beacon REST API. */
export async function createEthereumChain(options: EthereumOptions): Promise<EthereumChain> {
  const { clock, chainId } = options
  const name = options.name ?? `ethereum-${chainId}`
  const preset = options.preset ?? presetName()
  if (preset !== presetName())
    throw new DevnetError('PRESET', `start the process with LODESTAR_PRESET=${preset}`, {
      expected: preset,
      given: ACTIVE_PRESET,
    })
  const secondsPerSlot = options.secondsPerSlot ?? 12
  const startEpoch = options.startEpoch ?? SPARSE_EPOCHS
  const genesisTime = Math.floor(clock.now()) - startEpoch * SLOTS_PER_EPOCH * secondsPerSlot
  const accounts = options.accounts ?? 10
  const engine = await createEngine({ chainId, accounts, timestamp: genesisTime, ownHistory: false })
  const keys = createValidatorKeys(chainId, (SYNC_COMMITTEE_SIZE * 5) / 4, SYNC_COMMITTEE_SIZE)
  const version = (fork: number): Hex => `0x0${fork}${(chainId % 2 ** 24).toString(16).padStart(6, '0')}`
  const gate = createGate()
  const transactions = new Map<number, readonly Hex[]>()

  const payloadOf = async (block: Parameters<typeof executionPayload>[0]) => {
    const raw = await rawTransactions(engine.upstream, block)
    if (raw.length > 0) transactions.set(Number(block.number), raw)
    return executionPayload(block, raw)
  }
  const execution = payloadHeader(await payloadOf(await engine.block('latest')))
  const forkVersion = hexToBytes(version(6))
  const chain = createBeaconChain({ genesisTime, keys, forkVersion, execution, statesKept: options.statesKept ?? 2048 })
  const lightClient = createLightClientServer(chain)

  const slotAt = (time: number): number => Math.floor((time - genesisTime) / secondsPerSlot)
  const timeAt = (slot: number): number => genesisTime + slot * secondsPerSlot
  /** The last slot that was looked at, also when it stayed empty. */
  let slotDone = 0
  const produce = async (slot: number): Promise<void> => {
    slotDone = slot
    if (chain.fault().noBlocks === true) return
    const block = await engine.mine({ timestamp: timeAt(slot) })
    lightClient.observe(chain.produce(slot, await payloadOf(block)))
  }
  const catchUp = async (target: number): Promise<void> => {
    if (target - slotDone <= MAX_LAG_SLOTS) {
      while (slotDone < target) await produce(slotDone + 1)
      return
    }
    for (let epoch = epochOf(slotDone) + 1; epoch <= epochOf(target); epoch++) {
      const early = epoch % EPOCHS_PER_SYNC_COMMITTEE_PERIOD < SPARSE_EPOCHS
      if (early || epochOf(target) - epoch < SPARSE_EPOCHS) await produce(epoch * SLOTS_PER_EPOCH)
    }
    if (slotDone < target) await produce(target)
  }
  await catchUp(slotAt(clock.now()))

  const worker = clock.attach({
    name,
    due: () => timeAt(slotDone + 1),
    run: (now) => gate.write(() => catchUp(slotAt(now))),
  })
  const executionNumber = (block: StoredBlock): number => block.block.body.executionPayload.blockNumber
  const rpcFaults = createFaultBox()
  const beaconFaults = createFaultBox()
  const step = async (): Promise<void> => clock.advanceTo(timeAt(slotDone + 1))
  const front = commonFront(
    {
      upstream: engine.upstream,
      gate,
      produce: step,
      pending: () => undefined,
      jump: clock.jump,
      faults: rpcFaults,
    },
    ethereumFront(engine.upstream, {
      finalized: () => numberToHex(executionNumber(chain.finalized())),
      safe: () => numberToHex(executionNumber(chain.justified())),
    }),
  )
  const genesisForkVersion = version(0)
  const spec = specOf({ secondsPerSlot, chainId, genesisTime, version })
  const currentSlot = () => slotAt(clock.now())
  const api = { chain, lightClient, faults: beaconFaults, genesisTime, genesisForkVersion, spec, currentSlot }
  const rpcServer = await listen(rpcApp(front, rpcFaults))
  const beaconServer = await listen(beaconApi({ ...api, forkVersion: version(6) }))
  const moreServers: HttpServer[] = []

  const consensusParams = (): Network => ({
    name,
    chainId: BigInt(chainId),
    preset: presets[preset],
    secondsPerSlot: BigInt(secondsPerSlot),
    genesisTime: BigInt(genesisTime),
    genesisValidatorsRoot: bytesToHex(chain.genesisValidatorsRoot),
    forks: [
      { name: 'capella', epoch: 0n, version: version(3) },
      { name: 'deneb', epoch: 0n, version: version(4) },
      { name: 'electra', epoch: 0n, version: version(5) },
      { name: 'fulu', epoch: 0n, version: version(6) },
    ],
  })
  const finalNumber = (): number => lightClient.finalityUpdate()?.finalizedHeader.execution.blockNumber ?? 0

  return {
    name,
    kind: 'ethereum',
    chainId,
    rpcUrl: rpcServer.url,
    beaconUrl: beaconServer.url,
    viemChain: viemChainOf(chainId, name, rpcServer.url),
    accounts: devAccounts(accounts),
    pid: engine.pid,
    rpcFaults,
    beaconFaults,
    consensusParams,
    bootstrap() {
      const bootstrap = lightClient.bootstrap(chain.finalized().root)
      if (bootstrap === undefined)
        throw new DevnetError('NOT_FINAL', 'nothing is final yet', { head: chain.head().slot })
      const data = ssz.electra.LightClientBootstrap.toJson(bootstrap)
      return parseBootstrap({ version: 'fulu', data }, consensusParams())
    },
    setFault: chain.setFault,
    head: chain.head,
    finalized: chain.finalized,
    blockAt: chain.bySlot,
    async mine() {
      await step()
      return chain.head()
    },
    async advance(count) {
      for (let index = 0; index < count; index++) await step()
    },
    async finalize(number = BigInt(executionNumber(chain.head()))) {
      for (let slots = 0; BigInt(finalNumber()) < number; slots++) {
        if (slots >= 8 * SLOTS_PER_EPOCH)
          throw new DevnetError('NOT_FINAL', 'no finality within eight epochs', { number, finalized: finalNumber() })
        await step()
      }
    },
    reorg: (depth, { dropTransactions = false } = {}) =>
      gate.write(async () => {
        const gone = chain.rollback(depth)
        lightClient.forget(gone)
        await engine.upstream.request('anvil_rollback', [depth])
        const pool = gone.flatMap((block) => transactions.get(executionNumber(block)) ?? [])
        for (const block of gone) transactions.delete(executionNumber(block))
        if (!dropTransactions) for (const raw of pool) await engine.upstream.request('eth_sendRawTransaction', [raw])
      }),
    async addBeaconNode() {
      const faults = createFaultBox()
      const server = await listen(beaconApi({ ...api, faults, forkVersion: version(6) }))
      moreServers.push(server)
      return { url: server.url, faults }
    },
    equivocate(about) {
      const pair = equivocate(chain, lightClient, about)
      const json = (update: Equivocation['honest']) => ({
        version: 'fulu',
        data: ssz.electra.LightClientUpdate.toJson(update),
      })
      return { ...pair, json: { honest: json(pair.honest), conflicting: json(pair.conflicting) } }
    },
    async stop() {
      worker.detach()
      await gate.write(async () => undefined)
      await Promise.all([rpcServer, beaconServer, ...moreServers].map((server) => server.stop()))
      await engine.stop()
    },
  }
}

function presetName(): 'mainnet' | 'minimal' {
  const name: string = ACTIVE_PRESET
  if (name === 'mainnet' || name === 'minimal') return name
  throw new DevnetError('PRESET', 'presets of a devnet are mainnet and minimal', { given: name })
}

interface SpecOptions {
  readonly secondsPerSlot: number
  readonly chainId: number
  readonly genesisTime: number
  readonly version: (fork: number) => Hex
}

/** `/eth/v1/config/spec`: the preset and the configuration, all values as strings. */
function specOf({ secondsPerSlot, chainId, genesisTime, version }: SpecOptions): Record<string, string> {
  const forks = ['ALTAIR', 'BELLATRIX', 'CAPELLA', 'DENEB', 'ELECTRA', 'FULU']
  return {
    ...presetToJson(activePreset),
    PRESET_BASE: ACTIVE_PRESET,
    CONFIG_NAME: `meridian-devnet-${chainId}`,
    SECONDS_PER_SLOT: `${secondsPerSlot}`,
    MIN_GENESIS_TIME: `${genesisTime}`,
    GENESIS_DELAY: '0',
    DEPOSIT_CHAIN_ID: `${chainId}`,
    DEPOSIT_NETWORK_ID: `${chainId}`,
    GENESIS_FORK_VERSION: version(0),
    ...Object.fromEntries(
      forks.flatMap((fork, index) => [
        [`${fork}_FORK_VERSION`, version(index + 1)],
        [`${fork}_FORK_EPOCH`, '0'],
      ]),
    ),
  }
}
