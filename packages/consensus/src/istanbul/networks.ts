/** What of a chain never changes; the contract's `Chain`. */
export interface IstanbulChain {
  /** EIP-155 id. */
  readonly chainId: bigint
  /** Blocks of an epoch. */
  readonly epochSize: bigint
  /** First block sealed over a hash to the curve; seals before it can be made by anybody. */
  readonly forkHeight: bigint
}

/** MAP's chains (atlas `params`: `Istanbul.Epoch`, `BN256ForkBlock`). */
export const istanbulNetworks: Readonly<Record<'mainnet' | 'makalu', IstanbulChain>> = {
  mainnet: { chainId: 22_776n, epochSize: 50_000n, forkHeight: 2_350_001n },
  makalu: { chainId: 212n, epochSize: 4_000n, forkHeight: 20_000n },
}

/** MAP's development networks, which nobody gave a name or one chain id. */
export const DEVELOPMENT_EPOCH = 1_000n
export const DEVELOPMENT_FORK_HEIGHT = 2_001n

/** The chain with this id: one of MAP's, or another, which has hashed to the curve from its first block on. */
export function istanbulChain(chainId: bigint, epochSize: bigint): IstanbulChain {
  const known = Object.values(istanbulNetworks).find((network) => network.chainId === chainId)
  return known ?? { chainId, epochSize, forkHeight: 0n }
}
