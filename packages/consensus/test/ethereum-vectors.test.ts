/** The twin on the proofs of `vectors/ethereum/`, which another implementation made and the contract's tests read too. */
import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, it } from 'node:test'
import { parseHeader } from '@meridian/proofs'
import { type Hex, hexToBytes, isHex, keccak256 } from 'viem'
import { z } from 'zod'
import {
  type ForkEpoch,
  minimalPreset,
  type Network,
  type StoredBlocks,
  VerifyError,
  verifyBlock,
  verifyReceiptsRoot,
} from '../src/ethereum/index.ts'

const hex = z.custom<Hex>(isHex)
const named = z.record(z.string(), hex)
const schema = z.object({ roots: named, blocks: named, receiptsRoots: named, expected: named })

function load(file: string) {
  const path = join(import.meta.dirname, '../../../vectors/ethereum', file)
  return schema.parse(JSON.parse(readFileSync(path, 'utf8')))
}

function networkOf(forks: readonly ForkEpoch[]): Network {
  return {
    name: 'vectors',
    chainId: 7n,
    preset: minimalPreset,
    secondsPerSlot: 6n,
    genesisTime: 1_700_000_000n,
    genesisValidatorsRoot: `0x${'00'.repeat(32)}`,
    forks,
  }
}

/** The verdict: the receipts root, or the rule that is broken. */
function verdict(call: () => Hex): string {
  try {
    return call()
  } catch (error) {
    if (!(error instanceof VerifyError)) throw error
    return error.code
  }
}

const files = [
  {
    file: 'minimal.json',
    network: networkOf([
      { name: 'capella', epoch: 0n, version: '0x03000001' },
      { name: 'deneb', epoch: 8n, version: '0x04000001' },
      { name: 'electra', epoch: 16n, version: '0x05000001' },
      { name: 'fulu', epoch: 20n, version: '0x06000001' },
    ]),
    stored: { 72: 'start', 80: 'f80', 136: 'f136' },
    refused: {
      beyond: 'ANCESTOR_SLOT',
      emptySlot: 'BRANCH_BLOCK_ROOTS',
      summarizedAtEmptySlot: 'BRANCH_SUMMARY',
      ownHash: 'BRANCH_BLOCK_HASH',
    },
    refusedReceipts: {
      beyond: 'ANCESTOR_SLOT',
      emptySlot: 'BLOCK_UNKNOWN',
      summarizedAtEmptySlot: 'BLOCK_UNKNOWN',
      forked: 'BLOCK_UNKNOWN',
      blockHash: 'BLOCK_UNKNOWN',
      shallower: 'PROOF_LENGTH',
      deeper: 'PROOF_LENGTH',
    },
  },
  {
    file: 'gloas.json',
    network: networkOf([
      { name: 'fulu', epoch: 0n, version: '0x06000001' },
      { name: 'gloas', epoch: 14n, version: '0x07000001' },
    ]),
    stored: { 104: 'f104', 116: 'f116' },
    refused: { bid: 'BRANCH_BLOCK_HASH', bidShort: 'BRANCH_BLOCK_HASH' },
    refusedReceipts: {
      own: 'NO_RECEIPTS_ROOT',
      ownAsFulu: 'NO_RECEIPTS_ROOT',
      ancestor: 'NO_RECEIPTS_ROOT',
    },
  },
] as const

for (const { file, network, stored, refused, refusedReceipts } of files)
  describe(file, () => {
    const { roots, blocks, receiptsRoots, expected } = load(file)
    const finalizedBlocks: StoredBlocks['finalizedBlocks'] = new Map(
      Object.entries(stored).map(([slot, name]) => [BigInt(slot), { root: roots[name] ?? '0x', participants: 32 }]),
    )
    const store = { finalizedBlocks }
    const receiptsOf = (name: string): Hex => parseHeader(hexToBytes(expected[name] ?? '0x')).receiptsRoot

    for (const [name, proof] of Object.entries(blocks))
      it(`block ${name}`, () => {
        const broken: string | undefined = Object.entries(refused).find(([key]) => key === name)?.[1]
        const given = verdict(() => verifyBlock(store, proof, network).receiptsRoot)
        assert.equal(given, broken ?? receiptsOf(name))
        assert.equal(
          verdict(() => verifyReceiptsRoot(store, proof, network)),
          given,
        )
        if (broken === undefined)
          assert.equal(verifyBlock(store, proof, network).hash, keccak256(expected[name] ?? '0x'))
      })

    for (const [name, proof] of Object.entries(receiptsRoots))
      it(`receipts root ${name}`, () => {
        const broken: string | undefined = Object.entries(refusedReceipts).find(([key]) => key === name)?.[1]
        assert.equal(
          verdict(() => verifyReceiptsRoot(store, proof, network)),
          broken ?? receiptsOf(name),
        )
        assert.equal(
          verdict(() => verifyBlock(store, proof, network).receiptsRoot),
          'PROOF_KIND',
        )
      })
  })
