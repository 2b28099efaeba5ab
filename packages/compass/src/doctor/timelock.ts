import {
  bridgedTokenAbi,
  feeServiceAbi,
  iEthereumLightClientAbi,
  iParliaLightClientAbi,
  iTokenBridgeAbi,
  messageServiceAbi,
  mosGatewayAbi,
  timelockAbi,
  timelockBytecode,
} from '@meridian/abi'
import { bytes, call, getBlock, getLogs, type Log, parseAnswer, quantity } from '@meridian/chain'
import type { RpcPort } from '@meridian/consensus'
import {
  type Address,
  decodeEventLog,
  decodeFunctionData,
  decodeFunctionResult,
  encodeDeployData,
  encodeFunctionData,
  type Hex,
  isAddressEqual,
  keccak256,
  numberToHex,
  slice,
  stringToHex,
  toEventSelector,
  zeroAddress,
  zeroHash,
} from 'viem'
import { attempt, type DoctorLine, fail, ok, warn } from './line.ts'

/** A chain whose timelock is looked at. */
export interface TimelockedChain {
  readonly name: string
  readonly chainId: bigint
  readonly rpc: RpcPort
  readonly timelock: Address
  readonly mos: Address
  /** The block of the timelock's deployment, or one before it. */
  readonly fromBlock: bigint
}

/** OpenZeppelin's role ids. */
const ADMIN_ROLE = zeroHash
const PROPOSER_ROLE = keccak256(stringToHex('PROPOSER_ROLE'))
const CANCELLER_ROLE = keccak256(stringToHex('CANCELLER_ROLE'))

const MEND_ENDPOINT = 'is the endpoint whole, of this chain, and does it keep old logs?'

/** What the events that matter are, by their first topic. */
const EVENTS = ['CallScheduled', 'RoleGranted', 'RoleRevoked'] as const
const topics = timelockAbi.flatMap((item) =>
  item.type === 'event' && EVENTS.some((name) => name === item.name) ? [toEventSelector(item)] : [],
)

/** Functions that a timelock is there to call: what else it would call is shown by its selector. */
const governed = [
  ...messageServiceAbi,
  ...feeServiceAbi,
  ...mosGatewayAbi,
  ...timelockAbi,
  ...iEthereumLightClientAbi,
  ...iParliaLightClientAbi,
  ...iTokenBridgeAbi,
  ...bridgedTokenAbi,
]
/** Calls of an operation that its line shows. */
const SHOWN = 4
const SELECTOR_BYTES = 4

/** `getTimestamp` of an operation that was never scheduled or is cancelled, and of one that is done. */
const UNSET = 0n
const DONE = 1n

interface Operation {
  readonly id: Hex
  readonly scheduledAt: bigint
  /** Its place among the events. */
  readonly place: number
  readonly calls: readonly { readonly to: Address; readonly data: Hex }[]
}

interface History {
  readonly proposers: readonly Address[]
  /** Who can hold up whatever is scheduled, and schedules nothing himself. */
  readonly cancellers: readonly Address[]
  readonly admins: readonly Address[]
  /** The last event in which an account lost the power to schedule: its place and block; null where none did. */
  readonly lastRevocation: { readonly place: number; readonly block: bigint } | null
  readonly operations: readonly Operation[]
}

/** What a timelock's events say, up to a block. */
interface Seen {
  readonly history: History
  readonly at: bigint
}

/**
 * Holds a chain's timelock against what `meridian deploy` leaves: its code, whose orders MOS takes, who may schedule, and every
 * operation that is scheduled and not done. One that was scheduled before the last account lost the power to schedule can be
 * executed by anybody once its time has come, although nobody who rules today answers for it: a deployer who schedules before
 * the handover keeps his power so. Nothing of the deployment itself is left to be done.
 *
 * It believes the endpoint, which has to keep logs back to `fromBlock`. Never throws.
 */
export async function* checkTimelock(chain: TimelockedChain): AsyncGenerator<DoctorLine> {
  const { rpc, timelock, name } = chain
  const what = `${name} timelock`
  let seen: Seen | null = null
  yield await attempt(what, MEND_ENDPOINT, async () => {
    const fault = await faultOf(chain)
    if (fault !== null) return fail(what, fault, 'believe nothing of this deployment')
    const { number: at } = await getBlock(rpc, 'latest')
    const range = { fromBlock: chain.fromBlock, toBlock: at }
    const history = historyOf(await getLogs(rpc, { address: timelock, topics: [topics], ...range }))
    seen = { history, at }
    return rulersLine(what, chain, history, await read(chain, 'getMinDelay', [], at))
  })
  if (seen !== null) yield* operationLines(chain, seen)
}

/** A line for each operation that is scheduled and not done. */
async function* operationLines(chain: TimelockedChain, { history, at }: Seen): AsyncGenerator<DoctorLine> {
  for (const operation of history.operations) {
    const subject = `${chain.name} operation ${operation.id}`
    let over = false
    const line = await attempt(subject, MEND_ENDPOINT, async () => {
      const readyAt = await read(chain, 'getTimestamp', [operation.id], at)
      over = readyAt === UNSET || readyAt === DONE
      return operationLine(subject, operation, readyAt, history)
    })
    if (!over) yield line
  }
}

/** Why the contract is not the timelock of this deployment; null: it is. */
async function faultOf({ rpc, chainId, timelock, mos }: TimelockedChain): Promise<string | null> {
  const served = parseAnswer(quantity, 'eth_chainId', await rpc.request('eth_chainId', []))
  if (served !== chainId) return `the endpoint serves chain ${served}, not ${chainId}`
  const code = parseAnswer(bytes, 'eth_getCode', await rpc.request('eth_getCode', [timelock, 'latest']))
  // the code that the constructor would leave: it has no immutables, so it does not depend on the arguments
  const args = [0n, [], [], zeroAddress] as const
  const init = encodeDeployData({ abi: timelockAbi, bytecode: timelockBytecode, args })
  const ours = parseAnswer(bytes, 'eth_call', await rpc.request('eth_call', [{ data: init }, 'latest']))
  if (code.toLowerCase() !== ours.toLowerCase()) return `the code at ${timelock} is not that of this version's timelock`
  const asked = encodeFunctionData({ abi: messageServiceAbi, functionName: 'timelock' })
  const answer = await call(rpc, { to: mos, data: asked })
  if (!answer.ok) return `MOS ${mos} does not say whose orders it takes`
  const obeyed = decodeFunctionResult({ abi: messageServiceAbi, functionName: 'timelock', data: answer.data })
  return isAddressEqual(obeyed, timelock) ? null : `MOS ${mos} takes orders of ${obeyed}, not of ${timelock}`
}

async function read(
  { rpc, timelock }: TimelockedChain,
  ...[functionName, args, at]: ['getMinDelay', readonly [], bigint] | ['getTimestamp', readonly [Hex], bigint]
): Promise<bigint> {
  const data =
    functionName === 'getMinDelay'
      ? encodeFunctionData({ abi: timelockAbi, functionName })
      : encodeFunctionData({ abi: timelockAbi, functionName, args })
  const answer = await rpc.request('eth_call', [{ to: timelock, data }, numberToHex(at)])
  return decodeFunctionResult({ abi: timelockAbi, functionName, data: parseAnswer(bytes, 'eth_call', answer) })
}

function historyOf(logs: readonly Log[]): History {
  const holders: Readonly<Record<Hex, Set<Address>>> = {
    [ADMIN_ROLE]: new Set(),
    [PROPOSER_ROLE]: new Set(),
    [CANCELLER_ROLE]: new Set(),
  }
  const holding = (role: Hex): readonly Address[] => [...(holders[role] ?? [])]
  const operations = new Map<Hex, Operation>()
  let lastRevocation: History['lastRevocation'] = null
  for (const [place, log] of logs.entries()) {
    const [signature, ...indexed] = log.topics
    if (signature === undefined) continue
    const event = decodeEventLog({ abi: timelockAbi, topics: [signature, ...indexed], data: log.data })
    if (event.eventName === 'RoleGranted') holders[event.args.role]?.add(event.args.account)
    else if (event.eventName === 'RoleRevoked') {
      holders[event.args.role]?.delete(event.args.account)
      if (event.args.role === PROPOSER_ROLE) lastRevocation = { place, block: log.blockNumber }
    } else if (event.eventName === 'CallScheduled') {
      const { id, index, target: to, data } = event.args
      // what was cancelled may be scheduled again: the calls begin anew
      const before = index === 0n ? [] : (operations.get(id)?.calls ?? [])
      operations.set(id, { id, scheduledAt: log.blockNumber, place, calls: [...before, { to, data }] })
    }
  }
  return {
    proposers: holding(PROPOSER_ROLE),
    cancellers: holding(CANCELLER_ROLE).filter((account) => holders[PROPOSER_ROLE]?.has(account) !== true),
    admins: holding(ADMIN_ROLE),
    lastRevocation,
    operations: [...operations.values()],
  }
}

/** Who rules, and for how long what is scheduled waits. */
function rulersLine(what: string, chain: TimelockedChain, history: History, delay: bigint): DoctorLine {
  const { timelock, fromBlock } = chain
  const others = history.admins.filter((account) => !isAddressEqual(account, timelock))
  // its constructor makes it its own administrator
  if (others.length === history.admins.length)
    return fail(what, `no event of its deployment from block ${fromBlock} on`, 'give an endpoint that keeps old logs')
  if (others.length > 0)
    return fail(what, `${others.join(', ')} can let anybody schedule`, 'believe nothing of this deployment')
  if (history.lastRevocation === null)
    return fail(what, 'nobody has given up the power to schedule', 'the deployment has not been handed over')
  const rule = `waits ${delay} s for what ${history.proposers.join(', ') || 'nobody'} schedules`
  if (delay === 0n) return warn(what, `${timelock} ${rule}`, 'nobody can leave before a change takes effect')
  if (history.cancellers.length > 0)
    return warn(what, `${timelock} ${rule}, unless ${history.cancellers.join(', ')} cancels it`, 'is that intended?')
  return history.proposers.length > 1
    ? warn(what, `${timelock} ${rule}`, 'is each of them the governor?')
    : ok(what, `${timelock} ${rule}`)
}

function operationLine(subject: string, operation: Operation, readyAt: bigint, history: History): DoctorLine {
  const { calls, scheduledAt, place, id } = operation
  const shown = calls.slice(0, SHOWN).map(({ to, data }) => `${to} ${functionOf(data)}`)
  const more = calls.length > SHOWN ? `, and ${calls.length - SHOWN} more` : ''
  const does = `can be executed from ${readyAt} on (unix time): ${shown.join(', ')}${more}`
  const revoked = history.lastRevocation
  if (revoked !== null && place > revoked.place)
    return warn(subject, `scheduled in block ${scheduledAt}; ${does}`, 'who may schedule wants it: do you?')
  const since = revoked === null ? '' : `, and who could schedule then lost that in block ${revoked.block}`
  const detail = `no part of the deployment: scheduled in block ${scheduledAt}${since}; ${does}`
  return fail(subject, detail, `the governor cancels it: cancel(${id})`)
}

function functionOf(data: Hex): string {
  try {
    return decodeFunctionData({ abi: governed, data }).functionName
  } catch {
    return data === '0x' ? 'without data' : slice(data, 0, SELECTOR_BYTES)
  }
}
