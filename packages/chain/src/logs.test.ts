import assert from 'node:assert/strict'
import { test } from 'node:test'
import { hasCode } from '@meridian/core'
import fc from 'fast-check'
import { type Hex, numberToHex, pad } from 'viem'
import { RpcRateLimitError, RpcResponseError } from './errors.ts'
import { createLogSpan, getLogs } from './logs.ts'

const mos = '0x00000000000000000000000000000000000000A1' as const
const topic = pad('0x01')

function log(block: number, overrides: Record<string, unknown> = {}) {
  return {
    address: mos.toLowerCase(),
    topics: [topic],
    data: '0x',
    blockNumber: numberToHex(block),
    blockHash: pad(numberToHex(block)),
    transactionHash: pad('0x02'),
    transactionIndex: '0x0',
    logIndex: '0x0',
    ...overrides,
  }
}

test('any limit of an endpoint on span and results is adapted to, and nothing is lost or doubled', async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.uniqueArray(fc.integer({ min: 0, max: 300 }), { maxLength: 40 }),
      fc.integer({ min: 1, max: 50 }),
      fc.integer({ min: 1, max: 5 }),
      async (blocks, span, results) => {
        const rpc = {
          async request(_: string, [filter]: readonly unknown[]) {
            // CAST: the request is this package's own
            const { fromBlock, toBlock } = filter as { fromBlock: Hex; toBlock: Hex }
            const found = blocks.filter((b) => b >= Number(fromBlock) && b <= Number(toBlock))
            if (Number(toBlock) - Number(fromBlock) >= span || found.length > results)
              throw new RpcResponseError('h', 'eth_getLogs', -32005, 'query returned more than we like', null)
            return found.map((b) => log(b))
          },
        }
        const logs = await getLogs(rpc, { address: mos, topics: [topic], fromBlock: 0n, toBlock: 300n }, 128n)
        assert.deepEqual(
          logs.map((l) => Number(l.blockNumber)),
          [...blocks].sort((a, b) => a - b),
        )
      },
    ),
  )
})

test('logs that do not fit the filter are an endpoint’s lie', async () => {
  for (const lie of [
    log(5),
    log(1, { address: pad('0x99', { size: 20 }) }),
    log(1, { topics: [pad('0x09')] }),
    log(1, { topics: [] }),
  ]) {
    const rpc = { request: async () => [lie] }
    await assert.rejects(getLogs(rpc, { address: mos, topics: [topic], fromBlock: 1n, toBlock: 1n }), (e) =>
      hasCode(e, 'CHAIN_DATA'),
    )
  }
  const rpc = { request: async () => [{ ...log(1), data: '0x1' }] }
  await assert.rejects(getLogs(rpc, { address: mos, topics: [topic], fromBlock: 1n, toBlock: 1n }), (e) =>
    hasCode(e, 'RPC_MALFORMED'),
  )
})

test('what an endpoint’s limit is, is remembered, and tried again as it may have changed', async () => {
  let limit = 100
  const asked: number[] = []
  const rpc = {
    async request(_: string, [filter]: readonly unknown[]) {
      // CAST: the request is this package's own
      const { fromBlock, toBlock } = filter as { fromBlock: Hex; toBlock: Hex }
      const blocks = Number(toBlock) - Number(fromBlock) + 1
      asked.push(blocks)
      if (blocks > limit) throw new RpcResponseError('h', 'eth_getLogs', -32602, `max ${limit} blocks`, null)
      return []
    },
  }
  const span = createLogSpan(1_600n)
  const read = (blocks: bigint) => getLogs(rpc, { address: mos, topics: [], fromBlock: 0n, toBlock: blocks - 1n }, span)
  await read(800n)
  assert.deepEqual(asked.slice(0, 5), [800, 400, 200, 100, 100])
  assert.equal(span.blocks, 100n)
  asked.length = 0
  await read(300n)
  assert.deepEqual(asked, [100, 100, 100], 'the second time nothing is refused')
  limit = 10_000
  await read(20_000n)
  assert.equal(span.blocks, 1_600n)
  asked.length = 0
  await read(1n)
  assert.equal(span.blocks, 1_600n, 'what is short says nothing')
})

test('an error that a shorter range would not mend is thrown at once', async () => {
  let calls = 0
  const rpc = {
    async request(): Promise<never> {
      calls += 1
      throw new RpcRateLimitError('h', 'eth_getLogs', null)
    },
  }
  await assert.rejects(getLogs(rpc, { address: mos, topics: [], fromBlock: 0n, toBlock: 99n }), (e) =>
    hasCode(e, 'RPC_RATE_LIMIT'),
  )
  assert.equal(calls, 1)
})
