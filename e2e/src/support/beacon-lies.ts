import type { EndpointFault } from '@meridian/devnet'
import { z } from 'zod'

/** Path of the finality update. */
export const FINALITY = '/eth/v1/beacon/light_client/finality_update'

/** A point of the curve that nobody signed: the generator of G2. */
const GENERATOR =
  '0x93e02b6052719f607dacd3a088274f65596bd0d09920b61ab5da61bbdc7f5049334cf11213945d57e5ac7d055d042b7e024aa2b2f08f0a91260805272dc51051c6e47ad4fa403b02b4510b647ae3d1770bac0326a805bbefd48056c8c121bdb8'

/** What a beacon node serves. */
export const served = z.looseObject({ data: z.record(z.string(), z.unknown()) })
/** The committee's signature in an update. */
export const aggregate = z.object({ sync_committee_bits: z.string(), sync_committee_signature: z.string() })

type Edit = (data: Record<string, unknown>) => Record<string, unknown>

/** An answer with some of its data replaced. */
export function change(value: unknown, edit: Edit): unknown {
  const { data, ...rest } = served.parse(value)
  return { ...rest, data: { ...data, ...edit(data) } }
}

const lie = (method: string | RegExp, edit: Edit): EndpointFault => ({
  kind: 'lie',
  method,
  rewrite: (value) => change(value, edit),
})

/** Of the members' seats only the last third, or none beyond the first two thirds, signed: one seat too few either way. */
export const tooFew: Edit = (data) => {
  const given = aggregate.parse(data.sync_aggregate)
  const bytes = (given.sync_committee_bits.length - 2) / 2
  const signed = Math.floor((bytes * 2) / 3)
  const bits = `0x${'ff'.repeat(signed)}${'00'.repeat(bytes - signed)}`
  return { sync_aggregate: { ...given, sync_committee_bits: bits } }
}

/** What a beacon node can say that is not so. */
export const beaconLies: Readonly<Record<string, EndpointFault>> = {
  'too few signatures': lie(FINALITY, tooFew),
  'a signature of nobody’s': lie(FINALITY, (data) => ({
    sync_aggregate: { ...aggregate.parse(data.sync_aggregate), sync_committee_signature: GENERATOR },
  })),
  'another finality branch': lie(FINALITY, (data) => ({
    finality_branch: z.array(z.string()).parse(data.finality_branch).reverse(),
  })),
  'the form of an older fork': lie(FINALITY, (data) => {
    const { execution, ...rest } = z.looseObject({ execution: z.looseObject({}) }).parse(data.finalized_header)
    const { blob_gas_used: _, excess_blob_gas: __, ...old } = execution
    return { finalized_header: { ...rest, execution: old } }
  }),
  'a finality branch as long as before Electra': lie(FINALITY, (data) => ({
    finality_branch: z.array(z.string()).parse(data.finality_branch).slice(1),
  })),
  'another branch of the state': lie(/proof\/state/, (data) => ({
    leaves: z.array(z.string()).parse(data.leaves).reverse(),
  })),
  'another branch of the block': lie(/proof\/block/, (data) => ({
    leaves: z.array(z.string()).parse(data.leaves).reverse(),
  })),
  'another header': lie(/beacon\/headers/, (data) => {
    const header = z.looseObject({ message: z.looseObject({}) }).parse(data.header)
    return { header: { ...header, message: { ...header.message, proposer_index: '77' } } }
  }),
  'a fork that the client has otherwise': lie('/eth/v1/config/spec', () => ({ FULU_FORK_VERSION: '0x06ffffff' })),
}
