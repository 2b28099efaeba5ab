export * from './deliver.ts'
export * from './endpoint.ts'
export * from './errors.ts'
export * from './fees.ts'
export {
  type ForwardOptions,
  forward,
  forwardRecord,
  isRecordForwarded,
  type Passage,
  passageOf,
  proveForwardedRecord,
  type Relayed,
} from './hub.ts'
export * from './message.ts'
export type { SendOptions } from './options.ts'
export * from './prove.ts'
export * from './quote.ts'
export * from './send.ts'
export * from './status.ts'
export type { Sender } from './transact.ts'
export * from './transfer.ts'
export * from './wait.ts'
