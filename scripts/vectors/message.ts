/**
 * Writes `vectors/message/`: encoded messages with what both codecs must make of them, and order ids. The good messages
 * are encoded by viem, the bad ones are altered copies; the same seed gives the same file.
 */
import { decodeMessageData, MessageError, type MessageErrorCode, orderId } from '@meridian/core'
import { bytesToHex, encodeAbiParameters, type Hex, hexToBytes, keccak256, parseAbiParameters, toHex } from 'viem'
import { writeVectors } from './write.ts'

/** Names of `MessageCodec.Fault`, in its order. */
const faults: readonly (MessageErrorCode | 'NONE')[] = [
  'NONE',
  'MESSAGE_TOO_LONG',
  'MESSAGE_MALFORMED',
  'MESSAGE_TARGET_LENGTH',
  'MESSAGE_RELAY',
  'MESSAGE_GAS_LIMIT',
  'MESSAGE_VALUE',
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
    const { msgType, target, payload, gasLimit } = decodeMessageData(encoded)
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
const vectors = {
  comment: 'expected: abi.encode(fault, msgType, target, payload, gasLimit); orders: the arguments of orderId, encoded',
  data,
  expected,
  orders: orders.map((o) =>
    encodeAbiParameters(order, [o.fromChain, o.mos, o.toChain, o.nonce, o.sender, o.messageData]),
  ),
  orderIds: orders.map((o) => orderId(o)),
}

writeVectors({ 'message/messages.json': `${JSON.stringify(vectors, null, 1)}\n` })
