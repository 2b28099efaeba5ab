export * as apiSchemas from './api/schemas.ts'
export {
  type ChainContext,
  type ClaimRule,
  defaultClaimRule,
  defaultTuning,
  TRANSACTION_GAS_CAP,
  type Tuning,
} from './chain-context.ts'
export type { LaneConfig } from './chain-work.ts'
export * from './claimer/claim.ts'
export { type Clock, systemClock } from './clock.ts'
export * from './compass.ts'
export * from './config/config.ts'
export { type EffectiveValue, effectiveValues, effectiveYaml } from './config/effective.ts'
export { type ConfigFile, environmentKeys, parseConfigFile } from './config/file.ts'
export { configJsonSchema } from './config/json-schema.ts'
export * from './config/schema.ts'
export { connect } from './connect.ts'
export * from './consensus-registry.ts'
export { type DoctorLine, runDoctor } from './doctor/doctor.ts'
export { checkTimelock, type TimelockedChain } from './doctor/timelock.ts'
export * from './errors.ts'
export { createLog } from './log.ts'
export * from './message.ts'
export { createMetrics, type Metrics } from './metrics/metrics.ts'
export { type Offline, openOffline } from './offline.ts'
export * from './open.ts'
export * from './progress.ts'
export { readSecret, type Secrets } from './secrets/reference.ts'
export { resolveAccount, resolveSigner } from './secrets/signer.ts'
export type { ClaimStore } from './store/claims.ts'
export { openStore } from './store/open.ts'
export * from './store/types.ts'
export * from './supply/supply.ts'
