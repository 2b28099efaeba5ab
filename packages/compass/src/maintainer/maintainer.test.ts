/** What a light client's updates may cost: nothing that cannot land, and nothing again and again. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { iLightClientAbi } from '@meridian/abi'
import type { ClientState, RpcPort } from '@meridian/consensus'
import { encodeFunctionResult, getAddress, numberToHex, pad } from 'viem'
import type { ChainContext } from '../chain-context.ts'
import { createLog } from '../log.ts'
import type { Store } from '../store/types.ts'
import type { Job, Submitter } from '../submitter/submitter.ts'
import { testBlock } from '../testing/blocks.ts'
import { testConsensus } from '../testing/consensus.ts'
import { createFakeClock } from '../testing/fake-node.ts'
import { defaultTuning } from '../tuning.ts'
import { createMaintainer } from './maintainer.ts'

const client = getAddress(pad('0xc1', { size: 20 }))

/** A light client that always needs an update, which passes every simulation and comes to nothing when it is sent. */
function needy(estimate: bigint) {
  const sent: Job[] = []
  const rpc: RpcPort = {
    async request(method) {
      if (method === 'eth_estimateGas') return numberToHex(estimate)
      if (method === 'eth_call')
        return encodeFunctionResult({ abi: iLightClientAbi, functionName: 'update', result: 1 })
      return testBlock
    },
  }
  const state = { address: client, head: { number: 5n, timestamp: 5n, hash: pad('0x05') } } as unknown as ClientState // CAST: what is read of it
  const consensus = testConsensus({ readClient: async () => state, maintain: async () => ['0x01'] })
  const chain = { name: 'chain', consensus, ports: { rpc }, tuning: defaultTuning } as unknown as ChainContext // CAST: as above
  const submitter = {
    address: client,
    pending: async () => [],
    async send(job: Job) {
      sent.push(job)
      return { status: 'sent', transaction: { nonce: sent.length } }
    },
  } as unknown as Submitter // CAST: as above
  const clock = createFakeClock()
  const common = { store: {} as Store, clock, log: createLog('silent') } // CAST: nothing is in flight
  return { sent, clock, maintainer: createMaintainer(chain, chain, submitter, common) }
}

// once, it was sent with the most that was allowed, ran out of that, and was sent and paid for again
test('an update that takes more gas than a transaction may have is not sent, and says so', async () => {
  const cap = defaultTuning.maxTransactionGas
  const { sent, maintainer } = needy(cap + 1n)
  const result = await maintainer.request(client, ['0x01'], [])
  assert.equal(result.status === 'waiting' && result.reason.code, 'GAS_CAP')
  assert.deepEqual(sent, [])
  const fits = needy(cap)
  assert.equal((await fits.maintainer.request(client, ['0x01'], [])).status, 'sent')
  assert.equal(fits.sent[0]?.gasLimit, cap)
})

// once, it was sent again as soon as it had reverted, for as long as it did
test('an update that changes nothing is sent less and less often', async () => {
  const { sent, clock, maintainer } = needy(100_000n)
  for (let seconds = 0; seconds < 3_600; seconds++) {
    await maintainer.maintain(async () => client)
    clock.advance(1_000)
  }
  assert.ok(sent.length >= 10 && sent.length <= 20, `${sent.length} in an hour`)
})
