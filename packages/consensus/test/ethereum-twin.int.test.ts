/** The contract and its twin in TypeScript judge the same updates: same verdict, same reason, same state after. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { ethereumLightClientAbi, ethereumLightClientBytecode } from '@meridian/abi'
import { type Address, BaseError, ContractFunctionRevertedError, type Hex } from 'viem'
import {
  bootstrapArgs,
  clientForks,
  clientParameters,
  createEthereumConsensus,
  encodeMisbehaviour,
  encodeUpdate,
  initializeLightClientStore,
  type LightClientStore,
  type Misbehaviour,
  processLightClientUpdate,
  type SyncCommittee,
  timeAtSlot,
  type Update,
  VerifyError,
  type VerifyErrorCode,
} from '../src/ethereum/index.ts'
import type { RpcPort } from '../src/types.ts'
import { type TestChain as Anvil, withAnvil } from './anvil.ts'
import { committeeOf, createTestChain, flip, type TestBlock, type TestChain, testNetwork } from './ethereum-chain.ts'
import { createBeaconNode, createExecutionNode } from './ethereum-node.ts'

const PERIOD = 64n
const TRUSTING_PERIOD = 100_000n

/** The contract's name for each rule. */
const contractErrors: Partial<Record<VerifyErrorCode, string>> = {
  SIGNATURE: 'EthereumLightClient_Signature',
  BRANCH_FINALITY: 'EthereumLightClient_FinalityBranch',
  BRANCH_NEXT_COMMITTEE: 'EthereumLightClient_NextSyncCommitteeBranch',
  PARTICIPATION: 'EthereumLightClient_Participation',
  SLOT_ORDER: 'EthereumLightClient_SlotOrder',
  SLOT_IN_FUTURE: 'EthereumLightClient_Future',
  COMMITTEE_UNKNOWN: 'EthereumLightClient_UnknownPeriod',
  COMMITTEE_ROOT: 'EthereumLightClient_SyncCommittee',
  COMMITTEE_CONFLICT: 'EthereumLightClient_SyncCommitteeConflict',
  BLOCK_CONFLICT: 'EthereumLightClient_BlockConflict',
  PERIOD_MISMATCH: 'EthereumLightClient_NextSyncCommitteeNotFinal',
  EXPIRED: 'LightClient_Expired',
}

async function deploy(anvil: Anvil, chain: TestChain, start: TestBlock): Promise<Address> {
  const { network } = chain
  const hash = await anvil.deployContract({
    abi: ethereumLightClientAbi,
    bytecode: ethereumLightClientBytecode,
    args: [
      clientParameters(network, { trustingPeriod: TRUSTING_PERIOD }),
      clientForks(network),
      bootstrapArgs(chain.bootstrap(start), network),
    ],
  })
  const { contractAddress } = await anvil.waitForTransactionReceipt({ hash })
  assert.ok(contractAddress)
  return contractAddress
}

/** The name of the error that a call reverts with. */
function errorName(error: unknown): string {
  const revert = error instanceof BaseError && error.walk((one) => one instanceof ContractFunctionRevertedError)
  if (!(revert instanceof ContractFunctionRevertedError)) throw error
  return revert.data?.errorName ?? revert.signature ?? 'no data'
}

async function simulate(anvil: Anvil, address: Address, data: Hex): Promise<string> {
  try {
    const { result } = await anvil.simulateContract({
      address,
      abi: ethereumLightClientAbi,
      functionName: 'update',
      args: [data],
      account: anvil.account,
    })
    return result === 1 ? 'updated' : 'noop'
  } catch (error) {
    return errorName(error)
  }
}

async function send(anvil: Anvil, address: Address, data: Hex): Promise<void> {
  const hash = await anvil.writeContract({ address, abi: ethereumLightClientAbi, functionName: 'update', args: [data] })
  assert.equal((await anvil.waitForTransactionReceipt({ hash })).status, 'success')
}

/** The twin's verdict, in the contract's words. */
function judge(store: LightClientStore, chain: TestChain, update: Update, signers: SyncCommittee, now: bigint) {
  try {
    return processLightClientUpdate(store, update, signers, chain.network, { now, trustingPeriod: TRUSTING_PERIOD })
  } catch (error) {
    if (!(error instanceof VerifyError)) throw error
    return { store, result: contractErrors[error.code] ?? error.code }
  }
}

const ZERO: Hex = `0x${'00'.repeat(32)}`

test('valid and altered updates, over three periods and two forks', async () => {
  const network = testNetwork('minimal', [
    ['deneb', 0n],
    ['electra', 18n],
    ['fulu', 26n],
  ])
  const chain = createTestChain(network)
  const start = chain.add(2n * PERIOD + 2n)
  const finals = [2n, 3n, 4n].map((period) => {
    const final = chain.add(period * PERIOD + 20n)
    return { final, attested: chain.add(period * PERIOD + 30n, final) }
  })
  const later = chain.add(5n * PERIOD, finals[2]?.attested)
  const now = timeAtSlot(network, 5n * PERIOD + 2n)
  const signersOf = (update: Update) => committeeOf(network, update.signatureSlot / PERIOD)

  await withAnvil(now, async (anvil) => {
    const address = await deploy(anvil, chain, start)
    let store = initializeLightClientStore(chain.bootstrap(start), network)
    const compare = async (update: Update, signers: SyncCommittee = signersOf(update)): Promise<string> => {
      const { timestamp } = await anvil.getBlock()
      const mine = judge(store, chain, update, signers, timestamp)
      assert.equal(await simulate(anvil, address, encodeUpdate(update, signers)), mine.result)
      return mine.result
    }
    const seen = new Set<string>()
    for (const { final, attested } of finals) {
      const good = chain.update(attested, final, { withNext: true, absent: [0, 2, 17, 31] })
      const { nextSyncCommittee: next, attestedHeader, finalizedHeader, syncAggregate } = good
      assert.ok(next)
      const beaconOf = (header: Update['attestedHeader'], change: object) => ({
        ...header,
        beacon: { ...header.beacon, ...change },
      })
      const altered: Update[] = [
        { ...good, attestedHeader: beaconOf(attestedHeader, { proposerIndex: 99n }) },
        { ...good, attestedHeader: beaconOf(attestedHeader, { parentRoot: ZERO }) },
        { ...good, finalizedHeader: beaconOf(finalizedHeader, { bodyRoot: ZERO }) },
        { ...good, finalizedHeader: beaconOf(finalizedHeader, { slot: finalizedHeader.beacon.slot + 1n }) },
        { ...good, finalityBranch: good.finalityBranch.map((node, i) => (i === 0 ? flip(node) : node)) },
        {
          ...good,
          nextSyncCommittee: { ...next, branch: next.branch.map((node, i) => (i === 3 ? flip(node, 31) : node)) },
        },
        { ...good, nextSyncCommittee: { ...next, committee: committeeOf(network, 77n) } },
        { ...good, syncAggregate: { ...syncAggregate, bits: flip(syncAggregate.bits) } },
        { ...good, signatureSlot: attestedHeader.beacon.slot },
        { ...good, signatureSlot: good.signatureSlot + 1n },
        { ...good, signatureSlot: 5n * PERIOD + 30n },
        chain.update(attested, final, { message: final.root }),
        chain.update(attested, final, { signers: committeeOf(network, 50n) }),
        chain.update(attested, final, { absent: Array.from({ length: 11 }, (_, i) => i + 3) }),
        chain.update(later, final, { absent: [5] }),
      ]
      for (const update of altered) seen.add(await compare(update))
      seen.add(await compare(good, committeeOf(network, 50n)))
      assert.equal(await compare(good), 'updated')
      await send(anvil, address, encodeUpdate(good, signersOf(good)))
      store = judge(store, chain, good, signersOf(good), now + 100n).store
      assert.equal(await compare(good), 'noop')
      const { number, hash } = await anvil.readContract({ address, abi: ethereumLightClientAbi, functionName: 'head' })
      assert.deepEqual({ slot: number, root: hash }, store.head)
      for (const [period, root] of store.committeeRoots) {
        const args = [period] as const
        const given = await anvil.readContract({
          address,
          abi: ethereumLightClientAbi,
          functionName: 'syncCommitteeRoot',
          args,
        })
        assert.equal(given, root)
      }
    }
    const notFinal = chain.update(later, finals[2]?.attested ?? start, { withNext: true })
    seen.add(await compare(notFinal))
    const salted = createTestChain(network, { salt: 'other', nextPeriodSalt: 9n })
    const otherFinal = salted.add(finals[2]?.final.header.slot ?? 0n)
    const otherAttested = salted.add(4n * PERIOD + 30n, otherFinal)
    seen.add(await compare(salted.update(otherAttested, otherFinal)))
    const older = salted.add(4n * PERIOD + 31n, salted.add(4n * PERIOD + 30n + 0n, otherFinal))
    seen.add(await compare(salted.update(older, older, { withNext: true })))
    const lowFinal = createTestChain(network, { salt: 'low', nextPeriodSalt: 9n })
    const low = lowFinal.add(4n * PERIOD + 10n)
    seen.add(await compare(lowFinal.update(lowFinal.add(4n * PERIOD + 30n, low), low, { withNext: true })))
    const expected = Object.values(contractErrors).filter((name) => name !== 'LightClient_Expired')
    assert.deepEqual(
      expected.filter((name) => !seen.has(name)),
      [],
      'every rule was broken at least once',
    )
  })
})

test('what Compass builds, the contract takes: catch-up, the finalized block, ancestors of any age', async () => {
  const network = testNetwork('minimal', [['electra', 0n]])
  const chain = createTestChain(network)
  const start = chain.add(2n * PERIOD + 2n)
  const updates = new Map<bigint, Update>()
  let ancestor = start
  let final = start
  const ancient = chain.add(2n * PERIOD + 5n)
  for (let period = 2n; period <= 4n; period++) {
    // The state at the end of a window of block_roots, from which the node proves what a summary holds.
    if (period > 2n) chain.add(period * PERIOD)
    ancestor = chain.add(period * PERIOD + 11n)
    final = chain.add(period * PERIOD + 24n)
    updates.set(period, chain.update(chain.add(period * PERIOD + 40n, final), final, { withNext: true, absent: [9] }))
  }
  const finality = updates.get(4n)
  assert.ok(finality)
  const consensus = createEthereumConsensus({ network })
  const now = timeAtSlot(network, finality.signatureSlot)
  await withAnvil(now, async (anvil) => {
    const address = await deploy(anvil, chain, start)
    // CAST: the port speaks of any method, viem's request only of those that it knows.
    const target: RpcPort = { request: (method, params) => anvil.request({ method, params } as never) }
    const ports = {
      rpc: createExecutionNode(chain),
      beacon: createBeaconNode(chain, { finality, updates }),
    }
    for (const block of [ancestor, final, ancient]) {
      const { blockNumber, timestamp, blockHash, stateRoot, receiptsRoot } = block.lightClientHeader.execution
      const point = { number: blockNumber, timestamp, hash: blockHash }
      const client = await consensus.readClient(target, address)
      const proof = await consensus.proveBlock(ports, client, point, now)
      assert.equal(proof.status, 'ready')
      if (proof.status !== 'ready') return
      assert.equal(proof.updates.length, block === ancestor ? 3 : 0)
      for (const update of proof.updates) await send(anvil, address, update)
      const args = [proof.proof] as const
      const given = await anvil.readContract({
        address,
        abi: ethereumLightClientAbi,
        functionName: 'verifyBlock',
        args,
      })
      const { transactionsRoot } = block.rpcBlock
      assert.deepEqual(given, {
        number: blockNumber,
        timestamp,
        hash: blockHash,
        stateRoot,
        transactionsRoot,
        receiptsRoot,
        participation: 9687n,
      })
      const short = await consensus.proveReceiptsRoot(ports, await consensus.readClient(target, address), point, now)
      assert.equal(short.status, 'ready')
      if (short.status !== 'ready') return
      assert.deepEqual(short.updates, [])
      for (const one of [short.proof, proof.proof])
        assert.equal(
          await anvil.readContract({
            address,
            abi: ethereumLightClientAbi,
            functionName: 'verifyReceiptsRoot',
            args: [one],
          }),
          receiptsRoot,
        )
    }
    assert.equal((await consensus.readClient(target, address)).head.hash, final.root)
  })
})

test('evidence of each kind freezes the client', async () => {
  const network = testNetwork('minimal', [['fulu', 0n]])
  const chain = createTestChain(network)
  const start = chain.add(2n * PERIOD + 2n)
  const final = chain.add(2n * PERIOD + 16n)
  const first = chain.update(chain.add(2n * PERIOD + 24n, final), final, { withNext: true })
  const forked = createTestChain(network, { salt: 'fork', nextPeriodSalt: 9n })
  const same = forked.add(final.header.slot)
  const sameSlot = forked.update(forked.add(2n * PERIOD + 24n, same), same, { withNext: true })
  const beyond = forked.add(2n * PERIOD + 32n)
  const history = forked.update(forked.add(2n * PERIOD + 40n, beyond), beyond)
  const encode = (update: Update): Hex => encodeUpdate(update, committeeOf(network, 2n))
  const evidence: Misbehaviour[] = [
    { kind: 'conflicting-headers', first: encode(first), second: encode(sameSlot) },
    { kind: 'conflicting-committees', first: encode(first), second: encode(sameSlot) },
    {
      kind: 'forked-history',
      first: encode(first),
      second: encode(history),
      root: same.root,
      branch: forked.blockRootBranch(beyond, same.header.slot),
    },
  ]
  await withAnvil(timeAtSlot(network, 3n * PERIOD), async (anvil) => {
    const address = await deploy(anvil, chain, start)
    const report = async (value: Misbehaviour): Promise<void> => {
      const args = [encodeMisbehaviour(value)] as const
      const call = { address, abi: ethereumLightClientAbi, functionName: 'reportMisbehaviour', args } as const
      const { request } = await anvil.simulateContract({ ...call, account: anvil.account })
      await anvil.waitForTransactionReceipt({ hash: await anvil.writeContract(request) })
    }
    const status = () => anvil.readContract({ address, abi: ethereumLightClientAbi, functionName: 'status' })
    const innocent = { kind: 'conflicting-headers', first: encode(first), second: encode(first) } as const
    await assert.rejects(report(innocent), (error) => errorName(error) === 'LightClient_NoConflict')
    for (const value of evidence) {
      const id = await anvil.snapshot()
      assert.equal(await status(), 0)
      await report(value)
      assert.equal(await status(), 2, value.kind)
      await anvil.revert({ id })
    }
  })
})
