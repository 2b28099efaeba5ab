import assert from 'node:assert/strict'
import { after, before, describe, it } from 'node:test'
import { createQbftSource, quorum, quorumSeals, seatedSeals } from '@meridian/consensus/qbft'
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
})
