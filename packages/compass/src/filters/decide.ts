import { decodeMessageData } from '@meridian/core'
import { type Hex, size } from 'viem'
import type { FilterRule, LaneLimit } from '../config/schema.ts'
import type { Message, Reason } from '../message.ts'

/** What decides whether messages are carried. */
export interface FilterRules {
  /** The first that fits decides. */
  readonly rules: readonly FilterRule[]
  /** What no rule fits. */
  readonly otherwise: 'allow' | 'deny'
}

/** Addresses that nothing is carried from or to, in lower case; a reason where they cannot be known. */
export type Sanctions = ReadonlySet<string> | { readonly unreadable: string }

/** What has gone over a lane in a window. */
export interface Usage {
  readonly messages: number
  readonly gas: bigint
}

/** No rule, no list. */
export const noRules: FilterRules = { rules: [], otherwise: 'allow' }

/**
 * Why a message is not carried; null where it is. Pure. A list that cannot be read stops everything: what it would have
 * said is not known. A message that cannot be decoded has no target and no body: it fits no rule that asks for one.
 */
export function filterReason(message: Message, { rules, otherwise }: FilterRules, sanctions: Sanctions): Reason | null {
  if ('unreadable' in sanctions)
    return { code: 'FILTERED_LIST_UNREADABLE', detail: `the sanctions file: ${sanctions.unreadable}` }
  for (const [who, party] of parties(message))
    if (sanctions.has(party.toLowerCase()))
      return { code: 'FILTERED_SANCTIONS', detail: `its ${who} ${party} is on the sanctions file` }
  const index = rules.findIndex((rule) => fits(rule, message))
  const rule = rules[index]
  if (rule === undefined) return otherwise === 'allow' ? null : { code: 'FILTERED', detail: 'no rule allows it' }
  if (rule.action === 'allow') return null
  return { code: 'FILTERED', detail: `filters.rules[${index}]${rule.note === undefined ? '' : `: ${rule.note}`}` }
}

/** Everybody whom a message names: who sent it, whom it calls, and who would get its fee back. */
function parties({ fromAddress, target, refundRecipient }: Message): readonly (readonly [string, Hex])[] {
  return [
    ['sender', fromAddress],
    ...(target === null ? [] : [['recipient', target] as const]),
    ...(refundRecipient === null ? [] : [['refund recipient', refundRecipient] as const]),
  ]
}

function fits(rule: FilterRule, message: Message): boolean {
  const { from, to, sender, target, body } = rule
  if (from !== undefined && !from.includes(message.fromChain)) return false
  if (to !== undefined && !to.includes(message.toChain)) return false
  if (sender !== undefined && !includes(sender, message.fromAddress)) return false
  if (target !== undefined && (message.target === null || !includes(target, message.target))) return false
  if (body === undefined) return true
  const payload = payloadOf(message)
  if (payload === null) return false
  const { prefix = '0x', minBytes = 0, maxBytes = Number.POSITIVE_INFINITY } = body
  const length = size(payload)
  return payload.toLowerCase().startsWith(prefix.toLowerCase()) && length >= minBytes && length <= maxBytes
}

const includes = (list: readonly string[], given: string): boolean =>
  list.some((one) => one.toLowerCase() === given.toLowerCase())

function payloadOf({ target, messageData }: Message): Hex | null {
  return target === null ? null : decodeMessageData(messageData).payload
}

/**
 * Which of a lane's messages still fit into its limits, in their order; the rest waits, each with its reason. Pure.
 *
 * @param used What was submitted inside each limit's window, in the order of `limits`.
 */
export function withinLimits(
  messages: readonly Message[],
  limits: readonly LaneLimit[],
  used: readonly Usage[],
): { readonly admitted: readonly Message[]; readonly beyond: readonly (readonly [Message, Reason])[] } {
  const left = limits.map(({ maxMessages, maxGas }, i) => ({
    messages: maxMessages === undefined ? null : maxMessages - (used[i]?.messages ?? 0),
    gas: maxGas === undefined ? null : maxGas - (used[i]?.gas ?? 0n),
  }))
  const admitted: Message[] = []
  const beyond: (readonly [Message, Reason])[] = []
  for (const message of messages) {
    const full = left.findIndex(
      (one) => (one.messages !== null && one.messages < 1) || (one.gas !== null && one.gas < message.gasLimit),
    )
    const limit = limits[full]
    if (limit !== undefined) {
      const what = limit.maxMessages === undefined ? `${limit.maxGas} gas` : `${limit.maxMessages} messages`
      beyond.push([message, { code: 'FILTERED_LIMIT', detail: `the lane's limit of ${what} in ${limit.windowMs} ms` }])
      continue
    }
    admitted.push(message)
    for (const one of left) {
      if (one.messages !== null) one.messages -= 1
      if (one.gas !== null) one.gas -= message.gasLimit
    }
  }
  return { admitted, beyond }
}
