import assert from 'node:assert/strict'
import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, it } from 'node:test'
import {
  absentIndices,
  bootstrapArgs,
  compressPubkey,
  createCommitteeBook,
  decompressPubkey,
  encodeReceiptsRootProof,
  encodeUpdate,
  executionBranchOf,
  forkAtSlot,
  initializeLightClientStore,
  mainnet,
  parseBootstrapFile,
  parseUpdateFile,
  participantsKey,
  processLightClientUpdate,
  sumPubkeys,
  timeAtSlot,
  verifyReceiptsRoot,
} from '../src/ethereum/index.ts'
import { executionOf, sumOfKeys } from './ethereum-chain.ts'

const folder = process.env.MERIDIAN_FIXTURES ?? join(import.meta.dirname, '../../../../shared/fixtures')
const ethereum = join(folder, 'ethereum')
const skip = existsSync(join(ethereum, 'fulu_bootstrap.json'))
  ? false
  : `no real chain data in ${folder} (set MERIDIAN_FIXTURES)`

const TRUSTING_PERIOD = 14n * 86_400n
const read = (name: string): string => readFileSync(join(ethereum, name), 'utf8')

/** Each series, with the slot of the head after each update. */
const series = [
  { bootstrap: 'fulu_bootstrap.json', updates: [['fulu_finality.json', 14_934_240n]] },
  {
    bootstrap: 'deneb_bootstrap.json',
    updates: [
      ['deneb_update.json', 9_567_456n],
      ['deneb_finality.json', 9_567_456n],
    ],
  },
  {
    bootstrap: 'deneb_cc_bootstrap.json',
    updates: [
      ['deneb_cc_update.json', 9_425_184n],
      ['deneb_cc_update2.json', 9_430_496n],
    ],
  },
] as const

describe('mainnet data', { skip }, () => {
  for (const { bootstrap: file, updates } of series)
    it(`${file} and what follows verifies in full`, () => {
      const bootstrap = parseBootstrapFile(read(file), mainnet)
      const args = bootstrapArgs(bootstrap, mainnet)
      let store = initializeLightClientStore(bootstrap, mainnet, args.blockRoot)
      const book = createCommitteeBook(bootstrap, mainnet)
      for (const [name, head] of updates)
        for (const update of parseUpdateFile(read(name), mainnet)) {
          const clock = { now: timeAtSlot(mainnet, update.signatureSlot), trustingPeriod: TRUSTING_PERIOD }
          const signers = book.signersOf(update)
          store = processLightClientUpdate(store, update, signers, mainnet, clock).store
          book.learn(update)
          assert.equal(store.head.slot, head)
          assert.ok(encodeUpdate(update, signers).length > 2 * 1_200)
        }
    })

  it("a finalized block's receipts root is shown by its leaf in the body", () => {
    for (const [file, name, fork] of [
      ['fulu_bootstrap.json', 'fulu_finality.json', 'fulu'],
      ['deneb_bootstrap.json', 'deneb_finality.json', 'deneb'],
    ] as const) {
      const bootstrap = parseBootstrapFile(read(file), mainnet)
      const store = initializeLightClientStore(bootstrap, mainnet)
      const [update] = parseUpdateFile(read(name), mainnet)
      assert.ok(update)
      const clock = { now: timeAtSlot(mainnet, update.signatureSlot), trustingPeriod: TRUSTING_PERIOD }
      const after = processLightClientUpdate(store, update, bootstrap.currentSyncCommittee, mainnet, clock).store
      for (const header of [bootstrap.header, update.finalizedHeader]) {
        assert.equal(forkAtSlot(mainnet, header.beacon.slot).name, fork)
        const inBody = executionBranchOf(header, mainnet, 'receiptsRoot')
        assert.ok(inBody)
        const { leaf: receiptsRoot, branch } = inBody
        assert.equal(receiptsRoot, executionOf(header).receiptsRoot)
        const parts = { finalized: header.beacon, receiptsRoot, receiptsRootBranch: branch }
        const proof = encodeReceiptsRootProof(parts)
        // kind, slot, proposer, the node above the roots of parent and state, the leaf, 9 siblings
        assert.equal((proof.length - 2) / 2, 1 + 8 + 8 + 32 + 32 + 9 * 32)
        assert.equal(verifyReceiptsRoot(after, proof, mainnet), executionOf(header).receiptsRoot)
      }
    }
  })

  it('each aggregate key is the sum of its committee, and less the absent members the sum of the others', () => {
    for (const { bootstrap: file, updates } of series.slice(0, 2)) {
      const bootstrap = parseBootstrapFile(read(file), mainnet)
      const { pubkeys, aggregatePubkey } = bootstrap.currentSyncCommittee
      assert.equal(sumOfKeys(pubkeys), aggregatePubkey)
      const last = updates.at(-1)?.[0] ?? ''
      for (const { syncAggregate } of parseUpdateFile(read(last), mainnet)) {
        const absent = new Set(absentIndices(syncAggregate.bits, pubkeys.length))
        const present = pubkeys.filter((_, i) => !absent.has(i)).map(decompressPubkey)
        const subtracted = participantsKey(bootstrap.currentSyncCommittee, syncAggregate.bits)
        assert.equal(compressPubkey(subtracted), compressPubkey(sumPubkeys(present)))
      }
    }
  })

  it('a file reads the same with and without its wrapper, and as an array', () => {
    const wrapped = read('fulu_finality.json')
    const { data } = JSON.parse(wrapped)
    const expected = parseUpdateFile(wrapped, mainnet)
    assert.deepEqual(parseUpdateFile(JSON.stringify(data), mainnet), expected)
    assert.deepEqual(parseUpdateFile(JSON.stringify([data]), mainnet), expected)
    assert.deepEqual(parseUpdateFile(JSON.stringify([{ version: 'gloas', data }]), mainnet), expected)
  })

  it('the calldata of the Fulu finality update has the length that its fields call for', () => {
    const bootstrap = parseBootstrapFile(read('fulu_bootstrap.json'), mainnet)
    const [update] = parseUpdateFile(read('fulu_finality.json'), mainnet)
    assert.ok(update)
    const calldata = encodeUpdate(update, bootstrap.currentSyncCommittee)
    // header, header, slot, bits, root, key, signature, flag, 7 siblings, 1 absent key, 9 siblings of it
    assert.equal((calldata.length - 2) / 2, 112 + 112 + 8 + 64 + 32 + 96 + 192 + 1 + 7 * 32 + 96 + 9 * 32)
  })
})
