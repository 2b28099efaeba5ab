import type { CompassConfig } from '@meridian/compass'
import { parseConfig } from '@meridian/compass'
import type { Side, TwoChains } from './two-qbft.ts'

/** Variables that hold the relayer's keys. */
export const secretsOf = ({ a, b }: TwoChains): Record<string, string> => ({
  MERIDIAN_KEY_A: a.relayerKey,
  MERIDIAN_KEY_B: b.relayerKey,
})

/** What a test wants of a chain beside what all have. */
export interface Extra {
  readonly a?: Readonly<Record<string, unknown>>
  readonly b?: Readonly<Record<string, unknown>>
  /** At the top of the configuration. */
  readonly top?: Readonly<Record<string, unknown>>
}

/** A configuration for both directions, fast enough for a test. */
export function configOf({ a, b }: TwoChains, store: string, extra: Extra = {}): CompassConfig {
  return parseConfig(rawConfigOf({ a, b }, store, extra))
}

/** The same before it is parsed, as a file would hold it. */
export function rawConfigOf({ a, b }: Pick<TwoChains, 'a' | 'b'>, store: string, extra: Extra = {}): object {
  const chain = (side: Side, name: string, signer: string) => ({
    id: String(side.contracts.chainId),
    name,
    consensus: side.chain.kind,
    rpc: [side.chain.rpcUrl],
    ...(side.chain.beaconUrl === undefined ? {} : { beacon: [side.chain.beaconUrl] }),
    ...('epochLength' in side.chain ? { network: `epoch-${side.chain.epochLength}` } : {}),
    mos: side.contracts.mos,
    startBlock: String(side.contracts.fromBlock),
    signer,
    pollMs: 100,
    rebroadcastMs: 1_000,
    lostAfterMs: 1_000,
  })
  const [idA, idB] = [String(a.contracts.chainId), String(b.contracts.chainId)]
  return {
    store,
    logLevel: process.env.COMPASS_LOG ?? 'silent',
    chains: [
      { ...chain(a, 'alpha', 'env:MERIDIAN_KEY_A'), ...extra.a },
      { ...chain(b, 'beta', 'env:MERIDIAN_KEY_B'), ...extra.b },
    ],
    lanes: [
      { from: idA, to: idB },
      { from: idB, to: idA },
    ],
    ...extra.top,
  }
}
