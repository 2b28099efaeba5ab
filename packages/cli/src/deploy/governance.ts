import { timelockAbi } from '@meridian/abi'
import { type Address, encodeFunctionData, type Hex, keccak256, stringToHex, zeroHash } from 'viem'
import type { Deployer } from './deployer.ts'

/** A call that a timelock makes. */
export interface TimelockCall {
  readonly to: Address
  readonly data: Hex
}

/** OpenZeppelin's role ids. */
const PROPOSER_ROLE = keccak256(stringToHex('PROPOSER_ROLE'))
const CANCELLER_ROLE = keccak256(stringToHex('CANCELLER_ROLE'))

/**
 * Runs `calls` as one operation of a timelock whose delay is still zero. The last calls of the same operation raise the
 * delay and take the deployer's roles, so there is no moment in which the routes stand and the deployer still rules.
 */
export async function runAndHandOver(
  deployer: Deployer,
  timelock: Address,
  calls: readonly TimelockCall[],
  delay: bigint,
): Promise<void> {
  const handOver = [
    encodeFunctionData({ abi: timelockAbi, functionName: 'updateDelay', args: [delay] }),
    ...[PROPOSER_ROLE, CANCELLER_ROLE].map((role) =>
      encodeFunctionData({ abi: timelockAbi, functionName: 'revokeRole', args: [role, deployer.address] }),
    ),
  ].map((data) => ({ to: timelock, data }))
  const all = [...calls, ...handOver]
  const batch = [all.map(({ to }) => to), all.map(() => 0n), all.map(({ data }) => data), zeroHash, zeroHash] as const
  await deployer.call(
    'scheduling the routes',
    timelock,
    encodeFunctionData({ abi: timelockAbi, functionName: 'scheduleBatch', args: [...batch, 0n] }),
  )
  try {
    const data = encodeFunctionData({ abi: timelockAbi, functionName: 'executeBatch', args: batch })
    await deployer.call('setting the routes', timelock, data)
  } catch (error) {
    // anybody may execute what is scheduled: where somebody was quicker, it is done, and nothing else was
    const read = { abi: timelockAbi, address: timelock } as const
    const id = await deployer.client.readContract({ ...read, functionName: 'hashOperationBatch', args: batch })
    if (!(await deployer.client.readContract({ ...read, functionName: 'isOperationDone', args: [id] }))) throw error
  }
}
