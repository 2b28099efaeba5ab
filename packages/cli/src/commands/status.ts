import { type MessageStatus, status } from '@meridian/sdk'
import { Command } from 'commander'
import { wordArgument } from '../arguments.ts'
import type { Io } from '../io.ts'
import { jsonLine } from '../json.ts'
import { type LaneFlags, laneOf, withLaneFlags } from '../lane.ts'

interface Flags extends LaneFlags {
  readonly json?: true
}

/** `meridian status`: where a message is. */
export function statusCommand(io: Io): Command {
  return withLaneFlags(new Command('status').description('where a message is'))
    .addArgument(wordArgument('orderId', 'id of the order, as `send` prints it'))
    .option('--json', 'one line of JSON')
    .action(async (orderId: `0x${string}`, flags: Flags) => {
      const found = await status(await laneOf(flags), orderId)
      io.out(flags.json ? jsonLine(found) : statusText(found))
    })
}

/** A status in one line. */
export function statusText(found: MessageStatus): string {
  const deadline = found.deadline === 0n ? '' : `, deadline ${found.deadline}`
  const sent = `sent in ${found.sourceTx} (block ${found.sourceBlock})${deadline}`
  switch (found.stage) {
    case 'sent':
      return `sent: not final yet; ${sent}`
    case 'final':
      return `final: waits for delivery; ${sent}`
    case 'forwarded':
      return `forwarded: by the hub in ${found.passage?.tx ?? '?'}, waits for delivery; ${sent}`
    case 'relayed':
      return `relayed: the hub ran it in ${found.targetTx ?? '?'} and sent on order ${found.passage?.relayed?.onwardOrderId ?? '?'}`
    case 'failed':
      return `failed: the target refused it in ${found.targetTx ?? '?'} (${found.reason ?? 'no reason'}); it can be retried`
    case 'expired':
      return `expired: its deadline ${found.deadline} passed, recorded in ${found.targetTx ?? '?'}; \`meridian claim\` refunds its fee`
    case 'delivered':
      return `delivered: in ${found.targetTx ?? '?'}; ${sent}`
  }
}
