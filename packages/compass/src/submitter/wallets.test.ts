import assert from 'node:assert/strict'
import { test } from 'node:test'
import { createKeySigner } from '@meridian/chain'
import { type Hex, pad, recoverTransactionAddress } from 'viem'
import type { ChainContext } from '../chain-context.ts'
import { createLog } from '../log.ts'
import { createFakeClock, createFakeNode } from '../testing/fake-node.ts'
import { useStore } from '../testing/test-store.ts'
import { defaultTuning } from '../tuning.ts'
import type { Job } from './submitter.ts'
import { createWallets } from './wallets.ts'

const current = useStore()
const mos = pad('0xa1', { size: 20 })
const signers = [createKeySigner(pad('0x01')), createKeySigner(pad('0x02'))] as const
const job: Job = { kind: 'update', to: mos, data: '0x01', gasLimit: 100_000n, messages: [] }

/** Two wallets on one chain, each with a node of its own behind one endpoint: a fake node knows one key. */
function wallets() {
  const nodes = new Map(signers.map(({ address }) => [address.toLowerCase(), createFakeNode()]))
  const nodeOf = (address: unknown) => nodes.get(String(address).toLowerCase()) ?? createFakeNode()
  const [first] = nodes.values()
  const rpc: ChainContext['ports']['rpc'] = {
    async request(method, params) {
      if (method === 'eth_getBalance' || method === 'eth_getTransactionCount')
        return nodeOf(params[0]).request(method, params)
      if (method !== 'eth_sendRawTransaction') return first?.request(method, params)
      // CAST: Compass signs type 2 transactions only
      const sender = await recoverTransactionAddress({ serializedTransaction: params[0] as `0x02${string}` })
      return nodeOf(sender).request(method, params)
    },
  }
  const chain: ChainContext = {
    id: 2n,
    name: 'two',
    consensus: createFakeNode().consensus,
    ports: { rpc },
    mos,
    startBlock: 0n,
    signer: signers[0],
    moreSigners: [signers[1]],
    payee: null,
    claims: null,
    tuning: { ...defaultTuning, maxFeePerGas: 10_000n, minPriorityFeePerGas: 1n, maxInFlight: 2 },
  }
  const submitter = createWallets(chain, { store: current(), clock: createFakeClock(), log: createLog('silent') })
  return { submitter, node: (i: 0 | 1) => nodeOf(signers[i].address) }
}

// CO-4
test('work goes to the wallet with the least on its way, each under nonces of its own', async () => {
  const { submitter, node } = wallets()
  for (let i = 0; i < 4; i++) assert.equal((await submitter.send(job)).status, 'sent')
  assert.deepEqual([...node(0).pool.keys()], [0, 1])
  assert.deepEqual([...node(1).pool.keys()], [0, 1])
  assert.equal((await submitter.pending()).length, 4)
  const fifth = await submitter.send(job)
  assert.equal(fifth.status === 'refused' && fifth.reason.code, 'WALLET_BUSY')
})

test('an empty wallet stops nothing while another can pay', async () => {
  const { submitter, node } = wallets()
  node(0).balance = 0n
  assert.equal((await submitter.send(job)).status, 'sent')
  assert.equal(node(1).pool.size, 1)
  node(1).balance = 0n
})

test('what one wallet has to send is sent by that one or not at all', async () => {
  const { submitter, node } = wallets()
  const from = signers[1].address
  for (let i = 0; i < 2; i++) assert.equal((await submitter.send({ ...job, from })).status, 'sent')
  assert.equal((await submitter.send({ ...job, from })).status, 'refused')
  assert.equal(node(0).pool.size, 0)
  const nobody: Hex = pad('0xee', { size: 20 })
  const refused = await submitter.send({ ...job, from: nobody })
  assert.equal(refused.status === 'refused' && refused.reason.code, 'NO_WALLET')
})
