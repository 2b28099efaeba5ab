import { KmsError, type ManagedKey } from './kms.ts'

/**
 * A key of AWS KMS (`ECC_SECG_P256K1`, `SIGN_VERIFY`) through the official client, which finds credentials as every AWS
 * tool does: environment, profile, web identity, container, instance. It is an optional dependency.
 *
 * @param arn Of the key, or of an alias. @param endpoint Default: that of the ARN's region.
 * @throws {KmsError}
 */
export async function awsKey(arn: string, endpoint?: string): Promise<ManagedKey> {
  const reference = `kms:aws:${arn}`
  const { GetPublicKeyCommand, KMSClient, SignCommand } = await load(reference)
  const region = arn.split(':')[3] ?? ''
  const client = new KMSClient({ region, maxAttempts: 3, ...(endpoint === undefined ? {} : { endpoint }) })
  const ask = async <T>(what: string, work: () => Promise<T>): Promise<T> => {
    try {
      return await work()
    } catch (cause) {
      throw new KmsError(reference, `${what}: ${cause instanceof Error ? cause.name : 'failed'}`, { cause })
    }
  }
  const { PublicKey, KeySpec, KeyUsage } = await ask('GetPublicKey', () =>
    client.send(new GetPublicKeyCommand({ KeyId: arn })),
  )
  if (KeySpec !== 'ECC_SECG_P256K1' || KeyUsage !== 'SIGN_VERIFY' || PublicKey === undefined)
    throw new KmsError(reference, `expected an ECC_SECG_P256K1 key that signs, given ${KeySpec ?? 'none'}`)
  return {
    publicKey: PublicKey,
    async signDigest(Message) {
      const command = { KeyId: arn, Message, MessageType: 'DIGEST', SigningAlgorithm: 'ECDSA_SHA_256' } as const
      const { Signature } = await ask('Sign', () => client.send(new SignCommand(command)))
      if (Signature === undefined) throw new KmsError(reference, 'Sign: no signature')
      return Signature
    },
  }
}

async function load(reference: string): Promise<typeof import('@aws-sdk/client-kms')> {
  try {
    return await import('@aws-sdk/client-kms')
  } catch (cause) {
    throw new KmsError(reference, 'the package @aws-sdk/client-kms is not installed', { cause })
  }
}
