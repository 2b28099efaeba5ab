import {
  type Bootstrap,
  beaconHeaderRoot,
  createCommitteeBook,
  encodeUpdate,
  type LightClientHeader,
  type Network,
  parseBootstrapFile,
  parseUpdateFile,
  timeAtSlot,
  type Update,
  VerifyError,
  validateLightClientHeader,
} from '@meridian/consensus/ethereum'
import { MeridianError } from '@meridian/core'
import type { Hex } from 'viem'
import { ethereumClientInit } from '../deploy/ethereum-client.ts'
import { UsageError } from '../errors.ts'
import { readText } from '../files.ts'
import { createPrivateChain } from '../private-chain.ts'
import { type BeaconRange, readFromBeacon } from './beacon.ts'
import type { ReplayHead, ReplayLine } from './report.ts'
import { headOf, submitUpdate } from './submit.ts'

/** Files of one Ethereum network, as a beacon node's REST API serves them. */
export interface EthereumReplay {
  readonly network: Network
  readonly bootstrap: string
  readonly updates: readonly string[]
}

/** Updates, and where they are from. */
interface UpdateBatch {
  readonly file: string
  readonly updates: readonly Update[]
}

/**
 * Deploys the light client at the bootstrap on a private chain and applies each update in turn. The chain's clock starts
 * just past the bootstrap's slot and goes just past each signature slot; where an update is older, the clock stays.
 *
 * @throws {@link UsageError} for a file that is not what a beacon node serves
 */
export async function* replayEthereum(replay: EthereumReplay): AsyncGenerator<ReplayLine, void, undefined> {
  const { network } = replay
  const bootstrap = read(replay.bootstrap, (text) => parseBootstrapFile(text, network))
  const files = replay.updates.map((file) => ({ file, updates: read(file, (text) => parseUpdateFile(text, network)) }))
  yield* apply(network, { file: replay.bootstrap, bootstrap }, files)
}

/**
 * The same with what a beacon node serves: a range of periods and the newest finality update, and files after them.
 *
 * @param network By name, or `beacon` for what the node says it is.
 * @param bootstrap A file, a trusted block root, or nothing: then the block that the first update finalizes.
 * @throws RunError where the node does not serve it; {@link UsageError} as for files
 */
export async function* replayFromBeacon(
  range: BeaconRange,
  network: string,
  bootstrap: string | undefined,
  updates: readonly string[] = [],
): AsyncGenerator<ReplayLine, void, undefined> {
  const isRoot = (text: string): text is Hex => /^0x[0-9a-fA-F]{64}$/.test(text)
  const trusted = bootstrap !== undefined && isRoot(bootstrap) ? bootstrap : undefined
  const served = await readFromBeacon(range, network, trusted)
  const isFile = bootstrap !== undefined && trusted === undefined
  const start = isFile ? read(bootstrap, (text) => parseBootstrapFile(text, served.network)) : await served.bootstrap()
  const files = updates.map((file) => ({ file, updates: read(file, (text) => parseUpdateFile(text, served.network)) }))
  const from = { file: isFile ? bootstrap : served.host, bootstrap: start }
  yield* apply(served.network, from, [{ file: served.host, updates: served.updates }, ...files])
}

async function* apply(
  network: Network,
  start: { readonly file: string; readonly bootstrap: Bootstrap },
  batches: readonly UpdateBatch[],
): AsyncGenerator<ReplayLine, void, undefined> {
  const { bootstrap } = start
  const init = initCode(start.file, bootstrap, network)
  const chain = await createPrivateChain({ start: timeAtSlot(network, bootstrap.header.beacon.slot) + 1n })
  try {
    const client = await chain.deploy(init)
    const book = createCommitteeBook(bootstrap, network)
    const known = new Map([knownBlock(bootstrap.header)])
    const head = async () => headFrom(known, await headOf(chain, client))
    for (const { file, updates } of batches) {
      for (const [index, update] of updates.entries()) {
        let data: Hex
        try {
          validateLightClientHeader(update.attestedHeader, network)
          validateLightClientHeader(update.finalizedHeader, network)
          data = encodeUpdate(update, book.signersOf(update))
        } catch (error) {
          if (!(error instanceof VerifyError)) throw error
          const reason = { name: error.code, args: { ...error.context } }
          yield { file, index, result: 'rejected', error: reason, gasUsed: 0, head: await head() }
          continue
        }
        await chain.warp(timeAtSlot(network, update.signatureSlot) + 1n)
        const submitted = await submitUpdate(chain, client, data)
        if (submitted.result !== 'rejected') {
          book.learn(update)
          known.set(...knownBlock(update.finalizedHeader))
        }
        yield { file, index, ...submitted, head: await head() }
      }
    }
  } finally {
    await chain.stop()
  }
}

function knownBlock(header: LightClientHeader): [Hex, LightClientHeader] {
  return [beaconHeaderRoot(header.beacon), header]
}

/** The contract's head is a beacon block that one of the applied files brought, with its execution block. */
function headFrom(known: ReadonlyMap<Hex, LightClientHeader>, head: { number: bigint; hash: Hex }): ReplayHead {
  const header = known.get(head.hash)
  if (header === undefined) {
    throw new MeridianError('UNKNOWN_HEAD', `no file brought the head at slot ${head.number}`, head)
  }
  const beacon = { slot: Number(head.number), root: head.hash }
  if (!('execution' in header)) return { number: null, hash: header.executionBlockHash, ...beacon }
  return { number: Number(header.execution.blockNumber), hash: header.execution.blockHash, ...beacon }
}

function read<T>(file: string, parse: (text: string) => T): T {
  const text = readText(file)
  try {
    return parse(text)
  } catch (error) {
    if (error instanceof MeridianError) throw new UsageError(file, error.message)
    throw error
  }
}

function initCode(file: string, bootstrap: Bootstrap, network: Network): Hex {
  try {
    validateLightClientHeader(bootstrap.header, network)
    return ethereumClientInit(bootstrap, network)
  } catch (error) {
    if (error instanceof MeridianError) throw new UsageError(file, error.message)
    throw error
  }
}
