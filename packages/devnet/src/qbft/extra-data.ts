import { type Address, type Hex, numberToHex, toRlp } from 'viem'
import { scalar } from '../execution/header.ts'

/** keccak-like constant that Besu puts into mixHash: "tical byzantine fault tolerance". */
export const MIX_HASH: Hex = '0x63746963616c2062797a616e74696e65206661756c7420746f6c6572616e6365'

const VANITY: Hex = `0x${'00'.repeat(32)}`

/** A vote in a header: for adding or dropping one validator. */
export interface Vote {
  readonly validator: Address
  readonly add: boolean
}

export interface ExtraData {
  readonly validators: readonly Address[]
  readonly vote?: Vote | undefined
  readonly round: number
  readonly seals: readonly Hex[]
}

/** RLP[vanity, validators, vote, round, seals] (Besu, QBFT). */
export function encodeExtraData(extra: ExtraData): Hex {
  const vote: Hex[] = extra.vote === undefined ? [] : [extra.vote.validator, extra.vote.add ? '0xff' : '0x']
  return toRlp([VANITY, [...extra.validators], vote, scalar(numberToHex(extra.round)), [...extra.seals]])
}
