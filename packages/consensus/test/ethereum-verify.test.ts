import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { hasCode } from '@meridian/core'
import fc from 'fast-check'
import { bytesToHex, type Hex } from 'viem'
import {
  absentIndices,
  buildMultiproof,
  compressPubkey,
  decompressPubkey,
  encodeUpdate,
  forkAtSlot,
  initializeLightClientStore,
  isQuorum,
  type LightClientHeader,
  mainnet,
  parseBootstrap,
  parseUpdate,
  parseUpdateFile,
  participantsKey,
  processLightClientUpdate,
  rootOfMultiproof,
  signingRoot,
  sumPubkeys,
  timeAtSlot,
  type Update,
  type VerifyErrorCode,
} from '../src/ethereum/index.ts'
import { committeeOf, createTestChain, executionOf, flip, sumOfKeys, testNetwork } from './ethereum-chain.ts'
import { bootstrapJson, updateJson } from './ethereum-node.ts'

const PERIOD = 64n
const network = testNetwork('minimal', [['electra', 0n]])
const chain = createTestChain(network)
const start = chain.add(2n * PERIOD + 8n)
const final = chain.add(2n * PERIOD + 16n)
const attested = chain.add(2n * PERIOD + 24n, final)
const store = initializeLightClientStore(chain.bootstrap(start), network)
const good = chain.update(attested, final, { withNext: true, absent: [0, 1, 31] })
const signers = committeeOf(network, 2n)
const clock = { now: timeAtSlot(network, good.signatureSlot), trustingPeriod: 50_000n }

function process(update: Update, at = clock, by = signers) {
  return processLightClientUpdate(store, update, by, network, at)
}

function refuses(update: Update, code: VerifyErrorCode, at = clock, by = signers): void {
  assert.throws(
    () => process(update, at, by),
    (error) => hasCode(error, code) && !error.message.includes('\n'),
    code,
  )
}

function withBeacon(header: LightClientHeader, change: Partial<LightClientHeader['beacon']>): LightClientHeader {
  return { ...header, beacon: { ...header.beacon, ...change } }
}

const ZERO: Hex = `0x${'00'.repeat(32)}`

describe('processLightClientUpdate', () => {
  it('moves the head and stores the next committee, then has nothing new', () => {
    const first = process(good)
    assert.equal(first.result, 'updated')
    assert.equal(first.store.head.root, final.root)
    assert.deepEqual([...first.store.committeeRoots.keys()], [2n, 3n])
    assert.equal(processLightClientUpdate(first.store, good, signers, network, clock).result, 'noop')
  })

  it('never moves the head back', () => {
    const far = chain.add(2n * PERIOD + 32n, attested)
    const ahead = process(chain.update(far, attested), { ...clock, now: clock.now + 1_000n }).store
    const after = processLightClientUpdate(ahead, good, signers, network, { ...clock, now: clock.now + 1_000n })
    assert.equal(after.store.head.slot, attested.header.slot)
    assert.equal(after.result, 'updated')
  })
})

describe('each field altered is refused by its own error', () => {
  const { attestedHeader, finalizedHeader, nextSyncCommittee, syncAggregate } = good
  assert.ok(nextSyncCommittee)
  const branch = (list: readonly Hex[]): readonly Hex[] => list.map((node, i) => (i === 1 ? flip(node) : node))
  const cases: readonly (readonly [string, Update, VerifyErrorCode])[] = [
    [
      'attested slot',
      { ...good, attestedHeader: withBeacon(attestedHeader, { slot: attestedHeader.beacon.slot - 1n }) },
      'SIGNATURE',
    ],
    ['attested proposer', { ...good, attestedHeader: withBeacon(attestedHeader, { proposerIndex: 1n }) }, 'SIGNATURE'],
    ['attested parent', { ...good, attestedHeader: withBeacon(attestedHeader, { parentRoot: ZERO }) }, 'SIGNATURE'],
    ['attested state', { ...good, attestedHeader: withBeacon(attestedHeader, { stateRoot: ZERO }) }, 'BRANCH_FINALITY'],
    ['attested body', { ...good, attestedHeader: withBeacon(attestedHeader, { bodyRoot: ZERO }) }, 'BRANCH_EXECUTION'],
    [
      'finalized slot',
      { ...good, finalizedHeader: withBeacon(finalizedHeader, { slot: finalizedHeader.beacon.slot - 1n }) },
      'BRANCH_FINALITY',
    ],
    [
      'finalized state',
      { ...good, finalizedHeader: withBeacon(finalizedHeader, { stateRoot: ZERO }) },
      'BRANCH_FINALITY',
    ],
    [
      'finalized execution',
      {
        ...good,
        finalizedHeader: { ...finalizedHeader, execution: { ...executionOf(finalizedHeader), receiptsRoot: ZERO } },
      },
      'BRANCH_EXECUTION',
    ],
    [
      'execution branch',
      { ...good, finalizedHeader: { ...finalizedHeader, executionBranch: branch(finalizedHeader.executionBranch) } },
      'BRANCH_EXECUTION',
    ],
    ['finality branch', { ...good, finalityBranch: branch(good.finalityBranch) }, 'BRANCH_FINALITY'],
    ['finality branch, shorter', { ...good, finalityBranch: good.finalityBranch.slice(1) }, 'BRANCH_LENGTH'],
    ['finality branch, longer', { ...good, finalityBranch: [...good.finalityBranch, ZERO] }, 'BRANCH_LENGTH'],
    [
      'next committee',
      { ...good, nextSyncCommittee: { ...nextSyncCommittee, committee: signers } },
      'BRANCH_NEXT_COMMITTEE',
    ],
    [
      'next branch',
      { ...good, nextSyncCommittee: { ...nextSyncCommittee, branch: branch(nextSyncCommittee.branch) } },
      'BRANCH_NEXT_COMMITTEE',
    ],
    ['bits, one more', { ...good, syncAggregate: { ...syncAggregate, bits: flip(syncAggregate.bits) } }, 'SIGNATURE'],
    [
      'bits, too many',
      { ...good, syncAggregate: { ...syncAggregate, bits: `${syncAggregate.bits}00` } },
      'COMMITTEE_SIZE',
    ],
    [
      'signature off the curve',
      { ...good, syncAggregate: { ...syncAggregate, signature: flip(syncAggregate.signature, 95) } },
      'POINT',
    ],
    [
      'signature of infinity',
      { ...good, syncAggregate: { ...syncAggregate, signature: `0xc0${'00'.repeat(95)}` } },
      'POINT',
    ],
    ['signature slot at the attested one', { ...good, signatureSlot: attestedHeader.beacon.slot }, 'SLOT_ORDER'],
    [
      'signature slot of a period whose committee is unknown',
      { ...good, signatureSlot: 3n * PERIOD },
      'COMMITTEE_UNKNOWN',
    ],
  ]
  for (const [name, update, code] of cases)
    it(`${name}: ${code}`, () => refuses(update, code, { ...clock, now: clock.now + 1_000n }))

  it('another message, another domain, another committee', () => {
    refuses(chain.update(attested, final, { message: attested.root }), 'SIGNATURE')
    const wrongFork = { ...network, genesisValidatorsRoot: ZERO }
    refuses(
      chain.update(attested, final, { message: signingRoot(wrongFork, attested.root, good.signatureSlot) }),
      'SIGNATURE',
    )
    refuses(good, 'COMMITTEE_ROOT', clock, committeeOf(network, 3n))
    refuses(good, 'COMMITTEE_SIZE', clock, { ...signers, pubkeys: signers.pubkeys.slice(1), secrets: [] })
  })

  it('too few, too early, too late', () => {
    const absent = Array.from({ length: 11 }, (_, i) => i)
    refuses(chain.update(attested, final, { absent }), 'PARTICIPATION')
    assert.equal(process(chain.update(attested, final, { absent: absent.slice(1) })).result, 'updated')
    refuses(good, 'SLOT_IN_FUTURE', { ...clock, now: clock.now - 1n })
    const expiry = timeAtSlot(network, start.header.slot) + clock.trustingPeriod
    refuses(good, 'EXPIRED', { ...clock, now: expiry })
    assert.equal(process(good, { ...clock, now: expiry - 1n }).result, 'updated')
  })

  it('a next committee of a period that is not final', () => {
    const other = createTestChain(network)
    const before = other.add(2n * PERIOD + 8n)
    const after = other.add(3n * PERIOD + 1n, before)
    const known = { ...store, committeeRoots: process(good).store.committeeRoots }
    const update = other.update(after, before, { withNext: true })
    const late = { ...clock, now: timeAtSlot(network, update.signatureSlot) }
    assert.throws(
      () => processLightClientUpdate(known, update, committeeOf(network, 3n), network, late),
      (error) => hasCode(error, 'PERIOD_MISMATCH'),
    )
  })

  it('properly signed conflicts are told apart: they are evidence', () => {
    const forked = createTestChain(network, { salt: 'fork', nextPeriodSalt: 9n })
    const otherFinal = forked.add(final.header.slot)
    const update = forked.update(forked.add(attested.header.slot, otherFinal), otherFinal, { withNext: true })
    const after = process(good).store
    const again = (value: Update): unknown => processLightClientUpdate(after, value, signers, network, clock)
    assert.throws(
      () => again(update),
      (error) => hasCode(error, 'BLOCK_CONFLICT'),
    )
    const earlier = forked.add(attested.header.slot + 2n, undefined)
    assert.ok(earlier)
    const older = createTestChain(network, { salt: 'fork', nextPeriodSalt: 9n })
    const olderFinal = older.add(final.header.slot - 1n)
    const conflicting = older.update(older.add(attested.header.slot, olderFinal), olderFinal, { withNext: true })
    assert.throws(
      () => again(conflicting),
      (error) => hasCode(error, 'COMMITTEE_CONFLICT'),
    )
  })
})

describe('a fork between the finalized and the attested header', () => {
  for (const [before, after] of [
    ['deneb', 'electra'],
    ['electra', 'fulu'],
  ] as const)
    it(`${before} to ${after}: each header by its own layout, the signature by the slot before`, () => {
      const boundary = testNetwork('minimal', [
        [before, 0n],
        [after, 18n],
      ])
      const forked = createTestChain(boundary)
      const first = forked.add(136n)
      const trusted = initializeLightClientStore(forked.bootstrap(first), boundary)
      const finalized = forked.add(140n)
      const last = forked.add(143n, finalized)
      const next = forked.add(144n, finalized)
      const by = committeeOf(boundary, 2n)
      // The attested block is the last of its fork, the signature is in the first slot of the next.
      for (const update of [forked.update(last, finalized, { withNext: true }), forked.update(next, finalized)]) {
        const at = { now: timeAtSlot(boundary, update.signatureSlot), trustingPeriod: 50_000n }
        assert.equal(processLightClientUpdate(trusted, update, by, boundary, at).store.head.root, finalized.root)
      }
    })

  it('an epoch before the first fork is refused', () => {
    assert.throws(
      () => forkAtSlot(mainnet, 0n),
      (error) => hasCode(error, 'UNKNOWN_FORK'),
    )
  })
})

describe('committees', () => {
  it('the aggregate is the sum, a validator may hold two seats', () => {
    assert.equal(sumOfKeys(signers.pubkeys), signers.aggregatePubkey)
    assert.equal(signers.pubkeys[0], signers.pubkeys[1])
  })

  it('less the absent members it is the sum of the present ones', () => {
    fc.assert(
      fc.property(fc.uint8Array({ minLength: 4, maxLength: 4 }), (bytes) => {
        const bits = bytesToHex(bytes)
        const absent = new Set(absentIndices(bits, 32))
        fc.pre(absent.size < 32)
        const present = signers.pubkeys.filter((_, i) => !absent.has(i)).map(decompressPubkey)
        assert.equal(compressPubkey(participantsKey(signers, bits)), compressPubkey(sumPubkeys(present)))
      }),
      { numRuns: 20 },
    )
  })

  it('two thirds, rounded up', () => {
    assert.deepEqual(
      [isQuorum(341, 512), isQuorum(342, 512), isQuorum(21, 32), isQuorum(22, 32)],
      [false, true, false, true],
    )
  })

  it('a multiproof of any members leads to the root, and nothing but it does', () => {
    const leaves = Array.from({ length: 32 }, (_, i) => new Uint8Array(32).fill(i + 1))
    const all = leaves.map((leaf, index) => ({ leaf, index }))
    const root = rootOfMultiproof(5, all, [])
    assert.ok(root)
    fc.assert(
      fc.property(fc.uniqueArray(fc.nat(31), { minLength: 1 }), fc.nat(), (chosen, where) => {
        const indices = chosen.toSorted((a, b) => a - b)
        const nodes = all.filter(({ index }) => indices.includes(index))
        const proof = buildMultiproof(leaves, indices)
        assert.equal(rootOfMultiproof(5, nodes, proof), root)
        assert.equal(rootOfMultiproof(5, nodes, [...proof, ZERO]), undefined)
        if (proof.length === 0) return
        assert.equal(rootOfMultiproof(5, nodes, proof.slice(1)), undefined)
        const altered = proof.map((node, i) => (i === where % proof.length ? flip(node) : node))
        assert.notEqual(rootOfMultiproof(5, nodes, altered), root)
      }),
    )
  })
})

describe('beacon JSON', () => {
  const update = updateJson(good)
  const bootstrap = bootstrapJson(chain.bootstrap(start))

  it('reads back what was written, wrapped or bare, whatever the server calls the fork', () => {
    assert.deepEqual(parseUpdate(update, network), good)
    assert.deepEqual(parseUpdate({ version: 'phase0', data: update }, network), good)
    assert.deepEqual(parseUpdateFile(JSON.stringify([{ version: 'gloas', data: update }]), network), [good])
    assert.deepEqual(parseBootstrap({ data: bootstrap }, network), chain.bootstrap(start))
  })

  const text = JSON.stringify(update)
  const bad: readonly (readonly [string, string, RegExp])[] = [
    ['not JSON', text.slice(1), /^not JSON/],
    ['another document', '{"a":1}', /attested_header|Unrecognized|signature_slot/],
    [
      'a number where the API has a string',
      text.replace(/"signature_slot":"(\d+)"/, '"signature_slot":$1'),
      /signature_slot/,
    ],
    [
      'a slot beyond uint64',
      text.replace(/"signature_slot":"\d+"/, '"signature_slot":"18446744073709551616"'),
      /signature_slot: exceeds uint64/,
    ],
    ['short hex', text.replace(/"state_root":"0x../, '"state_root":"0x'), /attested_header.*state_root/],
    ['an unknown field', text.replace('"signature_slot"', '"more":1,"signature_slot"'), /more/],
    [
      'a key too few',
      text.replace(/"pubkeys":\["0x[0-9a-f]+",/, '"pubkeys":['),
      /next_sync_committee.pubkeys: expected 32/,
    ],
    [
      'a branch of another fork',
      text.replace(/"finality_branch":\["0x[0-9a-f]+",/, '"finality_branch":['),
      /finality_branch: expected 7 siblings/,
    ],
    [
      'a committee without its branch',
      text.replace(/"next_sync_committee_branch":\[[^\]]*\]/, '"x_branch":[]'),
      /x_branch|next_sync_committee_branch/,
    ],
    ['a header without its execution', text.replace('"execution":', '"executed":'), /attested_header/],
  ]
  for (const [name, json, message] of bad)
    it(`refuses ${name} in one line`, () => {
      assert.notEqual(json, text)
      assert.throws(
        () => parseUpdateFile(json, network),
        (error) => hasCode(error, 'BEACON_JSON') && message.test(error.message) && !error.message.includes('\n'),
      )
    })

  it('never throws anything untyped, whatever it is given', () => {
    fc.assert(
      fc.property(fc.jsonValue(), (value) => {
        try {
          parseUpdate(value, network)
          assert.fail('accepted')
        } catch (error) {
          assert.ok(hasCode(error, 'BEACON_JSON'))
        }
      }),
    )
  })
})

it('encoding refuses a key that is no point', () => {
  assert.throws(
    () => encodeUpdate(good, { ...signers, aggregatePubkey: `0x${'00'.repeat(48)}` }),
    (error) => hasCode(error, 'POINT'),
  )
})
