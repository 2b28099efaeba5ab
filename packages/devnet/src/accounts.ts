import { pbkdf2Sync } from 'node:crypto'
import { bytesToHex, type Hex } from 'viem'
import { type HDAccount, HDKey, hdKeyToAccount } from 'viem/accounts'

/** The mnemonic that development nodes share. Its keys are public: never use them elsewhere. */
export const DEV_MNEMONIC = 'test test test test test test test test test test test junk'

/** A funded account of a devnet chain. */
export interface DevAccount {
  readonly account: HDAccount
  readonly privateKey: Hex
}

/** BIP-39: rounds and bytes of a mnemonic's seed, and its salt where there is no passphrase. */
const SEED_ROUNDS = 2_048
const SEED_BYTES = 64
const SEED_SALT = 'mnemonic'

/** By their index, as far as they were asked for: each takes as long as signing several transactions. */
const known: DevAccount[] = []
let root: HDKey | undefined

/** The first `count` accounts of the development mnemonic, which every devnet chain funds. */
export function devAccounts(count: number): readonly DevAccount[] {
  root ??= HDKey.fromMasterSeed(pbkdf2Sync(DEV_MNEMONIC, SEED_SALT, SEED_ROUNDS, SEED_BYTES, 'sha512'))
  while (known.length < count) {
    const account = hdKeyToAccount(root, { addressIndex: known.length })
    const { privateKey } = account.getHdKey()
    if (privateKey == null) throw new Error('a key derived from a mnemonic is private')
    known.push({ account, privateKey: bytesToHex(privateKey) })
  }
  return known.slice(0, count)
}
