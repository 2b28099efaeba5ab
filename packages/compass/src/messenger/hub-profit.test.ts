/** The profit rule where a lane has two legs: what is asked of which chain, and what holds a message back. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { iFeeServiceAbi, iMessageServiceAbi } from '@meridian/abi'
import type { RpcPort } from '@meridian/consensus'
import { decodeFunctionData, encodeFunctionResult, getAddress, type Hex, numberToHex, pad, zeroAddress } from 'viem'
import type { ChainContext } from '../chain-context.ts'
import { createLog } from '../log.ts'
import type { Maintainer } from '../maintainer/maintainer.ts'
import { deliveryWork, forwardWork } from '../plan.ts'
import type { Submitter } from '../submitter/submitter.ts'
import { testBlock } from '../testing/blocks.ts'
import { testConsensus } from '../testing/consensus.ts'
import { createFakeClock } from '../testing/fake-node.ts'
import { testKey, testMos, testOrigin } from '../testing/messages.ts'
import { useStore } from '../testing/test-store.ts'
import { defaultTuning } from '../tuning.ts'
import { createLane } from './lane.ts'
import { createFirstLeg, createLastLeg, type HubContext } from './leg.ts'

const current = useStore()
const [A, B, H] = [1n, 2n, 3n]
const hub = getAddress(pad('0xb1', { size: 20 }))
const nobody = getAddress(pad('0x01', { size: 20 }))
const abi = [...iMessageServiceAbi, ...iFeeServiceAbi]
const WEI = 10n ** 18n
/** Wei of each chain's base fee. */
const BASE = new Map([
  [A, 1n],
  [B, 1_000n],
  [H, 10n],
])

/** Wei that each chain's node suggests as a tip: more than the least, where the base fee is next to nothing (BNB Smart Chain). */
const TIP = new Map([
  [B, 3_000n],
  [H, 20n],
])

/** A chain whose MOS and fee service answer, and whose light clients can prove nothing yet: what is admitted waits. */
function chainOf(id: bigint, escrow: () => bigint): ChainContext {
  const rpc: RpcPort = {
    async request(method, params) {
      if (method === 'eth_getBlockByNumber') return { ...testBlock, baseFeePerGas: numberToHex(BASE.get(id) ?? 0n) }
      if (method === 'eth_maxPriorityFeePerGas') return numberToHex(TIP.get(id) ?? 0n)
      assert.deepEqual([method, id], ['eth_call', A], 'fees lie on the source')
      const { data } = params[0] as { data: Hex } // CAST: Compass' own call
      const { functionName } = decodeFunctionData({ abi, data })
      if (functionName === 'feeService') return encodeFunctionResult({ abi, functionName, result: nobody })
      assert.equal(functionName, 'escrowOf')
      const result = { toChain: B, token: zeroAddress, amount: escrow() }
      return encodeFunctionResult({ abi, functionName, result })
    },
  }
  const consensus = testConsensus({
    finalized: async () => ({ number: 9n, timestamp: 9n, hash: pad('0x09') }),
    proveReceiptsRoot: async () => ({
      status: 'waiting',
      reason: { code: 'UPDATE_NOT_SERVED', detail: 'it was admitted' },
    }),
  })
  return {
    id,
    name: `chain-${id}`,
    consensus,
    ports: { rpc },
    mos: getAddress(testMos),
    startBlock: 1n,
    signer: null,
    payee: null,
    claims: null,
    tuning: { ...defaultTuning, minPriorityFeePerGas: 0n },
  }
}

// once, the least tip of the configuration counted, and not the one that was paid: what did not pay was delivered
test('a fee that pays for the last leg alone does not get a message over the first; on the last it is enough', async () => {
  const store = current()
  let fee = 0n
  const escrow = () => fee
  const [a, b] = [chainOf(A, escrow), chainOf(B, escrow)]
  const h: HubContext = { ...chainOf(H, escrow), hub }
  const clock = createFakeClock()
  const profit = {
    prices: [{ token: zeroAddress, units: WEI }],
    hubPrices: [{ token: zeroAddress, units: 2n * WEI }],
    minPercent: 100,
    sponsored: [],
  }
  const first = testOrigin(1, { emitter: testMos })
  const second = { ...first, logChain: H, emitter: hub }
  for (const origin of [first, second]) {
    await store.commitScan(
      origin.logChain,
      origin.emitter as typeof hub,
      { number: 1n, hash: pad('0x01'), final: null },
      [origin],
      1,
    )
    await store.apply([[origin, { type: 'finalized', at: 2 }]])
  }
  const message = await store.message({ ...testKey(1), logChain: A })
  assert.ok(message)
  const onHub = (forwardWork.memberGas(message) + forwardWork.baseGas) * (10n + 20n) * 2n
  const onTarget = (deliveryWork.memberGas(message) + deliveryWork.baseGas) * (1_000n + 3_000n)
  const laneOf = (leg: ReturnType<typeof createFirstLeg>) =>
    createLane({
      store,
      clock,
      log: createLog('silent'),
      profit,
      leg: { ...leg, lightClient: async () => nobody, outcome: async () => 'none' },
      submitter: { address: nobody, addresses: [nobody] } as unknown as Submitter, // CAST: nothing is sent in this test
      maintainer: { maintain: async () => undefined, readClient: async () => null } as unknown as Maintainer, // CAST: nor updated
      targetFinal: () => null,
    })
  const legs = [
    [laneOf(createFirstLeg(a, h, b)), A],
    [laneOf(createLastLeg(a, b, h)), H],
  ] as const
  const reasons = async (): Promise<readonly (string | undefined)[]> => {
    const found: (string | undefined)[] = []
    for (const [lane, logChain] of legs) {
      await lane.step()
      found.push((await store.message({ ...testKey(1), logChain }))?.reason?.code)
    }
    clock.advance(60_000)
    return found
  }
  const admitted = 'UPDATE_NOT_SERVED'
  fee = onTarget - 1n
  assert.deepEqual(await reasons(), ['UNPROFITABLE', 'UNPROFITABLE'])
  fee = onTarget
  assert.deepEqual(await reasons(), ['UNPROFITABLE', admitted])
  fee = onHub + onTarget - 1n
  assert.deepEqual(await reasons(), ['UNPROFITABLE', admitted])
  fee = onHub + onTarget
  assert.deepEqual(await reasons(), [admitted, admitted])

  // once, each of any number of messages that do not pay, or that failed, cost requests twice a minute for ever
  fee = 0n
  const day = 86_400_000
  clock.advance(day)
  assert.deepEqual(await reasons(), ['UNPROFITABLE', 'UNPROFITABLE'])
  const restOf = async () => ((await store.message({ ...testKey(1), logChain: H }))?.nextAttemptAt ?? 0) - clock.now()
  assert.equal(await restOf(), 3_600_000 - 60_000, 'looked at again in an hour')
  const lane = legs[1][0]
  const at = clock.now()
  await store.apply([
    [second, { type: 'included', at, outcome: 'failed', executionReason: '0x', tx: null, block: 1n, gas: null }],
    [second, { type: 'settled', at, outcome: 'failed' }],
  ])
  await lane.step()
  assert.equal(await restOf(), 60_000)
  clock.advance(day)
  await lane.step()
  assert.equal(await restOf(), 3_600_000)
})
