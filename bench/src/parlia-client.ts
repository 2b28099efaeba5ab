import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { PARLIA_POLICY, parliaClientInit } from '@meridian/cli/deploy'
import { createPrivateChain, type PrivateChain } from '@meridian/cli/private-chain'
import {
  anchorOfSet,
  EPOCH_LENGTH,
  type KnownSet,
  knownSetOf,
  offsetOf,
  type ParliaHeader,
  parseEpochFile,
  parseHeaderFile,
  type ValidatorSet,
} from '@meridian/consensus/parlia'
import type { Address } from 'viem'
import type { Skip } from './scenario.ts'

/** EIP-155 id of BNB Smart Chain. */
const CHAIN_ID = 56n

/** Headers of mainnet and the set in force at them, or why they cannot be had. */
export function fixtures(
  folder: string,
  epochFile: string,
  headerFile: string,
): { readonly set: ValidatorSet; readonly headers: readonly ParliaHeader[] } | Skip {
  const files = [epochFile, headerFile].map((name) => join(folder, 'bsc', name))
  const missing = files.find((file) => !existsSync(file))
  if (missing !== undefined) return { skipped: `no ${missing}; MERIDIAN_FIXTURES names the folder` }
  const [epochText = '', headerText = ''] = files.map((file) => readFileSync(file, 'utf8'))
  const set = parseEpochFile(epochText)[0]
  return set === undefined ? { skipped: `${files[0]} lists no set` } : { set, headers: parseHeaderFile(headerText) }
}

/** Runs `body` with a light client that trusts `set` just below `first` on a private chain. */
export async function withParliaClient<T>(
  set: ValidatorSet,
  first: ParliaHeader,
  body: (chain: PrivateChain, client: Address, known: KnownSet) => Promise<T>,
): Promise<T> {
  const anchor = anchorOfSet(set, set.epoch + offsetOf(set), first.number - 1n, first.timestamp - 1n)
  const parameters = { chainId: CHAIN_ID, epochLength: EPOCH_LENGTH, policy: PARLIA_POLICY }
  const chain = await createPrivateChain({ start: first.timestamp })
  try {
    const client = await chain.deploy(parliaClientInit(parameters, anchor))
    return await body(chain, client, knownSetOf(anchor, EPOCH_LENGTH))
  } finally {
    await chain.stop()
  }
}
