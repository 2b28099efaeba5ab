import type { OwnViews } from '@meridian/consensus'
import type { Hex } from 'viem'

/**
 * `held`: it is our nodes' own. `contradicted`: more than half of them have something else, finally. `disputed`: some have,
 * but not so many. `open`: nobody can say yet.
 */
export type Verdict = 'held' | 'contradicted' | 'disputed' | 'open'

/**
 * What our own nodes make of a claim. One of several that lies, lags or lost a fork decides nothing: against the claim it
 * takes more than half of all nodes, those that do not answer included; for it, that nobody is against it and nobody who
 * answered is still to come, or more than half.
 *
 * `own`: what the first node that is against it has.
 */
export function verdictOf(
  claim: Hex,
  { asked, views }: OwnViews,
): { readonly verdict: Verdict; readonly own: Hex | null } {
  const agree = views.filter(({ hash }) => hash?.toLowerCase() === claim.toLowerCase()).length
  const against = views.filter(({ hash }) => hash !== null && hash.toLowerCase() !== claim.toLowerCase())
  const own = against[0]?.hash ?? null
  if (2 * against.length > asked) return { verdict: 'contradicted', own }
  if (2 * agree > asked) return { verdict: 'held', own }
  if (own !== null) return { verdict: 'disputed', own }
  return { verdict: agree > 0 && agree === views.length ? 'held' : 'open', own }
}
