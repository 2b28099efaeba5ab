/**
 * Writes `vectors/state.json`: accounts and storage slots of a synthetic state, there and not there; values that no chain
 * stores; transactions of a synthetic block; the Prover's proofs; and a MOS' replay bits. The libraries in Solidity and
 * in TypeScript must give each the same verdict. Depends on its seed only.
 */
import { errorsBySelector } from '@meridian/abi'
import type { Address, Hex } from 'viem'
import { fromHex, toHex } from '../../packages/proofs/src/hex.ts'
import {
  type Account,
  accountKey,
  buildReceiptsTrie,
  buildTransactionsTrie,
  buildTrie,
  consumedSlot,
  EMPTY_ROOT,
  encodeAccount,
  encodeLogProof,
  encodeReceiptProof,
  encodeSlotValue,
  encodeStorageProof,
  encodeTransactionProof,
  keccakJs,
  logAt,
  slotKey,
} from '../../packages/proofs/src/index.ts'
import { encodeList, encodeString } from '../../packages/proofs/src/rlp.ts'
import { createRandom, randomBytes, syntheticBlock } from '../../packages/proofs/test/synthetic.ts'
import { writeVectors } from './write.ts'

const seed = 0x73746174
const random = createRandom(seed)
const address = (): Address => toHex(randomBytes(random, 20))
const word = (value: bigint | number): Hex => `0x${value.toString(16).padStart(64, '0')}`
const noCode = toHex(keccakJs(new Uint8Array()))

const storage = (slots: ReadonlyMap<Hex, bigint>) =>
  buildTrie([...slots].map(([slot, value]) => ({ key: slotKey(slot), value: encodeSlotValue(value) })))
const state = (accounts: ReadonlyMap<Address, Account>) =>
  buildTrie([...accounts].map(([owner, account]) => ({ key: accountKey(owner), value: encodeAccount(account) })))

// A contract with slots of one byte to a word, a MOS, a contract without storage, and accounts without code.
const slots = new Map<Hex, bigint>([
  [word(0), 1n],
  [word(1), 0x7fn],
  [word(2), 0x80n],
  [word(3), 2n ** 256n - 1n],
  [word(4), 0x68fa57d8n],
])
for (let i = 0; i < 60; i += 1) {
  slots.set(toHex(randomBytes(random, 32)), BigInt(toHex(randomBytes(random, 1 + random(32)))) | 1n)
}
const contract = address()
const contractStorage = storage(slots)

const fromChain = 11155111n
const toChain = 22776n
const fromMos = address()
const consumed = [0n, 255n, 256n, 700n, 2n ** 64n - 1n]
const replayBits = new Map<Hex, bigint>()
for (const nonce of consumed) {
  const slot = consumedSlot(fromChain, fromMos, toChain, nonce)
  replayBits.set(slot, (replayBits.get(slot) ?? 0n) | (1n << (nonce & 0xffn)))
}
const mos = address()
const mosStorage = storage(new Map([...replayBits, [word(0), 5n], [word(1), 9n]]))

const bare = address()
const person = address()
const nobody = address()
const accounts = new Map<Address, Account>([
  [contract, { nonce: 1n, balance: 0n, storageRoot: toHex(contractStorage.root), codeHash: word(0xc0de) }],
  [mos, { nonce: 1n, balance: 7n, storageRoot: toHex(mosStorage.root), codeHash: word(0x305) }],
  [bare, { nonce: 1n, balance: 10n ** 18n, storageRoot: EMPTY_ROOT, codeHash: word(0xba5e) }],
  [person, { nonce: 2n ** 64n - 1n, balance: 2n ** 256n - 1n, storageRoot: EMPTY_ROOT, codeHash: noCode }],
])
for (let i = 0; i < 300; i += 1) {
  accounts.set(address(), {
    nonce: BigInt(random(300)),
    balance: BigInt(toHex(randomBytes(random, 1 + random(12)))),
    storageRoot: EMPTY_ROOT,
    codeHash: noCode,
  })
}
const world = state(accounts)

interface Case {
  readonly name: string
  readonly stateRoot: Uint8Array
  readonly owner: Address
  readonly slot: Hex
  readonly accountNodes: Uint8Array
  readonly storageNodes: Uint8Array
  /** The value, or the error's code in TypeScript. */
  readonly expected: bigint | string
}
const cases: Case[] = []

const none = new Uint8Array()
const inWorld = (name: string, owner: Address, slot: Hex, expected: bigint | string, storageNodes?: Uint8Array) => {
  const trie = owner === contract ? contractStorage : owner === mos ? mosStorage : undefined
  cases.push({
    name,
    stateRoot: world.root,
    owner,
    slot,
    accountNodes: world.proveKey(accountKey(owner)),
    storageNodes: storageNodes ?? trie?.proveKey(slotKey(slot)) ?? none,
    expected,
  })
}
for (const [i, [slot, value]] of [...slots].slice(0, 12).entries())
  inWorld(`a slot that is set, ${i}`, contract, slot, value)
for (let i = 0; i < 8; i += 1) inWorld(`a slot that is not set, ${i}`, contract, word(1000 + i), 0n)
inWorld('a contract without storage', bare, word(0), 0n)
inWorld('an account without code', person, word(0), 0n)
inWorld('an account that is not there', nobody, word(0), 0n)
const slotZero = contractStorage.proveKey(slotKey(word(0)))
inWorld(
  "another slot's nodes",
  contract,
  word(1),
  'TRIE_NODE_HASH',
  contractStorage.root.length === 32 ? mosStorage.proveKey(slotKey(word(1))) : none,
)
inWorld('nodes for an account without storage', bare, word(0), 'TRIE_NODE_HASH', slotZero)
inWorld('nodes for an account that is not there', nobody, word(0), 'TRIE_NODE_HASH', slotZero)
inWorld('no nodes for an account with storage', contract, word(0), 'RLP_OUT_OF_BOUNDS', none)
inWorld('a node that ends the empty trie, written out', bare, word(0), 'RLP_UNEXPECTED_KIND', Uint8Array.of(0x80))

const bytes = (...content: readonly number[]): Uint8Array => Uint8Array.from(content)
const alone = (key: Uint8Array, value: Uint8Array) => buildTrie([{ key, value }])

/** A state of one account, whose storage has one slot with these bytes for its value. */
const stored = (name: string, value: Uint8Array, expected: bigint | string, key = slotKey(word(5))): void => {
  const trie = alone(key, value)
  const account = { nonce: 1n, balance: 0n, storageRoot: toHex(trie.root), codeHash: word(0xc0de) }
  const top = alone(accountKey(contract), encodeAccount(account))
  const [accountNodes, storageNodes] = [top.prove(0), trie.prove(0)]
  cases.push({ name, stateRoot: top.root, owner: contract, slot: word(5), accountNodes, storageNodes, expected })
}
stored('a value of one byte', bytes(0x05), 5n)
stored('a value of a word', bytes(0xa0, ...new Uint8Array(32).fill(0xff)), 2n ** 256n - 1n)
stored('a slot that is not hashed is another key', bytes(0x05), 0n, fromHex(word(5)))
stored('a stored zero', bytes(0x80), 'STATE_ZERO_VALUE')
stored('a stored zero of one byte', bytes(0x00), 'RLP_NON_CANONICAL_INTEGER')
stored('a stored zero of a word', encodeString(new Uint8Array(32)), 'RLP_NON_CANONICAL_INTEGER')
stored('a value with a leading zero', bytes(0x82, 0x00, 0x05), 'RLP_NON_CANONICAL_INTEGER')
stored('a value of one byte behind a prefix', bytes(0x81, 0x05), 'RLP_NON_CANONICAL_LENGTH')
stored('a value behind a long prefix', bytes(0xb8, 0x02, 0x01, 0x05), 'RLP_NON_CANONICAL_LENGTH')
stored('a value of 33 bytes', encodeString(new Uint8Array(33).fill(1)), 'RLP_INTEGER_TOO_LONG')
stored('a value that is a list', bytes(0xc1, 0x05), 'RLP_UNEXPECTED_KIND')
stored('a byte behind the value', bytes(0x05, 0x05), 'RLP_TRAILING_BYTES')
stored('a value that is cut off', bytes(0x83, 0x05, 0x05), 'RLP_OUT_OF_BOUNDS')

/** A state of one account, which has these bytes. */
const held = (name: string, value: Uint8Array, expected: bigint | string): void => {
  const top = alone(accountKey(person), value)
  const accountNodes = top.prove(0)
  cases.push({ name, stateRoot: top.root, owner: person, slot: word(5), accountNodes, storageNodes: none, expected })
}
const fields = (...changed: readonly (Uint8Array | undefined)[]): Uint8Array[] => {
  const sound = [
    encodeString(bytes(1)),
    encodeString(none),
    encodeString(fromHex(EMPTY_ROOT)),
    encodeString(fromHex(noCode)),
  ]
  return sound.map((field, i) => changed[i] ?? field)
}
held('an account', encodeList(fields()), 0n)
held('an account of three fields', encodeList(fields().slice(0, 3)), 'RLP_OUT_OF_BOUNDS')
held('an account of five fields', encodeList([...fields(), bytes(0x80)]), 'RLP_TRAILING_BYTES')
held('a byte behind an account', bytes(...encodeList(fields()), 0x80), 'RLP_TRAILING_BYTES')
held('an account that is a string', encodeString(encodeList(fields())), 'RLP_UNEXPECTED_KIND')
held('a nonce with a leading zero', encodeList(fields(bytes(0x82, 0, 1))), 'RLP_NON_CANONICAL_INTEGER')
held('a nonce of 65 bits', encodeList(fields(bytes(0x89, 1, 0, 0, 0, 0, 0, 0, 0, 0))), 'STATE_NONCE')
held(
  'a balance of 33 bytes',
  encodeList(fields(undefined, encodeString(new Uint8Array(33).fill(1)))),
  'RLP_INTEGER_TOO_LONG',
)
held(
  'a storage root of 31 bytes',
  encodeList(fields(undefined, undefined, encodeString(new Uint8Array(31).fill(1)))),
  'RLP_STRING_LENGTH',
)
held('a code hash that is empty', encodeList(fields(undefined, undefined, undefined, bytes(0x80))), 'RLP_STRING_LENGTH')
held(
  'a code hash that is a list',
  encodeList(fields(undefined, undefined, undefined, bytes(0xc0))),
  'RLP_UNEXPECTED_KIND',
)

const pascal = (code: string): string =>
  code
    .toLowerCase()
    .split('_')
    .map((part) => (part[0] ?? '').toUpperCase() + part.slice(1))
    .join('')
const libraries: Readonly<Record<string, string>> = { TRIE: 'MerklePatricia', RLP: 'RLP', STATE: 'StateProof' }

function selectorOf(code: string): string {
  const [library = '', ...rest] = code.split('_')
  const name = `${libraries[library]}_${pascal(rest.join('_'))}`
  const entry = Object.entries(errorsBySelector).find(([, item]) => item.name === name)
  if (entry === undefined) throw new Error(`the contracts have no error ${name}`)
  return entry[0]
}

const transactions = Array.from({ length: 200 }, (_, i) => {
  const body = randomBytes(random, 100 + random(400))
  const raw = encodeList([encodeString(body)])
  return toHex(i % 3 === 0 ? raw : bytes(1 + random(4), ...raw))
})
const transactionsTrie = buildTransactionsTrie(transactions)
const transactionProofs = [0, 1, 127, 128, 199].map((txIndex) => ({
  txIndex,
  transaction: transactions[txIndex],
  nodes: toHex(transactionsTrie.prove(txIndex)),
}))

const receipts = buildReceiptsTrie(syntheticBlock(random, 200, 77))
const blockProof = '0xb10cb10c'
const { nodes: receiptNodes } = receipts.prove(77)
const transactionNodes = transactionsTrie.prove(77)
const provenSlot = word(4)
const [accountNodes, storageNodes] = [
  world.proveKey(accountKey(contract)),
  contractStorage.proveKey(slotKey(provenSlot)),
]

const nonces = [...consumed, 1n, 254n, 257n, 511n, 512n, 2n ** 64n - 2n]
const outcomes = nonces.map((nonce) => {
  const slot = consumedSlot(fromChain, fromMos, toChain, nonce)
  return {
    nonce: word(nonce),
    slot,
    unconsumed: !consumed.includes(nonce),
    storageNodes: toHex(mosStorage.proveKey(slotKey(slot))),
  }
})

const out = {
  seed,
  count: cases.length,
  cases: cases.map(({ expected, stateRoot, accountNodes: top, storageNodes: below, ...rest }) => ({
    ...rest,
    stateRoot: toHex(stateRoot),
    accountNodes: toHex(top),
    storageNodes: toHex(below),
    value: typeof expected === 'string' ? '0x' : word(expected),
    code: typeof expected === 'string' ? expected : '',
    selector: typeof expected === 'string' ? selectorOf(expected) : '0x',
  })),
  accounts: [contract, bare, person, nobody].map((owner) => {
    const account = accounts.get(owner)
    return {
      owner,
      exists: account !== undefined,
      nonce: word(account?.nonce ?? 0n),
      balance: word(account?.balance ?? 0n),
      storageRoot: account?.storageRoot ?? EMPTY_ROOT,
      codeHash: account?.codeHash ?? word(0),
      nodes: toHex(world.proveKey(accountKey(owner))),
    }
  }),
  transactionsRoot: toHex(transactionsTrie.root),
  transactions: transactionProofs,
  prover: {
    blockProof,
    stateRoot: toHex(world.root),
    transactionsRoot: toHex(transactionsTrie.root),
    receiptsRoot: toHex(receipts.root),
    txIndex: 77,
    log: {
      ...logAt(receipts.receipt(77), 0),
      encoded: encodeLogProof({ blockProof, txIndex: 77, logIndex: 0, nodes: receiptNodes }),
    },
    receipt: {
      receipt: toHex(receipts.receipt(77)),
      encoded: encodeReceiptProof({ blockProof, txIndex: 77, nodes: receiptNodes }),
    },
    transaction: {
      transaction: transactions[77],
      encoded: encodeTransactionProof({ blockProof, txIndex: 77, nodes: transactionNodes }),
    },
    storage: {
      account: contract,
      slot: provenSlot,
      value: word(slots.get(provenSlot) ?? 0n),
      encoded: encodeStorageProof({ blockProof, account: contract, slot: provenSlot, accountNodes, storageNodes }),
    },
  },
  remoteMos: {
    stateRoot: toHex(world.root),
    mos,
    fromChain: Number(fromChain),
    toChain: Number(toChain),
    fromMos,
    accountNodes: toHex(world.proveKey(accountKey(mos))),
    orders: outcomes,
    /** Where there is no MOS: nothing at all, and an account without code. */
    elsewhere: [nobody, person].map((owner) => ({
      mos: owner,
      accountNodes: toHex(world.proveKey(accountKey(owner))),
    })),
  },
}
writeVectors({ 'state.json': `${JSON.stringify(out, null, 1)}\n` })
