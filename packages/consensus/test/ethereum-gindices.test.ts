import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { gnosisPreset as gnosisTheirs } from '@lodestar/params/presets/gnosis'
import { mainnetPreset as mainnetTheirs } from '@lodestar/params/presets/mainnet'
import { minimalPreset as minimalTheirs } from '@lodestar/params/presets/minimal'
import { ssz } from '@lodestar/types'
import { hasCode } from '@meridian/core'
import {
  beaconBlockBodyType,
  beaconStateType,
  blockSummaryGindex,
  executionGindexInBlock,
  executionHeaderType,
  type ForkName,
  forkNames,
  gindices,
  mainnetPreset,
  minimalPreset,
  presets,
  signedBeaconBlockType,
  syncCommitteeType,
} from '../src/ethereum/index.ts'

describe('generalized indices and types are those of an independent implementation', () => {
  for (const fork of forkNames)
    it(fork, () => {
      const { BeaconState, BeaconBlockBody } = ssz[fork]
      const given = gindices[fork]
      const at = (...path: (string | number)[]): bigint => BeaconState.getPathInfo(path).gindex
      assert.equal(given.blockRoots, at('blockRoots'))
      assert.equal(given.finalizedRoot, at('finalizedCheckpoint', 'root'))
      assert.equal(given.currentSyncCommittee, at('currentSyncCommittee'))
      assert.equal(given.nextSyncCommittee, at('nextSyncCommittee'))
      assert.equal(given.historicalSummaries, at('historicalSummaries'))
      const summary = at('historicalSummaries', 5, 'blockSummaryRoot')
      assert.equal(blockSummaryGindex(fork, 5n), summary)
      const { BeaconBlock } = ssz[fork]
      if (fork === 'gloas') {
        const parent = ['signedExecutionPayloadBid', 'message', 'parentBlockHash']
        assert.equal(given.executionBlockHash, BeaconBlockBody.getPathInfo(parent).gindex)
        assert.equal(executionGindexInBlock(fork, 'blockHash'), BeaconBlock.getPathInfo(['body', ...parent]).gindex)
        assert.equal(given.executionPayload, undefined)
        assert.throws(
          () => executionGindexInBlock(fork, 'receiptsRoot'),
          (error) => hasCode(error, 'UNKNOWN_FORK'),
        )
        return
      }
      assert.equal(given.executionPayload, BeaconBlockBody.getPathInfo(['executionPayload']).gindex)
      for (const [field, gindex] of [
        ['blockHash', given.executionBlockHash],
        ['receiptsRoot', given.executionReceiptsRoot],
      ] as const) {
        assert.equal(gindex, BeaconBlockBody.getPathInfo(['executionPayload', field]).gindex)
        const inBlock = BeaconBlock.getPathInfo(['body', 'executionPayload', field]).gindex
        assert.equal(executionGindexInBlock(fork, field), inBlock)
      }
    })

  const withPayload = forkNames.filter((fork): fork is Exclude<ForkName, 'gloas'> => fork !== 'gloas')
  for (const fork of withPayload)
    it(`${fork}: the empty state, body, execution header and committee have the same root and bytes`, () => {
      const state = beaconStateType(fork, mainnetPreset)
      assert.deepEqual(state.defaultViewDU().hashTreeRoot(), ssz[fork].BeaconState.defaultViewDU().hashTreeRoot())
      const body = beaconBlockBodyType(fork, mainnetPreset)
      assert.deepEqual(body.defaultViewDU().hashTreeRoot(), ssz[fork].BeaconBlockBody.defaultViewDU().hashTreeRoot())
      assert.deepEqual(body.defaultViewDU().serialize(), ssz[fork].BeaconBlockBody.defaultViewDU().serialize())
      const header = executionHeaderType(fork)
      assert.deepEqual(
        header.defaultViewDU().hashTreeRoot(),
        ssz[fork].ExecutionPayloadHeader.defaultViewDU().hashTreeRoot(),
      )
      const committee = syncCommitteeType(mainnetPreset.syncCommitteeSize)
      assert.deepEqual(
        committee.defaultViewDU().hashTreeRoot(),
        ssz.altair.SyncCommittee.defaultViewDU().hashTreeRoot(),
      )
    })

  it('heze leaves what gloas has where it is', () => {
    for (const [type, paths] of [
      [
        'BeaconState',
        [['blockRoots'], ['finalizedCheckpoint', 'root'], ['nextSyncCommittee'], ['historicalSummaries']],
      ],
      ['BeaconBlockBody', [['signedExecutionPayloadBid', 'message', 'parentBlockHash']]],
    ] as const)
      for (const path of paths)
        assert.equal(ssz.heze[type].getPathInfo([...path]).gindex, ssz.gloas[type].getPathInfo([...path]).gindex)
  })

  it('whole blocks and states of gloas are refused, not misread', () => {
    for (const type of [beaconBlockBodyType, signedBeaconBlockType, beaconStateType])
      assert.throws(
        () => type('gloas', mainnetPreset),
        (error) => hasCode(error, 'UNKNOWN_FORK'),
      )
  })

  it('the presets are those of an independent implementation', () => {
    for (const { name, ...own } of Object.values(presets)) {
      const theirs = { mainnet: mainnetTheirs, minimal: minimalTheirs, gnosis: gnosisTheirs }[name]
      assert.equal(own.slotsPerEpoch, BigInt(theirs.SLOTS_PER_EPOCH))
      assert.equal(own.epochsPerSyncCommitteePeriod, BigInt(theirs.EPOCHS_PER_SYNC_COMMITTEE_PERIOD))
      assert.equal(own.syncCommitteeSize, theirs.SYNC_COMMITTEE_SIZE)
      assert.equal(own.slotsPerHistoricalRoot, BigInt(theirs.SLOTS_PER_HISTORICAL_ROOT))
      assert.equal(own.maxWithdrawalsPerPayload, theirs.MAX_WITHDRAWALS_PER_PAYLOAD)
      assert.equal(own.maxCommitteesPerSlot, theirs.MAX_COMMITTEES_PER_SLOT)
    }
  })

  it('both presets live in one process', () => {
    const [mainnet, minimal] = [mainnetPreset, minimalPreset].map((preset) =>
      beaconStateType('fulu', preset).defaultViewDU().hashTreeRoot(),
    )
    assert.notDeepEqual(mainnet, minimal)
  })
})
