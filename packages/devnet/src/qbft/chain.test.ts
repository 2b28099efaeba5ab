import assert from 'node:assert/strict'
import { after, before, describe, it } from 'node:test'
import {
  type Address,
  createPublicClient,
  createWalletClient,
  fromRlp,
  type Hex,
  hexToBytes,
  http,
  keccak256,
  type Log,
  numberToHex,
  parseEther,
  publicActions,
  recoverAddress,
  toRlp,
} from 'viem'
import { createVirtualClock, type VirtualClock } from '../clock.ts'
import { createQbftChain, devKey, type QbftChain } from './chain.ts'

const START = 1_800_000_000

/** A contract that emits one log with the calldata as data and one topic: CALLDATACOPY, LOG1. */
const LOGGER: Hex = '0x600c600c600039600c6000f3366000600037602a366000a100'

interface RawHeader {
  readonly fields: readonly (Hex | readonly unknown[])[]
  readonly extra: readonly [Hex, readonly Address[], readonly Hex[], Hex, readonly Hex[]]
}

/** Reads a header independently of the code that built it. */
function readHeader(raw: Hex): RawHeader {
  const fields = fromRlp(raw, 'hex') as readonly Hex[] // CAST: a header is a list of strings
  const extraData = fields[12] ?? '0x'
  const extra = fromRlp(extraData, 'hex') as unknown as RawHeader['extra'] // CAST: QBFT's extraData
  return { fields, extra }
}

const hashWith = ({ fields }: RawHeader, extra: unknown): Hex =>
  // CAST: RLP input
  keccak256(toRlp([...fields.slice(0, 12), toRlp(extra as Hex[]), ...fields.slice(13)] as Hex[]))

async function signersOf(header: RawHeader): Promise<readonly Address[]> {
  const [vanity, validators, vote, round, seals] = header.extra
  const digest = hashWith(header, [vanity, validators, vote, round, []])
  return Promise.all(
    seals.map(async (seal) => (await recoverAddress({ hash: digest, signature: seal })).toLowerCase() as Address), // CAST: lower case
  )
}

describe('QBFT chain', () => {
  let clock: VirtualClock
  let chain: QbftChain
  const client = () => createPublicClient({ transport: http(chain.rpcUrl), pollingInterval: 5 })
  const wallet = () => {
    const [first] = chain.accounts
    assert.ok(first)
    return createWalletClient({
      account: first.account,
      transport: http(chain.rpcUrl),
      pollingInterval: 5,
      chain: chain.viemChain,
    }).extend(publicActions)
  }
  const rpc = async (method: string, params: unknown[]): Promise<unknown> =>
    // CAST: methods outside viem's schema
    client().request({ method, params } as unknown as { method: 'eth_chainId' })

  before(async () => {
    clock = createVirtualClock({ start: START, rate: 0 })
    chain = await createQbftChain({ chainId: 7001, clock })
  })
  after(async () => {
    await clock.stop()
    await chain.stop()
  })

  it('serves headers that a quorum has sealed, linked by the sealed hash', async () => {
    await chain.advance(3)
    let parent: Hex | undefined
    for (let number = 1n; number <= 3n; number++) {
      const block = await client().getBlock({ blockNumber: number })
      const header = readHeader((await rpc('debug_getRawHeader', [numberToHex(number)])) as Hex) // CAST: hex
      const [vanity, validators, vote, round] = header.extra
      assert.equal(round, '0x')
      assert.equal(block.hash, hashWith(header, [vanity, validators, vote, '0x', []]))
      assert.equal(header.fields[12], block.extraData)
      const signers = new Set(await signersOf(header))
      assert.equal(signers.size, 4)
      for (const signer of signers) assert.ok(validators.includes(signer))
      assert.equal(validators[Number(number % 4n)], block.miner.toLowerCase())
      if (parent !== undefined) assert.equal(block.parentHash, parent)
      parent = block.hash
      assert.equal(block.timestamp, BigInt(START) + 2n * number)
    }
  })

  it('gives one hash for a block in every method, and receipts whose root is in the header', async () => {
    const sender = wallet()
    const deployed = await sender.sendTransaction({ data: LOGGER })
    await chain.advance(1)
    const { contractAddress } = await sender.waitForTransactionReceipt({ hash: deployed })
    assert.ok(contractAddress)
    const hash = await sender.sendTransaction({ to: contractAddress, data: '0x1234' })
    await sender.sendTransaction({ to: contractAddress, data: '0x5678' })
    await chain.advance(1)
    const receipt = await sender.waitForTransactionReceipt({ hash })
    const block = await sender.getBlock({ blockNumber: receipt.blockNumber, includeTransactions: true })
    const byHash = await sender.getBlock({ blockHash: block.hash, includeTransactions: true })
    assert.deepEqual(byHash, block)
    assert.equal(receipt.blockHash, block.hash)
    assert.equal(receipt.logs[0]?.blockHash, block.hash)
    assert.equal(block.transactions[0]?.blockHash, block.hash)
    assert.equal((await sender.getTransaction({ hash })).blockHash, block.hash)
    const logs: Log[] = await sender.getLogs({ blockHash: block.hash })
    assert.equal(logs.length, 2)
    for (const log of logs) assert.equal(log.blockHash, block.hash)
    const ranged = await sender.getLogs({ fromBlock: block.number, toBlock: 'finalized' })
    assert.deepEqual(ranged, logs)
    const receipts = (await rpc('eth_getBlockReceipts', [block.hash])) as { blockHash: Hex }[] // CAST: receipts
    assert.deepEqual(
      receipts.map((item) => item.blockHash),
      [block.hash, block.hash],
    )
    const raw = (await rpc('debug_getRawReceipts', [numberToHex(block.number)])) as Hex[] // CAST: hex list
    assert.equal(raw.length, 2)
    assert.equal(block.receiptsRoot, await trieRoot(raw))
    const proof = (await rpc('eth_getProof', [contractAddress, [], block.hash])) as { accountProof: Hex[] } // CAST: proof
    assert.equal(keccak256(proof.accountProof[0] ?? '0x'), block.stateRoot)
    const called = await rpc('eth_call', [{ to: contractAddress, data: '0x' }, { blockHash: block.hash }])
    assert.equal(called, '0x')
  })

  it('answers batches', async () => {
    const calls = ['eth_chainId', 'eth_blockNumber'].map((method, id) => ({ jsonrpc: '2.0', id, method, params: [] }))
    const response = await fetch(chain.rpcUrl, { method: 'POST', body: JSON.stringify(calls) })
    const answers = (await response.json()) as { id: number; result: Hex }[] // CAST: JSON-RPC
    assert.deepEqual(
      answers.map((answer) => answer.id),
      [0, 1],
    )
    assert.equal(answers[0]?.result, numberToHex(7001))
  })

  it('remembers sealed hashes in the EIP-2935 contract, provably', async () => {
    const parent = chain.head()
    await chain.advance(2)
    const history = '0x0000F90827F1C53a10cb7A02335B175320002935'
    const { data } = await client().call({ to: history, data: numberToHex(parent.number, { size: 32 }) })
    assert.equal(data, parent.hash)
    const block = await client().getBlock()
    const proof = await client().getProof({
      address: history,
      storageKeys: [numberToHex(parent.number, { size: 32 })],
      blockNumber: block.number,
    })
    assert.equal(keccak256(proof.accountProof[0] ?? '0x'), block.stateRoot)
    assert.equal(numberToHex(proof.storageProof[0]?.value ?? 0n, { size: 32 }), parent.hash)
  })

  it('changes the validators by votes, one a block', async () => {
    const before = chain.validators()
    const added = chain.proposeValidator({ add: devKey('newcomer') })
    let blocks = 0
    while (!chain.validators().includes(added)) {
      await chain.advance(1)
      assert.ok(++blocks <= 4, 'half of the validators have proposed')
    }
    assert.equal(blocks, 3)
    await chain.advance(1)
    assert.deepEqual(chain.head().extra.validators, [...before, added].sort())
    const [dropped] = before
    assert.ok(dropped)
    chain.proposeValidator({ drop: dropped })
    for (let index = 0; index < 5; index++) await chain.advance(1)
    assert.ok(!chain.validators().includes(dropped))
    assert.deepEqual(await rpc('qbft_getValidatorsByBlockNumber', ['latest']), chain.head().extra.validators)
  })

  it('makes no block without a quorum, and a later round when it is back', async () => {
    const number = chain.head().number
    chain.setFault({ withheld: 2 })
    await chain.advance(2)
    assert.equal(chain.head().number, number)
    chain.setFault({ withheld: 1 })
    await chain.advance(1)
    assert.equal(chain.head().number, number + 1n)
    assert.equal(chain.head().extra.round, 2)
    assert.equal(chain.head().extra.seals.length, 3)
    const header = readHeader((await rpc('debug_getRawHeader', ['latest'])) as Hex) // CAST: hex
    for (const signer of await signersOf(header)) assert.ok(header.extra[1].includes(signer))
    chain.setFault({})
  })

  it('shows two sealed headers of one height on demand', async () => {
    const { served, conflicting } = await chain.equivocate(chain.head().number)
    const [first, second] = [readHeader(served), readHeader(conflicting)]
    assert.equal(first.fields[8], second.fields[8])
    assert.notEqual(served, conflicting)
    assert.equal(new Set(await signersOf(second)).size, 4)
  })

  it('has endpoints that lie, hang and die when told so', async () => {
    chain.rpcFaults.set({ kind: 'lie', method: 'eth_blockNumber', rewrite: () => '0xffff' })
    assert.equal(await client().getBlockNumber({ cacheTime: 0 }), 0xffffn)
    chain.rpcFaults.set({ kind: 'dead' })
    await assert.rejects(fetch(chain.rpcUrl, { method: 'POST', body: '{}' }))
    chain.rpcFaults.set({ kind: 'stuckMempool' })
    const sender = wallet()
    const hash = await sender.sendTransaction({ to: sender.account.address, value: parseEther('1'), gas: 21_000n })
    await chain.advance(1)
    await assert.rejects(sender.getTransactionReceipt({ hash }))
    chain.rpcFaults.clear()
    await chain.advance(1)
    assert.equal((await sender.waitForTransactionReceipt({ hash })).status, 'success')
  })
})

/** Root of a trie of values under their RLP index, by a library that the devnet does not use. */
async function trieRoot(values: readonly Hex[]): Promise<Hex> {
  const { createMPT } = await import('@ethereumjs/mpt')
  const trie = await createMPT()
  for (const [index, value] of values.entries())
    await trie.put(hexToBytes(toRlp(index === 0 ? '0x' : numberToHex(index))), hexToBytes(value))
  const root = trie.root()
  return `0x${Buffer.from(root).toString('hex')}`
}
