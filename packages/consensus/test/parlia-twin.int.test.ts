/** Bytes broken at random, to the contract and to the TypeScript rules: both take the same ones and say the same of them. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { parliaLightClientAbi as abi, parliaLightClientBytecode } from '@meridian/abi'
import fc from 'fast-check'
import { decodeFunctionResult, encodeFunctionData, type Hex } from 'viem'
import {
  adoptStep,
  applyUpdate,
  commitmentTo,
  encodeAttestedProof,
  encodeJumpProof,
  encodeStoredProof,
  encodeUpdate,
  initialState,
  knownSetOf,
  type ParliaState,
  parliaClientArgs,
  storeStep,
  type VerifiedBlock,
  verifyBlockProof,
} from '../src/parlia/index.ts'
import { withAnvil } from './anvil.ts'
import { broken, hold } from './broken.ts'
import { CHAIN_ID, createTestParliaChain, TEST_EPOCH_LENGTH as LENGTH, possessionOf, sorted } from './parlia-chain.ts'

const RUNS = 250

/** A chain with three sets, a client of it, and what is proven to that client. */
function world() {
  const alpha = sorted([1, 2, 3, 4])
  const gamma = sorted([1, 2, 3, 5, 6])
  const source = createTestParliaChain([
    { members: alpha, turnLength: 1 },
    { members: alpha, turnLength: 2 },
    { members: sorted([1, 2, 3, 5]), turnLength: 1 },
    { members: gamma, turnLength: 1 },
  ])
  source.appendUntil(83n)
  const start = source.header(24n)
  const anchor = {
    number: start.number,
    timestamp: start.timestamp,
    hash: start.hash,
    set: source.setAt(20n),
    epochTimestamp: source.header(20n).timestamp,
    first: source.firstTarget(20n),
  }
  const known = knownSetOf(anchor, LENGTH)
  const block = (number: bigint, seats?: readonly number[]) => ({
    header: source.header(number),
    attestation: source.votesFor(number, seats),
    known,
  })
  const through = { header: source.header(7n), history: source.historyProof(30n, 7n) }
  const jump = encodeJumpProof({
    trusted: known,
    header: source.header(80n),
    attestation: source.votesFor(80n, [0, 1, 2, 3, 4]),
    history: source.historyProof(80n, 60n),
    epochHeader: source.header(60n),
    set: source.setAt(60n),
    possessions: new Map([...gamma.entries()].map(([seat, member]) => [seat, possessionOf(member)])),
  })
  const proofs = [
    encodeStoredProof(start),
    encodeStoredProof(start, [{ header: source.header(23n) }]),
    encodeAttestedProof(block(30n)),
    encodeAttestedProof(block(30n, [0, 1, 2, 3])),
    encodeAttestedProof(block(30n, [1, 2, 3]), [{ header: source.header(29n) }]),
    encodeAttestedProof(block(30n), [through]),
  ]
  const updates = [
    encodeUpdate([storeStep(proofs[2] ?? '0x')]),
    encodeUpdate([adoptStep(encodeAttestedProof(block(40n)), source.setAt(40n))]),
    encodeUpdate([storeStep(jump)]),
  ]
  const now = source.header(83n).timestamp + 100n
  return { source, anchor, proofs, updates, now, known }
}

test('verifyBlock and update take the same bytes in Solidity and in TypeScript', async (t) => {
  const { source, anchor, proofs, updates, now, known } = world()
  const parameters = { chainId: CHAIN_ID, epochLength: LENGTH, policy: { trustingPeriod: 86_400n } }
  await withAnvil(now, async (chain) => {
    const deployed = await chain.deployContract({
      abi,
      bytecode: parliaLightClientBytecode,
      args: parliaClientArgs(parameters, anchor),
    })
    const { contractAddress: address } = await chain.waitForTransactionReceipt({ hash: deployed })
    assert.ok(address)
    const state = initialState(parameters, anchor)
    const commitment = await chain.readContract({ address, abi, functionName: 'setCommitment', args: [20n] })
    assert.equal(commitment, commitmentTo(known))
    const call = async (functionName: 'verifyBlock' | 'update', data: Hex): Promise<Hex | undefined> => {
      const request = { to: address, data: encodeFunctionData({ abi, functionName, args: [data] }) }
      return chain.call(request).then(
        (answer) => answer.data,
        () => undefined,
      )
    }
    const attempt = <T>(work: () => T): T | undefined => {
      try {
        return work()
      } catch {
        return undefined
      }
    }
    const block = (data: Hex | undefined): VerifiedBlock | undefined =>
      data === undefined ? undefined : decodeFunctionResult({ abi, functionName: 'verifyBlock', data })
    const changed = (next: ParliaState | undefined) => (next === undefined ? undefined : next === state ? 0 : 1)
    const updated = (data: Hex | undefined) =>
      data === undefined ? undefined : decodeFunctionResult({ abi, functionName: 'update', data })

    for (const proof of proofs) {
      const given = block(await call('verifyBlock', proof))
      assert.ok(given)
      assert.deepEqual(given, verifyBlockProof(state, proof, now))
    }
    for (const update of updates) {
      assert.equal(updated(await call('update', update)), 1)
      assert.equal(changed(applyUpdate(state, update, now)), 1)
    }
    const verifying = fc.asyncProperty(broken(proofs), async ({ data }) => {
      const given = block(await call('verifyBlock', data))
      // Whatever is taken is a block of the chain: nothing that was altered may pass.
      if (given !== undefined) assert.equal(given.hash, source.header(given.number).hash)
      assert.deepEqual(
        given,
        attempt(() => verifyBlockProof(state, data, now)),
      )
    })
    const updating = fc.asyncProperty(broken(updates), async ({ data, kind }) => {
      const given = updated(await call('update', data))
      assert.equal(given, changed(attempt(() => applyUpdate(state, data, now))))
      // Nothing but a whole update is taken.
      if (given !== undefined) assert.ok(updates.includes(data) || kind === 'splice')
    })
    await hold(t, verifying, RUNS)
    await hold(t, updating, RUNS)
  })
})
