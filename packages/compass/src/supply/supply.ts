/** Both sides of an asset as they were read, in the same unit: that of the side with more decimals. */
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
 * Takes a reading in. Both blocks of it are final, so a transfer on its way never shows more outstanding than locked: what
 * is minted was locked in a block that was final before, what was released was burned in one that was final before. What is
 * left is the moment between the two readings, and an endpoint that is behind. So one reading alone is no alarm: the next
 * one, of a later block of the minting chain, decides. An endpoint that stays behind while transfers go through can still
 * raise a false alarm; none is missed.
 */
export function judged(before: SupplyState | null, reading: SupplyReading): SupplyState {
  if (reading.outstanding <= reading.locked) return { verdict: 'backed', reading }
  if (before === null || before.verdict === 'backed') return { verdict: 'suspect', reading }
  if (before.verdict === 'suspect' && reading.mintBlock <= before.reading.mintBlock) return before
  return { verdict: 'mismatch', reading }
}
