/** A watcher over Ethereum's light client: heads that a sync committee signed beside its chain, and a node that lies. */
import './support/minimal-preset.ts'
import assert from 'node:assert/strict'
import { after, afterEach, before, test } from 'node:test'
import { beaconHeaderRoot, parseBlockHeader } from '@meridian/consensus/ethereum'
import { keccak256 } from 'viem'
import {
  ACTIVE,
  accept,
  chains,
  equivocation,
  ethereum,
  FROZEN,
  has,
  logged,
  looked,
  metric,
  start,
  status,
  stop,
  until,
  unwatch,
  watch,
} from './support/watched-ethereum.ts'

const TIMEOUT = { timeout: 280_000 }

afterEach(unwatch)
before(() => start([7_511, 7_512]))
after(stop)

test('what one of several nodes lies about is no contradiction, and freezes nobody', TIMEOUT, async () => {
  const other = await ethereum.addBeaconNode()
  const { honest } = await equivocation('finality')
  await accept(honest)
  // headers that hash to what it says, of a chain that nobody signed
  other.faults.set({
    kind: 'lie',
    method: /^\/eth\/v1\/beacon\/headers\/\d+$/,
    rewrite: (value) => {
      const { header } = parseBlockHeader(value)
      const lied = { ...header, bodyRoot: keccak256(header.bodyRoot) }
      const message = {
        slot: String(lied.slot),
        proposer_index: String(lied.proposerIndex),
        parent_root: lied.parentRoot,
        state_root: lied.stateRoot,
        body_root: lied.bodyRoot,
      }
      const signature = `0x${'00'.repeat(96)}`
      return { data: { root: beaconHeaderRoot(lied), canonical: true, header: { message, signature } } }
    },
  })
  await watch({ signer: true, beacon: [other.url, ethereum.beaconUrl] })
  await until(async () => ((await metric('watcher_disputed')) ?? 0) > 0)
  assert.ok(has('DISPUTED'))
  await until(() => has('NO_EVIDENCE'))
  other.faults.clear()
  await until(async () => (await metric('watcher_disputed')) === 0 && (await metric('watcher_open')) === 0)
  assert.equal(await metric('watcher_contradictions'), 0)
  assert.ok(!has('CONTRADICTION'))
  assert.equal(await status(), ACTIVE)
})

test('a head that a committee signed beside its own chain freezes the client once', TIMEOUT, async () => {
  const { conflicting, slot } = await equivocation('finality')
  await accept(conflicting)
  // a dry run raises the alarm, and says what it would send
  await watch({ signer: true, dryRun: true })
  await until(async () => (await metric('watcher_unproven', ',reason="DRY_RUN"')) === 1)
  const alarm = logged.find(({ code }) => code === 'CONTRADICTION')
  assert.deepEqual([alarm?.what, alarm?.number], ['head', String(slot)])
  assert.equal(await metric('watcher_contradictions'), 1)
  assert.equal(await status(), ACTIVE)
  await watch({ signer: true })
  await until(async () => (await status()) === FROZEN)
  const sent = () => logged.filter(({ msg }) => msg === 'misbehaviour reported').length
  assert.equal(sent(), 1)
  // whoever starts after it finds it, and has nothing to send
  const transactions = await chains.a.deployer.client.getTransactionCount({ address: chains.a.relayer })
  await watch({ signer: true })
  await until(async () => (await looked()) && (await metric('watcher_contradictions')) === 1)
  assert.equal(sent(), 0)
  assert.equal(await chains.a.deployer.client.getTransactionCount({ address: chains.a.relayer }), transactions)
  assert.equal(await metric('watcher_unproven', ',reason="DRY_RUN"'), undefined)
})
