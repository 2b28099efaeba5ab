import { bytesToHex, type Hex } from 'viem'
import { type HDAccount, mnemonicToAccount } from 'viem/accounts'

/** The mnemonic that development nodes share. Its keys are public: never use them elsewhere. */
export const DEV_MNEMONIC = 'test test test test test test test test test test test junk'

/** A funded account of a devnet chain. */
export interface DevAccount {
  readonly account: HDAccount
  readonly privateKey: Hex
}

/** The first `count` accounts of the development mnemonic, which every devnet chain funds. */
export function devAccounts(count: number): readonly DevAccount[] {
  return Array.from({ length: count }, (_, addressIndex) => {
    const account = mnemonicToAccount(DEV_MNEMONIC, { addressIndex })
    const privateKey = account.getHdKey().privateKey
    if (privateKey == null) throw new Error('a key derived from a mnemonic is private')
    return { account, privateKey: bytesToHex(privateKey) }
  })
}
