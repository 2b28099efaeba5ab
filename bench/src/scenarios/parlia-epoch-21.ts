import {
  adoptStep,
  encodeAttestedProof,
  encodeStoredProof,
  encodeUpdate,
  readExtraData,
  setOfHeader,
  storeStep,
} from '@meridian/consensus/parlia'
import { gasOfUpdate } from '../ethereum-client.ts'
import { fixtures, withParliaClient } from '../parlia-client.ts'
import type { Scenario } from '../scenario.ts'

/** Places in the file: the epoch header, the block that the votes make final, and the one that carries them. */
const EPOCH = 0
const SOURCE = 1
const CARRIER = 3

/**
 * An update that adopts the 21 keys that block 66277000 of BNB Smart Chain lists. A whole transaction; the block is final
 * and stored already (its votes are `parlia/finalize-20`'s business), the set goes to a slot that was zero.
 */
export const epoch21: Scenario = {
  id: 'parlia/epoch-21',
  unit: 'gas',
  measure: 'transaction',
  floor: 170_000,
  aim: 155_000,
  peers: [],
  async run({ fixtures: folder }) {
    const given = fixtures(
      folder,
      'epoch_extradata_mainnet_66276000.json',
      'headers_mainnet_66277000-66277003_maxwell_epoch_missed_attestations.json',
    )
    if ('skipped' in given) return given
    const [epochHeader, header, carrier] = [EPOCH, SOURCE, CARRIER].map((place) => given.headers[place])
    const attestation = carrier === undefined ? undefined : readExtraData(carrier.extraData, false).attestation
    if (epochHeader === undefined || header === undefined || carrier === undefined || attestation === undefined)
      return { skipped: 'the file holds no votes above its epoch header' }
    return withParliaClient(given.set, epochHeader, async (chain, client, known) => {
      await chain.warp(carrier.timestamp)
      const proof = encodeAttestedProof({ header, attestation, known }, [{ header: epochHeader }])
      await gasOfUpdate(chain, client, encodeUpdate([storeStep(proof)]))
      return gasOfUpdate(
        chain,
        client,
        encodeUpdate([adoptStep(encodeStoredProof(epochHeader), setOfHeader(epochHeader))]),
      )
    })
  },
}
