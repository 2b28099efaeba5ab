import assert from 'node:assert/strict'
import { test } from 'node:test'
import { iMessageServiceAbi } from '@meridian/abi'
import type { PortNode, RpcPort } from '@meridian/consensus'
import { encodeFunctionResult, pad } from 'viem'
import type { ChainContext } from '../chain-context.ts'
import type { Message } from '../message.ts'
import { testKey } from '../testing/messages.ts'
import { defaultTuning } from '../tuning.ts'
import { createLastLeg } from './leg.ts'

const [none, delivered] = [0, 2]
const named: string[] = []

/** A chain whose endpoints say of every order what became of it. */
function chain(quorum: number, ...outcomes: readonly number[]): ChainContext {
  const nodes = outcomes.map((result, i): RpcPort & PortNode => ({
    host: `h${i}`,
    passOver: ({ message }) => void named.push(`h${i}: ${message}`),
    request: async () => encodeFunctionResult({ abi: iMessageServiceAbi, functionName: 'outcome', result }),
  }))
  const rpc: RpcPort = {
    request: (method, params) => (nodes[0] ?? { request: async () => null }).request(method, params),
    nodes: () => nodes,
  }
  // CAST: what a leg reads of it to learn an outcome
  return {
    id: 2n,
    mos: pad('0xa1', { size: 20 }),
    ports: { rpc },
    tuning: { ...defaultTuning, quorum },
  } as unknown as ChainContext
}
const message = testKey(1) as Message // CAST: its key is all that is asked by

// once, one endpoint of three could have a message end as delivered that nobody had delivered: the quorum was the source's only
test('that a message has ended is believed of a quorum, where one is asked for', async () => {
  const outcomeBy = (target: ChainContext) => createLastLeg(target, target, null).outcome(message)
  assert.equal(await outcomeBy(chain(2, delivered, none, none)), 'none')
  assert.match(named.join(), /^h0: eth_call/)
  assert.equal(await outcomeBy(chain(2, delivered, none, delivered)), 'delivered')
  await assert.rejects(outcomeBy(chain(2, delivered, none)), { code: 'QUORUM' })
  assert.equal(await outcomeBy(chain(1, delivered, none, none)), 'delivered', 'without one the first is believed')
})
