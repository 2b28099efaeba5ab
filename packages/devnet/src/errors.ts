import { MeridianError } from '@meridian/core'

/** The devnet could not start, run or stop something. */
export class DevnetError extends MeridianError {}
