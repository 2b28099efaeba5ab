import { ssz } from '@lodestar/types'

/** consensus-specs domain types. */
export const DOMAIN_BEACON_PROPOSER = Uint8Array.of(0, 0, 0, 0)
export const DOMAIN_SYNC_COMMITTEE = Uint8Array.of(7, 0, 0, 0)

/** consensus-specs `compute_signing_root` under `compute_domain`. */
export function signingRoot(
  objectRoot: Uint8Array,
  domainType: Uint8Array,
  forkVersion: Uint8Array,
  genesisValidatorsRoot: Uint8Array,
): Uint8Array {
  const forkData = ssz.phase0.ForkData.hashTreeRoot({ currentVersion: forkVersion, genesisValidatorsRoot })
  const domain = new Uint8Array(32)
  domain.set(domainType)
  domain.set(forkData.subarray(0, 28), 4)
  return ssz.phase0.SigningData.hashTreeRoot({ objectRoot, domain })
}
