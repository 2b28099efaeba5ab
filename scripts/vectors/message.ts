/**
 * Writes `vectors/message/`: encoded messages, options and logs with what both codecs must make of them, and order ids.
 * The good ones are encoded by viem, the bad ones are altered copies; the same seed gives the same file.
 */
import {
  decodeMessageData,
  decodeOptions,
  LogError,
  MessageError,
  type MessageErrorCode,
  mapMessageOutWithOptionsTopic,
  nonceOf,
  OptionsError,
  orderId,
  parseMapMessageOutWithOptions,
} from '@meridian/core'
import { bytesToHex, encodeAbiParameters, type Hex, hexToBytes, keccak256, parseAbiParameters, toHex } from 'viem'
import { writeVectors } from './write.ts'

/** Names of `MessageCodec.Fault`, in its order. */
const faults: readonly (MessageErrorCode | 'NONE')[] = [
  'NONE',
  'MESSAGE_TOO_LONG',
  'MESSAGE_MALFORMED',
  'MESSAGE_TARGET_LENGTH',
  'MESSAGE_GAS_LIMIT',
  'MESSAGE_VALUE',
  'MESSAGE_RELAY',
]

const fields = [
  { name: 'relay', type: 'bool' },
  { name: 'msgType', type: 'uint8' },
  { name: 'target', type: 'bytes' },
  { name: 'payload', type: 'bytes' },
  { name: 'gasLimit', type: 'uint256' },
  { name: 'value', type: 'uint256' },
] as const

interface Fields {
  readonly relay: boolean
  readonly msgType: number
  readonly target: Hex
  readonly payload: Hex
  readonly gasLimit: bigint
  readonly value: bigint
}

const target: Hex = '0x00000000000000000000000000000000c0ffee00'
const good: Fields = { relay: false, msgType: 1, target, payload: '0x', gasLimit: 300_000n, value: 0n }

const tuple = (change: Partial<Fields>): Hex =>
  encodeAbiParameters([{ type: 'tuple', components: fields }], [{ ...good, ...change }])
const flat = (change: Partial<Fields>): Hex => {
  const all = { ...good, ...change }
  return encodeAbiParameters(fields, [all.relay, all.msgType, all.target, all.payload, all.gasLimit, all.value])
}

const encoders = [tuple, flat]
const bytes = (length: number): Hex => bytesToHex(new Uint8Array(length).map((_, i) => (i * 7 + 1) & 0xff))
const data: Hex[] = ['0x', '0x00', toHex(32n, { size: 32 })]
for (const encode of encoders) {
  for (const length of [0, 1, 31, 32, 33, 512, 16_064, 16_384]) data.push(encode({ payload: bytes(length) }))
  for (const gasLimit of [0n, 20_999n, 21_000n, 10_000_000n, 10_000_001n, 2n ** 256n - 1n])
    data.push(encode({ gasLimit }))
  for (const change of ['0x', bytes(19), bytes(21), bytes(32)] as const) data.push(encode({ target: change }))
  data.push(encode({ msgType: 0 }), encode({ msgType: 2 }), encode({ relay: true }), encode({ value: 1n }))
  data.push(encode({ relay: true, gasLimit: 0n }), encode({ relay: true, value: 1n }))
}

/** A stream of words from a seed: keccak-256 of a counter. */
let counter = 0n
const random = (limit: number): number => Number(BigInt(keccak256(toHex(counter++, { size: 32 }))) % BigInt(limit))

const mutations = 300
for (let i = 0; i < mutations; i++) {
  const copy = hexToBytes((encoders[i % 2] ?? tuple)({ payload: bytes(random(80)) }))
  const kind = random(4)
  if (kind === 0) data.push(bytesToHex(copy.subarray(0, random(copy.length))))
  else if (kind === 1) data.push(bytesToHex(Uint8Array.of(...copy, ...new Uint8Array(1 + random(40)))))
  else {
    // One byte of a word's last two, where offsets, lengths and flags are, or any byte.
    const position = kind === 2 ? 32 * random(copy.length / 32) + 30 + random(2) : random(copy.length)
    copy[position] = random(256)
    data.push(bytesToHex(copy))
  }
}

const nobody = '0x0000000000000000000000000000000000000000'
const outcome = parseAbiParameters('uint8 fault, uint8 msgType, address target, bytes payload, uint256 gasLimit')
const expected = data.map((encoded) => {
  try {
    const { msgType, target, payload, gasLimit, relay } = decodeMessageData(encoded)
    if (relay) return encodeAbiParameters(outcome, [faults.indexOf('MESSAGE_RELAY'), 0, nobody, '0x', 0n])
    return encodeAbiParameters(outcome, [0, msgType === 'MESSAGE' ? 1 : 0, target, payload, gasLimit])
  } catch (error) {
    if (!(error instanceof MessageError)) throw error
    return encodeAbiParameters(outcome, [faults.indexOf(error.code), 0, nobody, '0x', 0n])
  }
})

const order = parseAbiParameters(
  'uint256 fromChain, address mos, uint256 toChain, uint64 nonce, address sender, bytes messageData',
)
const orders = [0n, 1n, 255n, 256n, 2n ** 64n - 1n].map((nonce, i) => ({
  fromChain: BigInt(i * 1337 + 1),
  mos: '0x00000000000000000000000000000000000a0001' as const,
  toChain: 2n ** BigInt(i * 8),
  nonce,
  sender: '0x000000000000000000000000000000000005e4d0' as const,
  messageData: tuple({ payload: bytes(i * 20) }),
}))

const optionsType = parseAbiParameters('uint256 deadline, uint256 sequence, uint256 refundRecipient')
const recipient = 0x0000000000000000000000000000000000fee001n
const someOptions = encodeAbiParameters(optionsType, [1_800_000_000n, 7n, recipient])
const options: Hex[] = [
  someOptions,
  encodeAbiParameters(optionsType, [0n, 0n, 0n]),
  encodeAbiParameters(optionsType, [2n ** 64n - 1n, 2n ** 64n - 1n, 2n ** 160n - 1n]),
  encodeAbiParameters(optionsType, [2n ** 64n, 1n, recipient]),
  encodeAbiParameters(optionsType, [1n, 2n ** 64n, recipient]),
  encodeAbiParameters(optionsType, [1n, 1n, 2n ** 160n]),
  encodeAbiParameters(optionsType, [2n ** 255n, 1n, recipient]),
  encodeAbiParameters(optionsType, [1n, 2n ** 255n, recipient]),
  encodeAbiParameters(optionsType, [1n, 1n, 2n ** 255n]),
  '0x',
  '0x00',
  bytesToHex(hexToBytes(someOptions).subarray(0, 64)),
  bytesToHex(hexToBytes(someOptions).subarray(0, 95)),
  `${someOptions}00`,
  `${someOptions}${'00'.repeat(32)}`,
]
const optionsOutcome = parseAbiParameters('bool canonical, uint64 deadline, uint64 sequence, address refundRecipient')
const optionsExpected = options.map((encoded) => {
  try {
    const { deadline, sequence, refundRecipient } = decodeOptions(encoded)
    return encodeAbiParameters(optionsOutcome, [true, deadline, sequence, refundRecipient])
  } catch (error) {
    if (!(error instanceof OptionsError)) throw error
    return encodeAbiParameters(optionsOutcome, [false, 0n, 0n, nobody])
  }
})

const orderWithOptions = parseAbiParameters(
  'uint256 fromChain, address mos, uint256 toChain, uint64 nonce, address sender, bytes messageData, bytes options',
)
const optionsOrders = orders.map((o, i) => ({ ...o, options: options[i % 3] ?? someOptions }))

const lane = {
  fromChain: 1n,
  mos: '0x00000000000000000000000000000000000a0001',
  toChain: 2n,
  sender: '0x000000000000000000000000000000000005e4d0',
} as const

/** Data of `mapMessageOutWithOptions`. */
const logType = parseAbiParameters('bytes32 orderId, bytes fromAddrss, bytes callData, bytes options')
const logData = (change: { id?: Hex; from?: Hex; message?: Hex; options?: Hex; nonce?: bigint } = {}): Hex => {
  const messageData = change.message ?? tuple({ payload: bytes(33) })
  const all = { options: someOptions, nonce: 5n, ...change }
  const id = change.id ?? orderId({ ...lane, nonce: all.nonce, messageData, options: all.options })
  return encodeAbiParameters(logType, [id, change.from ?? lane.sender, messageData, all.options])
}

const goodLog = logData()
const logs: Hex[] = [goodLog, '0x', toHex(32n, { size: 32 })]
for (const length of [0, 1, 31, 32, 512]) logs.push(logData({ message: tuple({ payload: bytes(length) }) }))
for (const encoded of options) logs.push(logData({ options: encoded }))
for (const from of ['0x', bytes(19), bytes(21), bytes(32)] as const) logs.push(logData({ from }))
// MOS reads the message itself afterwards: to the log it is bytes of any length
for (const length of [0, 1, 31, 33]) logs.push(logData({ message: bytes(length) }))
logs.push(
  logData({ id: orderId({ ...lane, nonce: 5n, messageData: tuple({ payload: bytes(33) }) }) }),
  logData({ id: toHex(5n, { size: 32 }) }),
  logData({ nonce: 2n ** 64n - 1n }),
  `${goodLog}${'00'.repeat(32)}`,
  `${goodLog}00`,
  goodLog.slice(0, -64) as Hex, // CAST: hex stays hex when whole words are cut off
)
/** A copy with one word replaced. */
const withWord = (data: Hex, index: number, value: bigint): Hex => {
  const copy = hexToBytes(data)
  copy.set(hexToBytes(toHex(value, { size: 32 })), 32 * index)
  return bytesToHex(copy)
}
const goodWords = (goodLog.length - 2) / 64
const wordOf = (index: number): bigint => BigInt(`0x${goodLog.slice(2 + 64 * index, 66 + 64 * index)}`)
// each word of the head and of the lengths: one more, one less, and with its highest bit set
for (let index = 0; index < goodWords; index++) {
  const value = wordOf(index)
  logs.push(withWord(goodLog, index, value + 1n), withWord(goodLog, index, value ^ (1n << 255n)))
  if (value > 0n) logs.push(withWord(goodLog, index, value - 1n))
}
// options before the message, both where their offsets say: another encoding of the same log
logs.push(swapped())
const logMutations = 100
for (let i = 0; i < logMutations; i++) {
  const copy = hexToBytes(logData({ message: tuple({ payload: bytes(random(80)) }) }))
  copy[random(copy.length)] = random(256)
  logs.push(bytesToHex(copy))
}

function swapped(): Hex {
  const messageData = tuple({ payload: bytes(33) })
  const id = orderId({ ...lane, nonce: 5n, messageData, options: someOptions })
  const tail = (value: Hex): string => encodeAbiParameters([{ type: 'bytes' }], [value]).slice(2 + 64)
  const [from, first, second] = [tail(lane.sender), tail(someOptions), tail(messageData)]
  const at = [128, 128 + from.length / 2 + first.length / 2, 128 + from.length / 2]
  return `${id}${at.map((offset) => toHex(offset, { size: 32 }).slice(2)).join('')}${from}${first}${second}`
}

/** Faults of a log: 0 none, 1 its data is not what MOS emits, 2 the order id does not commit to its fields. */
const logFaults = ['NONE', 'LOG_MALFORMED', 'LOG_ORDER_ID']
const logOutcome = parseAbiParameters(
  'uint8 fault, bytes32 orderId, uint64 nonce, address sender, bytes messageData, bytes options',
)
const optionsLogsExpected = logs.map((data) => {
  const topics = [mapMessageOutWithOptionsTopic, toHex(lane.fromChain, { size: 32 }), toHex(lane.toChain, { size: 32 })]
  try {
    const out = parseMapMessageOutWithOptions({ address: lane.mos, topics, data })
    const { sender, messageData } = out
    return encodeAbiParameters(logOutcome, [0, out.orderId, nonceOf(out.orderId), sender, messageData, out.options])
  } catch (error) {
    if (!(error instanceof LogError)) throw error
    return encodeAbiParameters(logOutcome, [
      logFaults.indexOf(error.code),
      toHex(0n, { size: 32 }),
      0n,
      nobody,
      '0x',
      '0x',
    ])
  }
})

const vectors = {
  comment: [
    'expected: abi.encode(fault, msgType, target, payload, gasLimit); orders: the arguments of orderId, encoded',
    'optionsExpected: abi.encode(canonical, deadline, sequence, refundRecipient)',
    'optionsOrders: the arguments of orderId with options, encoded',
    'optionsLane: abi.encode(mos, fromChain, toChain) of optionsLogs, each the data of a mapMessageOutWithOptions',
    'optionsLogsExpected: abi.encode(fault, orderId, nonce, sender, messageData, options); 1 malformed, 2 order id',
  ].join('; '),
  data,
  expected,
  orders: orders.map((o) =>
    encodeAbiParameters(order, [o.fromChain, o.mos, o.toChain, o.nonce, o.sender, o.messageData]),
  ),
  orderIds: orders.map((o) => orderId(o)),
  options,
  optionsExpected,
  optionsOrders: optionsOrders.map((o) =>
    encodeAbiParameters(orderWithOptions, [o.fromChain, o.mos, o.toChain, o.nonce, o.sender, o.messageData, o.options]),
  ),
  optionsOrderIds: optionsOrders.map((o) => orderId(o)),
  optionsLane: encodeAbiParameters(parseAbiParameters('address mos, uint256 fromChain, uint256 toChain'), [
    lane.mos,
    lane.fromChain,
    lane.toChain,
  ]),
  optionsLogs: logs,
  optionsLogsExpected,
}

writeVectors({ 'message/messages.json': `${JSON.stringify(vectors, null, 1)}\n` })
