import { encodeAttestedProof, encodeUpdate, readExtraData, storeStep } from '@meridian/consensus/parlia'
import { gasOfUpdate } from '../ethereum-client.ts'
import { fixtures, withParliaClient } from '../parlia-client.ts'
import type { Scenario } from '../scenario.ts'

/** Places in the file: the block that becomes final, and the one that carries the votes. */
const SOURCE = 0
const CARRIER = 2

/**
 * An update with block 55891041 of BNB Smart Chain, voted on by 20 of 21. A whole transaction; the block's hash goes to a
 * slot that was zero, the head to one that was not.
 */
export const finalize20: Scenario = {
  id: 'parlia/finalize-20',
  unit: 'gas',
  measure: 'transaction',
  floor: 340_000,
  aim: 290_000,
  peers: [],
  async run({ fixtures: folder }) {
    const given = fixtures(
      folder,
      'epoch_extradata_mainnet_55890000.json',
      'headers_mainnet_55891041-55891045_maxwell.json',
    )
    if ('skipped' in given) return given
    const [header, carrier] = [given.headers[SOURCE], given.headers[CARRIER]]
    const attestation = carrier === undefined ? undefined : readExtraData(carrier.extraData, false).attestation
    if (header === undefined || carrier === undefined || attestation === undefined)
      return { skipped: 'the file holds no votes for its first block' }
    return withParliaClient(given.set, header, async (chain, client, known) => {
      await chain.warp(carrier.timestamp)
      const data = encodeUpdate([storeStep(encodeAttestedProof({ header, attestation, known }))])
      return gasOfUpdate(chain, client, data)
    })
  },
}
