import { type MessageKind, send, type WaitOptions, waitForDelivery } from '@meridian/sdk'
import { Command } from 'commander'
import { type Address, createWalletClient, type Hex, http } from 'viem'
import { exitCode } from '../errors.ts'
import type { Io } from '../io.ts'
import { jsonLine } from '../json.ts'
import { type LaneFlags, laneOf, withLaneFlags } from '../lane.ts'
import { accountOf, addressFlag, bytesFlag, choiceFlag, positiveFlag } from '../values.ts'
import { statusText } from './status.ts'

interface Flags extends LaneFlags {
  readonly key: string
  readonly target: Address
  readonly payload: Hex
  readonly gasLimit: bigint
  readonly kind: MessageKind
  readonly feeToken?: Address
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
    .option('--wait', 'follow the message until it is delivered')
    .option('--json', 'one line of JSON for each step')
    .action(async (flags: Flags) => {
      const account = accountOf('--key', flags.key, io.env)
      const lane = await laneOf(flags)
      const url = lane.from.client.transport.url
      const sender = createWalletClient({ account, transport: http(typeof url === 'string' ? url : undefined) })
      const sent = await send(lane.from, sender, {
        toChain: lane.to.chainId,
        message: { kind: flags.kind, target: flags.target, payload: flags.payload, gasLimit: flags.gasLimit },
        ...(flags.feeToken === undefined ? {} : { feeToken: flags.feeToken }),
      })
      io.out(flags.json ? jsonLine(sent) : `order ${sent.orderId}\nsent in ${sent.sourceTx}, fee ${sent.fee.amount}`)
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
