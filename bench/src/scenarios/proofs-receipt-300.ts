import { receiptProofGasAbi, receiptProofGasBytecode } from '@meridian/abi'
import { initCodeOf } from '@meridian/cli/deploy'
import { createPrivateChain } from '@meridian/cli/private-chain'
import { bytesToHex, decodeFunctionResult, encodeFunctionData, getAddress, keccak256, stringToHex } from 'viem'
import { blockWith } from '../block.ts'
import type { Scenario } from '../scenario.ts'

const TRANSACTIONS = 300
/** In the middle of the block, where the trie is deepest. */
const PLACE = 150

/**
 * One receipt of a block of 300 transactions proven, and its log (three topics, 512 bytes) extracted. Execution only: a
 * warm call with the callee's decoding, as the peers' figures were taken; `ReceiptProofGas` measures it.
 */
export const receipt300: Scenario = {
  id: 'proofs/receipt-300',
  unit: 'gas',
  measure: 'execution',
  floor: 15_000,
  aim: 8_486,
  peers: [
    { name: 'OpenZeppelin 5.7.0 TrieProof', value: 163_285, source: 'measured; optimizer runs 10000' },
    { name: 'Optimism MerkleTrie', value: 127_213, source: 'measured; d317e96c2a' },
    { name: 'Lido and Curve MerklePatriciaProofVerifier', value: 114_450, source: 'measured; fffd375, pragma ported' },
    { name: 'yui-ibc MPTProof', value: 111_432, source: 'measured; 5181e30' },
    { name: 'MAP MPT', value: 98_124, source: 'measured; b9545ea, receipt passed a second time' },
    { name: 'Relic MPT', value: 17_025, source: 'measured; 0cd903d, assumes well-formed nodes' },
  ],
  async run() {
    const log = {
      address: `0x${keccak256(stringToHex('emitter')).slice(-40)}`,
      topics: ['one', 'two', 'three'].map((label) => keccak256(stringToHex(label))),
      data: `0x${'5a'.repeat(512)}`,
    } as const
    const trie = blockWith(new Map([[PLACE, { logs: [log] }]]), TRANSACTIONS)
    const chain = await createPrivateChain({ start: 1_800_000_000n })
    try {
      const harness = await chain.deploy(initCodeOf(receiptProofGasAbi, receiptProofGasBytecode, []))
      const { nodes } = trie.prove(PLACE)
      const call = encodeFunctionData({
        abi: receiptProofGasAbi,
        functionName: 'measure',
        args: [bytesToHex(trie.root), BigInt(PLACE), 0n, bytesToHex(nodes)],
      })
      const { ok, data } = await chain.call(harness, call)
      if (!ok) throw new Error(`the proof did not verify: ${data}`)
      const [gasUsed, emitter, topicCount, dataHash] = decodeFunctionResult({
        abi: receiptProofGasAbi,
        functionName: 'measure',
        data,
      })
      if (
        emitter !== getAddress(log.address) ||
        topicCount !== BigInt(log.topics.length) ||
        dataHash !== keccak256(log.data)
      ) {
        throw new Error('the harness proved another log')
      }
      return Number(gasUsed)
    } finally {
      await chain.stop()
    }
  },
}
