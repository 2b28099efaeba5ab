/** Both sides of an asset as they were read, in units of the token. */
export interface SupplyReading {
  /** Final block of the minting chain that `outstanding` is of. */
  readonly mintBlock: bigint
  /** Minted for what is locked, and not burned. */
  readonly outstanding: bigint
  /** Final block of the locking chain that `locked` is of. */
  readonly lockBlock: bigint
  /** Held against what was minted, and not released. */
  readonly locked: bigint
}

/** What is believed of an asset. `suspect`: a reading did not fit; the next one decides. */
export type SupplyVerdict = 'backed' | 'suspect' | 'mismatch'

/** What an asset's readings have come to. */
export interface SupplyState {
  readonly verdict: SupplyVerdict
  readonly reading: SupplyReading
}

/**
 * Takes a reading in. More outstanding than locked is an alarm once a later block of the minting chain shows it too. With
 * both blocks final and the minting side read first, a transfer on its way never looks like that: what is minted was locked
 * in a final block before, and what was released was burned in a final block before. The one exception is an endpoint of
 * the minting chain that is behind: it shows a burn too late. It cannot show it too late twice, unless it stands still,
 * and a block that stands still decides nothing.
 */
export function judged(before: SupplyState | null, reading: SupplyReading): SupplyState {
  if (reading.outstanding <= reading.locked) return { verdict: 'backed', reading }
  if (before === null || before.verdict === 'backed') return { verdict: 'suspect', reading }
  if (before.verdict === 'suspect' && reading.mintBlock <= before.reading.mintBlock) return before
  return { verdict: 'mismatch', reading }
}
