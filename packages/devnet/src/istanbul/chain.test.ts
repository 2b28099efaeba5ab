import assert from 'node:assert/strict'
import { after, before, describe, it } from 'node:test'
import {
  anchorOfValidators,
  applyEvidence,
  applyUpdate,
  createIstanbulSource,
  encodeEvidence,
  encodeSealedProof,
  encodeUpdate,
  headerOfBlock,
  initialState,
  istanbulConsensus,
  parseHeader,
  quorum,
  receiptsRootWith,
  sealedHeader,
  verifyBlockProof,
} from '@meridian/consensus/istanbul'
import {
  createPublicClient,
  createWalletClient,
  fromRlp,
  type Hex,
  http,
  keccak256,
  numberToHex,
  publicActions,
  recoverAddress,
  serializeSignature,
  slice,
  stringToHex,
  toRlp,
} from 'viem'
import { createVirtualClock, type VirtualClock } from '../clock.ts'
import { createIstanbulChain, type IstanbulChain } from './chain.ts'

const START = 1_800_000_000
const EPOCH = 6
const DAY = 86_400n
const newcomer = keccak256(stringToHex('newcomer of the Istanbul devnet'))
/** A contract that emits one log with the calldata as data and one topic: CALLDATACOPY, LOG1. */
const LOGGER: Hex = '0x600c600c600039600c6000f3366000600037602a366000a100'

describe('Istanbul chain', () => {
  let clock: VirtualClock
  let chain: IstanbulChain

  before(async () => {
    clock = createVirtualClock({ start: START, rate: 0 })
    chain = await createIstanbulChain({ chainId: 7_101, clock, epochSize: EPOCH })
  })
  after(async () => {
    await clock.stop()
    await chain.stop()
  })

  const client = () => createPublicClient({ transport: http(chain.rpcUrl), pollingInterval: 5 })
  const rpc = {
    // CAST: methods outside viem's schema
    request: (method: string, params: readonly unknown[]): Promise<unknown> =>
      client().request({ method, params } as unknown as { method: 'eth_chainId' }),
  }
  const now = () => BigInt(Math.floor(clock.now()))
  const source = () => createIstanbulSource(rpc)
  const chainOf = () => ({ chainId: 7_101n, epochSize: BigInt(EPOCH), forkHeight: 0n })

  it('serves headers of 14 fields, without uncles and difficulty, that recompute to their hashes', async () => {
    await chain.advance(3)
    const block = await rpc.request('eth_getBlockByNumber', ['0x2', false])
    assert.ok(typeof block === 'object' && block !== null && !('sha3Uncles' in block) && !('difficulty' in block))
    const header = headerOfBlock(block)
    const raw = (await rpc.request('debug_getRawHeader', ['0x2'])) as Hex // CAST: hex
    assert.equal((fromRlp(raw, 'hex') as Hex[]).length, 14) // CAST: a header is a list
    assert.deepEqual(parseHeader(raw), header)
    const viems = await client().getBlock({ blockNumber: 3n })
    assert.equal(viems.parentHash, header.hash)
    assert.equal((await client().getBlock({ blockHash: header.hash })).number, 2n)
  })

  it('has each header signed by its proposer over the hash of its hash without seals', async () => {
    const raw = (await rpc.request('debug_getRawHeader', ['0x2'])) as Hex // CAST: hex
    const fields = fromRlp(raw, 'hex') as Hex[] // CAST: a header is a list
    const extra = fields[10] ?? '0x'
    const items = fromRlp(slice(extra, 32), 'hex') as unknown[] // CAST: a list
    const seal = String(items[4]) as Hex // CAST: hex
    const unsealed = `${extra.slice(0, 66)}${toRlp([...items.slice(0, 4), '0x', ['0x', '0x', '0x'], items[6]] as never).slice(2)}`
    const sigHash = keccak256(toRlp([...fields.slice(0, 10), unsealed, ...fields.slice(11)] as never)) // CAST: nested lists
    const signature = serializeSignature({
      r: slice(seal, 0, 32),
      s: slice(seal, 32, 64),
      yParity: Number(slice(seal, 64)),
    })
    const signer = await recoverAddress({ hash: keccak256(sigHash), signature })
    assert.equal(signer.toLowerCase(), fields[1])
  })

  it('leads a light client through an election, missed votes and late rounds', async () => {
    const headers = source()
    const anchorKeys = (await headers.validatorsOf(1n, BigInt(EPOCH))).map(({ g1 }) => g1)
    let state = initialState(chainOf(), anchorOfValidators(anchorKeys, 0n, BigInt(START)), DAY, 60n)
    const [leaving] = chain.validators()
    assert.ok(leaving)
    const joining = chain.proposeValidator({ add: newcomer })
    chain.proposeValidator({ drop: leaving })
    chain.setFault({ withheld: 1, round: 300 })
    await chain.advance(2)
    chain.setFault({})
    await chain.advance(5)
    assert.deepEqual(chain.validators().slice(-1), [joining])
    assert.ok(!chain.validators().includes(leaving))
    const latest = chain.head().number
    assert.ok(latest > BigInt(EPOCH))
    for (let number = 1n; number <= latest; number += 1n) {
      const header = await headers.headerAt(number)
      assert.ok(header)
      const sealed = await sealedHeader(headers, chainOf(), header)
      assert.equal(verifyBlockProof(state, encodeSealedProof(sealed), now()).hash, header.hash)
      if (number === BigInt(EPOCH)) state = applyUpdate(state, encodeUpdate([sealed]), now())
    }
    assert.equal(state.epoch, 2n)
    const { served, conflicting } = await chain.equivocate(latest)
    const proofs = await Promise.all(
      [served, conflicting].map(async (raw) =>
        encodeSealedProof(await sealedHeader(headers, chainOf(), parseHeader(raw))),
      ),
    )
    const [first, second] = proofs
    assert.ok(first && second)
    assert.ok(applyEvidence(state, encodeEvidence(first, second), now()).frozen)
  })

  it('makes no block without a quorum, and a later round when it is back', async () => {
    const number = chain.head().number
    chain.setFault({ withheld: 2 })
    await chain.advance(2)
    assert.equal(chain.head().number, number)
    chain.setFault({ withheld: 1 })
    await chain.advance(1)
    assert.equal(chain.head().number, number + 1n)
    assert.equal(chain.head().seal?.round, 2n)
    assert.equal(chain.head().seal?.bitmap, (1n << BigInt(quorum(4))) - 1n)
    chain.setFault({})
  })

  it('ends an epoch with a receipt that JSON-RPC does not serve, whose log it does', async () => {
    const sender = createWalletClient({
      account: chain.accounts[0]?.account ?? '0x',
      transport: http(chain.rpcUrl),
      chain: chain.viemChain,
    }).extend(publicActions)
    while ((chain.head().number + 1n) % BigInt(EPOCH) !== 0n) await chain.advance(1)
    await sender.sendTransaction({ data: LOGGER })
    await chain.advance(1)
    const { number, hash, timestamp } = chain.head()
    assert.equal(number % BigInt(EPOCH), 0n)
    const receipts = (await rpc.request('eth_getBlockReceipts', [numberToHex(number)])) as unknown[] // CAST: a list
    assert.equal(receipts.length, 1)
    const logs = await client().getLogs({ fromBlock: number, toBlock: number })
    assert.deepEqual(
      logs.map(({ transactionHash, logIndex, transactionIndex }) => [transactionHash, logIndex, transactionIndex]),
      [[hash, 0, 1]],
    )
    assert.deepEqual(
      await client().getLogs({ blockHash: hash, address: '0x0000000000000000000000000000000000000001' }),
      [],
    )
    const hidden = await istanbulConsensus.hiddenReceipts?.({ rpc }, { number, hash, timestamp }, receipts.length)
    assert.equal(hidden?.length, 1)
    const { receiptsRoot } = parseHeader(chain.head().served)
    const both = [...receipts, ...(hidden ?? [])] as Parameters<typeof receiptsRootWith>[0] // CAST: anvil's own receipts
    assert.equal(receiptsRootWith(receipts as typeof both, [{ ...(logs[0] ?? assert.fail()) }]), receiptsRoot)
    assert.notEqual(receiptsRootWith(both, []), receiptsRoot)
  })
})
