/** The contract and its twin judge the same proofs of blocks and receipts roots: same verdict, same reason. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { ethereumLightClientAbi, ethereumLightClientBytecode } from '@meridian/abi'
import { hasCode } from '@meridian/core'
import fc from 'fast-check'
import { type Address, BaseError, bytesToHex, ContractFunctionRevertedError, type Hex, hexToBytes, size } from 'viem'
import {
  blockSummaryGindex,
  bootstrapArgs,
  branchOfNode,
  clientForks,
  clientParameters,
  encodeBlockProof,
  encodeReceiptsRootProof,
  executionBranchOf,
  forkAtSlot,
  initializeLightClientStore,
  type LightClientStore,
  type ProvenHeader,
  timeAtSlot,
  VerifyError,
  type VerifyErrorCode,
  verifyBlock,
  verifyReceiptsRoot,
} from '../src/ethereum/index.ts'
import { type TestChain as Anvil, withAnvil } from './anvil.ts'
import { createTestChain, flip, type TestBlock, testNetwork } from './ethereum-chain.ts'

const seed = Number(process.env.MERIDIAN_SEED ?? Date.now() % 2 ** 31)
const PERIOD = 64n
const TRUSTING_PERIOD = 100_000n

const contractErrors: Partial<Record<VerifyErrorCode, string>> = {
  BLOCK_UNKNOWN: 'EthereumLightClient_UnknownBlock',
  ANCESTOR_SLOT: 'EthereumLightClient_AncestorSlot',
  PROOF_KIND: 'EthereumLightClient_ProofKind',
  PROOF_LENGTH: 'EthereumLightClient_Length',
  BRANCH_BLOCK_ROOTS: 'EthereumLightClient_BlockRootsBranch',
  BRANCH_SUMMARY: 'EthereumLightClient_SummaryBranch',
  BRANCH_BLOCK_HASH: 'EthereumLightClient_BlockHashBranch',
}

const network = testNetwork('minimal', [
  ['deneb', 0n],
  ['electra', 26n],
  ['fulu', 34n],
])

type Form = 'verifyBlock' | 'verifyReceiptsRoot'

/** The twin's verdict: a receipts root, or the contract's name of the broken rule. */
function judge(store: LightClientStore, form: Form, proof: Hex): string {
  try {
    return form === 'verifyBlock'
      ? verifyBlock(store, proof, network).receiptsRoot
      : verifyReceiptsRoot(store, proof, network)
  } catch (error) {
    if (error instanceof VerifyError) return contractErrors[error.code] ?? error.code
    if (hasCode(error, 'UNKNOWN_FORK')) return 'EthereumLightClient_UnsupportedFork'
    throw error
  }
}

async function ask(anvil: Anvil, address: Address, form: Form, proof: Hex): Promise<string> {
  const call = { address, abi: ethereumLightClientAbi, args: [proof] } as const
  try {
    if (form === 'verifyReceiptsRoot') return await anvil.readContract({ ...call, functionName: form })
    return (await anvil.readContract({ ...call, functionName: form })).receiptsRoot
  } catch (error) {
    const revert = error instanceof BaseError && error.walk((one) => one instanceof ContractFunctionRevertedError)
    if (!(revert instanceof ContractFunctionRevertedError)) throw error
    return revert.data?.errorName ?? revert.signature ?? 'no data'
  }
}

const chain = createTestChain(network)
const blocks = new Map([100n, 128n, 150n, 192n, 200n, 204n, 256n, 264n, 280n].map((slot) => [slot, chain.add(slot)]))

function blockAt(slot: bigint): TestBlock {
  const block = blocks.get(slot)
  assert.ok(block)
  return block
}

/** A block by `block_roots`, or by the summary of its window where the block at that window's end is given. */
function ancestorOf(stored: TestBlock, block: TestBlock, end?: TestBlock): ProvenHeader {
  const { slot } = block.header
  const finalized = stored.header
  const header = block.header
  if (end === undefined)
    return { finalized, ancestor: { header, blockRootBranch: chain.blockRootBranch(stored, slot) } }
  const summary = slot / PERIOD
  const entry = blockSummaryGindex(forkAtSlot(network, finalized.slot).name, summary)
  const inWindow = chain.blockRootBranch(end, slot).slice(0, 6)
  const blockRootBranch = [...inWindow, ...branchOfNode(stored.stateNode, entry).branch]
  return { finalized, ancestor: { header, blockRootBranch, summary } }
}

function proofsOf(at: ProvenHeader, block: TestBlock): readonly (readonly [Form, Hex])[] {
  const branchOf = (field: 'blockHash' | 'receiptsRoot') =>
    executionBranchOf(block.lightClientHeader, network, field)?.branch ?? []
  const { receiptsRoot } = block.lightClientHeader.execution
  const whole = encodeBlockProof({ ...at, blockHashBranch: branchOf('blockHash'), executionHeader: block.executionRlp })
  const short = encodeReceiptsRootProof({ ...at, receiptsRoot, receiptsRootBranch: branchOf('receiptsRoot') })
  return [
    ['verifyBlock', whole],
    ['verifyReceiptsRoot', whole],
    ['verifyReceiptsRoot', short],
  ]
}

/** Stored block, older block that `block_roots` holds, one that a summary holds, and the end of that one's window. */
const scenes = [
  ['deneb', 200n, 150n, 100n, 128n],
  ['electra', 264n, 204n, 150n, 192n],
  ['fulu', 280n, 264n, 200n, 256n],
] as const

test(`valid and altered proofs of each kind from blocks of each fork (seed ${seed})`, async () => {
  const random = fc.sample(
    fc.record({
      place: fc.double({ min: 0, max: 1, noNaN: true, maxExcluded: true }),
      bytes: fc.uint8Array({ maxLength: 64 }),
      cut: fc.nat({ max: 64 }),
    }),
    { seed, numRuns: 12 },
  )
  const seen = new Set<string>()
  await withAnvil(timeAtSlot(network, 300n), async (anvil) => {
    for (const [fork, storedSlot, olderSlot, oldSlot, endSlot] of scenes) {
      const stored = blockAt(storedSlot)
      assert.equal(forkAtSlot(network, storedSlot).name, fork)
      const store = initializeLightClientStore(chain.bootstrap(stored), network)
      const address = await deploy(anvil, stored)
      const compare = async (form: Form, proof: Hex): Promise<string> => {
        const mine = judge(store, form, proof)
        assert.equal(await ask(anvil, address, form, proof), mine, `${fork} ${form} ${proof}`)
        seen.add(mine)
        return mine
      }
      const members = [
        [stored, { finalized: stored.header }],
        [blockAt(olderSlot), ancestorOf(stored, blockAt(olderSlot))],
        [blockAt(oldSlot), ancestorOf(stored, blockAt(oldSlot), blockAt(endSlot))],
      ] as const
      for (const [block, at] of members)
        for (const [form, proof] of proofsOf(at, block)) {
          assert.equal(await compare(form, proof), block.lightClientHeader.execution.receiptsRoot)
          // Every byte of the slots and headers, and one of each word behind them.
          for (let i = 0; i < size(proof); i += i < 130 ? 5 : 32) await compare(form, flip(proof, i))
          const given = hexToBytes(proof)
          for (const { place, bytes, cut } of random) {
            const from = Math.floor(place * given.length)
            await compareVerdict(
              form,
              bytesToHex(new Uint8Array([...given.slice(0, from), ...bytes, ...given.slice(from + cut)])),
            )
          }
          if (form === 'verifyReceiptsRoot') await compare('verifyBlock', proof)
        }
      async function compareVerdict(form: Form, proof: Hex): Promise<void> {
        const mine = accepted(() => judge(store, form, proof))
        const theirs = await ask(anvil, address, form, proof)
        assert.equal(theirs.startsWith('0x') ? theirs : undefined, mine, `${fork} ${form} ${proof}`)
      }
    }
  })
  assert.deepEqual(
    Object.values(contractErrors).filter((name) => !seen.has(name)),
    [],
    'every rule was broken at least once',
  )
})

/** The root, where there is one: which of several broken rules is named first is nobody's promise. */
function accepted(call: () => string): string | undefined {
  try {
    const answer = call()
    return answer.startsWith('0x') ? answer : undefined
  } catch {
    return undefined
  }
}

async function deploy(anvil: Anvil, stored: TestBlock): Promise<Address> {
  const args = [
    clientParameters(network, { trustingPeriod: TRUSTING_PERIOD }),
    clientForks(network),
    bootstrapArgs(chain.bootstrap(stored), network),
  ] as const
  const hash = await anvil.deployContract({ abi: ethereumLightClientAbi, bytecode: ethereumLightClientBytecode, args })
  const { contractAddress } = await anvil.waitForTransactionReceipt({ hash })
  assert.ok(contractAddress)
  return contractAddress
}
