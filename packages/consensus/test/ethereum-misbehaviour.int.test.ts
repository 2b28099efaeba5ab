/** Evidence out of calldata and our own beacon nodes, taken by the contract; and what is no evidence, however it is asked for. */
import assert from 'node:assert/strict'
import { before, describe, it } from 'node:test'
import { ethereumLightClientAbi, ethereumLightClientBytecode } from '@meridian/abi'
import { type Address, concatHex, encodeFunctionData, type Hex, zeroHash } from 'viem'
import {
  bootstrapArgs,
  clientForks,
  clientParameters,
  createEthereumConsensus,
  createEthereumSource,
  encodeUpdate,
  signedUpdateOf,
  timeAtSlot,
  type Update,
} from '../src/ethereum/index.ts'
import { updateOfBlocks } from '../src/ethereum/own-update.ts'
import type { AcceptedClaim, BeaconPort, ClientState, Evidence, PortNode, RpcPort } from '../src/types.ts'
import { type TestChain as Anvil, withAnvil } from './anvil.ts'
import {
  committeeOf,
  createTestChain,
  flip,
  type TestBlock,
  type TestChain,
  type TestCommittee,
  testNetwork,
} from './ethereum-chain.ts'
import { createBeaconNode, type NodeOptions, NotFound } from './ethereum-node.ts'

const PERIOD = 64n
const TRUSTING_PERIOD = 100_000n
const BASE = 2n * PERIOD
const network = testNetwork('minimal', [['fulu', 0n]])
const consensus = createEthereumConsensus({ network })
const abi = ethereumLightClientAbi
const encode = (update: Update, period = 2n): Hex => encodeUpdate(update, committeeOf(network, period))
const headOf = (block: TestBlock): AcceptedClaim => ({ what: 'head', number: block.header.slot, hash: block.root })

describe('what validators signed twice', () => {
  // the chain that our nodes follow, and one that the same committees signed
  const own = createTestChain(network)
  const fork = createTestChain(network, { salt: 'fork', nextPeriodSalt: 9n })
  const start = own.add(BASE + 2n)
  const [ownFinal, forkFinal] = [own, fork].map((chain) => chain.add(BASE + 16n)) as [TestBlock, TestBlock]
  const ownSame = own.update(own.add(BASE + 24n, ownFinal), ownFinal, { withNext: true })
  const forkUpdate = fork.update(fork.add(BASE + 24n, forkFinal), forkFinal)
  const forkWithNext = fork.update(fork.add(BASE + 25n, forkFinal), forkFinal, { withNext: true })
  // in the fork a block is where our chain has none
  const between = fork.add(BASE + 29n)
  const forkBetween = fork.update(fork.add(BASE + 30n, between), between)
  const later = own.add(BASE + 32n)
  const ownLater = own.update(own.add(BASE + 40n, later), later, { absent: [1, 2, 5, 7] })
  const nextPeriod = own.add(BASE + PERIOD + 8n)
  const ownNext = own.update(own.add(BASE + PERIOD + 16n, nextPeriod), nextPeriod)

  // brings the committee of the period, and is older than all of it
  const past = createTestChain(network)
  const pastFinal = past.add(BASE - 30n)
  const committeeUpdate = past.update(past.add(BASE - 20n, pastFinal), pastFinal, { withNext: true })

  const now = timeAtSlot(network, BASE + 2n * PERIOD)
  let named: string[]
  before(() => {
    named = []
  })

  async function deploy(anvil: Anvil): Promise<Address> {
    const args = [
      clientParameters(network, { trustingPeriod: TRUSTING_PERIOD }),
      clientForks(network),
      bootstrapArgs(own.bootstrap(start), network),
    ] as const
    const hash = await anvil.deployContract({ abi, bytecode: ethereumLightClientBytecode, args })
    const { contractAddress } = await anvil.waitForTransactionReceipt({ hash })
    assert.ok(contractAddress)
    return contractAddress
  }

  /** Runs `body` with a client that accepted `updates`. */
  const withClient = (
    updates: readonly Hex[],
    body: (rules: {
      readonly evidence: (claim: AcceptedClaim, bytes: Hex, node: BeaconPort, at?: bigint) => Promise<Evidence>
      readonly report: (evidence: Evidence) => Promise<number>
      readonly client: () => Promise<ClientState>
    }) => Promise<void>,
  ) =>
    withAnvil(now, async (anvil) => {
      const address = await deploy(anvil)
      for (const update of updates) {
        const hash = await anvil.writeContract({ address, abi, functionName: 'update', args: [update] })
        assert.equal((await anvil.waitForTransactionReceipt({ hash })).status, 'success')
      }
      // CAST: methods outside viem's schema
      const target: RpcPort = {
        request: (method, params) => anvil.request({ method, params } as unknown as Parameters<Anvil['request']>[0]),
      }
      const client = () => consensus.readClient(target, address)
      await body({
        client,
        async evidence(claim, update, beacon, at = now) {
          return consensus.misbehaviour({ rpc: target, beacon }, target, await client(), { ...claim, update }, at)
        },
        async report(evidence) {
          assert.ok(evidence.status === 'found', JSON.stringify(evidence))
          const call = { address, abi, functionName: 'reportMisbehaviour', args: [evidence.data] } as const
          const { request } = await anvil.simulateContract({ ...call, account: anvil.account })
          await anvil.waitForTransactionReceipt({ hash: await anvil.writeContract(request) })
          return anvil.readContract({ address, abi, functionName: 'status' })
        },
      })
    })

  const node = (options: NodeOptions, chain: TestChain = own) => createBeaconNode(chain, options)
  const codeOf = (evidence: Evidence) => (evidence.status === 'none' ? evidence.code : 'FOUND')

  it('another block at the same slot, wherever in the calldata the update stands', () =>
    withClient([encode(forkUpdate)], async ({ evidence, report }) => {
      const call = encodeFunctionData({ abi, functionName: 'update', args: [encode(forkUpdate)] })
      const data = concatHex(['0xac9650d8', zeroHash, call, zeroHash])
      assert.equal(await report(await evidence(headOf(forkFinal), data, node({ finality: ownSame }))), 2)
    }))

  it('a later block whose history has another root there', () =>
    withClient([encode(forkUpdate)], async ({ evidence, report }) => {
      const found = await evidence(headOf(forkFinal), encode(forkUpdate), node({ finality: ownLater }))
      assert.equal(await report(found), 2)
    }))

  it('a block in a slot that is empty', () =>
    withClient([encode(forkBetween)], async ({ evidence, report }) => {
      const found = await evidence(headOf(between), encode(forkBetween), node({ finality: ownLater, serves: 'ssz' }))
      assert.equal(await report(found), 2)
    }))

  it('another next committee for the period, seen by its event or with its head', () =>
    withClient([encode(forkWithNext)], async ({ evidence, report, client }) => {
      const updates = new Map([[2n, ownSame]])
      const period = 3n
      const root = await rootOf(client, period)
      const claim = { what: 'committee', number: period, hash: root } as const
      const beacon = node({ finality: ownSame, updates })
      const found = await evidence(claim, encode(forkWithNext), beacon)
      assert.equal(codeOf(await evidence({ ...claim, number: 4n }, encode(forkWithNext), beacon)), 'UPDATE_NOT_FOUND')
      assert.equal(codeOf(await evidence(headOf(forkFinal), encode(forkWithNext), beacon)), 'FOUND')
      assert.equal(await report(found), 2)
    }))

  // a node without light-client data is not silent: whoever has its blocks can make an update of them
  describe('out of blocks alone', () => {
    /** Our chain again, up to its final block, and then blocks that hold signatures. */
    const chainSignedBy = (signers?: TestCommittee) => {
      const chain = createTestChain(network)
      chain.add(BASE + 2n)
      const final = chain.add(BASE + 16n)
      chain.add(BASE + 40n, final)
      const attested = chain.add(BASE + 54n, final)
      chain.add(BASE + 56n, final, { absent: [3, 7], ...(signers === undefined ? {} : { signers }) })
      // later, and signed by one member less than two thirds of 32, and by nobody
      chain.add(BASE + 57n, final, { absent: Array.from({ length: 11 }, (_, i) => i) })
      chain.add(BASE + 60n, final)
      return { chain, final, attested }
    }
    const { chain, final, attested } = chainSignedBy()
    const source = (options: NodeOptions = {}) =>
      createEthereumSource(
        { rpc: { request: () => assert.fail('only blocks') }, beacon: node({ serves: 'ssz', ...options }, chain) },
        network,
      )

    it('the newest block that two thirds signed, as the light-client API would have served it', async () => {
      const served = chain.update(attested, final, { signatureSlot: BASE + 56n, absent: [3, 7] })
      const made = (slot: bigint) => updateOfBlocks(source(), network, BASE + slot)
      assert.deepEqual(await made(63n), signedUpdateOf(served))
      assert.deepEqual(await made(71n), signedUpdateOf(served), 'two epochs later')
      assert.equal(await made(72n), undefined, 'not for ever')
      assert.equal(await made(55n), undefined, 'no signature of a later slot')
      const other = chain.blocks.get(BASE + 57n)
      const lying = source({ tamper: (_, answer) => (answer instanceof Uint8Array ? other?.blockBytes() : answer) })
      await assert.rejects(updateOfBlocks(lying, network, BASE + 63n), { code: 'NODE_ANSWER' })
      const stateless = source({
        tamper: (path, answer) => (path.includes('/states/') ? assert.fail(new NotFound(path)) : answer),
      })
      assert.equal(await updateOfBlocks(stateless, network, BASE + 63n), undefined, 'without the attested state')
    })

    it('is evidence like any other, and none where somebody else signed', () =>
      withClient([encode(forkUpdate)], async ({ evidence, report }) => {
        const options = { serves: 'ssz', updates: new Map([[1n, committeeUpdate]]) } as const
        const against = (one: TestChain) => evidence(headOf(forkFinal), encode(forkUpdate), node(options, one))
        assert.equal(codeOf(await against(chainSignedBy(committeeOf(network, 7n)).chain)), 'NOT_SERVED')
        assert.equal(await report(await against(chain)), 2)
      }))
  })

  it('an update that started from an aggregate which is no longer kept', () => {
    const absent = [0, 3, 4, 6]
    const honest = own.update(own.blocks.get(BASE + 24n) ?? start, ownFinal, { absent })
    const kept = { period: 2n, bits: honest.syncAggregate.bits }
    const forged = fork.update(fork.blocks.get(BASE + 30n) ?? start, between, { absent })
    const signers = committeeOf(network, 2n)
    const updates = [encodeUpdate(honest, signers, { keep: true }), encodeUpdate(forged, signers, { from: kept })]
    const replaced = fork.update(fork.add(BASE + 41n, fork.add(BASE + 40n)), fork.blocks.get(BASE + 40n) ?? start)
    return withClient([...updates, encodeUpdate(replaced, signers, { keep: true })], async ({ evidence, report }) => {
      const found = await evidence(headOf(between), updates[1] ?? '0x', node({ finality: ownLater }))
      assert.equal(await report(found), 2)
    })
  })

  it('nothing is evidence but what two thirds signed', () =>
    withClient([encode(forkUpdate)], async ({ evidence }) => {
      const claim = headOf(forkFinal)
      const bytes = encode(forkUpdate)
      const asked = async (options: NodeOptions, at?: bigint) => codeOf(await evidence(claim, bytes, node(options), at))
      assert.equal(await asked({}), 'SET_UNKNOWN', 'a node that serves nothing, the committee neither')
      assert.equal(await asked({ updates: new Map([[1n, committeeUpdate]]) }), 'NOT_SERVED', 'the committee alone')
      const older = own.update(own.add(BASE + PERIOD + 24n, start), start)
      assert.equal(await asked({ finality: { ...older, signatureSlot: BASE + 3n } }), 'NOT_SERVED', 'a false slot')
      assert.equal(await asked({ finality: ownNext }), 'SET_UNKNOWN', 'signed by whom the client does not know yet')
      const { bits, signature } = ownSame.syncAggregate
      const few = { bits: `0x0f${bits.slice(4)}`, signature } as const
      assert.equal(await asked({ finality: { ...ownSame, syncAggregate: few } }), 'NOT_SERVED', 'another signature')
      const nobody = { bits: `0x00000000`, signature } as const
      assert.equal(await asked({ finality: { ...ownSame, syncAggregate: nobody } }), 'NOT_SERVED', 'too few')
      const moved = { ...ownSame, finalityBranch: ownSame.finalityBranch.map((one) => flip(one)) }
      assert.equal(await asked({ finality: moved }), 'NOT_SERVED', 'another branch')
      assert.equal(await asked({ finality: ownSame }, now + TRUSTING_PERIOD), 'EXPIRED', 'long ago')
      const early = timeAtSlot(network, BASE + 24n)
      assert.equal(await asked({ finality: ownSame }, early - 100n), 'NOT_SERVED', 'of the future')
      assert.equal(codeOf(await evidence(claim, '0x', node({ finality: ownSame }))), 'UPDATE_NOT_FOUND', 'no bytes')
      const short = bytes.slice(0, 600) as Hex // CAST: still hex
      assert.equal(codeOf(await evidence(claim, short, node({ finality: ownSame }))), 'UPDATE_NOT_FOUND', 'cut short')
    }))

  // CO-10
  it('an honest head is accused by nothing, whatever our nodes say', () =>
    withClient([encode(ownSame)], async ({ evidence }) => {
      const claim = headOf(ownFinal)
      const why = async (options: NodeOptions, chain?: TestChain) =>
        codeOf(await evidence(claim, encode(ownSame), node(options, chain)))
      assert.equal(await why({ finality: ownSame }), 'NOT_SERVED')
      assert.equal(await why({ finality: ownLater }), 'NOT_SERVED')
      // a node that follows a fork which nobody signed
      const lost = createTestChain(network, { salt: 'lost' })
      const lostFinal = lost.add(BASE + 16n)
      const lostUpdate = lost.update(lost.add(BASE + 24n, lostFinal), lostFinal, { signers: committeeOf(network, 7n) })
      assert.equal(await why({ finality: lostUpdate }, lost), 'NOT_SERVED', 'a fork that somebody else signed')
      const both = several(node({ finality: lostUpdate }, lost), node({ finality: ownLater }))
      assert.equal(codeOf(await evidence(claim, encode(ownSame), both)), 'NOT_SERVED')
      assert.ok(
        named.some((one) => one.startsWith('node 0')),
        'the one that lies is named',
      )
    }))

  it('hostile calldata that looks like updates costs little', () =>
    withClient([encode(forkUpdate)], async ({ evidence }) => {
      const slot = (BASE + 16n).toString(16).padStart(16, '0')
      const data = `0x${slot.repeat(16_384)}` as const
      const started = performance.now()
      const node_ = node({ finality: ownSame })
      assert.equal(codeOf(await evidence(headOf(forkFinal), data, node_)), 'UPDATE_NOT_FOUND')
      assert.ok(performance.now() - started < 20_000, 'of 128 KiB')
      // and does not hide the true one behind it
      const hidden = concatHex([data, encode(forkUpdate)])
      assert.equal(codeOf(await evidence(headOf(forkFinal), hidden, node_)), 'FOUND')
    }))

  function several(...nodes: readonly BeaconPort[]): BeaconPort {
    const each = nodes.map((one, i): BeaconPort & PortNode => ({
      get: one.get,
      getBytes: one.getBytes,
      host: `node ${i}`,
      passOver: ({ message }) => void named.push(`node ${i}: ${message}`),
    }))
    const [first] = nodes
    assert.ok(first)
    return { get: first.get, getBytes: first.getBytes, nodes: () => each }
  }

  describe('what our own nodes have', () => {
    const views = async (claim: AcceptedClaim, beacon: BeaconPort) => {
      const { asked, views: given } = await consensus.ownViews({ rpc: { request: async () => null }, beacon }, claim)
      return { asked, hashes: given.map(({ hash }) => hash) }
    }
    const at = (slot: bigint): AcceptedClaim => ({ what: 'head', number: BASE + slot, hash: forkFinal.root })

    it('another block, an empty slot, and nothing while it is not final', async () => {
      const beacon = node({ finality: ownLater })
      assert.deepEqual(await views(at(16n), beacon), { asked: 1, hashes: [ownFinal.root] })
      assert.deepEqual(
        await views(headOf(ownFinal), node({})),
        { asked: 1, hashes: [ownFinal.root] },
        'its own at once',
      )
      assert.deepEqual(
        await views(at(29n), beacon),
        { asked: 1, hashes: [zeroHash] },
        'empty by the parent of the next',
      )
      // it may yet be replaced: a reorg before finality accuses nobody
      assert.deepEqual(await views(at(24n), node({ finality: ownSame })), { asked: 1, hashes: [null] })
      assert.deepEqual(await views(at(200n), beacon), { asked: 1, hashes: [null] }, 'it is not there yet')
    })

    it('a node without old blocks does not say that their slots were empty', async () => {
      const gone = (path: string, answer: unknown): unknown => {
        const missing = [BASE + 16n, BASE + 24n].map(String)
        if (missing.some((slot) => path.endsWith(`/headers/${slot}`)) || path.endsWith(ownSameAttested.root))
          throw Object.assign(new Error('pruned'), { context: { status: 404 } })
        return answer
      }
      assert.deepEqual(await views(at(16n), node({ finality: ownLater, tamper: gone })), { asked: 1, hashes: [null] })
    })
    const ownSameAttested = own.blocks.get(BASE + 24n) ?? start

    it('of a committee its root, by an update of its own or a bootstrap', async () => {
      const claim = { what: 'committee', number: 3n, hash: zeroHash } as const
      const updates = new Map([[2n, ownSame]])
      const { hashes } = await views(claim, node({ finality: ownSame, updates }))
      assert.notEqual(hashes[0], null)
      assert.deepEqual((await views(claim, node({ finality: ownNext }))).hashes, hashes, 'by a bootstrap')
      assert.deepEqual(await views(claim, node({ finality: ownSame })), { asked: 1, hashes: [null] }, 'not final yet')
      const weak = { ...ownSame, syncAggregate: { ...ownSame.syncAggregate, bits: '0x00000000' as const } }
      await assert.rejects(views(claim, node({ updates: new Map([[2n, weak]]) })), { code: 'PARTICIPATION' })
    })
  })
})

async function rootOf(client: () => Promise<ClientState>, period: bigint): Promise<Hex> {
  const { detail } = await client()
  assert.ok(typeof detail === 'object' && detail !== null && 'committeeRoots' in detail)
  const roots = detail.committeeRoots
  assert.ok(roots instanceof Map)
  return roots.get(period)
}
