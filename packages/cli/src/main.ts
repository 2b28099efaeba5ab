import { processIo } from './io.ts'
import { run } from './run.ts'

// whoever kills `meridian` means this: a service nobody sees would hold its store and its wallets
process.once('disconnect', () => process.kill(process.pid, 'SIGTERM'))
process.channel?.unref()

process.exitCode = await run(process.argv.slice(2), processIo())
