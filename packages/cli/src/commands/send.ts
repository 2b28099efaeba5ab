import { type MessageKind, type SentMessage, send, type WaitOptions, waitForDelivery } from '@meridian/sdk'
import { Command } from 'commander'
import type { Address, Hex } from 'viem'
import { exitCode, UsageError } from '../errors.ts'
import type { Io } from '../io.ts'
import { jsonLine } from '../json.ts'
import { type LaneFlags, laneOf, senderOn, withLaneFlags } from '../lane.ts'
import { accountOf, addressFlag, bytesFlag, choiceFlag, positiveFlag } from '../values.ts'
import { statusText } from './status.ts'

interface Flags extends LaneFlags {
  readonly key: string
  readonly target: Address
  readonly payload: Hex
  readonly gasLimit: bigint
  readonly kind: MessageKind
  readonly feeToken?: Address
  readonly deadline?: bigint
  readonly ordered?: true
  readonly refund?: Address
  readonly wait?: true
  readonly json?: true
}

/** `meridian send`: sends a message and, with `--wait`, follows it to its end. */
export function sendCommand(io: Io, finish: (code: number) => void): Command {
  return withLaneFlags(new Command('send').description('send a message through transferOut'))
    .requiredOption('--key <reference>', 'key that pays: env:NAME or file:PATH')
    .requiredOption('--target <address>', 'app on the target chain', addressFlag)
    .requiredOption('--payload <bytes>', 'what the app receives', bytesFlag)
    .requiredOption('--gas-limit <gas>', 'gas that the target receives at least', positiveFlag)
    .option('--kind <kind>', 'message (mapoExecute) or calldata', choiceFlag(['message', 'calldata']), 'message')
    .option('--fee-token <address>', 'token of the fee; without it the native coin', addressFlag)
    .option('--deadline <seconds>', 'unix time on the target chain from which on it is not run any more', positiveFlag)
    .option('--ordered', 'run it after the earlier ordered messages from this account to the target, and only then')
    .option('--refund <address>', 'who gets the fee back if it expires; without it the sender', addressFlag)
    .option('--wait', 'follow the message until it is delivered or expired')
    .option('--json', 'one line of JSON for each step')
    .action(async (flags: Flags) => {
      const account = accountOf('--key', flags.key, io.env)
      if (flags.refund !== undefined && flags.deadline === undefined) {
        throw new UsageError('--refund', 'only a message with a --deadline can expire')
      }
      const lane = await laneOf(flags)
      const sent = await send(lane.from, senderOn(lane.from, account), {
        toChain: lane.to.chainId,
        message: { kind: flags.kind, target: flags.target, payload: flags.payload, gasLimit: flags.gasLimit },
        ...(flags.feeToken === undefined ? {} : { feeToken: flags.feeToken }),
        options: {
          ...(flags.deadline === undefined ? {} : { deadline: flags.deadline }),
          ...(flags.refund === undefined ? {} : { refundRecipient: flags.refund }),
          ordered: flags.ordered === true,
        },
      })
      io.out(flags.json ? jsonLine(sent) : sentText(sent))
      if (!flags.wait) return
      const options: WaitOptions = { waiter: io, signal: io.signal }
      let last: string | null = null
      for await (const status of waitForDelivery(lane, sent.orderId, options)) {
        last = status.stage
        io.out(flags.json ? jsonLine(status) : statusText(status))
      }
      if (last !== 'delivered') finish(exitCode.failed)
    })
}

function sentText({ orderId, sourceTx, fee, options }: SentMessage): string {
  const place = options === null || options.sequence === 0n ? '' : `, number ${options.sequence} of its stream`
  return `order ${orderId}\nsent in ${sourceTx}, fee ${fee.amount}${place}`
}
