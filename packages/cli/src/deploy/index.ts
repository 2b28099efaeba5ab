export * from './deployment.ts'
