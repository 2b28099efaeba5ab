export * from './accounts.ts'
export { type Anvil, type AnvilOptions, startAnvil } from './anvil.ts'
export type { DevnetChain } from './chain.ts'
export * from './clock.ts'
export { createDevnet, type Devnet, type DevnetChainSpec, type DevnetOptions } from './devnet.ts'
export * from './errors.ts'
export type { EthereumFault, StoredBlock } from './ethereum/beacon-chain.ts'
export { createEthereumChain, type EthereumChain, type EthereumOptions } from './ethereum/chain.ts'
export type { IstanbulBlock } from './istanbul/block.ts'
export {
  createIstanbulChain,
  type IstanbulChain,
  type IstanbulFault,
  type IstanbulOptions,
} from './istanbul/chain.ts'
export type { ParliaBlock } from './parlia/block.ts'
export {
  createParliaChain,
  type ParliaChain,
  type ParliaEquivocation,
  type ParliaFault,
  type ParliaOptions,
} from './parlia/chain.ts'
export { type ParliaKey, type ParliaSet, parliaKey } from './parlia/validators.ts'
export type { SealedBlock } from './qbft/block.ts'
export {
  createQbftChain,
  devKey,
  type QbftChain,
  type QbftFault,
  type QbftOptions,
} from './qbft/chain.ts'
export type { EndpointFault, FaultBox } from './rpc/fault.ts'
