export * from './deployer.ts'
export * from './deployment.ts'
export * from './governance.ts'
