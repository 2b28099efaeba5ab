export * from './deploy/index.ts'
export * from './errors.ts'
export type { Io } from './io.ts'
export { run } from './run.ts'
