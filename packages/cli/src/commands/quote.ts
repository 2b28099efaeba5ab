import { quote } from '@meridian/sdk'
import { Command } from 'commander'
import { type Address, zeroAddress } from 'viem'
import type { Io } from '../io.ts'
import { jsonLine } from '../json.ts'
import { type LaneFlags, laneOf, withLaneFlags } from '../lane.ts'
import { addressFlag, positiveFlag } from '../values.ts'

interface Flags extends LaneFlags {
  readonly gasLimit: bigint
  readonly feeToken?: Address
  readonly json?: true
}

/** `meridian quote`: what a message costs now. */
export function quoteCommand(io: Io): Command {
  return withLaneFlags(new Command('quote').description('what a message costs now'))
    .requiredOption('--gas-limit <gas>', 'gas that the target receives at least', positiveFlag)
    .option('--fee-token <address>', 'token of the fee; without it the native coin', addressFlag)
    .option('--json', 'one line of JSON')
    .action(async (flags: Flags) => {
      const lane = await laneOf(flags)
      const answer = await quote(lane.from, {
        toChain: lane.to.chainId,
        gasLimit: flags.gasLimit,
        ...(flags.feeToken === undefined ? {} : { feeToken: flags.feeToken }),
      })
      if (flags.json) return io.out(jsonLine({ fromChain: lane.from.chainId, toChain: lane.to.chainId, ...answer }))
      const unit = answer.feeToken === zeroAddress ? 'wei' : `units of token ${answer.feeToken}`
      io.out(`${answer.amount} ${unit}, to ${answer.receiver}`)
    })
}
