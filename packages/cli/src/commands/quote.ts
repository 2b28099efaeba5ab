import { maxMessageLength } from '@meridian/core'
import { quote } from '@meridian/sdk'
import { Command } from 'commander'
import { type Address, zeroAddress } from 'viem'
import type { Io } from '../io.ts'
import { jsonLine } from '../json.ts'
import { type LaneFlags, laneOf, withLaneFlags } from '../lane.ts'
import { addressFlag, boundedFlag, positiveFlag } from '../values.ts'

interface Flags extends LaneFlags {
  readonly gasLimit: bigint
  readonly length?: bigint
  readonly feeToken?: Address
  readonly json?: true
}

const lengthFlag = boundedFlag(0n, BigInt(maxMessageLength))

/** `meridian quote`: what a message costs now. */
export function quoteCommand(io: Io): Command {
  return withLaneFlags(new Command('quote').description('what a message costs now'))
    .requiredOption('--gas-limit <gas>', 'gas that the target receives at least', positiveFlag)
    .option('--length <bytes>', 'bytes of the encoded message; without it, as many as the base covers', lengthFlag)
    .option('--fee-token <address>', 'token of the fee; without it the native coin', addressFlag)
    .option('--json', 'one line of JSON')
    .action(async (flags: Flags) => {
      const lane = await laneOf(flags)
      const answer = await quote(lane.from, {
        toChain: lane.to.chainId,
        gasLimit: flags.gasLimit,
        ...(flags.length === undefined ? {} : { length: Number(flags.length) }),
        ...(flags.feeToken === undefined ? {} : { feeToken: flags.feeToken }),
      })
      if (flags.json) return io.out(jsonLine({ fromChain: lane.from.chainId, toChain: lane.to.chainId, ...answer }))
      const unit = answer.feeToken === zeroAddress ? 'wei' : `units of token ${answer.feeToken}`
      io.out(`${answer.amount} ${unit}, to ${answer.receiver}`)
    })
}
