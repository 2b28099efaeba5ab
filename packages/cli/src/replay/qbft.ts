import { existsSync } from 'node:fs'
import { qbftLightClientAbi } from '@meridian/abi'
import {
  anchorOfValidators,
  encodeUpdate,
  parseHeaderFile,
  parseValidators,
  type QbftHeader,
  sameSet,
  seatedSeals,
} from '@meridian/consensus/qbft'
import { MeridianError } from '@meridian/core'
import { type Address, decodeFunctionResult, encodeFunctionData } from 'viem'
import { qbftClientInit } from '../deploy/qbft-client.ts'
import { UsageError } from '../errors.ts'
import { readText } from '../files.ts'
import { createPrivateChain, type PrivateChain } from '../private-chain.ts'
import type { ReplayLine } from './report.ts'
import { headOf, submitUpdate } from './submit.ts'

/** Headers of one QBFT chain, and the validators that are trusted before the first. */
export interface QbftReplay {
  /** A file, or addresses separated by commas. */
  readonly validators: string
  readonly headers: readonly string[]
}

/** The id of the source chain is no part of a QBFT header; the replay's client has a development chain's. */
const CHAIN_ID = 1_337n

/**
 * Deploys the light client with these validators just below the first header, on a private chain, and applies each header
 * in turn with every seal in it that is a validator's. The clock goes just past each header's time.
 *
 * @throws {@link UsageError} for files that hold no validators or no header
 */
export async function* replayQbft(replay: QbftReplay): AsyncGenerator<ReplayLine, void, undefined> {
  const isFile = existsSync(replay.validators)
  const source = isFile ? replay.validators : '--validators'
  const validators = read(source, () => parseValidators(isFile ? readText(replay.validators) : replay.validators))
  const headers = replay.headers.map((file) => ({ file, header: read(file, () => parseHeaderFile(readText(file))) }))
  const first = headers[0]?.header
  if (first === undefined) throw new UsageError('--header', 'is needed with --consensus qbft')
  if (first.number === 0n || first.timestamp < 2n) throw new UsageError('--header', 'the genesis block has no seals')
  const anchor = read(source, () => anchorOfValidators(validators, first.number - 1n, first.timestamp - 1n))

  const chain = await createPrivateChain({ start: first.timestamp })
  try {
    const client = await chain.deploy(qbftClientInit(CHAIN_ID, anchor))
    let trusted: readonly Address[] = anchor.validators
    for (const { file, header } of headers) {
      await chain.warp(header.timestamp + 1n)
      const range = (await rangeCount(chain, client)) - 1
      const submitted = await submitUpdate(chain, client, encodeUpdate([sealed(header, trusted, range)]))
      const head = await headOf(chain, client)
      if (submitted.result === 'updated' && head.hash === header.hash) trusted = header.validators
      yield { file, index: 0, ...submitted, head: { number: Number(head.number), hash: head.hash } }
    }
  } finally {
    await chain.stop()
  }
}

function sealed(header: QbftHeader, trusted: readonly Address[], range: number) {
  const step = { header, seals: seatedSeals(header), range }
  return sameSet(trusted, header.validators) ? step : { ...step, trusted }
}

async function rangeCount(chain: PrivateChain, client: Address): Promise<number> {
  const { data } = await chain.call(
    client,
    encodeFunctionData({ abi: qbftLightClientAbi, functionName: 'setRangeCount' }),
  )
  return Number(decodeFunctionResult({ abi: qbftLightClientAbi, functionName: 'setRangeCount', data }))
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
