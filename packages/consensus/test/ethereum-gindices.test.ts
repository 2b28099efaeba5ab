import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { ssz } from '@lodestar/types'
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
      assert.equal(given.executionPayload, BeaconBlockBody.getPathInfo(['executionPayload']).gindex)
      const { BeaconBlock } = ssz[fork]
      for (const [field, gindex] of [
        ['blockHash', given.executionBlockHash],
        ['receiptsRoot', given.executionReceiptsRoot],
      ] as const) {
        assert.equal(gindex, BeaconBlockBody.getPathInfo(['executionPayload', field]).gindex)
        const inBlock = BeaconBlock.getPathInfo(['body', 'executionPayload', field]).gindex
        assert.equal(executionGindexInBlock(fork, field), inBlock)
      }
    })

  const modern = forkNames.filter((fork): fork is Exclude<ForkName, 'capella'> => fork !== 'capella')
  for (const fork of modern)
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

  it('both presets live in one process', () => {
    const [mainnet, minimal] = [mainnetPreset, minimalPreset].map((preset) =>
      beaconStateType('fulu', preset).defaultViewDU().hashTreeRoot(),
    )
    assert.notDeepEqual(mainnet, minimal)
  })
})
