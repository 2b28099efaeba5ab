import { type DestinationStream, type Logger, pino } from 'pino'

/** Compass' log: one JSON object a line, keys that stay the same, hosts and never URLs. */
export function createLog(level: string, destination?: DestinationStream): Logger {
  const options = { level, base: null, timestamp: pino.stdTimeFunctions.isoTime }
  return destination === undefined ? pino(options) : pino(options, destination)
}
