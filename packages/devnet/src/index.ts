export * from './accounts.ts'
export { type Anvil, type AnvilOptions, startAnvil } from './anvil.ts'
export type { DevnetChain } from './chain.ts'
export * from './clock.ts'
export { createDevnet, type Devnet, type DevnetChainSpec, type DevnetOptions } from './devnet.ts'
export * from './errors.ts'
export type { EthereumFault, StoredBlock } from './ethereum/beacon-chain.ts'
export { createEthereumChain, type EthereumChain, type EthereumOptions } from './ethereum/chain.ts'
export {
  createIstanbulChain,
  type IstanbulBlock,
  type IstanbulChain,
  type IstanbulFault,
  type IstanbulOptions,
} from './istanbul/chain.ts'
export {
  createParliaChain,
  type ParliaBlock,
  type ParliaChain,
  type ParliaEquivocation,
  type ParliaFault,
  type ParliaOptions,
} from './parlia/chain.ts'
export { type ParliaKey, type ParliaSet, parliaKey } from './parlia/validators.ts'
export {
  createQbftChain,
  devKey,
  type QbftChain,
  type QbftFault,
  type QbftOptions,
  type SealedBlock,
} from './qbft/chain.ts'
export type { EndpointFault, FaultBox } from './rpc/fault.ts'
