import assert from 'node:assert/strict'
import { test } from 'node:test'
import { BeaconError } from '@meridian/chain'
import { hasCode } from '@meridian/core'
import { pad } from 'viem'
import { consensusRegistry } from './consensus-registry.ts'

// once, Compass did not start, and so carried nothing on any lane, while one chain's beacon node was down
test('a beacon node that is down at the start is asked for its network when it is back', async () => {
  const spec = { PRESET_BASE: 'mainnet', SYNC_COMMITTEE_SIZE: '512', SECONDS_PER_SLOT: '12' }
  const genesis = { genesis_time: '1', genesis_validators_root: pad('0x01') }
  let alive = false
  const asked: string[] = []
  const getBytes = () => Promise.reject(new Error('not asked'))
  const beacon = {
    getBytes,
    async get(path: string) {
      asked.push(path)
      if (alive && path === '/eth/v1/beacon/genesis') return { data: genesis }
      if (alive && path === '/eth/v1/config/spec') return { data: spec }
      throw new BeaconError('node', path, null, 'no answer')
    },
  }
  const ports = { rpc: { request: () => Promise.reject(new Error('not asked')) }, beacon }
  const consensus = await consensusRegistry.ethereum({ network: 'beacon', chainId: 1n }, ports)
  assert.equal(consensus.kind, 'ethereum')
  await assert.rejects(consensus.finalized(ports), (e) => hasCode(e, 'BEACON'))
  alive = true
  asked.length = 0
  for (let i = 0; i < 2; i++) await assert.rejects(consensus.finalized(ports))
  assert.deepEqual(asked.slice(0, 2).sort(), ['/eth/v1/beacon/genesis', '/eth/v1/config/spec'])
  assert.ok(asked.length > 2 && !asked.slice(2).some((path) => /genesis|spec/.test(path)), 'once is enough')
  const other = { ...ports, beacon: { getBytes, get: async () => ({ data: 'something else' }) } }
  await assert.rejects(consensusRegistry.ethereum({ network: 'beacon', chainId: 1n }, other), (e) =>
    hasCode(e, 'CONFIG'),
  )
})
