import { concatHex, type Hex } from 'viem'
import { encodeBlock, headerOfBlock, isBytes, member } from './block.ts'
import { G1_SIZE, G2_SIZE } from './bn254.ts'
import { requireAnchorKeys } from './deploy.ts'
import { IstanbulInputError } from './errors.ts'
import { type IstanbulHeader, parseHeader } from './header.ts'
import { DEVELOPMENT_EPOCH, DEVELOPMENT_FORK_HEIGHT, istanbulNetworks } from './networks.ts'

/** What a bootstrap file says. */
export interface IstanbulBootstrap {
  readonly epochSize: bigint
  readonly forkHeight: bigint
  /** The epoch that the validators seal; undefined: that of the first header that is to be replayed. */
  readonly epoch: bigint | undefined
  /** Keys by seat; the G2 keys where the file has them. */
  readonly validators: readonly ReplayValidator[]
}

/** A validator of a file: without its G2 key, headers must come with the sum of their signers' keys. */
export interface ReplayValidator {
  readonly g1: Hex
  readonly g2: Hex | undefined
}

/** A receipt of a block and the trie nodes that prove it. */
export interface ReceiptEvidence {
  readonly txIndex: number
  /** From the root to the leaf, concatenated. */
  readonly nodes: Hex
}

/** A header of a file, the key that its seal is checked by if the file has it, and a receipt proof if the file has one. */
export interface ReplayHeader {
  readonly header: IstanbulHeader
  readonly aggregateKey: Hex | undefined
  readonly receipt: ReceiptEvidence | undefined
}

const uintOf = (value: unknown): bigint | undefined =>
  (typeof value === 'number' && Number.isSafeInteger(value) && value >= 0) ||
  (typeof value === 'string' && /^(0x[0-9a-fA-F]{1,16}|\d{1,20})$/.test(value))
    ? BigInt(value)
    : undefined

/** The fork height of the network whose epochs are so long. A chain of none of MAP's has hashed to the curve all along. */
function forkHeightOf(epochSize: bigint): bigint {
  const known = Object.values(istanbulNetworks).find((network) => network.epochSize === epochSize)
  return known?.forkHeight ?? (epochSize === DEVELOPMENT_EPOCH ? DEVELOPMENT_FORK_HEIGHT : 0n)
}

/** A coordinate, with or without `0x` and leading zeros. */
function coordinate(value: unknown): Hex {
  const digits = typeof value === 'string' ? value.replace(/^0x/, '') : ''
  if (!/^[0-9a-fA-F]{1,64}$/.test(digits))
    throw new IstanbulInputError('a key is not two coordinates in hex', { value })
  return `0x${digits.padStart(64, '0')}`
}

function validatorOf(validator: unknown): ReplayValidator {
  const g2 = member(validator, 'BLSPublicKey')
  if (isBytes(g2) && g2.length === 2 + 2 * G2_SIZE) return { ...validatorOf(member(validator, 'BLSG1PublicKey')), g2 }
  if (isBytes(validator) && validator.length === 2 + 2 * G1_SIZE) return { g1: validator, g2: undefined }
  const key = member(validator, 'g1_pub_key') ?? validator
  const [x, y]: readonly unknown[] = Array.isArray(key) ? key : [member(key, 'x'), member(key, 'y')]
  return { g1: concatHex([coordinate(x), coordinate(y)]), g2: undefined }
}

/**
 * A bootstrap from text: what `istanbul_getSnapshot` answers at the last block of an epoch (`epoch`, which is its size,
 * `number`, `validators`), what `istanbul_getEpochInfo` answers (`epoch`, `epoch_size`, `validators`), either with or without
 * the `{"result": …}` around it, or `epochSize` with `initialG1Keys` as pairs. `forkHeight` may be in it; otherwise it is that
 * of the MAP network with such epochs, and 0 for another chain.
 * @throws {IstanbulInputError} in one line
 */
export function parseBootstrap(text: string): IstanbulBootstrap {
  return reading('not a bootstrap', () => {
    const json: unknown = JSON.parse(text)
    const info = member(json, 'result') ?? json
    const snapshot = uintOf(member(info, 'number'))
    const given =
      member(info, 'epoch_size') ??
      member(info, 'epochSize') ??
      (snapshot === undefined ? undefined : member(info, 'epoch'))
    const epochSize = uintOf(given)
    const list = member(info, 'validators') ?? member(info, 'initialG1Keys')
    if (epochSize === undefined || epochSize === 0n || !Array.isArray(list))
      throw new IstanbulInputError('expected an epoch size and validators', {})
    const validators = list.map(validatorOf)
    requireAnchorKeys(validators.map(({ g1 }) => g1))
    const forkHeight = uintOf(member(info, 'forkHeight')) ?? forkHeightOf(epochSize)
    const epoch = snapshot === undefined ? uintOf(member(info, 'epoch')) : snapshot / epochSize + 1n
    return { epochSize, forkHeight, epoch, validators }
  })
}

/**
 * Headers from text: raw RLP in hex, a block as `eth_getBlockByNumber` answers, with or without the `{"result": …}` around
 * it, an object with `header`, or an array of these, alone or under `blocks`. An object with `header` may have
 * `aggregateG2` (four words, real parts first) and `receiptProofTuple` (the key in nibbles, the nodes).
 * @throws {IstanbulInputError} in one line
 */
export function parseIstanbulHeaders(text: string): readonly ReplayHeader[] {
  const trimmed = text.trim()
  return reading('no headers', () => {
    if (isBytes(trimmed)) return [bare(parseHeader(trimmed))]
    const json: unknown = JSON.parse(trimmed)
    const content = member(json, 'result') ?? member(json, 'blocks') ?? json
    const items: readonly unknown[] = Array.isArray(content) ? content : [content]
    return items.map(headerIn)
  })
}

const bare = (header: IstanbulHeader): ReplayHeader => ({ header, aggregateKey: undefined, receipt: undefined })

function headerIn(item: unknown): ReplayHeader {
  if (isBytes(item)) return bare(parseHeader(item))
  const inner = member(item, 'header')
  if (inner === undefined) return bare(headerOfBlock(item))
  const header = isBytes(inner) ? parseHeader(inner) : parseHeader(encodeBlock(inner))
  return {
    header,
    aggregateKey: aggregateIn(member(item, 'aggregateG2')),
    receipt: receiptIn(member(item, 'receiptProofTuple')),
  }
}

function aggregateIn(words: unknown): Hex | undefined {
  if (words === undefined) return undefined
  if (!Array.isArray(words) || words.length !== 4) throw new IstanbulInputError('aggregateG2 is not four words', {})
  const [x0, x1, y0, y1] = words.map(coordinate)
  return concatHex([x1 ?? '0x', x0 ?? '0x', y1 ?? '0x', y0 ?? '0x'])
}

function receiptIn(tuple: unknown): ReceiptEvidence | undefined {
  if (tuple === undefined) return undefined
  const [key, nodes]: readonly unknown[] = Array.isArray(tuple) ? tuple : []
  if (!isBytes(key) || !Array.isArray(nodes) || !nodes.every(isBytes))
    throw new IstanbulInputError('receiptProofTuple is not a key and nodes', {})
  return { txIndex: indexOf(key), nodes: concatHex(nodes) }
}

/** The index whose RLP has these nibbles, a byte each. */
function indexOf(nibbles: Hex): number {
  const bytes = nibbles.slice(2).replaceAll(/0([0-9a-f])/gi, '$1')
  if (bytes === '80') return 0
  const value = Number.parseInt(bytes.length === 2 ? bytes : bytes.slice(2), 16)
  if (!/^[0-9a-f]{2,10}$/i.test(bytes) || !Number.isSafeInteger(value))
    throw new IstanbulInputError('the key of a receipt is no index', { given: nibbles })
  return value
}

function reading<T>(what: string, read: () => T): T {
  try {
    return read()
  } catch (cause) {
    const reason = cause instanceof Error ? (cause.message.split('\n')[0] ?? '') : String(cause)
    throw new IstanbulInputError(`${what}: ${reason}`, {}, { cause })
  }
}
