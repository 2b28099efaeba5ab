import { topUp } from '@meridian/sdk'
import { Command } from 'commander'
import { type Address, type Hex, zeroAddress } from 'viem'
import { wordArgument } from '../arguments.ts'
import type { Io } from '../io.ts'
import { jsonLine } from '../json.ts'
import { type LaneFlags, laneOf, senderOn, withLaneFlags } from '../lane.ts'
import { accountOf, addressFlag, boundedFlag } from '../values.ts'

interface Flags extends LaneFlags {
  readonly key: string
  readonly amount: bigint
  readonly feeService?: Address
  readonly json?: true
}

/** What the fee service keeps of an order at most. Units of the token. */
const MAX_AMOUNT = 2n ** 128n - 1n

/** `meridian topup`: raises the fee of an order that is on its way. */
export function topUpCommand(io: Io): Command {
  return withLaneFlags(new Command('topup').description('raise the fee of an order that is on its way'))
    .addArgument(wordArgument('orderId', 'id of the order, as `send` prints it'))
    .requiredOption('--key <reference>', 'key that pays: env:NAME or file:PATH')
    .requiredOption('--amount <units>', 'what to add, in the token that the fee was paid in', amountFlag)
    .option('--fee-service <address>', 'where the fee lies; without it, the fee service that MOS has now', addressFlag)
    .option('--json', 'one line of JSON')
    .action(async (orderId: Hex, flags: Flags) => {
      const account = accountOf('--key', flags.key, io.env)
      const { from } = await laneOf(flags)
      const escrow = await topUp(from, senderOn(from, account), orderId, flags.amount, flags.feeService)
      if (flags.json) return io.out(jsonLine({ orderId, ...escrow }))
      const unit = escrow.token === zeroAddress ? 'wei' : `units of token ${escrow.token}`
      io.out(`order ${orderId}: ${escrow.amount} ${unit} in escrow`)
    })
}

const amountFlag = boundedFlag(1n, MAX_AMOUNT)
