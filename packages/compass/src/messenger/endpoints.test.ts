import assert from 'node:assert/strict'
import { test } from 'node:test'
import {
  ChainDataError,
  createLogSpan,
  getBlock,
  getLogs,
  type LogPort,
  RpcResponseError,
  RpcTransportError,
} from '@meridian/chain'
import type { PortNode, RpcPort } from '@meridian/consensus'
import { hasCode } from '@meridian/core'
import { type Hex, keccak256, numberToHex, pad, stringToHex } from 'viem'
import type { ChainContext } from '../chain-context.ts'
import { testConsensus } from '../testing/consensus.ts'
import { defaultTuning } from '../tuning.ts'
import { overEndpoints, viewOf } from './endpoints.ts'

const address = pad('0xa1', { size: 20 })
const topic = pad('0x01')

interface Saying {
  readonly head: number
  /** Its chain: what its hashes are made of. */
  readonly chain?: string
  /** Blocks with a log. */
  readonly logs?: readonly number[]
  readonly dead?: boolean
  /** Blocks of a log query at most. */
  readonly limit?: number
}

function endpoints(...sayings: readonly Saying[]) {
  const named: string[] = []
  const asked: string[] = []
  const hashOf = (chain: string, number: number): Hex => keccak256(stringToHex(`${chain} ${number}`))
  const nodes = sayings.map((said, i): LogPort & PortNode => ({
    host: `h${i}`,
    ...(said.limit === undefined ? {} : { logSpan: createLogSpan(100n) }),
    passOver: (reason) => void named.push(`h${i}: ${reason.message}`),
    async request(method, params) {
      asked.push(`h${i} ${method}`)
      if (said.dead === true) throw new RpcTransportError(`h${i}`, method, 'no answer')
      const chain = said.chain ?? 'main'
      if (method === 'eth_getLogs') {
        // CAST: the filter is Compass' own
        const { fromBlock, toBlock } = params[0] as { fromBlock: Hex; toBlock: Hex }
        if (Number(toBlock) - Number(fromBlock) >= (said.limit ?? 1_000))
          throw new RpcResponseError(`h${i}`, method, -32_602, `at most ${said.limit} blocks`, null)
        return (said.logs ?? [])
          .filter((block) => block >= Number(fromBlock) && block <= Number(toBlock))
          .map((block) => ({
            address,
            topics: [topic],
            data: '0x',
            blockNumber: numberToHex(block),
            blockHash: hashOf(chain, block),
            transactionHash: pad('0x02'),
            transactionIndex: '0x0',
            logIndex: '0x0',
            // what one node adds and another does not is no difference
            ...(i === 0 ? { blockTimestamp: '0x1' } : {}),
          }))
      }
      const number = params[0] === 'latest' ? said.head : Number(params[0])
      if (number > said.head) return null
      return {
        number: numberToHex(number),
        timestamp: numberToHex(1_000 + number),
        hash: hashOf(chain, number),
        parentHash: hashOf(chain, number - 1),
        receiptsRoot: pad('0x00'),
        gasLimit: '0x1',
        transactions: [],
      }
    },
  }))
  const consensus = testConsensus({
    finalized: ({ rpc }) => getBlock(rpc, 'latest'),
  })
  const rpc: RpcPort = {
    request: (method, params) => (nodes[0] ?? { request: async () => null }).request(method, params),
    nodes: () => nodes,
  }
  const view = (quorum: number) =>
    viewOf({ consensus, ports: { rpc }, tuning: { ...defaultTuning, quorum } } as unknown as ChainContext) // CAST: what is read of it
  return { named, asked, view, rpc }
}

const filter = { address, topics: [topic], fromBlock: 1n, toBlock: 9n }

test('a look is at one endpoint, whole', async () => {
  const { asked, view } = endpoints({ head: 9 }, { head: 10 })
  const { rpc, finalized } = view(1)
  await Promise.all([getBlock(rpc, 'latest'), finalized(), getLogs(rpc, filter)])
  assert.ok(asked.every((line) => line.startsWith('h0')))
})

test('a quorum’s head is the newest block that all of it have', async () => {
  const { view } = endpoints({ head: 12 }, { head: 10 }, { head: 11 })
  assert.equal((await getBlock(view(2).rpc, 'latest')).number, 11n)
  assert.equal((await getBlock(view(3).rpc, 'latest')).number, 10n)
  assert.equal((await view(3).finalized()).number, 10n)
})

test('who has another block is passed over and named, and what the others say is taken', async () => {
  const { named, view } = endpoints({ head: 10, chain: 'other' }, { head: 10 }, { head: 10 })
  const head = await getBlock(view(2).rpc, 'latest')
  assert.equal(head.hash, keccak256(stringToHex('main 10')))
  assert.match(named.join(), /^h0: eth_getBlockByNumber/)
})

test('who leaves a log out, or makes one up, is passed over and named', async () => {
  for (const [lie, truth] of [
    [[], [3]],
    [[3, 4], [3]],
  ] as const) {
    const { named, view } = endpoints({ head: 9, logs: truth }, { head: 9, logs: lie }, { head: 9, logs: truth })
    const logs = await getLogs(view(2).rpc, filter)
    assert.deepEqual(
      logs.map(({ blockNumber }) => blockNumber),
      [3n],
    )
    assert.match(named.join(), /^h1: eth_getLogs/)
  }
})

test('one of a quorum that takes shorter ranges than the others is asked for those, by all, and from then on', async () => {
  const { asked, named, view } = endpoints({ head: 9, logs: [3], limit: 100 }, { head: 9, logs: [3], limit: 4 })
  const { rpc } = view(2)
  assert.deepEqual(
    (await getLogs(rpc, filter)).map(({ blockNumber }) => blockNumber),
    [3n],
  )
  assert.deepEqual([named, rpc.logSpan?.blocks], [[], 4n])
  asked.length = 0
  await getLogs(view(2).rpc, { ...filter, toBlock: 4n })
  assert.equal(asked.length, 2)
})

test('without a quorum there is no head and no log: it waits', async () => {
  const alone = endpoints({ head: 9 }, { head: 9, dead: true })
  await assert.rejects(getBlock(alone.view(2).rpc, 'latest'), (e) => hasCode(e, 'QUORUM'))
  const split = endpoints({ head: 9, logs: [3] }, { head: 9, logs: [] })
  await assert.rejects(getLogs(split.view(2).rpc, filter), (e) => hasCode(e, 'QUORUM'))
  assert.deepEqual(split.named, [], 'nobody knows who is wrong')
})

test('what shows by itself whether it is right is read of the next endpoint where it is not', async () => {
  const { named, rpc } = endpoints({ head: 9, chain: 'other' }, { head: 9, dead: true }, { head: 9 })
  const wanted = keccak256(stringToHex('main 5'))
  const read = (from: RpcPort) =>
    getBlock(from, 5n).then((block) => {
      if (block.hash !== wanted) throw new ChainDataError('block hash', wanted, block.hash)
      return block
    })
  assert.equal((await overEndpoints(rpc, read)).hash, wanted)
  assert.deepEqual(named.length, 1)
  assert.match(named.join(), /^h0: block hash/)
  const none = endpoints({ head: 9, chain: 'other' }, { head: 9, chain: 'another' })
  await assert.rejects(overEndpoints(none.rpc, read), (e) => hasCode(e, 'CHAIN_DATA'))
})
