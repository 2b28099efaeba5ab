export * from './accounts.ts'
export { type Anvil, type AnvilOptions, startAnvil } from './anvil.ts'
export type { DevnetChain } from './chain.ts'
export * from './clock.ts'
export * from './errors.ts'
export {
  createQbftChain,
  devKey,
  type QbftChain,
  type QbftFault,
  type QbftOptions,
  type SealedBlock,
} from './qbft/chain.ts'
export type { EndpointFault, FaultBox } from './rpc/fault.ts'
