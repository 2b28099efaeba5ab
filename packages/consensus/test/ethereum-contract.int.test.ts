/** The contract against real chain data, whole transactions on an EVM with Osaka's rules. */
import assert from 'node:assert/strict'
import { existsSync, readFileSync } from 'node:fs'
import { dirname, join, resolve } from 'node:path'
import { test } from 'node:test'
import { fileURLToPath } from 'node:url'
import { ethereumLightClientAbi, ethereumLightClientBytecode } from '@meridian/abi'
import type { Address, Hex, TransactionReceipt } from 'viem'
import { concatHex, isHex, parseEventLogs } from 'viem'
import { z } from 'zod'
import {
  bootstrapArgs,
  clientForks,
  clientParameters,
  createCommitteeBook,
  encodeReceiptsRootProof,
  encodeUpdate,
  executionBranchOf,
  networks,
  parseBootstrapFile,
  parseUpdateFile,
  timeAtSlot,
  type Update,
  withoutNextCommittee,
} from '../src/ethereum/index.ts'
import { type TestChain, withAnvil, word } from './anvil.ts'
import { executionOf } from './ethereum-chain.ts'

const repository = dirname(dirname(dirname(dirname(fileURLToPath(import.meta.url)))))
const fixtures = resolve(repository, process.env.MERIDIAN_FIXTURES ?? '../shared/fixtures', 'ethereum')
const skip = existsSync(fixtures) ? false : `no real chain data at ${fixtures} (MERIDIAN_FIXTURES)`

/** Where the contract keeps its words: packed state, 16 committees, 8192 blocks. */
const STATE_SLOT = 0n
const COMMITTEES_SLOT = 1n
const COMMITTEES = 16n
const BLOCKS_SLOT = COMMITTEES_SLOT + COMMITTEES
const BLOCKS = 8192n
const TWO_WEEKS = 14n * 86_400n

function mainnet() {
  const network = networks.mainnet
  assert.ok(network)
  return network
}

function load(bootstrapFile: string, ...updateFiles: string[]) {
  const network = mainnet()
  const read = (file: string) => readFileSync(join(fixtures, file), 'utf8')
  const bootstrap = parseBootstrapFile(read(bootstrapFile), network)
  const book = createCommitteeBook(bootstrap, network)
  const updates = updateFiles
    .flatMap((file) => parseUpdateFile(read(file), network))
    .map((update) => {
      const signers = book.signersOf(update)
      book.learn(update)
      return { update, data: encodeUpdate(update, signers), bare: encodeUpdate(withoutNextCommittee(update), signers) }
    })
  const last = Math.max(
    ...updates.map(({ update }) => Number(update.signatureSlot)),
    Number(bootstrap.header.beacon.slot),
  )
  return { bootstrap, updates, time: timeAtSlot(network, BigInt(last)) }
}

async function deploy(chain: TestChain, bootstrap: ReturnType<typeof load>['bootstrap']): Promise<Address> {
  const network = mainnet()
  const hash = await chain.deployContract({
    abi: ethereumLightClientAbi,
    bytecode: ethereumLightClientBytecode,
    args: [
      clientParameters(network, { trustingPeriod: TWO_WEEKS }),
      clientForks(network),
      bootstrapArgs(bootstrap, network),
    ],
  })
  const receipt = await chain.waitForTransactionReceipt({ hash })
  assert.equal(receipt.status, 'success')
  assert.ok(receipt.contractAddress)
  return receipt.contractAddress
}

async function send(chain: TestChain, address: Address, data: Hex): Promise<TransactionReceipt> {
  const { request } = await chain.simulateContract({
    address,
    abi: ethereumLightClientAbi,
    functionName: 'update',
    args: [data],
    account: chain.account,
  })
  const hash = await chain.writeContract(request)
  const receipt = await chain.waitForTransactionReceipt({ hash })
  assert.equal(receipt.status, 'success')
  return receipt
}

function eventsOf(receipt: TransactionReceipt): string[] {
  return parseEventLogs({ abi: ethereumLightClientAbi, logs: receipt.logs }).map(({ eventName }) => eventName)
}

const slotOf = (update: Update) => update.finalizedHeader.beacon.slot

/** Sets the head to `slot` and makes every word that an update at `update` writes non-zero. */
async function lowerHead(chain: TestChain, address: Address, update: Update, slot: bigint, committeePeriod: bigint) {
  const state = BigInt((await chain.getStorageAt({ address, slot: word(STATE_SLOT) })) ?? '0x0')
  const lowered = (state & ~((1n << 72n) - 1n)) | slot
  await chain.setStorageAt({ address, index: word(STATE_SLOT), value: word(lowered) })
  await chain.setStorageAt({ address, index: word(BLOCKS_SLOT + (slotOf(update) % BLOCKS)), value: word(1n) })
  const index = word(COMMITTEES_SLOT + (committeePeriod % COMMITTEES))
  if (BigInt((await chain.getStorageAt({ address, slot: index })) ?? '0x0') === 0n)
    await chain.setStorageAt({ address, index, value: word(1n) })
}

test('a mainnet Fulu finality update raises the participation of its bootstrap', { skip }, async () => {
  const { bootstrap, updates, time } = load('fulu_bootstrap.json', 'fulu_finality.json')
  const [first] = updates
  assert.ok(first)
  await withAnvil(time, async (chain) => {
    const address = await deploy(chain, bootstrap)
    assert.deepEqual(eventsOf(await send(chain, address, first.data)), ['BlockStored'])
    assert.deepEqual(eventsOf(await send(chain, address, first.data)), [])
  })
})

test('whole-transaction gas of a mainnet Fulu finality update, 511 of 512', { skip }, async (context) => {
  const { bootstrap, updates, time } = load('fulu_bootstrap.json', 'fulu_finality.json')
  const [first] = updates
  assert.ok(first)
  await withAnvil(time, async (chain) => {
    const address = await deploy(chain, bootstrap)
    await lowerHead(chain, address, first.update, slotOf(first.update) - 32n, 0n)
    const receipt = await send(chain, address, first.data)
    assert.deepEqual(eventsOf(receipt), ['HeadAdvanced'])
    context.diagnostic(`ethereum/finality-511: ${receipt.gasUsed} gas, ${first.data.length / 2 - 1} bytes`)
    assert.ok(receipt.gasUsed <= 237_000n, `${receipt.gasUsed}`)
  })
})

test('mainnet Deneb updates that finalize blocks before and at their bootstrap', { skip }, async () => {
  const { bootstrap, updates, time } = load('deneb_bootstrap.json', 'deneb_update.json', 'deneb_finality.json')
  await withAnvil(time, async (chain) => {
    const address = await deploy(chain, bootstrap)
    const seen: string[][] = []
    for (const { data } of updates) seen.push(eventsOf(await send(chain, address, data)))
    assert.deepEqual(seen, [['BlockStored', 'SyncCommitteeStored'], ['BlockStored']])
  })
})

test('two rotations of mainnet, the second one beyond the head', { skip }, async (context) => {
  const { bootstrap, updates, time } = load('deneb_cc_bootstrap.json', 'deneb_cc_update.json', 'deneb_cc_update2.json')
  await withAnvil(time, async (chain) => {
    const address = await deploy(chain, bootstrap)
    const seen: string[][] = []
    for (const { data } of updates) {
      const receipt = await send(chain, address, data)
      context.diagnostic(`rotation: ${receipt.gasUsed} gas, ${data.length / 2 - 1} bytes`)
      seen.push(eventsOf(receipt))
    }
    assert.deepEqual(seen, [
      ['BlockStored', 'SyncCommitteeStored'],
      ['HeadAdvanced', 'SyncCommitteeStored'],
    ])
    const head = await chain.readContract({ address, abi: ethereumLightClientAbi, functionName: 'head' })
    assert.equal(head.number, updates[1]?.update.finalizedHeader.beacon.slot)
  })
})

test('receipts roots of mainnet blocks, by their leaf in the body', { skip }, async () => {
  const cases = [
    ['fulu_bootstrap.json', 'fulu_finality.json'],
    ['deneb_bootstrap.json', 'deneb_finality.json'],
  ] as const
  for (const [file, name] of cases) {
    const { bootstrap, updates, time } = load(file, name)
    const [first] = updates
    assert.ok(first)
    await withAnvil(time, async (chain) => {
      const address = await deploy(chain, bootstrap)
      await send(chain, address, first.data)
      for (const header of [bootstrap.header, first.update.finalizedHeader]) {
        const finalized = header.beacon
        const inBody = executionBranchOf(header, mainnet(), 'receiptsRoot')
        assert.ok(inBody)
        const { leaf: receiptsRoot, branch } = inBody
        const proof = encodeReceiptsRootProof({ finalized, receiptsRoot, receiptsRootBranch: branch })
        const call = { address, abi: ethereumLightClientAbi, args: [proof] } as const
        const given = await chain.readContract({ ...call, functionName: 'verifyReceiptsRoot' })
        assert.equal(given, executionOf(header).receiptsRoot)
        await assert.rejects(chain.readContract({ ...call, functionName: 'verifyBlock' }), /ProofKind/)
      }
    })
  }
})

const vectorSchema = z.object({
  constructor: z.custom<Hex>(isHex),
  time: z.number(),
  finalizedSlot: z.number(),
  updates: z.record(z.string(), z.custom<Hex>(isHex)),
})

/** Upper bounds, gas of a whole transaction. */
const bounds: Readonly<Record<string, bigint>> = {
  all: 224_000n,
  absentOne: 237_000n,
  absentThree: 257_000n,
  rotationAbsentThree: 270_000n,
  absentTen: 314_000n,
  absentFifty: 556_000n,
}

test('whole-transaction gas of generated updates, committees of 512', async (context) => {
  const file = join(repository, 'vectors', 'ethereum', 'mainnet-sized.json')
  const vectors = vectorSchema.parse(JSON.parse(readFileSync(file, 'utf8')))
  await withAnvil(BigInt(vectors.time), async (chain) => {
    const deployment = await chain.sendTransaction({
      data: concatHex([ethereumLightClientBytecode, vectors.constructor]),
      to: null,
    })
    const { contractAddress: address } = await chain.waitForTransactionReceipt({ hash: deployment })
    assert.ok(address)
    const period = BigInt(vectors.finalizedSlot) / 8192n
    const blockIndex = word(BLOCKS_SLOT + (BigInt(vectors.finalizedSlot) % BLOCKS))
    await chain.setStorageAt({ address, index: blockIndex, value: word(1n) })
    await chain.setStorageAt({ address, index: word(COMMITTEES_SLOT + ((period + 1n) % COMMITTEES)), value: word(1n) })
    for (const [name, bound] of Object.entries(bounds)) {
      const id = await chain.snapshot()
      const data = vectors.updates[name]
      assert.ok(data)
      const { gasUsed, logs } = await send(chain, address, data)
      assert.ok(logs.length > 0)
      context.diagnostic(`${name}: ${gasUsed} gas, ${data.length / 2 - 1} bytes`)
      assert.ok(gasUsed <= bound, `${name}: ${gasUsed}`)
      await chain.revert({ id })
    }
  })
})
