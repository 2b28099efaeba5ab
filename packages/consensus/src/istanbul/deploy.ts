import { concatHex, type Hex, zeroHash } from 'viem'
import { decodeG1 } from './bn254.ts'
import { IstanbulVerifyError } from './errors.ts'
import type { IstanbulChain } from './networks.ts'
import { requireSet } from './validator-set.ts'

/** The contract's `TrustAnchor`, its keys apart. */
export interface TrustAnchor {
  /** Height of the newest block taken on trust. */
  readonly number: bigint
  /** Unix seconds of that block, or earlier. */
  readonly timestamp: bigint
  /** Its hash; zeros store no block. */
  readonly hash: Hex
  /** G1 keys of the set that seals the block at `number + 1`, by seat. */
  readonly validators: readonly Hex[]
}

/** What a deployer chooses. */
export interface IstanbulPolicy {
  /** Seconds for which a set is trusted after the newest header known of it: less than stake stays locked. */
  readonly trustingPeriod: bigint
  /** Seconds that a header may be ahead of the target chain's clock. Default 60. */
  readonly clockDrift?: bigint
}

const CLOCK_DRIFT = 60n

/** Checks each key: as the contract's constructor. @throws {IstanbulVerifyError} */
export function requireAnchorKeys(keys: readonly Hex[]): void {
  requireSet(keys)
  for (const key of keys)
    if (decodeG1(key).is0())
      throw new IstanbulVerifyError('BN254_INFINITY', 'the point at infinity is no key', { given: key })
}

/** Trust in validators alone, from a height and a time on: no block is stored. @throws {IstanbulVerifyError} */
export function anchorOfValidators(validators: readonly Hex[], number: bigint, timestamp: bigint): TrustAnchor {
  requireAnchorKeys(validators)
  return { number, timestamp, hash: zeroHash, validators }
}

interface AnchorArgument extends Omit<TrustAnchor, 'validators'> {
  readonly validators: Hex
}

/** Arguments of the contract's constructor. */
export function istanbulClientArgs(
  chain: IstanbulChain,
  anchor: TrustAnchor,
  policy: IstanbulPolicy,
): readonly [IstanbulChain, AnchorArgument, bigint, bigint] {
  const validators = concatHex([...anchor.validators])
  return [chain, { ...anchor, validators }, policy.trustingPeriod, policy.clockDrift ?? CLOCK_DRIFT]
}
