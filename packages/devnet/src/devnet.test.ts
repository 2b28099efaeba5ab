import assert from 'node:assert/strict'
import { it } from 'node:test'
import { createDevnet } from './devnet.ts'

const alive = (pid: number): boolean => {
  try {
    process.kill(pid, 0)
    return true
  } catch {
    return false
  }
}

it('runs chains of both kinds on one clock and leaves no process behind', async () => {
  const devnet = await createDevnet(
    [
      { kind: 'qbft', chainId: 7201, blockPeriodSeconds: 4 },
      { kind: 'ethereum', chainId: 7202 },
    ],
    { clock: { start: 1_800_000_000, rate: 0 } },
  )
  const [qbft, ethereum] = devnet.chains
  try {
    await devnet.clock.advanceTo(1_800_000_120)
    assert.equal(qbft.head().number, 30n)
    assert.equal(qbft.head().timestamp, 1_800_000_120n)
    assert.equal(ethereum.head().block.body.executionPayload.timestamp, 1_800_000_120)
    assert.ok(alive(qbft.pid) && alive(ethereum.pid))
  } finally {
    await devnet.stop()
  }
  assert.ok(!alive(qbft.pid) && !alive(ethereum.pid))
  await assert.rejects(fetch(qbft.rpcUrl))
  await assert.rejects(fetch(ethereum.beaconUrl))
})

it('stops what it started when another chain cannot start', async () => {
  await assert.rejects(
    createDevnet([
      { kind: 'qbft', chainId: 7203 },
      { kind: 'qbft', chainId: 7204, blockPeriodSeconds: 0 },
    ]),
    { code: 'QBFT_OPTIONS' },
  )
})
