import type { Address, Hex } from 'viem'
import { StateProofError } from './errors.ts'
import { fromHex, fromHexOfSize, hexSize, toHex } from './hex.ts'
import { defaultKeccak, type Keccak256 } from './keccak.ts'
import { encodeList, encodeString, fixedAt, listAt, requireEnd, uintAt, uintBytes } from './rlp.ts'
import { concatenate, EMPTY_ROOT, getByProof } from './trie-proof.ts'

const ADDRESS_SIZE = 20
const WORD_SIZE = 32
const NONCE_LIMIT = 1n << 64n
/** A node this long is referred to by its hash; a shorter one is in its parent. */
const HASHED_MIN = 32

/** An account as the state trie has it. */
export interface Account {
  readonly nonce: bigint
  /** Wei. */
  readonly balance: bigint
  /** Root of its storage trie. */
  readonly storageRoot: Hex
  /** keccak-256 of its code; of no bytes where it has none. */
  readonly codeHash: Hex
}

/** What `eth_getProof` (EIP-1186) answers, as far as it is read: nothing but the nodes is believed. */
export interface RpcProof {
  readonly accountProof: readonly Hex[]
  /** One for each slot asked for, in that order. */
  readonly storageProof: readonly { readonly proof: readonly Hex[] }[]
}

/** Proof of a slot, and what it shows. */
export interface SlotProof {
  readonly slot: Hex
  readonly value: Hex
  /** Nodes of the account's storage trie: `StorageProof.storageNodes`. */
  readonly storageNodes: Uint8Array
}

/** Proof of an account and of slots of its storage. */
export interface StateProof {
  /** `undefined`: the state trie has no such account. */
  readonly account: Account | undefined
  /** Nodes of the state trie: `StorageProof.accountNodes`. */
  readonly accountNodes: Uint8Array
  readonly slots: readonly SlotProof[]
}

/** Key of an account in the state trie. */
export const accountKey = (owner: Address, keccak: Keccak256 = defaultKeccak): Uint8Array =>
  keccak(fromHexOfSize(owner, ADDRESS_SIZE, 'an address'))

/** Key of a slot in a storage trie. */
export const slotKey = (slot: Hex, keccak: Keccak256 = defaultKeccak): Uint8Array =>
  keccak(fromHexOfSize(slot, WORD_SIZE, 'a slot'))

/** What the state trie holds for an account. */
export function encodeAccount({ nonce, balance, storageRoot, codeHash }: Account): Uint8Array {
  return encodeList([
    encodeString(uintBytes(nonce)),
    encodeString(uintBytes(balance)),
    encodeString(fromHexOfSize(storageRoot, WORD_SIZE, 'a storage root')),
    encodeString(fromHexOfSize(codeHash, WORD_SIZE, 'a code hash')),
  ])
}

/** What a storage trie holds for a slot; zero is not held at all. */
export const encodeSlotValue = (value: bigint): Uint8Array => encodeString(uintBytes(value))

const wordOf = (value: bigint): Hex => `0x${value.toString(16).padStart(2 * WORD_SIZE, '0')}`

/**
 * The account at `owner`, or `undefined` if the nodes show that there is none. Counterpart of `StateProof.accountAt`.
 * @throws {TrieProofError | RlpError | StateProofError}
 */
export function verifyAccountProof(
  stateRoot: Uint8Array,
  owner: Address,
  nodes: Uint8Array,
  keccak: Keccak256 = defaultKeccak,
): Account | undefined {
  const encoded = getByProof(stateRoot, accountKey(owner, keccak), nodes, keccak)
  if (encoded === undefined) return undefined
  const list = listAt(encoded, 0, encoded.length)
  requireEnd(list.to, encoded.length)
  const nonce = uintAt(encoded, list.from, list.to)
  if (nonce.value >= NONCE_LIMIT) {
    throw new StateProofError('STATE_NONCE', 'a nonce has at most 64 bits', { given: nonce.value })
  }
  const balance = uintAt(encoded, nonce.to, list.to)
  const storageRoot = fixedAt(encoded, balance.to, list.to, WORD_SIZE)
  const codeHash = fixedAt(encoded, storageRoot.to, list.to, WORD_SIZE)
  requireEnd(codeHash.to, list.to)
  return {
    nonce: nonce.value,
    balance: balance.value,
    storageRoot: toHex(encoded.subarray(storageRoot.from, storageRoot.to)),
    codeHash: toHex(encoded.subarray(codeHash.from, codeHash.to)),
  }
}

/**
 * The value of `slot`, a word, zero if the nodes show that the trie has none. Counterpart of `StateProof.slotAt`.
 * @throws {TrieProofError | RlpError | StateProofError}
 */
export function verifySlotProof(
  storageRoot: Uint8Array,
  slot: Hex,
  nodes: Uint8Array,
  keccak: Keccak256 = defaultKeccak,
): Hex {
  const encoded = getByProof(storageRoot, slotKey(slot, keccak), nodes, keccak)
  if (encoded === undefined) return wordOf(0n)
  const { value, to } = uintAt(encoded, 0, encoded.length)
  requireEnd(to, encoded.length)
  if (value === 0n) throw new StateProofError('STATE_ZERO_VALUE', 'a storage trie holds no zero', { slot })
  return wordOf(value)
}

/** The value of `slot` of `owner`. Counterpart of `StateProof.storageAt`. @throws as the two functions above */
export function verifyStorageProof(
  stateRoot: Uint8Array,
  owner: Address,
  slot: Hex,
  accountNodes: Uint8Array,
  storageNodes: Uint8Array,
  keccak: Keccak256 = defaultKeccak,
): Hex {
  const account = verifyAccountProof(stateRoot, owner, accountNodes, keccak)
  return verifySlotProof(fromHex(account?.storageRoot ?? EMPTY_ROOT), slot, storageNodes, keccak)
}

/**
 * The nodes of an answer in the one form that verifiers take: those that are embedded in their parent are no nodes of
 * the proof, and the empty trie has none, though some endpoints send them.
 */
function nodesOf(proof: unknown): Uint8Array {
  if (!Array.isArray(proof)) {
    throw new StateProofError('STATE_ANSWER', 'the answer has no list of nodes', { given: typeof proof })
  }
  if (proof.length === 1 && proof[0] === '0x80') return new Uint8Array()
  return concatenate(proof.filter((node, i) => i === 0 || hexSize(node) >= HASHED_MIN).map(fromHex))
}

/**
 * Reads an answer to `eth_getProof` for `owner` and `slots`, in that order, at a block with this state root. Every node
 * is checked; nothing else of the answer is believed.
 * @throws {StateProofError} `STATE_ANSWER`: not an answer to that question
 * @throws {TrieProofError | RlpError | HexError} it does not show it
 */
export function readStateProof(
  stateRoot: Uint8Array,
  owner: Address,
  slots: readonly Hex[],
  answer: RpcProof,
  keccak: Keccak256 = defaultKeccak,
): StateProof {
  const accountNodes = nodesOf(answer?.accountProof)
  const account = verifyAccountProof(stateRoot, owner, accountNodes, keccak)
  const storageRoot = fromHex(account?.storageRoot ?? EMPTY_ROOT)
  const storageProof: unknown = answer.storageProof
  if (!Array.isArray(storageProof) || storageProof.length !== slots.length) {
    throw new StateProofError('STATE_ANSWER', 'the answer is for another number of slots', {
      expected: slots.length,
      given: Array.isArray(storageProof) ? storageProof.length : typeof storageProof,
    })
  }
  return {
    account,
    accountNodes,
    slots: slots.map((slot, i) => {
      const storageNodes = nodesOf(storageProof[i]?.proof)
      return { slot, storageNodes, value: verifySlotProof(storageRoot, slot, storageNodes, keccak) }
    }),
  }
}
