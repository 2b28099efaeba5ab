export * from './deployer.ts'
export * from './deployment.ts'
export * from './ethereum-client.ts'
export * from './governance.ts'
