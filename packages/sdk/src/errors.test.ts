import assert from 'node:assert/strict'
import { test } from 'node:test'
import { messageServiceAbi } from '@meridian/abi'
import { decodeMessageData } from '@meridian/core'
import { createPublicClient, custom, encodeErrorResult, type Hex } from 'viem'
import { named, revertOf } from './errors.ts'
import { encodeMessage } from './message.ts'
import { quote } from './quote.ts'

const mos = '0x00000000000000000000000000000000000000aa'

function reverting(data: Hex) {
  const request = async () => {
    throw Object.assign(new Error('execution reverted'), { code: 3, data })
  }
  return {
    chainId: 1n,
    client: createPublicClient({ transport: custom({ request }, { retryCount: 0 }) }),
    mos,
    fromBlock: 0n,
    finalized: async () => 0n,
  } as const
}

test('what a contract refuses is told by its own name and arguments', async () => {
  const data = encodeErrorResult({ abi: messageServiceAbi, errorName: 'MOS_LanePaused', args: [2n, true] })
  await assert.rejects(quote(reverting(data), { toChain: 2n, gasLimit: 1n }), {
    code: 'CONTRACT_REVERT',
    message: 'the quote was refused: MOS_LanePaused(chainId=2, outbound=true)',
  })
})

test('a revert that is in no catalogue keeps its bytes', async () => {
  await assert.rejects(quote(reverting('0x12345678'), { toChain: 2n, gasLimit: 1n }), (error: unknown) => {
    assert.ok(error instanceof Error && 'context' in error)
    const { name, data } = error.context as { name: string; data: string } // CAST: the error's documented context
    assert.deepEqual([name, data], ['Unknown', '0x12345678'])
    return true
  })
})

test('an error that is no revert passes through', async () => {
  const cause = new Error('no network')
  assert.equal(revertOf(cause), null)
  await assert.rejects(
    named('it', () => Promise.reject(cause)),
    cause,
  )
})

test('a message is encoded as MOS reads it', () => {
  const encoded = encodeMessage({ kind: 'message', target: mos, payload: '0x0102', gasLimit: 100_000n })
  const { msgType, target, payload, gasLimit } = decodeMessageData(encoded)
  assert.deepEqual([msgType, target.toLowerCase(), payload, gasLimit], ['MESSAGE', mos, '0x0102', 100_000n])
})

test('a gas limit that MOS does not carry is refused before anything is sent', () => {
  assert.throws(() => encodeMessage({ kind: 'calldata', target: mos, payload: '0x', gasLimit: 1n }), {
    code: 'MESSAGE_GAS_LIMIT',
  })
})

test('a message for a hub to run is of the one kind that hubs run, and says so in its encoding', () => {
  const message = { kind: 'message', target: mos, payload: '0x', gasLimit: 100_000n, relay: true } as const
  assert.equal(decodeMessageData(encodeMessage(message)).relay, true)
  assert.throws(() => encodeMessage({ ...message, kind: 'calldata' }), { code: 'RELAY' })
  assert.equal(decodeMessageData(encodeMessage({ ...message, relay: false })).relay, false)
})
