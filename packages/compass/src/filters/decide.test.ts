import assert from 'node:assert/strict'
import { test } from 'node:test'
import { encodeMessageData } from '@meridian/core'
import { type Hex, pad } from 'viem'
import { configSchema, type FilterRule, type LaneLimit } from '../config/schema.ts'
import { type Message, seen } from '../message.ts'
import { testOrigin } from '../testing/messages.ts'
import { filterReason, noRules, withinLimits } from './decide.ts'
import { createSanctions, parseSanctions } from './sanctions.ts'

const alice: Hex = '0x00000000000000000000000000000000000000Aa'
const bob: Hex = '0x00000000000000000000000000000000000000Bb'
const carol: Hex = '0x00000000000000000000000000000000000000cc'

function message(payload: Hex = '0xdeadbeef00', change: Partial<Message> = {}): Message {
  const origin = testOrigin(1, {
    nonce: 0n,
    fromAddress: alice,
    messageData: encodeMessageData({ msgType: 'MESSAGE', target: bob, payload, gasLimit: 100_000n }),
    target: bob,
    txIndex: 0,
    logIndex: 0,
  })
  return { ...seen(origin, 0), ...change }
}

const nobody = new Set<string>()
/** As the configuration's own schema reads them. */
const rulesOf = (rules: readonly object[], otherwise: 'allow' | 'deny' = 'allow') =>
  configSchema.shape.filters.parse({ rules, otherwise })
const code = (rules: readonly object[], otherwise?: 'allow' | 'deny', given = message()) =>
  filterReason(given, rulesOf(rules, otherwise), nobody)?.code ?? null

test('without rules everything is carried; where nothing else is allowed, nothing is', () => {
  assert.equal(filterReason(message(), noRules, nobody), null)
  assert.equal(code([], 'deny'), 'FILTERED')
})

test('each key of a rule has to fit, whatever the case of an address', () => {
  const fitting = { from: [1], to: ['2'], sender: [alice.toLowerCase()], target: [bob], body: { prefix: '0xDEADBEEF' } }
  assert.equal(code([{ action: 'deny', ...fitting }]), 'FILTERED')
  const others = {
    from: [2],
    to: [1],
    sender: [bob],
    target: [alice],
    body: { prefix: '0xdeadbeee' },
  }
  for (const [key, value] of Object.entries(others))
    assert.equal(code([{ action: 'deny', ...fitting, [key]: value }]), null, key)
})

test('the first rule that fits decides, and says why', () => {
  const allow = { action: 'allow', sender: [alice] }
  const deny = { action: 'deny', from: [1], note: 'asked by legal' }
  assert.equal(code([allow, deny], 'deny'), null)
  assert.equal(code([deny, allow]), 'FILTERED')
  assert.match(filterReason(message(), rulesOf([deny]), nobody)?.detail ?? '', /rules\[0\]: asked by legal/)
})

test('sizes of a body: both bounds are in', () => {
  const deny = (body: object) => code([{ action: 'deny', body }])
  assert.equal(deny({ minBytes: 5, maxBytes: 5 }), 'FILTERED')
  assert.equal(deny({ minBytes: 6 }), null)
  assert.equal(deny({ maxBytes: 4 }), null)
})

test('a message that cannot be decoded fits no rule on its target or body, so an allow list stops it', () => {
  const unreadable = message('0x', { messageData: '0x1234', target: null })
  assert.equal(code([{ action: 'allow', target: [bob] }], 'deny', unreadable), 'FILTERED')
  assert.equal(code([{ action: 'deny', body: { prefix: '0x' } }], 'allow', unreadable), null)
})

test('the list goes before an allowing rule: sender, recipient and refund recipient', () => {
  const allowing = rulesOf([{ action: 'allow' }])
  for (const listed of [alice, bob]) {
    const reason = filterReason(message(), allowing, new Set([listed.toLowerCase()]))
    assert.equal(reason?.code, 'FILTERED_SANCTIONS')
  }
  const refunded = message('0x', { refundRecipient: carol })
  assert.equal(filterReason(refunded, allowing, new Set([carol.toLowerCase()]))?.code, 'FILTERED_SANCTIONS')
  assert.equal(filterReason(message(), allowing, new Set([carol.toLowerCase()])), null)
})

test('over a gateway the sender is the gateway: who is listed is found in the body, wherever it stands there', () => {
  const listed = new Set([carol.toLowerCase()])
  const named = (payload: Hex) => filterReason(message(payload), noRules, listed)?.code ?? null
  assert.equal(named(`0x${pad(carol).slice(2)}`), 'FILTERED_SANCTIONS', 'as a word')
  assert.equal(named(`0x01020304${carol.slice(2)}05`), 'FILTERED_SANCTIONS', 'packed')
  assert.equal(named(`0x${carol.slice(2, -2)}dd`), null, 'another address')
  assert.equal(named(`0x0${carol.slice(2)}0`), null, 'half a byte off')
  const unreadable = message('0x', { messageData: `0x1234${carol.slice(2)}`, target: null })
  assert.equal(filterReason(unreadable, noRules, listed)?.code, 'FILTERED_SANCTIONS')
})

test('a list that cannot be read stops everything', () => {
  assert.equal(filterReason(message(), noRules, { unreadable: 'gone' })?.code, 'FILTERED_LIST_UNREADABLE')
})

test('a sanctions file is read again when it changes, and fails closed when it is gone or broken', () => {
  let text: string | null = `# list\n${alice} # alice\n\n`
  let stamp = 0
  let reads = 0
  const gone = () => {
    throw Object.assign(new Error('x'), { code: 'ENOENT' })
  }
  const list = createSanctions('list.txt', {
    stamp: () => (text === null ? gone() : String(stamp)),
    readText: () => {
      reads += 1
      return text ?? gone()
    },
  })
  assert.deepEqual(list(), new Set([alice.toLowerCase()]))
  list()
  assert.equal(reads, 1)
  text = `${bob}\r\n`
  stamp += 1
  assert.deepEqual(list(), new Set([bob.toLowerCase()]))
  text = null
  assert.deepEqual(list(), { unreadable: 'list.txt: ENOENT' })
  text = `${bob}\nbob\n`
  assert.deepEqual(list(), { unreadable: 'line 2 is no address' }, 'the same stamp as before it was gone')
  text = ''
  stamp += 1
  assert.deepEqual(list(), new Set())
  assert.deepEqual(parseSanctions('0x12345'), { unreadable: 'line 1 is no address' })
})

test('limits: what has gone counts, and what is admitted counts at once', () => {
  const limit = (change: Partial<LaneLimit>): LaneLimit => ({
    windowMs: 60_000,
    maxMessages: undefined,
    maxGas: undefined,
    ...change,
  })
  const three = [1, 2, 3].map((n) => message('0x', { orderId: pad(`0x0${n}`) }))
  const admitted = (limits: LaneLimit[], used: { messages: number; gas: bigint }[]) =>
    withinLimits(three, limits, used).admitted.length
  const none = { messages: 0, gas: 0n }
  assert.equal(admitted([], []), 3)
  assert.equal(admitted([limit({ maxMessages: 2 })], [none]), 2)
  assert.equal(admitted([limit({ maxMessages: 2 })], [{ messages: 2, gas: 0n }]), 0)
  assert.equal(admitted([limit({ maxGas: 250_000n })], [none]), 2)
  assert.equal(admitted([limit({ maxGas: 250_000n })], [{ messages: 0, gas: 200_000n }]), 0)
  assert.equal(admitted([limit({ maxMessages: 3 }), limit({ maxMessages: 1 })], [none, none]), 1)
  assert.equal(admitted([limit({ maxMessages: 0 })], [none]), 0)
  const { beyond } = withinLimits(three, [limit({ maxMessages: 2 })], [none])
  assert.deepEqual(
    beyond.map(([one, reason]) => [one.orderId, reason.code]),
    [[pad('0x03'), 'FILTERED_LIMIT']],
  )
  // a small one behind a large one may go: it is not the limit of messages that is full
  const large = message('0x', { gasLimit: 300_000n })
  const sizes = withinLimits([large, ...three], [limit({ maxGas: 150_000n })], [none])
  assert.deepEqual(sizes.admitted, [three[0]])
})

test('a rule that names an empty list is a mistake, not a rule for nobody', () => {
  assert.throws(() => rulesOf([{ action: 'deny', sender: [] }]))
  const rule: FilterRule | undefined = rulesOf([{ action: 'deny' }]).rules[0]
  assert.equal(rule?.action, 'deny')
})
