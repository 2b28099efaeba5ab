import assert from 'node:assert/strict'
import { after, before, describe, it } from 'node:test'
import { ssz } from '@lodestar/types'
import {
  branchOfAnswer,
  type CommitteeBook,
  createCommitteeBook,
  descriptorOf,
  initializeLightClientStore,
  type LightClientStore,
  type Network,
  parseUpdate,
  parseUpdates,
  periodAtSlot,
  processLightClientUpdate,
  type Update,
} from '@meridian/consensus/ethereum'
import {
  createPublicClient,
  createWalletClient,
  type Hex,
  hexToBytes,
  http,
  keccak256,
  parseEther,
  publicActions,
} from 'viem'
import { createVirtualClock, type VirtualClock } from '../clock.ts'
import { createEthereumChain, type EthereumChain } from './chain.ts'

const START = 1_800_000_000
const TRUSTING_PERIOD = 14n * 86_400n

describe('Ethereum chain', () => {
  let clock: VirtualClock
  let chain: EthereumChain
  let network: Network
  let store: LightClientStore
  let book: CommitteeBook

  const get = async (path: string): Promise<unknown> => {
    const response = await fetch(chain.beaconUrl + path)
    assert.equal(response.status, 200, `${path}: ${response.status}`)
    return response.json()
  }
  const octets = async (path: string): Promise<Uint8Array> => {
    const response = await fetch(chain.beaconUrl + path, { headers: { accept: 'application/octet-stream' } })
    assert.equal(response.headers.get('content-type'), 'application/octet-stream')
    return new Uint8Array(await response.arrayBuffer())
  }
  const client = () => createPublicClient({ transport: http(chain.rpcUrl), pollingInterval: 5 })
  const wallet = () => {
    const [first] = chain.accounts
    assert.ok(first)
    const transport = http(chain.rpcUrl)
    const options = { account: first.account, transport, pollingInterval: 5, chain: chain.viemChain }
    return createWalletClient(options).extend(publicActions)
  }
  const judge = () => ({ now: BigInt(Math.floor(clock.now())), trustingPeriod: TRUSTING_PERIOD })
  const accept = (update: Update): 'updated' | 'noop' => {
    const step = processLightClientUpdate(store, update, book.signersOf(update), network, judge())
    store = step.store
    book.learn(update)
    return step.result
  }
  const finalityUpdate = async () => parseUpdate(await get('/eth/v1/beacon/light_client/finality_update'), network)

  before(async () => {
    clock = createVirtualClock({ start: START, rate: 0 })
    chain = await createEthereumChain({ chainId: 7100, clock })
    network = chain.consensusParams()
    const bootstrap = chain.bootstrap()
    store = initializeLightClientStore(bootstrap, network, chain.finalized().root)
    book = createCommitteeBook(bootstrap, network)
  })
  after(async () => {
    await clock.stop()
    await chain.stop()
  })

  it('has something final from the start, served as a bootstrap', async () => {
    assert.equal(chain.head().slot, 160)
    assert.equal(chain.finalized().slot, 96)
    const served = await get(`/eth/v1/beacon/light_client/bootstrap/${chain.finalized().root}`)
    assert.equal((served as { version: string }).version, 'fulu') // CAST: the shape under test
    assert.equal((await fetch(`${chain.beaconUrl}/eth/v1/beacon/light_client/bootstrap/0x00`)).status, 404)
    const { data } = (await get('/eth/v1/beacon/genesis')) as { data: Record<string, string> } // CAST: under test
    assert.equal(data.genesis_time, `${network.genesisTime}`)
    assert.equal(data.genesis_validators_root, network.genesisValidatorsRoot)
  })

  it('mines what viem sends in the next slot, at that slot`s time, and finalizes it', async () => {
    const sender = wallet()
    const hash = await sender.sendTransaction({ to: sender.account.address, value: parseEther('1') })
    await chain.advance(1)
    const receipt = await sender.waitForTransactionReceipt({ hash })
    const block = await sender.getBlock({ blockNumber: receipt.blockNumber })
    assert.equal(block.timestamp, network.genesisTime + network.secondsPerSlot * BigInt(chain.head().slot))
    assert.equal(keccak256((await request('debug_getRawHeader', [block.hash])) as Hex), block.hash) // CAST: hex
    await chain.finalize(block.number)
    assert.ok((await client().getBlock({ blockTag: 'finalized' })).number >= block.number)
    const update = await finalityUpdate()
    assert.equal(accept(update), 'updated')
    const { finalizedHeader } = update
    assert.ok('execution' in finalizedHeader)
    assert.ok(finalizedHeader.execution.blockNumber >= block.number)
    const executed = await client().getBlock({ blockHash: finalizedHeader.execution.blockHash })
    assert.equal(executed.receiptsRoot, finalizedHeader.execution.receiptsRoot)
  })

  it('serves blocks and states whose SSZ has the roots of the header', async () => {
    const { root, stateRoot } = chain.finalized()
    const signed = ssz.fulu.SignedBeaconBlock.deserialize(await octets(`/eth/v2/beacon/blocks/${root}`))
    assert.deepEqual(ssz.fulu.BeaconBlock.hashTreeRoot(signed.message), hexToBytes(root))
    const state = ssz.fulu.BeaconState.deserializeToViewDU(await octets(`/eth/v2/debug/beacon/states/${stateRoot}`))
    assert.deepEqual(state.hashTreeRoot(), hexToBytes(stateRoot))
    const json = (await get('/eth/v2/beacon/blocks/head')) as { data: unknown } // CAST: under test
    const fromJson = ssz.fulu.SignedBeaconBlock.fromJson(json.data)
    assert.deepEqual(ssz.fulu.BeaconBlock.hashTreeRoot(fromJson.message), hexToBytes(chain.head().root))
    const header = (await get(`/eth/v1/beacon/headers/${chain.head().slot}`)) as { data: { root: Hex } } // CAST: under test
    assert.equal(header.data.root, chain.head().root)
    assert.equal((await fetch(`${chain.beaconUrl}/eth/v1/beacon/headers/33`)).status, 404)
  })

  it('proves block roots of a state and the execution block of a block', async () => {
    const { root, stateRoot, slot } = chain.finalized()
    const parentSlot = slot - 1
    const gindex = (69n << 13n) | BigInt(parentSlot % 8192)
    const state = `/eth/v0/beacon/proof/state/${stateRoot}?format=${descriptorOf(gindex)}`
    const ancestor = branchOfAnswer(await get(state), gindex, state)
    assert.equal(ancestor.root, stateRoot)
    assert.equal(ancestor.leaf, chain.blockAt(parentSlot)?.root)
    const block = `/eth/v0/beacon/proof/block/${root}?format=${descriptorOf(6444n)}`
    const execution = branchOfAnswer(await get(block), 6444n, block)
    assert.equal(execution.root, root)
    const number = BigInt(chain.finalized().block.body.executionPayload.blockNumber)
    assert.equal(execution.leaf, (await client().getBlock({ blockNumber: number })).hash)
    assert.equal((await fetch(`${chain.beaconUrl}/eth/v0/beacon/proof/state/head?format=0xzz`)).status, 400)
  })

  it('reports missing signers in the bits, with a signature that still verifies', async () => {
    chain.setFault({ absent: 100 })
    await chain.advance(2)
    const update = await finalityUpdate()
    assert.equal(accept(update), 'noop')
    const json = (await get('/eth/v1/beacon/light_client/finality_update')) as {
      data: { sync_aggregate: { sync_committee_bits: Hex } }
    } // CAST: under test
    const bits = hexToBytes(json.data.sync_aggregate.sync_committee_bits)
    assert.equal(
      bits.reduce((sum, byte) => sum + byte.toString(2).replaceAll('0', '').length, 0),
      412,
    )
    chain.setFault({ absent: 171 })
    await chain.advance(2)
    const weak = await finalityUpdate()
    assert.throws(() => accept(weak), { code: 'PARTICIPATION' })
    chain.setFault({})
    await chain.advance(2)
  })

  it('finalizes nothing while told so, and goes on afterwards', async () => {
    const { slot } = chain.finalized()
    chain.setFault({ noFinality: true })
    await chain.advance(96)
    const stalled = chain.finalized().slot
    assert.ok(stalled <= slot + 64)
    await chain.advance(32)
    assert.equal(chain.finalized().slot, stalled)
    chain.setFault({})
    await chain.finalize()
    assert.ok(chain.finalized().slot > stalled)
    assert.equal(accept(await finalityUpdate()), 'updated')
  })

  it('reorgs what is not final and mines the transactions again', async () => {
    const sender = wallet()
    const hash = await sender.sendTransaction({ to: sender.account.address, value: 1n })
    await chain.advance(2)
    const before = await sender.waitForTransactionReceipt({ hash })
    await chain.reorg(2)
    await assert.rejects(sender.getTransactionReceipt({ hash }))
    await chain.advance(1)
    const again = await sender.waitForTransactionReceipt({ hash })
    assert.notEqual(again.blockHash, before.blockHash)
    assert.equal(again.blockNumber, before.blockNumber)
    await chain.finalize(again.blockNumber)
    assert.equal(accept(await finalityUpdate()), 'updated')
  })

  it('signs two truths when told to', () => {
    for (const about of ['finality', 'committee'] as const) {
      const { json } = chain.equivocate(about)
      const [honest, conflicting] = [parseUpdate(json.honest, network), parseUpdate(json.conflicting, network)]
      const first = processLightClientUpdate(store, honest, book.signersOf(honest), network, judge())
      assert.throws(
        () => processLightClientUpdate(first.store, conflicting, book.signersOf(conflicting), network, judge()),
        {
          code: about === 'finality' ? 'BLOCK_CONFLICT' : 'COMMITTEE_CONFLICT',
        },
      )
    }
  })

  it('rotates its committees: a client follows over two periods of mostly empty slots', async () => {
    const period = (slot: number) => Number(periodAtSlot(network, BigInt(slot)))
    assert.equal(period(chain.head().slot), 0)
    await clock.jump(2 * 8192 * 12)
    assert.equal(period(chain.head().slot), 2)
    const updates = parseUpdates(await get('/eth/v1/beacon/light_client/updates?start_period=0&count=3'), network)
    assert.equal(updates.length, 3)
    for (const update of updates) accept(update)
    await chain.finalize()
    assert.equal(accept(await finalityUpdate()), 'updated')
    assert.equal(periodAtSlot(network, store.head.slot), 2n)
    const committees = updates.map((update) => update.nextSyncCommittee?.committee.aggregatePubkey)
    assert.equal(new Set(committees).size, 3)
    const { state } = chain.finalized()
    assert.ok(state)
    assert.equal(ssz.fulu.BeaconState.getViewDU(state).historicalSummaries.length, 2)
  })

  it('leaves slots empty when told so', async () => {
    const { slot } = chain.head()
    chain.setFault({ noBlocks: true })
    await chain.advance(3)
    chain.setFault({})
    await chain.advance(1)
    assert.equal(chain.head().slot, slot + 4)
    assert.equal((await fetch(`${chain.beaconUrl}/eth/v1/beacon/headers/${slot + 2}`)).status, 404)
  })

  // CAST: methods outside viem's schema
  const request = (method: string, params: unknown[]): Promise<unknown> =>
    client().request({ method, params } as unknown as { method: 'eth_chainId' })
})
