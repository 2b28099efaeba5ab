export * from './errors.ts'
export * from './events.ts'
export * from './message.ts'
export * from './order-id.ts'
