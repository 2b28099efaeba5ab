/** `npm run demo [-- --once] [--chains ethereum,qbft] [--rate N]`. */
import { demoMain } from '@meridian/cli/demo'

process.exitCode = await demoMain(process.argv.slice(2))
