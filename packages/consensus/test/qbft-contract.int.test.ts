/** The QBFT consensus against the contract, whole transactions on an EVM with Osaka's rules. */
import assert from 'node:assert/strict'
import { existsSync, readFileSync } from 'node:fs'
import { dirname, resolve } from 'node:path'
import { test } from 'node:test'
import { fileURLToPath } from 'node:url'
import { qbftLightClientAbi as abi, qbftLightClientBytecode } from '@meridian/abi'
import { type Address, encodeFunctionData, type Hex } from 'viem'
import {
  anchorOfHeader,
  anchorOfValidators,
  encodeEvidence,
  encodeSealedProof,
  encodeUpdate,
  parseHeaderFile,
  parseValidators,
  type QbftHeader,
  qbftClientArgs,
  qbftConsensus,
  qbftDetail,
  quorumSeals,
  type TrustAnchor,
} from '../src/qbft/index.ts'
import type { BlockProof, RpcPort } from '../src/types.ts'
import { type TestChain, withAnvil } from './anvil.ts'
import { createTestQbftChain, GENESIS_TIME, makeBlock, sortedKeys } from './qbft-chain.ts'

const repository = dirname(dirname(dirname(dirname(fileURLToPath(import.meta.url)))))
const fixture = resolve(
  repository,
  process.env.MERIDIAN_FIXTURES ?? '../shared/fixtures',
  'qbft-ibft/besu_qbft_header_7528.json',
)
const skip = existsSync(fixture) ? false : `no real chain data at ${fixture} (MERIDIAN_FIXTURES)`

const CHAIN_ID = 1337n
const DAY = 86_400n

async function deploy(chain: TestChain, anchor: TrustAnchor, trustingPeriod = DAY): Promise<Address> {
  const hash = await chain.deployContract({
    abi,
    bytecode: qbftLightClientBytecode,
    args: qbftClientArgs(CHAIN_ID, anchor, { trustingPeriod }),
  })
  const { contractAddress } = await chain.waitForTransactionReceipt({ hash })
  assert.ok(contractAddress)
  return contractAddress
}

async function update(chain: TestChain, address: Address, data: Hex): Promise<bigint> {
  const hash = await chain.writeContract({ address, abi, functionName: 'update', args: [data] })
  const receipt = await chain.waitForTransactionReceipt({ hash })
  assert.equal(receipt.status, 'success')
  return receipt.gasUsed
}

/** Whole-transaction gas of a call that changes nothing. */
async function viewGas(chain: TestChain, address: Address, proof: Hex): Promise<bigint> {
  const data = encodeFunctionData({ abi, functionName: 'verifyBlock', args: [proof] })
  const hash = await chain.sendTransaction({ to: address, data })
  const receipt = await chain.waitForTransactionReceipt({ hash })
  assert.equal(receipt.status, 'success')
  return receipt.gasUsed
}

const portOf = (chain: TestChain): RpcPort => ({
  // CAST: viem types the methods that it knows; the port takes any.
  request: (method, params) => chain.request({ method, params } as never),
})

function requireReady(proof: BlockProof): Extract<BlockProof, { status: 'ready' }> {
  assert.equal(
    proof.status,
    'ready',
    JSON.stringify(proof, (_, v) => (typeof v === 'bigint' ? `${v}` : v)),
  )
  assert.ok(proof.status === 'ready')
  return proof
}

test('a real Besu header, sealed in round 1, is verified from a list of validators alone', { skip }, async (t) => {
  const text = readFileSync(fixture, 'utf8')
  const header = parseHeaderFile(text)
  const validators = parseValidators(text)
  assert.equal(header.digest, '0x75ea184f58cd3f0ef89032a069df01f07ec524ef3a85cf6d3e424d62130c0a32')
  assert.equal(header.hash, JSON.parse(text).blockHash)
  await withAnvil(header.timestamp, async (chain) => {
    const address = await deploy(chain, anchorOfValidators(validators, header.number - 1n, header.timestamp))
    const sealed = { header, seals: quorumSeals(header), range: 0 }
    const proof = encodeSealedProof(sealed)
    const block = await chain.readContract({ address, abi, functionName: 'verifyBlock', args: [proof] })
    assert.equal(block.hash, header.hash)
    assert.equal(block.stateRoot, header.stateRoot)
    assert.equal(block.participation, 7500n)
    t.diagnostic(`verifyBlock, sealed beyond the head: ${await viewGas(chain, address, proof)} gas`)
    t.diagnostic(`update: ${await update(chain, address, encodeUpdate([sealed]))} gas`)
    const head = await chain.readContract({ address, abi, functionName: 'head' })
    assert.deepEqual(head, { number: header.number, timestamp: header.timestamp, hash: header.hash })
  })
})

test('a client follows a chain that votes: direct proofs, updates, older blocks, evidence', async (t) => {
  const chainOf = createTestQbftChain(sortedKeys([1, 2, 3, 4]))
  const grow = (count: number, plan: Parameters<typeof chainOf.append>[0] = {}) => {
    for (let i = 0; i < count; i++) chainOf.append(plan)
  }
  grow(9)
  grow(1, { round: 300, forks: true })
  const point = (header: QbftHeader) => ({ number: header.number, timestamp: header.timestamp, hash: header.hash })
  await withAnvil(GENESIS_TIME + 1000n, async (chain) => {
    const address = await deploy(chain, anchorOfHeader(chainOf.header(3n)))
    const target = portOf(chain)
    const prove = async (number: bigint) => {
      const now = (await chain.getBlock()).timestamp
      const state = await qbftConsensus.readClient(target, address)
      const header = chainOf.header(number)
      const { updates, proof } = requireReady(
        await qbftConsensus.proveBlock({ rpc: chainOf.rpc }, state, point(header), now),
      )
      for (const data of updates) t.diagnostic(`update for block ${number}: ${await update(chain, address, data)} gas`)
      const block = await chain.readContract({ address, abi, functionName: 'verifyBlock', args: [proof] })
      assert.equal(block.hash, header.hash)
      assert.equal(block.number, number)
      t.diagnostic(`verifyBlock ${number}, kind ${proof.slice(2, 4)}: ${await viewGas(chain, address, proof)} gas`)
      return { updates: updates.length, kind: Number(proof.slice(0, 4)) }
    }
    assert.deepEqual(await prove(3n), { updates: 0, kind: 0 }, 'the anchor is stored')
    assert.deepEqual(await prove(7n), { updates: 0, kind: 1 }, 'beyond the head under the trusted set: no update')
    assert.deepEqual(await prove(10n), { updates: 0, kind: 1 }, 'round 300')
    assert.deepEqual(await prove(1n), { updates: 0, kind: 0 }, 'before the anchor: its ancestor')

    grow(5, { set: sortedKeys([1, 2, 3, 4, 5]) })
    assert.deepEqual(await prove(13n), { updates: 1, kind: 0 }, 'one more validator: an update that jumps')
    assert.deepEqual(await prove(9n), { updates: 0, kind: 1 }, 'older, under the set of its heights')
    assert.deepEqual(await prove(12n), { updates: 0, kind: 1 }, 'in the gap, under the newer set')

    grow(3, { set: sortedKeys([1, 2, 4, 5]) })
    grow(6, { set: sortedKeys([1, 2, 5]) })
    grow(4, { set: sortedKeys([2, 5]) })
    grow(8, { set: sortedKeys([2, 5, 6]) })
    assert.deepEqual(await prove(30n), { updates: 1, kind: 0 }, 'several changes: one update with a header for each')
    const middle = qbftDetail(await qbftConsensus.readClient(target, address))
    assert.ok(middle.ranges.length >= 5)
    for (let number = 1n; number <= 36n; number++) await prove(number)

    const now = (await chain.getBlock()).timestamp
    const state = await qbftConsensus.readClient(target, address)
    assert.deepEqual(await qbftConsensus.maintain({ rpc: chainOf.rpc }, state, now), [], 'nothing to do')
    assert.equal(
      (await qbftConsensus.maintain({ rpc: chainOf.rpc }, state, state.expiresAt - DAY / 4n)).length,
      1,
      'the trusting period runs down',
    )

    const second = makeBlock({ number: 36n, set: sortedKeys([2, 5, 6]), salt: 'other' }).header
    const proofOf = (header: QbftHeader) =>
      encodeSealedProof({ header, seals: quorumSeals(header), range: middle.ranges.length - 1 })
    const evidence = encodeEvidence(proofOf(chainOf.header(36n)), proofOf(second))
    const hash = await chain.writeContract({ address, abi, functionName: 'reportMisbehaviour', args: [evidence] })
    assert.equal((await chain.waitForTransactionReceipt({ hash })).status, 'success')
    const frozen = await qbftConsensus.readClient(target, address)
    assert.equal(frozen.status, 'frozen')
    assert.deepEqual(await qbftConsensus.proveBlock({ rpc: chainOf.rpc }, frozen, point(chainOf.header(36n)), now), {
      status: 'waiting',
      reason: { code: 'CLIENT_UNUSABLE', status: 'frozen' },
    })
  })
})
