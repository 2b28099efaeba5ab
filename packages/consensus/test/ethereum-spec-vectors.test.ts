import { specVectors } from './ethereum-spec-suite.ts'

specVectors()
