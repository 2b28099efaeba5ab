import { verifyProof } from '@meridian/proofs'
import { fixedAt, itemAt, listAt, uintAt } from '@meridian/proofs/rlp'
import { type Address, type Hex, hexToBytes, keccak256, numberToHex } from 'viem'
import { LINK_HISTORY, LINK_PARENT } from './encode.ts'
import { fail } from './errors.ts'
import type { ParliaHeader } from './header.ts'
import type { Reader } from './reader.ts'

/** EIP-2935: keeps the hashes of the newest blocks in a ring. */
export const HISTORY_ADDRESS: Address = '0x0000F90827F1C53a10cb7A02335B175320002935'
/** Slots of the ring: block N's state has the hashes of the blocks N - 8191 to N - 1. */
export const HISTORY_WINDOW = 8191n

/** The storage slot that keeps the hash of a block. */
export const historySlotOf = (number: bigint): Hex => numberToHex(number % HISTORY_WINDOW, { size: 32 })

/** The header that a link leads to from the final block `above`. @throws {ParliaVerifyError} @throws {TrieProofError} */
export function readLink(reader: Reader, above: ParliaHeader): ParliaHeader {
  const kind = reader.byte()
  if (kind === LINK_HISTORY) return readHistory(reader, above)
  if (kind !== LINK_PARENT) throw fail('PARLIA_LIGHT_CLIENT_LINK_KIND', { given: kind })
  const header = reader.header()
  if (header.hash !== above.parentHash)
    throw fail('PARLIA_LIGHT_CLIENT_NOT_PARENT', { expected: above.parentHash, given: header.hash })
  return header
}

/** The header whose hash two trie proofs show in the state of `above`. @throws {ParliaVerifyError} @throws {TrieProofError} */
export function readHistory(reader: Reader, above: ParliaHeader): ParliaHeader {
  const account = reader.take(Number(reader.uint(3)))
  const storage = reader.take(Number(reader.uint(3)))
  const header = reader.header()
  if (header.number >= above.number || above.number - header.number > HISTORY_WINDOW)
    throw fail('PARLIA_LIGHT_CLIENT_LINK_ORDER', { expected: above.number, given: header.number })
  const fields = verifyProof(hexToBytes(above.stateRoot), hexToBytes(keccak256(HISTORY_ADDRESS)), account)
  const storageRoot = storageRootOf(fields)
  const value = verifyProof(storageRoot, hexToBytes(keccak256(historySlotOf(header.number))), storage)
  const kept = numberToHex(uintAt(value, 0, value.length).value, { size: 32 })
  if (kept !== header.hash) throw fail('PARLIA_LIGHT_CLIENT_NOT_PARENT', { expected: kept, given: header.hash })
  return header
}

/** An account is `[nonce, balance, storageRoot, codeHash]`. */
function storageRootOf(account: Uint8Array): Uint8Array {
  const list = listAt(account, 0, account.length)
  const item = fixedAt(account, itemAt(account, itemAt(account, list.from, list.to).to, list.to).to, list.to, 32)
  return account.subarray(item.from, item.to)
}
