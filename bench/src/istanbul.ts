import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { iLightClientAbi, logProofGasAbi, logProofGasBytecode } from '@meridian/abi'
import { initCodeOf, istanbulClientInit } from '@meridian/cli/deploy'
import { createPrivateChain, type PrivateChain } from '@meridian/cli/private-chain'
import {
  aggregateKey,
  anchorOfValidators,
  applyDifference,
  encodeServed,
  encodeUpdate,
  type HashedHeader,
  type IstanbulChain,
  keysOf,
  lastBlockOf,
  parseBootstrap,
  parseHeader,
  parseIstanbulHeaders,
  quorum,
  type ReplayHeader,
  type SealedHeader,
  signSeal,
} from '@meridian/consensus/istanbul'
import { logAt, verifyReceiptProof } from '@meridian/proofs'
import {
  type Address,
  concatHex,
  decodeFunctionResult,
  encodeFunctionData,
  type Hex,
  hexToBytes,
  keccak256,
  numberToHex,
  stringToHex,
  toRlp,
} from 'viem'
import type { Context, Skip } from './scenario.ts'

const FIXTURE = 'devnet_blocks_203000-207000.json'
const CHAIN_ID = 22_776n

/** A chain with a light client, and the sealed headers that it can be given. */
export interface IstanbulBench {
  readonly chain: PrivateChain
  readonly client: Address
  /** The header at a height with its seal, and the receipt proof that the data has for it. */
  block(number: bigint): { readonly sealed: SealedHeader; readonly item: ReplayHeader }
  /** Gas of the whole transaction that applies an update; throws unless it is accepted. */
  update(...sealed: readonly SealedHeader[]): Promise<number>
}

/** Runs `body` with a light client at the start of the real headers, of a MAP development network with 4 to 5 validators. */
export async function withRealHeaders(
  { fixtures }: Context,
  body: (bench: IstanbulBench) => Promise<number>,
): Promise<number | Skip> {
  const file = join(fixtures, 'map', FIXTURE)
  if (!existsSync(file)) return { skipped: `no ${file}; MERIDIAN_FIXTURES names the folder` }
  const text = readFileSync(file, 'utf8')
  const { epochSize, forkHeight, validators } = parseBootstrap(text)
  const items = parseIstanbulHeaders(text)
  let members: readonly Hex[] = validators.map(({ g1 }) => g1)
  const [first] = items
  if (first === undefined) return { skipped: `${file} holds no header` }
  const anchored = members
  const blocks = new Map(
    items.map((item) => {
      const { header, aggregateKey } = item
      if (header.seal === undefined || aggregateKey === undefined)
        throw new Error(`${file} holds a header without a seal`)
      const sealed: SealedHeader = { header, seal: header.seal, validators: members, aggregateKey }
      if (header.number % epochSize === 0n) members = applyDifference(members, header.difference)
      return [header.number, { sealed, item }] as const
    }),
  )
  const last = items.at(-1)?.header.timestamp ?? first.header.timestamp
  return withClient({ chainId: CHAIN_ID, epochSize, forkHeight }, anchored, first.header, last, blocks, body)
}

async function withClient(
  source: IstanbulChain,
  validators: readonly Hex[],
  first: HashedHeader,
  now: bigint,
  blocks: ReadonlyMap<bigint, { readonly sealed: SealedHeader; readonly item: ReplayHeader }>,
  body: (bench: IstanbulBench) => Promise<number>,
): Promise<number> {
  const before = lastBlockOf((first.number - 1n) / source.epochSize, source.epochSize)
  const anchor = anchorOfValidators(validators, before, first.timestamp - 1n)
  const chain = await createPrivateChain({ start: now })
  try {
    const client = await chain.deploy(istanbulClientInit(source, anchor))
    return await body({
      chain,
      client,
      block(number) {
        const found = blocks.get(number)
        if (found === undefined) throw new Error(`the data has no block ${number}`)
        return found
      },
      async update(...sealed) {
        const data = encodeFunctionData({ abi: iLightClientAbi, functionName: 'update', args: [encodeUpdate(sealed)] })
        const mined = await chain.transact(client, data)
        if (!mined.ok) throw new Error(`the update was refused: ${(await chain.call(client, data)).data}`)
        return Number(mined.gasUsed)
      },
    })
  } finally {
    await chain.stop()
  }
}

/** Gas of proving the last log of the block's receipt, execution only; throws unless it is the log that the receipt has. */
export async function gasOfLog({ chain, client }: IstanbulBench, item: ReplayHeader, blockProof: Hex): Promise<number> {
  const { header, receipt } = item
  if (receipt === undefined) throw new Error(`the data has no receipt of block ${header.number}`)
  const proven = verifyReceiptProof(hexToBytes(header.receiptsRoot), receipt.txIndex, hexToBytes(receipt.nodes))
  const expected = logAt(proven, 0)
  const harness = await chain.deploy(initCodeOf(logProofGasAbi, logProofGasBytecode, []))
  const { ok, data } = await chain.call(
    harness,
    encodeFunctionData({
      abi: logProofGasAbi,
      functionName: 'measure',
      args: [client, blockProof, BigInt(receipt.txIndex), 0n, receipt.nodes],
    }),
  )
  if (!ok) throw new Error(`the log was refused: ${data}`)
  const [gasUsed, emitter, topicCount, dataHash] = decodeFunctionResult({
    abi: logProofGasAbi,
    functionName: 'measure',
    data,
  })
  if (
    emitter.toLowerCase() !== expected.emitter.toLowerCase() ||
    topicCount !== BigInt(expected.topics.length) ||
    dataHash !== keccak256(expected.data)
  )
    throw new Error('the harness proved another log')
  return Number(gasUsed)
}

const EPOCH = 50_000n
const NUMBER = 12_500_000n
const TIMESTAMP = 1_800_000_000n
const word = (label: string): Hex => keccak256(stringToHex(label))

/** Runs `body` with a client of `size` validators, and the header of the last block of its epoch: one leaves, one joins. */
export function withManyValidators(size: number, body: (bench: IstanbulBench) => Promise<number>): Promise<number> {
  const secrets = Array.from({ length: size + 1 }, (_, index) => word(`validator ${index}`))
  const keys = secrets.map(keysOf)
  const members = keys.slice(0, size)
  const joining = keys[size]
  if (joining === undefined) throw new Error('one joins')
  const signers = quorum(size)
  // The highest seats sign: the loop over the bitmap goes through all of them.
  const bitmap = ((1n << BigInt(signers)) - 1n) << BigInt(size - signers)
  const aggregated = [numberToHex(bitmap), `0x${'5a'.repeat(64)}` as Hex, '0x']
  const extraData = concatHex([
    word('vanity'),
    toRlp([
      [`0x${word('address').slice(-40)}`],
      [joining.g2],
      [joining.g1],
      '0x01',
      `0x${'5a'.repeat(65)}`,
      ['0x', '0x', '0x'],
      aggregated,
    ] as never), // CAST: nested lists of hex
  ])
  const unsealed = toRlp([
    word('parent'),
    `0x${word('coinbase').slice(-40)}`,
    word('state'),
    word('transactions'),
    word('receipts'),
    `0x${'00'.repeat(200)}${'5a'.repeat(56)}`,
    numberToHex(NUMBER),
    numberToHex(20_000_000),
    numberToHex(1_500_000),
    numberToHex(TIMESTAMP),
    extraData,
    `0x${'00'.repeat(32)}`,
    '0x0000000000000000',
    numberToHex(100_000_000_000n),
  ])
  const seal = signSeal(keccak256(unsealed), 0n, secrets.slice(size - signers, size), bitmap)
  const header = parseHeader(encodeServed(unsealed, seal))
  const validators = members.map(({ g1 }) => g1)
  const key = aggregateKey(
    members.map(({ g2 }) => g2),
    bitmap,
  )
  const sealed: SealedHeader = { header, seal, validators, aggregateKey: key }
  const item: ReplayHeader = { header, aggregateKey: key, receipt: undefined }
  const source = { chainId: CHAIN_ID, epochSize: EPOCH, forkHeight: 2_350_001n }
  return withClient(source, validators, header, TIMESTAMP, new Map([[NUMBER, { sealed, item }]]), body)
}

/** The height of {@link withManyValidators}' header. */
export const MANY_NUMBER = NUMBER
