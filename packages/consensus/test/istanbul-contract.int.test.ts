/** The Istanbul consensus against the contract, whole transactions on an EVM with Osaka's rules. */
import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { istanbulLightClientAbi as abi, istanbulLightClientBytecode } from '@meridian/abi'
import type { Address, Hex } from 'viem'
import {
  encodeEvidence,
  encodeSealedProof,
  encodeStoredProof,
  type IstanbulHeader,
  istanbulClientArgs,
  istanbulConsensus,
  istanbulDetail,
} from '../src/istanbul/index.ts'
import type { BlockProof, RpcPort } from '../src/types.ts'
import { type TestChain, withAnvil } from './anvil.ts'
import {
  createTestIstanbulChain,
  GENESIS_TIME,
  g1Of,
  makeBlock,
  secretOf,
  secretsOf,
  testChain,
} from './istanbul-chain.ts'

const DAY = 86_400n

async function deploy(
  chain: TestChain,
  header: IstanbulHeader,
  secrets: readonly Hex[],
  period = DAY,
): Promise<Address> {
  const { number, timestamp, hash } = header
  const anchor = { number, timestamp, hash, validators: g1Of(secrets) }
  const sent = await chain.deployContract({
    abi,
    bytecode: istanbulLightClientBytecode,
    args: istanbulClientArgs(testChain, anchor, { trustingPeriod: period }),
  })
  const { contractAddress } = await chain.waitForTransactionReceipt({ hash: sent })
  assert.ok(contractAddress)
  return contractAddress
}

async function update(chain: TestChain, address: Address, data: Hex): Promise<bigint> {
  const hash = await chain.writeContract({ address, abi, functionName: 'update', args: [data] })
  const receipt = await chain.waitForTransactionReceipt({ hash })
  assert.equal(receipt.status, 'success')
  return receipt.gasUsed
}

const portOf = (chain: TestChain): RpcPort => ({
  // CAST: viem types the methods that it knows; the port takes any.
  request: (method, params) => chain.request({ method, params } as never),
})

function requireReady(proof: BlockProof): Extract<BlockProof, { status: 'ready' }> {
  const text = JSON.stringify(proof, (_, v) => (typeof v === 'bigint' ? `${v}` : v))
  assert.equal(proof.status, 'ready', text)
  assert.ok(proof.status === 'ready')
  return proof
}

const point = ({ number, timestamp, hash }: IstanbulHeader) => ({ number, timestamp, hash })

describe('Istanbul consensus and contract', () => {
  test('a client follows a chain through its epochs: direct proofs, updates, older blocks, evidence', async (t) => {
    const four = secretsOf([1, 2, 3, 4])
    const source = createTestIstanbulChain(four)
    source.change(2n, { added: [secretOf(5)] })
    source.change(3n, { removed: [0, 2] })
    source.change(4n, { removed: [1], added: secretsOf([1, 6]) })
    source.growTo(17n)
    await withAnvil(GENESIS_TIME + 1_000n, async (chain) => {
      const address = await deploy(chain, source.block(13n).header, four)
      const target = portOf(chain)
      const prove = async (number: bigint) => {
        const now = (await chain.getBlock()).timestamp
        const state = await istanbulConsensus.readClient(target, address)
        const { header } = source.block(number)
        const { updates, proof } = requireReady(
          await istanbulConsensus.proveBlock({ rpc: source.rpc }, state, point(header), now),
        )
        for (const data of updates)
          t.diagnostic(`update for block ${number}: ${await update(chain, address, data)} gas`)
        const block = await chain.readContract({ address, abi, functionName: 'verifyBlock', args: [proof] })
        const { hash, parentHash: _, ...fields } = pick(header)
        assert.deepEqual({ ...block, participation: undefined }, { ...fields, hash, participation: undefined })
        const root = await chain.readContract({ address, abi, functionName: 'verifyReceiptsRoot', args: [proof] })
        assert.equal(root, header.receiptsRoot)
        return { updates: updates.length, kind: Number(proof.slice(0, 4)) }
      }
      assert.deepEqual(await prove(13n), { updates: 0, kind: 0 }, 'the anchor is stored')
      assert.deepEqual(await prove(17n), { updates: 0, kind: 1 }, 'beyond the head in the epoch: no update')
      assert.deepEqual(await prove(11n), { updates: 0, kind: 1 }, 'older, in the epoch of the anchor')
      const unproven = await istanbulConsensus.proveBlock(
        { rpc: source.rpc },
        await istanbulConsensus.readClient(target, address),
        point(source.block(9n).header),
        GENESIS_TIME + 1_000n,
      )
      assert.deepEqual(requireReady(unproven).updates, [], 'before the epoch of the anchor: an ancestor of it')
      source.growTo(20n)
      assert.deepEqual(await prove(20n), { updates: 0, kind: 1 }, 'the last block of the epoch, by its own seal')
      source.growTo(24n)
      assert.deepEqual(await prove(23n), { updates: 1, kind: 1 }, 'the next epoch: its set comes first')
      assert.deepEqual(await prove(20n), { updates: 0, kind: 0 }, 'the end of the epoch is stored')
      assert.deepEqual(await prove(15n), { updates: 0, kind: 1 }, 'an older epoch, whose set is still trusted')
      source.growTo(56n)
      assert.deepEqual(await prove(55n), { updates: 1, kind: 1 }, 'three epochs in one update')
      for (let number = 10n; number <= 56n; number += 3n) await prove(number)
      const read = await istanbulConsensus.readClient(target, address)
      assert.equal(istanbulDetail(read).epoch, 6n)
      assert.equal(istanbulDetail(read).sets.size, 5)
      assert.equal(read.head.number, 50n)

      const now = (await chain.getBlock()).timestamp
      assert.deepEqual(await istanbulConsensus.maintain({ rpc: source.rpc }, read, now), [], 'nothing to do')
      const late = read.expiresAt - DAY / 4n
      assert.equal((await istanbulConsensus.maintain({ rpc: source.rpc }, read, late)).length, 1, 'runs down')
      source.growTo(60n)
      const [rotation] = await istanbulConsensus.maintain({ rpc: source.rpc }, read, now)
      assert.ok(rotation, 'the last block of the epoch is there: the next set is learnt at once')
      await update(chain, address, rotation)
      const rotated = await istanbulConsensus.readClient(target, address)
      assert.equal(istanbulDetail(rotated).epoch, 7n)
      assert.deepEqual(await istanbulConsensus.maintain({ rpc: source.rpc }, rotated, now), [])

      const set = secretsOf([2, 5, 1, 6])
      const other = makeBlock({ number: 60n, set, salt: 'other' })
      const evidence = encodeEvidence(encodeStoredProof(source.block(60n).header), encodeSealedProof(other))
      const hash = await chain.writeContract({ address, abi, functionName: 'reportMisbehaviour', args: [evidence] })
      assert.equal((await chain.waitForTransactionReceipt({ hash })).status, 'success')
      const frozen = await istanbulConsensus.readClient(target, address)
      assert.equal(frozen.status, 'frozen')
      const last = point(source.block(60n).header)
      assert.deepEqual(await istanbulConsensus.proveBlock({ rpc: source.rpc }, frozen, last, now), {
        status: 'waiting',
        reason: { code: 'CLIENT_UNUSABLE', status: 'frozen' },
      })
    })
  })

  test('what a lying endpoint serves is refused before a transaction is paid for', async () => {
    const four = secretsOf([1, 2, 3, 4])
    const source = createTestIstanbulChain(four)
    source.growTo(16n)
    await withAnvil(GENESIS_TIME + 1_000n, async (chain) => {
      const address = await deploy(chain, source.block(13n).header, four)
      const state = await istanbulConsensus.readClient(portOf(chain), address)
      const now = (await chain.getBlock()).timestamp
      const block = point(source.block(15n).header)
      const prove = () => istanbulConsensus.proveBlock({ rpc: source.rpc }, state, block, now)
      requireReady(await prove())
      const lie = async (method: string, alter: (answer: Record<string, unknown>) => unknown, code: string) => {
        // CAST: what the chain in memory answers with
        source.lies.set(method, (answer) => alter(answer as Record<string, unknown>))
        await assert.rejects(prove(), { code })
        source.lies.clear()
      }
      await lie('eth_getBlockByNumber', (b) => ({ ...b, receiptsRoot: b.stateRoot }), 'ISTANBUL_NODE_ANSWER')
      await lie('eth_getBlockByNumber', (b) => ({ ...b, number: '0x10' }), 'ISTANBUL_NODE_ANSWER')
      await lie('eth_getBlockByNumber', () => ({ hash: block.hash }), 'ISTANBUL_NODE_ANSWER')
      await lie('istanbul_getSnapshot', () => null, 'ISTANBUL_NODE_ANSWER')
      // All four signed, so the sums are the same: what differs is who sits where.
      const swap = (s: Record<string, unknown>) => ({ ...s, validators: [...(s.validators as unknown[])].reverse() }) // CAST: a list
      await lie('istanbul_getSnapshot', swap, 'ISTANBUL_CLIENT_MISMATCH')
      const strangers = createTestIstanbulChain(secretsOf([7, 8, 9, 10]))
      const snapshot = await strangers.rpc.request('istanbul_getSnapshot', ['0x0'])
      await lie('istanbul_getSnapshot', () => snapshot, 'ISTANBUL_NODE_ANSWER')
    })
  })
})

const pick = ({ number, timestamp, parentHash, hash, stateRoot, transactionsRoot, receiptsRoot }: IstanbulHeader) => ({
  number,
  timestamp,
  parentHash,
  hash,
  stateRoot,
  transactionsRoot,
  receiptsRoot,
})
