/** The Ethereum consensus over two beacon nodes of one chain, of which the preferred one lies. */
import assert from 'node:assert/strict'
import { after, afterEach, before, beforeEach, describe, it } from 'node:test'
import { type Beacon, createBeacon, createRpc } from '@meridian/chain'
import type { BlockPoint, BlockProof, ClientState, SourcePorts } from '@meridian/consensus'
import {
  clientForks,
  createEthereumConsensus,
  type EthereumClientDetail,
  initializeLightClientStore,
  type LightClientStore,
  type Network,
  timeAtSlot,
  verifyReceiptsRoot,
} from '@meridian/consensus/ethereum'
import { hasCode } from '@meridian/core'
import {
  createEthereumChain,
  createVirtualClock,
  type EndpointFault,
  type EthereumChain,
  type VirtualClock,
} from '@meridian/devnet'
import { aggregate, beaconLies, change, FINALITY, served, tooFew } from './support/beacon-lies.ts'

const TRUSTING_PERIOD = 14n * 86_400n
const ADDRESS = '0x00000000000000000000000000000000000000c1'

describe('two beacon nodes, the preferred one lying', () => {
  let clock: VirtualClock
  let chain: EthereumChain
  let network: Network
  let liar: Awaited<ReturnType<EthereumChain['addBeaconNode']>>
  let beacon: Beacon
  let ports: SourcePorts
  let start: LightClientStore
  let block: BlockPoint
  let named: string[]

  before(async () => {
    clock = createVirtualClock({ start: 1_800_000_000, rate: 0 })
    chain = await createEthereumChain({ chainId: 9_311, clock })
    network = chain.consensusParams()
    start = initializeLightClientStore(chain.bootstrap(), network)
    await chain.advance(40)
    const number = BigInt(chain.head().block.body.executionPayload.blockNumber)
    await chain.finalize(number)
    const wanted = chain.finalized()
    // an older block than the finalized one, so that a proof needs the finalized state and the ancestor's body
    const ancestor = chain.blockAt(wanted.slot - 3)
    assert.ok(ancestor)
    const { blockNumber, timestamp, blockHash } = ancestor.block.body.executionPayload
    block = {
      number: BigInt(blockNumber),
      timestamp: BigInt(timestamp),
      hash: `0x${Buffer.from(blockHash).toString('hex')}`,
    }
    liar = await chain.addBeaconNode()
  })
  after(() => chain.stop())

  beforeEach(() => {
    named = []
    beacon = createBeacon({
      urls: [liar.url, chain.beaconUrl],
      onPassOver: (host, reason) => void named.push(`${host}: ${reason.message}`),
    })
    ports = { rpc: createRpc({ urls: [chain.rpcUrl] }), beacon }
  })
  afterEach(() => {
    liar.faults.clear()
    chain.beaconFaults.clear()
  })

  function client(detail: Partial<EthereumClientDetail> = {}): ClientState {
    const { slot, root } = start.head
    const timestamp = timeAtSlot(network, slot)
    return {
      address: ADDRESS,
      kind: 'ethereum',
      status: 'active',
      head: { number: slot, timestamp, hash: root },
      expiresAt: timestamp + TRUSTING_PERIOD,
      detail: {
        committeeRoots: start.committeeRoots,
        headParticipants: 0,
        forks: clientForks(network),
        trustingPeriod: TRUSTING_PERIOD,
        clockDrift: 15n,
        ...detail,
      },
    }
  }

  const now = () => BigInt(Math.floor(clock.now())) + 12n
  const prove = (state = client()): Promise<BlockProof> =>
    createEthereumConsensus({ network }).proveReceiptsRoot(ports, state, block, now())

  async function requireProof(): Promise<void> {
    const proof = await prove()
    assert.equal(
      proof.status,
      'ready',
      JSON.stringify(proof, (_, v) => (typeof v === 'bigint' ? String(v) : v)),
    )
    assert.equal(proof.status === 'ready' && proof.updates.length, 1)
    const finalized = chain.finalized()
    const finalizedBlocks = new Map([[BigInt(finalized.slot), { root: finalized.root, participants: 512 }]])
    // the twin of the contract: the proof leads to the finalized block
    assert.ok(verifyReceiptsRoot({ finalizedBlocks }, proof.status === 'ready' ? proof.proof : '0x', network))
  }

  it('honest, the first is enough, and nobody is named', async () => {
    await requireProof()
    assert.deepEqual(named, [])
  })

  const found: Readonly<Record<keyof typeof beaconLies, RegExp>> = {
    'too few signatures': /fewer than two thirds/,
    'a signature of nobody’s': /the sync committee did not sign this header/,
    'another finality branch': /the branch leads to another root/,
    'the form of an older fork': /blob_gas_used/,
    'a finality branch as long as before Electra': /expected 7 siblings/,
    'another branch of the state': /does not hash to the root/,
    'another branch of the block': /does not hash to the root/,
    'another header': /does not hash to the root/,
    'a fork that the client has otherwise': /has fork 0x06ffffff at epoch 0/,
  }
  const lies: readonly (readonly [string, EndpointFault, RegExp])[] = [
    ...Object.entries(beaconLies).map(([name, fault]) => [name, fault, found[name] ?? /never/] as const),
    ['errors to everything', { kind: 'status', status: 503 }, /^$/],
  ]
  for (const [name, fault, expected] of lies)
    it(`${name}: the honest node’s answer is taken, and the other is named`, async () => {
      liar.faults.set(fault)
      await requireProof()
      const [first = ''] = named
      assert.match(first.replace(new URL(liar.url).host, ''), expected)
      for (const line of named) assert.ok(line.startsWith(new URL(liar.url).host), `the honest node was named: ${line}`)
      const [health] = beacon.endpoints()
      if (named.length > 0) assert.ok(health !== undefined && health.wrongAnswers > 0 && health.lastError !== null)
    })

  it('too few signatures from every node: it waits, and says why', async () => {
    const fault = { kind: 'lie', method: FINALITY, rewrite: (value: unknown) => change(value, tooFew) } as const
    const none = { kind: 'lie', method: /light_client\/updates/, rewrite: () => [] } as const
    liar.faults.set(fault, none)
    chain.beaconFaults.set(fault, none)
    const proof = await prove()
    assert.ok(proof.status === 'waiting' && proof.reason.code === 'UPDATE_NOT_SERVED')
    assert.match(proof.reason.detail, /fewer than two thirds/)
    assert.equal(named.length, 2)
  })

  it('`finalized` passes over a node whose update too few signed', async () => {
    const nobody = (value: unknown) =>
      change(value, (data) => {
        const given = aggregate.parse(data.sync_aggregate)
        return { sync_aggregate: { ...given, sync_committee_bits: `0x${'00'.repeat(64)}` } }
      })
    liar.faults.set({ kind: 'lie', method: FINALITY, rewrite: nobody })
    const { number } = await createEthereumConsensus({ network }).finalized(ports)
    assert.equal(number, BigInt(chain.finalized().block.body.executionPayload.blockNumber))
    assert.match(named.join(), /fewer than two thirds signed/)
  })

  it('the update that most have signed is taken, whichever node has it', async () => {
    const participation = async (first: string, second: string): Promise<number> => {
      const consensus = createEthereumConsensus({ network })
      const two = createBeacon({ urls: [first, second] })
      const proof = await consensus.proveReceiptsRoot({ ...ports, beacon: two }, client(), block, now())
      assert.ok(proof.status === 'ready')
      return proof.updates.join('').length
    }
    // what the honest one serves is signed by all; the other shows the one of a slot that 20 missed
    const full = await participation(chain.beaconUrl, liar.url)
    chain.setFault({ absent: 20 })
    await chain.advance(1)
    const weak = await (await fetch(chain.beaconUrl + FINALITY)).json()
    chain.setFault({})
    await chain.advance(1)
    liar.faults.set({ kind: 'lie', method: FINALITY, rewrite: () => weak })
    assert.equal(await participation(liar.url, chain.beaconUrl), full)
    const only = createBeacon({ urls: [liar.url] })
    liar.faults.set(
      { kind: 'lie', method: FINALITY, rewrite: () => weak },
      { kind: 'lie', method: /light_client\/updates/, rewrite: () => [] },
    )
    const alone = await createEthereumConsensus({ network }).proveReceiptsRoot(
      { ...ports, beacon: only },
      client(),
      block,
      now(),
    )
    assert.ok(alone.status === 'ready' && alone.updates.join('').length > full, 'alone it is taken, and costs more')
  })

  it('where finality was signed by fewer, the best update of the period is taken', async () => {
    const full: unknown = await (await fetch(chain.beaconUrl + FINALITY)).json()
    chain.setFault({ absent: 20 })
    await chain.advance(2)
    chain.setFault({})
    const shown = served.parse(await (await fetch(chain.beaconUrl + FINALITY)).json()).data
    assert.match(aggregate.parse(shown.sync_aggregate).sync_committee_bits, /^0x0000f0/)
    const length = async () => {
      const proof = await prove()
      assert.ok(proof.status === 'ready')
      return proof.updates.join('').length
    }
    const weak = await length()
    liar.faults.set({ kind: 'lie', method: /light_client\/updates/, rewrite: () => [full] })
    // the keys of 20 absent members are not in the calldata
    assert.ok((await length()) < weak - 2 * 20 * 96)
    await chain.advance(1)
  })

  it('another schedule on every node: one clear line, and no update of this client', async () => {
    const rewrite = (value: unknown) => change(value, () => ({ GLOAS_FORK_EPOCH: '1' }))
    const also = (value: unknown) => change(value, () => ({ GLOAS_FORK_EPOCH: '1', GLOAS_FORK_VERSION: '0x07000001' }))
    for (const faults of [liar.faults, chain.beaconFaults])
      faults.set({ kind: 'lie', method: '/eth/v1/config/spec', rewrite: also })
    await assert.rejects(prove(), (error: unknown) => {
      assert.ok(hasCode(error, 'FORK_SCHEDULE'))
      assert.match(error.message, /has fork 0x07000001 at epoch 1 \(laid out as gloas\), the light client none$/)
      return true
    })
    await assert.rejects(
      createEthereumConsensus({ network }).maintain(
        ports,
        client({ committeeRoots: new Map(start.committeeRoots) }),
        now(),
      ),
      (error) => hasCode(error, 'FORK_SCHEDULE'),
    )
    for (const faults of [liar.faults, chain.beaconFaults])
      faults.set({ kind: 'lie', method: '/eth/v1/config/spec', rewrite })
    ports = { ...ports, beacon: createBeacon({ urls: [liar.url] }) }
    await assert.rejects(prove(), (error) => hasCode(error, 'NODE_ANSWER'), 'a version is missing')
  })

  it('a fork that only lies ahead stops nothing yet', async () => {
    const ahead = (value: unknown) =>
      change(value, () => ({ GLOAS_FORK_EPOCH: '90000', GLOAS_FORK_VERSION: '0x07000001' }))
    for (const faults of [liar.faults, chain.beaconFaults])
      faults.set({ kind: 'lie', method: '/eth/v1/config/spec', rewrite: ahead })
    await requireProof()
  })
})
