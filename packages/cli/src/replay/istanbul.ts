import { iLightClientAbi, receiptProofGasAbi, receiptProofGasBytecode } from '@meridian/abi'
import { decodeRevert } from '@meridian/chain'
import {
  aggregateKey,
  anchorOfValidators,
  applyDifference,
  encodeStoredProof,
  encodeUpdate,
  epochOf,
  type IstanbulHeader,
  lastBlockOf,
  parseBootstrap,
  parseIstanbulHeaders,
  type ReplayHeader,
  type ReplayValidator,
  type SealedHeader,
} from '@meridian/consensus/istanbul'
import { MeridianError } from '@meridian/core'
import { type Address, decodeFunctionResult, encodeFunctionData } from 'viem'
import { initCodeOf } from '../deploy/deployer.ts'
import { istanbulClientInit } from '../deploy/istanbul-client.ts'
import { UsageError } from '../errors.ts'
import { readText } from '../files.ts'
import { createPrivateChain, type PrivateChain } from '../private-chain.ts'
import type { ReplayError, ReplayLine, ReplayReceipt } from './report.ts'
import { errorOf, headOf, submitUpdate } from './submit.ts'

/** Headers of one MAP relay chain, and the validators that are trusted before the first. */
export interface IstanbulReplay {
  readonly bootstrap: string
  readonly headers: readonly string[]
}

/** The id of the source chain is no part of a header; the replay's client has a development chain's. */
const CHAIN_ID = 1_337n

/** What `Receipts.logAt` reverts with behind a receipt's last log. */
const NO_SUCH_LOG = 'Receipts_LogIndex'

/**
 * Deploys the light client with the bootstrap's validators, at the start of their epoch, on a private chain, and applies each
 * header in turn. The clock goes just past each header's time. A receipt proof in a file is verified too: by the library
 * that the contracts use, on the same chain, against the receipts root that the light client answers with.
 *
 * @throws {@link UsageError} for files that hold no validators or no header
 */
export async function* replayIstanbul(replay: IstanbulReplay): AsyncGenerator<ReplayLine, void, undefined> {
  const bootstrap = read(replay.bootstrap, () => parseBootstrap(readText(replay.bootstrap)))
  const items = replay.headers.flatMap((file) =>
    read(file, () => parseIstanbulHeaders(readText(file))).map((item, index) => ({ file, index, item })),
  )
  const first = items[0]?.item.header
  if (first === undefined) throw new UsageError('--header', 'is needed with --consensus istanbul')
  if (first.number === 0n || first.timestamp < 2n) throw new UsageError('--header', 'the genesis block has no seal')
  const { epochSize, forkHeight } = bootstrap
  const epoch = bootstrap.epoch ?? epochOf(first.number, epochSize)
  const validators = bootstrap.validators.map(({ g1 }) => g1)
  const anchor = read(replay.bootstrap, () =>
    anchorOfValidators(validators, lastBlockOf(epoch - 1n, epochSize), first.timestamp - 1n),
  )

  const chain = await createPrivateChain({ start: first.timestamp })
  try {
    const client = await chain.deploy(istanbulClientInit({ chainId: CHAIN_ID, epochSize, forkHeight }, anchor))
    const receipts = await chain.deploy(initCodeOf(receiptProofGasAbi, receiptProofGasBytecode, []))
    const sets = new Map([[epoch, bootstrap.validators]])
    for (const { file, index, item } of items) {
      const { header } = item
      const members = sets.get(epochOf(header.number, epochSize)) ?? bootstrap.validators
      await chain.warp(header.timestamp + 1n)
      const submitted = await submitUpdate(chain, client, encodeUpdate([sealed(file, item, members)]))
      const head = await headOf(chain, client)
      const line = { file, index, ...submitted, head: { number: Number(head.number), hash: head.hash } }
      if (submitted.result === 'rejected') {
        yield line
        continue
      }
      if (header.number % epochSize === 0n) sets.set(header.number / epochSize + 1n, next(members, header))
      const proven = await proveReceipt(chain, client, receipts, item)
      if (proven === undefined) yield line
      else if ('error' in proven) yield { ...line, result: 'rejected', error: proven.error }
      else yield { ...line, receipt: proven.receipt }
    }
  } finally {
    await chain.stop()
  }
}

function sealed(file: string, item: ReplayHeader, members: readonly ReplayValidator[]): SealedHeader {
  const { header } = item
  if (header.seal === undefined) throw new UsageError(file, `the header at ${header.number} has no seal`)
  const g2 = members.map((member) => member.g2 ?? '0x')
  const { seal } = header
  if (item.aggregateKey === undefined && g2.includes('0x'))
    throw new UsageError(file, "has no sum of the signers' G2 keys, and the bootstrap has no G2 keys")
  const key = item.aggregateKey ?? read(file, () => aggregateKey(g2, seal.bitmap))
  return { header, seal, validators: members.map(({ g1 }) => g1), aggregateKey: key }
}

/** The next epoch's set with the G2 keys that are known. */
function next(members: readonly ReplayValidator[], header: IstanbulHeader): readonly ReplayValidator[] {
  const known = new Map(members.map(({ g1, g2 }) => [g1, g2]))
  header.difference.added.forEach((g1, index) => {
    known.set(g1, header.addedG2Keys[index])
  })
  return applyDifference(
    members.map(({ g1 }) => g1),
    header.difference,
  ).map((g1) => ({ g1, g2: known.get(g1) }))
}

type Proven = { readonly receipt: ReplayReceipt } | { readonly error: ReplayError }

/** Verifies the item's receipt proof on chain, log by log. Undefined if it has none. */
async function proveReceipt(
  chain: PrivateChain,
  client: Address,
  receipts: Address,
  { header, receipt }: ReplayHeader,
): Promise<Proven | undefined> {
  if (receipt === undefined) return undefined
  const answered = await chain.call(
    client,
    encodeFunctionData({
      abi: iLightClientAbi,
      functionName: 'verifyReceiptsRoot',
      args: [encodeStoredProof(header)],
    }),
  )
  if (!answered.ok) return { error: errorOf(decodeRevert(answered.data)) }
  const root = decodeFunctionResult({ abi: iLightClientAbi, functionName: 'verifyReceiptsRoot', data: answered.data })
  for (let log = 0; ; log += 1) {
    const proven = await chain.call(
      receipts,
      encodeFunctionData({
        abi: receiptProofGasAbi,
        functionName: 'prove',
        args: [root, BigInt(receipt.txIndex), BigInt(log), receipt.nodes],
      }),
    )
    if (proven.ok) continue
    const error = errorOf(decodeRevert(proven.data))
    // The receipt is proven, and has no log at this index.
    return error.name === NO_SUCH_LOG ? { receipt: { transactionIndex: receipt.txIndex, logs: log } } : { error }
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
