/** Bytes broken at random, to the contract and to the TypeScript rules: both take the same ones and say the same of them. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { qbftLightClientAbi as abi, qbftLightClientBytecode } from '@meridian/abi'
import fc from 'fast-check'
import { decodeFunctionResult, encodeFunctionData, type Hex } from 'viem'
import {
  anchorOfHeader,
  applyUpdate,
  encodeSealedProof,
  encodeStoredProof,
  encodeUpdate,
  initialState,
  qbftClientArgs,
  quorumSeals,
  type VerifiedBlock,
  verifyBlockProof,
} from '../src/qbft/index.ts'
import { withAnvil } from './anvil.ts'
import { broken, hold } from './broken.ts'
import { createTestQbftChain, sortedKeys } from './qbft-chain.ts'

const RUNS = 330

test('verifyBlock takes the same bytes in Solidity and in TypeScript', async (t) => {
  const source = createTestQbftChain(sortedKeys([1, 2, 3, 4]))
  for (let i = 0; i < 4; i++) source.append()
  for (let i = 0; i < 4; i++) source.append({ set: sortedKeys([1, 2, 3, 4, 5]), round: 200 })
  for (let i = 0; i < 4; i++) source.append({ set: sortedKeys([1, 2, 3, 5]) })
  const [anchor, added, last] = [source.header(2n), source.header(6n), source.header(10n)]
  const sealed = (number: bigint, range: number) => {
    const header = source.header(number)
    return { header, seals: quorumSeals(header), range }
  }
  const proofs = [
    encodeStoredProof(added),
    encodeStoredProof(added, [source.header(5n), source.header(4n)]),
    encodeSealedProof(sealed(3n, 0)),
    encodeSealedProof(sealed(7n, 1), [source.header(6n), source.header(5n)]),
    encodeSealedProof({ ...sealed(7n, 0), range: 1 }),
    encodeSealedProof({ ...sealed(8n, 0), range: 1 }),
  ]
  const now = last.timestamp + 100n
  const policy = { trustingPeriod: 86_400n }
  await withAnvil(now, async (chain) => {
    const deployed = await chain.deployContract({
      abi,
      bytecode: qbftLightClientBytecode,
      args: qbftClientArgs(1n, anchorOfHeader(anchor), policy),
    })
    const { contractAddress: address } = await chain.waitForTransactionReceipt({ hash: deployed })
    assert.ok(address)
    const update = encodeUpdate([{ ...sealed(6n, 0), trusted: anchor.validators }])
    const sent = await chain.writeContract({ address, abi, functionName: 'update', args: [update] })
    await chain.waitForTransactionReceipt({ hash: sent })
    const state = applyUpdate(initialState(anchorOfHeader(anchor), policy.trustingPeriod, 60n), update, now)

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
    assert.ok(inTypeScript(proofs[0] ?? '0x'))

    const property = fc.asyncProperty(broken(proofs), async ({ data }) => {
      const given = await inSolidity(data)
      // Whatever is taken is a block of the chain: nothing that was altered may pass.
      if (given !== undefined) assert.equal(given.hash, source.header(given.number ?? -1n).hash)
      assert.deepEqual(given, inTypeScript(data))
    })
    await hold(t, property, RUNS)
  })
})
