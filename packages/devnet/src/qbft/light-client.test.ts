import assert from 'node:assert/strict'
import { after, before, describe, it } from 'node:test'
import {
  anchorOfHeader,
  applyEvidence,
  applyUpdate,
  createQbftSource,
  encodeEvidence,
  encodeSealedProof,
  encodeUpdates,
  headersBetween,
  initialState,
  parseQbftHeader,
  quorum,
  quorumSeals,
  sealedSteps,
  seatedSeals,
  verifyBlockProof,
} from '@meridian/consensus/qbft'
import { createPublicClient, http } from 'viem'
import { createVirtualClock, type VirtualClock } from '../clock.ts'
import { createQbftChain, devKey, type QbftChain } from './chain.ts'

describe('QBFT chain, as a light client reads it', () => {
  let clock: VirtualClock
  let chain: QbftChain

  before(async () => {
    clock = createVirtualClock({ start: 1_800_000_000, rate: 0 })
    chain = await createQbftChain({ chainId: 7003, clock })
  })
  after(async () => {
    await clock.stop()
    await chain.stop()
  })

  const source = () => {
    const client = createPublicClient({ transport: http(chain.rpcUrl) })
    return createQbftSource({
      // CAST: methods outside viem's schema
      request: (method, params) => client.request({ method, params } as unknown as { method: 'eth_chainId' }),
    })
  }

  it('serves headers of every round and set that recompute to their hashes and hold a quorum of their own set', async () => {
    for (const round of [0, 1, 0x7f, 0x80, 0xff, 0x100, 0x1_0000, 0xffff_ffff]) {
      chain.setFault({ round, withheld: 1 })
      await chain.advance(1)
    }
    chain.setFault({})
    const added = chain.proposeValidator({ add: devKey('newcomer of the light client') })
    await chain.advance(4)
    assert.ok(chain.head().extra.validators.includes(added))
    const headers = source()
    for (let number = 1n; number <= chain.head().number; number++) {
      const header = await headers.headerAt(number)
      assert.ok(header)
      assert.equal(quorumSeals(header).length, quorum(header.validators.length))
      assert.equal(seatedSeals(header).length, header.seals.length, 'no seal is idle')
      if (number > 1n) assert.equal(header.parentHash, (await headers.headerAt(number - 1n))?.hash)
    }
    assert.equal((await headers.latest()).hash, chain.head().hash)
  })

  it('leads a light client through elections, proves each block to it, and freezes it when it equivocates', async () => {
    const headers = source()
    const latest = await headers.latest()
    const start = await headers.headerAt(1n)
    assert.ok(start)
    const now = BigInt(Math.floor(clock.now()))
    const steps = await headersBetween(headers, start, latest)
    let state = initialState(anchorOfHeader(start), 86_400n, 60n)
    for (const update of encodeUpdates(sealedSteps(steps, start.validators, 0))) state = applyUpdate(state, update, now)
    assert.equal(state.ranges.length, 2, 'the newcomer of the test before')
    for (let number = 1n; number <= latest.number; number++) {
      const header = await headers.headerAt(number)
      assert.ok(header)
      const range = state.ranges.findIndex(({ setHash }) => setHash === header.setHash)
      const block = verifyBlockProof(state, encodeSealedProof({ header, seals: quorumSeals(header), range }), now)
      assert.equal(block.hash, header.hash)
    }
    const { served, conflicting } = await chain.equivocate(latest.number)
    const [first, second] = [served, conflicting].map((raw) => {
      const header = parseQbftHeader(raw)
      return encodeSealedProof({ header, seals: quorumSeals(header), range: 1 })
    })
    assert.ok(first && second)
    assert.ok(applyEvidence(state, encodeEvidence(first, second), now).frozen)
  })
})
