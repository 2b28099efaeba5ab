import { type Address, type Hex, keccak256, type LocalAccount } from 'viem'
import { privateKeyToAccount } from 'viem/accounts'

/** An EIP-1559 transaction with nothing left open. */
export interface UnsignedTransaction {
  readonly chainId: bigint
  readonly nonce: number
  readonly to: Address
  readonly data: Hex
  readonly value: bigint
  readonly gas: bigint
  /** Wei. */
  readonly maxFeePerGas: bigint
  /** Wei. */
  readonly maxPriorityFeePerGas: bigint
}

/** A signed transaction: `raw` is what `eth_sendRawTransaction` takes, `hash` its id. */
export interface SignedTransaction {
  readonly raw: Hex
  readonly hash: Hex
}

/** Signs for one address; sends nothing. */
export interface WalletSigner {
  readonly address: Address
  sign(transaction: UnsignedTransaction): Promise<SignedTransaction>
}

/** Signer over a viem local account (a private key, an HD account, a KMS adapter). */
export function createSigner(account: LocalAccount): WalletSigner {
  return {
    address: account.address,
    async sign({ chainId, ...transaction }) {
      const raw = await account.signTransaction({ ...transaction, chainId: Number(chainId), type: 'eip1559' })
      return { raw, hash: keccak256(raw) }
    },
  }
}

/** Signer over a raw private key. */
export function createKeySigner(privateKey: Hex): WalletSigner {
  return createSigner(privateKeyToAccount(privateKey))
}
