import { createSigner, type WalletSigner } from '@meridian/chain'
import { type Hex, isHex, type LocalAccount } from 'viem'
import { privateKeyToAccount } from 'viem/accounts'
import type { SignerRef } from '../config/fields.ts'
import { ConfigError } from '../errors.ts'
import { awsKey } from './aws.ts'
import { googleKey } from './google.ts'
import { decryptKeystore } from './keystore.ts'
import { kmsAccount } from './kms.ts'
import { readSecret, type Secrets } from './reference.ts'

/**
 * The signer behind a reference: `env:NAME` or `file:PATH` hold a private key in hex, `{ keystore, password }` a key of
 * version 3, `kms:aws:ARN` and `kms:gcp:NAME` a key that its manager never gives out.
 *
 * @throws {ConfigError} naming the reference, never what it holds.
 */
export async function resolveSigner(reference: SignerRef, secrets: Secrets): Promise<WalletSigner> {
  return createSigner(await resolveAccount(reference, secrets))
}

/** As {@link resolveSigner}, as viem's account. */
export async function resolveAccount(reference: SignerRef, secrets: Secrets): Promise<LocalAccount> {
  if (typeof reference === 'object') {
    const what = `signer ${reference.keystore}`
    const text = readSecret('signer', reference.keystore, secrets)
    const password = readSecret(`${what}: its password`, reference.password, secrets)
    return accountOf(what, await decryptKeystore(what, text, password))
  }
  if (reference.startsWith('kms:aws:')) return kmsAccount(reference, await awsKey(reference.slice('kms:aws:'.length)))
  if (reference.startsWith('kms:gcp:'))
    return kmsAccount(reference, await googleKey(reference.slice('kms:gcp:'.length)))
  const text = readSecret('signer', reference, secrets)
  if (text.startsWith('{'))
    throw new ConfigError([
      `signer ${reference}: it holds a keystore; say { keystore: ${reference}, password: env:NAME }`,
    ])
  return accountOf(`signer ${reference}`, text.startsWith('0x') ? text : `0x${text}`)
}

function accountOf(what: string, key: string): LocalAccount {
  if (!isHex(key) || key.length !== 66) throw new ConfigError([`${what}: expected a private key of 32 bytes`])
  try {
    return privateKeyToAccount(key satisfies Hex)
  } catch {
    // the cause could quote the key
    throw new ConfigError([`${what}: not a private key of secp256k1`])
  }
}
