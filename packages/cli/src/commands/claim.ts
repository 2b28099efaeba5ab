import {
  type Credit,
  deliver,
  forwardRecord,
  isRecordForwarded,
  type Lane,
  owed,
  proveRecord,
  recordOf,
  settle,
  status,
  withdraw,
} from '@meridian/sdk'
import { Command } from 'commander'
import { type Address, type Hex, zeroAddress } from 'viem'
import { wordArgument } from '../arguments.ts'
import { RunError } from '../errors.ts'
import type { Io } from '../io.ts'
import { jsonLine } from '../json.ts'
import { type LaneFlags, provableLaneOf, senderOn, withLaneFlags } from '../lane.ts'
import { accountOf, addressFlag } from '../values.ts'

interface Flags extends LaneFlags {
  readonly key: string
  readonly expire?: true
  readonly withdraw?: true
  readonly feeService?: Address
  readonly json?: true
}

/** `meridian claim`: has an order's fee credited to its deliverer, or refunded where the order expired. */
export function claimCommand(io: Io): Command {
  return withLaneFlags(
    new Command('claim').description("prove an order's record on the source chain, which credits or refunds its fee"),
  )
    .addArgument(wordArgument('orderId', 'id of the order, as `send` prints it'))
    .requiredOption('--key <reference>', 'key that pays: env:NAME or file:PATH')
    .option('--expire', 'where the target has no record yet: prove the order there first, after its deadline')
    .option('--withdraw', "pay out this key's own credit afterwards, to itself")
    .option('--fee-service <address>', 'where the fee lies; without it, the fee service that MOS has now', addressFlag)
    .option('--json', 'one line of JSON')
    .action(async (orderId: Hex, flags: Flags) => {
      const account = accountOf('--key', flags.key, io.env)
      const { lane, source, target, hub } = await provableLaneOf(flags)
      const sender = senderOn(lane.from, account)
      if (flags.expire && (await recordOf(lane, orderId)) === null) {
        await assertPast(lane, orderId)
        const tx = await deliver(lane, hub ?? source, senderOn(lane.to, account), orderId)
        if (!flags.json) io.out(`proven on chain ${lane.to.chainId} in ${tx}`)
      }
      if (lane.via !== undefined && !(await isRecordForwarded(lane, orderId))) {
        const record = await recordOf(lane, orderId)
        // the hub makes the record itself of an order that it ran
        if (record !== null) {
          const tx = await forwardRecord(lane, target, senderOn(lane.via, account), record.tx)
          if (!flags.json) io.out(`record forwarded on chain ${lane.via.chainId} in ${tx}`)
        }
      }
      const proof = await proveRecord(lane, hub ?? target, orderId)
      const at = flags.feeService
      const credits = await settle(lane.from, sender, lane.to.chainId, proof, at)
      const tokens = new Set(credits.filter((c) => c.account === account.address).map(({ token }) => token))
      const paid: { readonly token: Address; readonly amount: bigint }[] = []
      for (const token of flags.withdraw ? tokens : []) {
        if ((await owed(lane.from, account.address, token, at)) === 0n) continue
        paid.push({ token, amount: await withdraw(lane.from, sender, account.address, token, at) })
      }
      if (flags.json) return io.out(jsonLine({ credits, withdrawn: paid }))
      for (const credit of credits) io.out(creditText(credit))
      for (const { token, amount } of paid) io.out(`withdrawn: ${amount} ${unitOf(token)}`)
    })
}

/** Before its deadline, proving the order would run it. @throws {@link RunError} */
async function assertPast(lane: Lane, orderId: Hex): Promise<void> {
  const [{ deadline }, { timestamp }] = await Promise.all([status(lane, orderId), lane.to.client.getBlock()])
  if (deadline === 0n) throw new RunError('claim --expire', `order ${orderId} has no deadline`)
  if (timestamp < deadline) {
    const detail = `the deadline ${deadline} of order ${orderId} is not past: chain ${lane.to.chainId} is at ${timestamp}`
    throw new RunError('claim --expire', detail)
  }
}

function creditText({ orderId, account, token, amount, refund }: Credit): string {
  return `order ${orderId}: ${amount} ${unitOf(token)} ${refund ? 'refunded' : 'credited'} to ${account}`
}

function unitOf(token: Address): string {
  return token === zeroAddress ? 'wei' : `units of token ${token}`
}
