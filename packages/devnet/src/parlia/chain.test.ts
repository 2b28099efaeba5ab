import assert from 'node:assert/strict'
import { after, before, describe, it } from 'node:test'
import {
  adoptStep,
  applyEvidence,
  applyUpdate,
  createParliaConsensus,
  createParliaSource,
  encodeAttestedProof,
  encodeEvidence,
  encodeUpdate,
  type FinalBlock,
  initialState,
  isAdjacent,
  type KnownSet,
  knownSetOf,
  nextEpochOf,
  offsetOf,
  type ParliaState,
  parseParliaHeader,
  readExtraData,
  recoverProposer,
  storeStep,
  type TrustAnchor,
  verifyBlockProof,
} from '@meridian/consensus/parlia'
import { createPublicClient, type Hex, http, keccak256, zeroAddress } from 'viem'
import { createVirtualClock, type VirtualClock } from '../clock.ts'
import { createParliaChain, type ParliaChain } from './chain.ts'
import { parliaKey } from './validators.ts'

const CHAIN_ID = 7301
const LENGTH = 12n

describe('Parlia chain', () => {
  let clock: VirtualClock
  let chain: ParliaChain
  const rpc = async (method: string, params: readonly unknown[]): Promise<unknown> =>
    // CAST: methods outside viem's schema
    createPublicClient({ transport: http(chain.rpcUrl) }).request({ method, params } as unknown as {
      method: 'eth_chainId'
    })
  const source = () => createParliaSource({ request: rpc }, LENGTH)
  const raw = async (number: bigint): Promise<Hex> =>
    (await rpc('debug_getRawHeader', [`0x${number.toString(16)}`])) as Hex // CAST: hex

  before(async () => {
    clock = createVirtualClock({ start: 1_800_000_000, rate: 0 })
    chain = await createParliaChain({ chainId: CHAIN_ID, clock, epochLength: LENGTH })
  })
  after(async () => {
    await clock.stop()
    await chain.stop()
  })

  it('serves headers whose hash is of their bytes, sealed by the validator in turn', async () => {
    await chain.advance(5)
    for (let number = 1n; number <= chain.head().number; number++) {
      const header = parseParliaHeader(await raw(number))
      assert.equal(keccak256(header.raw), (await source().headerAt(number)).hash)
      assert.equal(header.parentHash, (await source().headerAt(number - 1n)).hash)
      const block = (await rpc('eth_getBlockByNumber', [`0x${number.toString(16)}`, false])) as { miner: Hex } // CAST: a block
      assert.equal(recoverProposer(header.raw, BigInt(CHAIN_ID)), block.miner)
    }
  })

  it('finalizes two blocks behind the head, and says so by its tags', async () => {
    const { number } = chain.head()
    assert.equal(chain.finalized(), number - 2n)
    const tagged = (await rpc('eth_getBlockByNumber', ['finalized', false])) as { number: Hex; hash: Hex } // CAST: a block
    assert.equal(BigInt(tagged.number), number - 2n)
    assert.equal((await source().lastFinal(number, 8n))?.header.hash, tagged.hash)
  })

  it('keeps the sealed hashes in the history contract', async () => {
    const { number } = chain.head()
    const proof = await source().historyProof(number, number - 3n)
    assert.ok(proof)
  })

  it('carries no votes without a quorum, and votes that finalize nothing after one was skipped', async () => {
    chain.setFault({ withheld: 2 })
    await chain.advance(2)
    assert.equal(chain.head().attestation, undefined)
    const stopped = chain.finalized()
    chain.setFault({})
    await chain.advance(1)
    const skipping = readExtraData(chain.head().header.extraData ?? '0x', false).attestation
    assert.ok(skipping !== undefined && !isAdjacent(skipping.data))
    assert.equal(chain.finalized(), stopped)
    chain.setFault({ skipAttestation: true })
    await chain.advance(1)
    assert.equal(chain.head().attestation, undefined)
    chain.setFault({ withheld: 1 })
    await chain.advance(3)
    assert.equal(chain.finalized(), chain.head().number - 2n)
    chain.setFault({})
  })

  it('leads a light client through a rotation that changes members and turn length, and freezes it when it equivocates', async () => {
    const keys = [0, 1, 2, 4, 5].map((index) => parliaKey(`meridian devnet ${CHAIN_ID} validator ${index}`))
    const headers = source()
    const start = await headers.lastFinal(chain.head().number, 8n)
    assert.ok(start)
    const epoch = await headers.epochInForce(start.header.number + 2n)
    const anchor: TrustAnchor = {
      number: start.header.number,
      timestamp: start.header.timestamp,
      hash: start.header.hash,
      set: await headers.setAt(epoch),
      epochTimestamp: (await headers.headerAt(epoch)).timestamp,
      first: await headers.firstTarget(epoch),
    }
    const parameters = { chainId: BigInt(CHAIN_ID), epochLength: LENGTH, policy: { trustingPeriod: 86_400n } }
    let state: ParliaState = initialState(parameters, anchor)
    let known: KnownSet = knownSetOf(anchor, LENGTH)
    chain.rotate(keys, 2)
    while (chain.head().number < 5n * LENGTH) await chain.advance(1)
    const now = BigInt(Math.floor(clock.now()))
    let adopted = 0
    for (let next = nextEpochOf(epoch, LENGTH); next <= 4n * LENGTH; next += LENGTH) {
      const block: FinalBlock | undefined = await headers.firstFinal(next, known.end - 2n)
      assert.ok(block)
      assert.equal(block.header.number, next)
      const set = await headers.setAt(next)
      state = applyUpdate(state, encodeUpdate([adoptStep(encodeAttestedProof({ ...block, known }), set)]), now)
      // The last block that the old set makes final, and the first of the new one.
      for (const [number, by] of [
        [known.end - 2n, known],
        [known.end - 1n, undefined],
      ] as const) {
        const final = await headers.firstFinal(number, number)
        assert.ok(final)
        const own = {
          set,
          first: known.end,
          end: next + LENGTH + offsetOf(set),
          timestamp: (await headers.headerAt(next)).timestamp,
        }
        const proof = encodeAttestedProof({ ...final, known: by ?? own })
        assert.equal(verifyBlockProof(state, proof, now).hash, final.header.hash)
      }
      known = {
        set,
        first: known.end,
        end: next + LENGTH + offsetOf(set),
        timestamp: (await headers.headerAt(next)).timestamp,
      }
      adopted += 1
    }
    assert.ok(adopted >= 2)
    assert.equal(known.set.turnLength, 2)
    assert.equal(known.set.validators.length, 5)
    const height = chain.head().number - 4n
    const [true_, false_] = [await headers.firstFinal(height, height), await chain.equivocate(height)]
    assert.ok(true_)
    state = applyUpdate(state, encodeUpdate([storeStep(encodeAttestedProof({ ...true_, known }))]), now)
    const evidence = encodeEvidence(encodeAttestedProof({ ...true_, known }), encodeAttestedProof({ ...false_, known }))
    assert.equal(applyEvidence(state, evidence, now).frozen, true)

    // a client that took the false block: the update that brought it and the chain's own block are the evidence
    const later = chain.head().number - 3n
    const twice = await chain.equivocate(later)
    const update = encodeUpdate([storeStep(encodeAttestedProof({ ...twice, known }))])
    const fooled = applyUpdate(state, update, now)
    const { hash } = twice.header
    assert.equal(fooled.blocks.get(later), hash)
    const { chainId, trustingPeriod, clockDrift, end, sets, number, timestamp } = fooled
    const detail = { chainId, epochLength: LENGTH, trustingPeriod, clockDrift, epoch: fooled.epoch, end, sets }
    const head = { number, timestamp, hash }
    const client = { address: zeroAddress, kind: 'parlia', status: 'active', head, expiresAt: 0n, detail } as const
    const consensus = createParliaConsensus({ epochLength: LENGTH })
    const ports = { rpc: { request: rpc } }
    const expiring = { ...client, expiresAt: timestamp + trustingPeriod }
    const accepted = { what: 'head', number: later, hash, update } as const
    const built = await consensus.misbehaviour(ports, ports.rpc, expiring, accepted, now)
    assert.ok(built.status === 'found')
    assert.equal(applyEvidence(fooled, built.data, now).frozen, true)
    const other = {
      what: 'head',
      number: later,
      hash,
      update: encodeUpdate([storeStep(encodeAttestedProof({ ...true_, known }))]),
    } as const
    const nothing = await consensus.misbehaviour(ports, ports.rpc, expiring, other, now)
    assert.equal(nothing.status === 'none' && nothing.code, 'UPDATE_NOT_FOUND', 'another update')
  })
})
