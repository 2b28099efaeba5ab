/** Bytes broken at random, to the contract and to the TypeScript rules: both take the same ones and say the same of them. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { istanbulLightClientAbi as abi, istanbulLightClientBytecode } from '@meridian/abi'
import fc from 'fast-check'
import { decodeFunctionResult, encodeFunctionData, type Hex } from 'viem'
import {
  applyUpdate,
  encodeSealedProof,
  encodeStoredProof,
  encodeUpdate,
  initialState,
  istanbulClientArgs,
  type VerifiedBlock,
  verifyBlockProof,
} from '../src/istanbul/index.ts'
import { withAnvil } from './anvil.ts'
import { broken, hold } from './broken.ts'
import { createTestIstanbulChain, g1Of, secretOf, secretsOf, testChain } from './istanbul-chain.ts'

const RUNS = 330

test('verifyBlock takes the same bytes in Solidity and in TypeScript', async (t) => {
  const four = secretsOf([1, 2, 3, 4])
  const source = createTestIstanbulChain(four)
  source.change(2n, { added: [secretOf(5)], removed: [1] })
  source.growTo(26n)
  const at = (number: bigint) => source.block(number)
  const { number, timestamp, hash } = at(13n).header
  const anchor = { number, timestamp, hash, validators: g1Of(four) }
  const proofs = [
    encodeStoredProof(at(20n).header),
    encodeStoredProof(at(20n).header, [at(19n).header, at(18n).header]),
    encodeSealedProof(at(15n)),
    encodeSealedProof(at(25n), [at(24n).header, at(23n).header]),
    encodeSealedProof({ ...at(25n), validators: at(15n).validators }),
    encodeSealedProof({ ...at(15n), header: at(16n).header }),
  ]
  const now = at(26n).header.timestamp + 100n
  const policy = { trustingPeriod: 86_400n }
  await withAnvil(now, async (chain) => {
    const deployed = await chain.deployContract({
      abi,
      bytecode: istanbulLightClientBytecode,
      args: istanbulClientArgs(testChain, anchor, policy),
    })
    const { contractAddress: address } = await chain.waitForTransactionReceipt({ hash: deployed })
    assert.ok(address)
    const update = encodeUpdate([at(20n)])
    const sent = await chain.writeContract({ address, abi, functionName: 'update', args: [update] })
    await chain.waitForTransactionReceipt({ hash: sent })
    const state = applyUpdate(initialState(testChain, anchor, policy.trustingPeriod, 60n), update, now)

    const inSolidity = async (proof: Hex): Promise<Partial<VerifiedBlock> | undefined> => {
      try {
        const { data } = await chain.call({
          to: address,
          data: encodeFunctionData({ abi, functionName: 'verifyBlock', args: [proof] }),
        })
        return decodeFunctionResult({ abi, functionName: 'verifyBlock', data: data ?? '0x' })
      } catch {
        return undefined
      }
    }
    const inTypeScript = (proof: Hex): Partial<VerifiedBlock> | undefined => {
      try {
        return verifyBlockProof(state, proof, now)
      } catch {
        return undefined
      }
    }
    for (const proof of proofs) assert.deepEqual(await inSolidity(proof), inTypeScript(proof))
    for (const proof of proofs.slice(0, 4)) assert.ok(inTypeScript(proof))

    const property = fc.asyncProperty(broken(proofs), async ({ data }) => {
      const given = await inSolidity(data)
      // Whatever is taken is a block of the chain: nothing that was altered may pass.
      if (given !== undefined) assert.equal(given.hash, source.block(given.number ?? -1n).header.hash)
      assert.deepEqual(given, inTypeScript(data))
    })
    await hold(t, property, RUNS)
  })
})
