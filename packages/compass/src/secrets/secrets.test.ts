import assert from 'node:assert/strict'
import { createServer, type IncomingMessage } from 'node:http'
import { after, before, describe, test } from 'node:test'
import { secp256k1 } from '@noble/curves/secp256k1.js'
import { bytesToHex, hexToBytes, keccak256, parseTransaction, recoverTransactionAddress, stringToHex } from 'viem'
import { privateKeyToAccount } from 'viem/accounts'
import { ConfigError } from '../errors.ts'
import { awsKey } from './aws.ts'
import { googleKey } from './google.ts'
import { KmsError, kmsAccount, type ManagedKey } from './kms.ts'
import { resolveUrl } from './reference.ts'
import { resolveAccount, resolveSigner } from './signer.ts'

const key = `0x${'12'.repeat(32)}` as const
const files: Record<string, string> = { key: `${key}\n` }
const secrets = (env: Record<string, string> = {}) => ({
  env,
  readFile: (path: string) => {
    const text = files[path]
    if (text === undefined) throw Object.assign(new Error('no'), { code: 'ENOENT' })
    return text
  },
})

test('signers come from the environment or a file', async () => {
  const { address } = await resolveSigner('env:KEY', secrets({ KEY: key }))
  assert.equal(address, privateKeyToAccount(key).address)
  assert.equal((await resolveSigner('file:key', secrets())).address, address)
  const refuses = (reference: string, value: string, text: RegExp) =>
    assert.rejects(
      resolveSigner(reference, secrets({ KEY: value })),
      (e) => e instanceof ConfigError && text.test(e.message) && !e.message.includes(value || '-'),
    )
  await refuses('env:KEY', '', /not set/)
  await refuses('env:KEY', '0x1234567890', /32 bytes/)
  await refuses('env:KEY', `0x${'ff'.repeat(32)}`, /secp256k1/)
  await refuses('file:nothing', 'x-no-value', /cannot be read \(ENOENT\)/)
})

test('an endpoint behind a reference is read, and never quoted', () => {
  assert.equal(resolveUrl('rpc', 'http://a', secrets()), 'http://a')
  assert.equal(resolveUrl('rpc', 'env:URL', secrets({ URL: ' https://h/s3cret\n' })), 'https://h/s3cret')
  for (const url of ['ftp://h/s3cret', 's3cret'])
    assert.throws(
      () => resolveUrl('rpc', 'env:URL', secrets({ URL: url })),
      (e) => e instanceof ConfigError && !e.message.includes('s3cret'),
    )
})

describe('a keystore of version 3', () => {
  // the two examples of the Web3 Secret Storage Definition
  const secret = '0x7a28b5ba57c53603b0b07b56bba752f7784bf506fa95edc395f5cf6c7514fe9d'
  const pbkdf2 = {
    version: 3,
    id: '3198bc9c-6672-5ab3-d995-4942343ae5b6',
    crypto: {
      cipher: 'aes-128-ctr',
      cipherparams: { iv: '6087dab2f9fdbbfaddc31a909735c1e6' },
      ciphertext: '5318b4d5bcd28de64ee5559e671353e16f075ecae9f99c7a79a38af5f869aa46',
      kdf: 'pbkdf2',
      kdfparams: {
        c: 262144,
        dklen: 32,
        prf: 'hmac-sha256',
        salt: 'ae3cd4e7013836a3df6bd7241b12db061dbe2c6785853cce422d148a624ce0bd',
      },
      mac: '517ead924a9d0dc3124507e3393d175ce3ff7c1e96529c6c555ce9e51205e9b2',
    },
  }
  const scrypt = {
    version: 3,
    id: '3198bc9c-6672-5ab3-d995-4942343ae5b6',
    crypto: {
      cipher: 'aes-128-ctr',
      cipherparams: { iv: '83dbcc02d8ccb40e466191a123791e0e' },
      ciphertext: 'd172bf743a674da9cdad04534d56926ef8358534d458fffccd4e6ad2fbde479c',
      kdf: 'scrypt',
      kdfparams: {
        dklen: 32,
        n: 262144,
        p: 8,
        r: 1,
        salt: 'ab0c7876052600dd703518d6fc3fe8984592145b591fc8fb5c6d43190334ba19',
      },
      mac: '2103ac29920d71da29f15d75b4a16dbe95cfd7ff8faea1056c33131d846e3097',
    },
  }
  const open = (keystore: unknown, password = 'testpassword') => {
    files.store = JSON.stringify(keystore)
    return resolveAccount({ keystore: 'file:store', password: 'env:PASSWORD' }, secrets({ PASSWORD: password }))
  }

  test('opens with its password, by both derivations', async () => {
    const { address } = privateKeyToAccount(secret)
    assert.equal((await open(pbkdf2)).address, address)
    assert.equal((await open(scrypt)).address, address)
  })

  test('another password, another MAC and bytes that were changed are refused', async () => {
    const refused = (keystore: unknown, text: RegExp, password?: string) =>
      assert.rejects(open(keystore, password), (e) => e instanceof ConfigError && text.test(e.message))
    await refused(pbkdf2, /password/, 'other')
    const { crypto } = pbkdf2
    await refused({ ...pbkdf2, crypto: { ...crypto, ciphertext: crypto.ciphertext.replace('53', '54') } }, /password/)
    await refused({ ...pbkdf2, crypto: { ...crypto, mac: crypto.mac.slice(2) } }, /password/)
    await refused({ ...pbkdf2, version: 1 }, /version 3/)
    await refused({ ...pbkdf2, crypto: { ...crypto, cipher: 'none' } }, /version 3/)
    const hungry = { ...scrypt.crypto, kdfparams: { ...scrypt.crypto.kdfparams, n: 2 ** 30 } }
    await refused({ ...scrypt, crypto: hungry }, /not taken/)
    files.store = JSON.stringify(pbkdf2)
    await assert.rejects(resolveSigner('file:store', secrets()), /keystore.*password/)
  })
})

describe('a key manager', () => {
  const spki = (privateKey: Uint8Array) =>
    Buffer.concat([
      Buffer.from('3056301006072a8648ce3d020106052b8104000a034200', 'hex'),
      secp256k1.getPublicKey(privateKey, false),
    ])
  const secretKey = hexToBytes(key)
  const other = hexToBytes(`0x${'34'.repeat(32)}`)
  /** DER, as managers give it: `s` in whichever half it falls. */
  const derOf = (digest: Uint8Array, privateKey: Uint8Array, high: boolean): Buffer => {
    const given = secp256k1.sign(digest, privateKey, { prehash: false, format: 'recovered' })
    const { r, s } = secp256k1.Signature.fromBytes(given, 'recovered')
    const half = high ? secp256k1.Point.Fn.ORDER - s : s
    return Buffer.from(new secp256k1.Signature(r, half).toBytes('der'))
  }
  const transaction = {
    chainId: 7001,
    nonce: 3,
    to: `0x${'ab'.repeat(20)}`,
    data: '0x0102',
    value: 1n,
    gas: 21_000n,
    maxFeePerGas: 10n,
    maxPriorityFeePerGas: 1n,
    type: 'eip1559',
  } as const
  const local = privateKeyToAccount(key)
  let fault: 'none' | 'highS' | 'otherKey' | 'noSignature' | 'refuses' = 'none'
  let asked: { readonly request: IncomingMessage; readonly body: string }[] = []
  const name = 'projects/p/locations/l/keyRings/r/cryptoKeys/k/cryptoKeyVersions/1'
  const arn = 'arn:aws:kms:eu-west-1:111122223333:key/abcd-1234'

  const server = createServer((request, response) => {
    let body = ''
    request.on('data', (chunk: Buffer) => {
      body += chunk.toString()
    })
    request.on('end', () => {
      asked.push({ request, body })
      const reply = (json: object, status = 200) => {
        response.writeHead(status, { 'content-type': 'application/json' })
        response.end(JSON.stringify(json))
      }
      if (fault === 'refuses') return reply({ __type: 'AccessDeniedException', message: 'no' }, 400)
      const signed = (digest: Uint8Array): string =>
        fault === 'noSignature'
          ? 'AAAA'
          : derOf(digest, fault === 'otherKey' ? other : secretKey, fault === 'highS').toString('base64')
      const target = String(request.headers['x-amz-target'] ?? '')
      if (target === 'TrentService.GetPublicKey') {
        const PublicKey = spki(secretKey).toString('base64')
        return reply({ KeyId: arn, PublicKey, KeySpec: 'ECC_SECG_P256K1', KeyUsage: 'SIGN_VERIFY' })
      }
      if (target === 'TrentService.Sign') {
        const { Message, MessageType, SigningAlgorithm } = JSON.parse(body)
        if (MessageType !== 'DIGEST' || SigningAlgorithm !== 'ECDSA_SHA_256') return reply({ __type: 'X' }, 400)
        return reply({ KeyId: arn, Signature: signed(Buffer.from(Message, 'base64')) })
      }
      if (request.headers.authorization !== 'Bearer t') return reply({}, 401)
      if (request.method === 'GET' && request.url === `/v1/${name}/publicKey`) {
        const base64 = spki(secretKey)
          .toString('base64')
          .replace(/(.{64})/g, '$1\n')
        const pem = `-----BEGIN PUBLIC KEY-----\n${base64}\n-----END PUBLIC KEY-----\n`
        return reply({ name, pem, algorithm: 'EC_SIGN_SECP256K1_SHA256' })
      }
      if (request.method === 'POST' && request.url === `/v1/${name}:asymmetricSign`)
        return reply({ name, signature: signed(Buffer.from(JSON.parse(body).digest.sha256, 'base64')) })
      return reply({}, 404)
    })
  })
  let endpoint = ''
  const environment = { AWS_ACCESS_KEY_ID: 'fake', AWS_SECRET_ACCESS_KEY: 'fake', AWS_EC2_METADATA_DISABLED: 'true' }
  const before_ = Object.fromEntries(Object.keys(environment).map((one) => [one, process.env[one]]))
  before(async () => {
    Object.assign(process.env, environment)
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
    const address = server.address()
    assert.ok(address !== null && typeof address === 'object')
    endpoint = `http://127.0.0.1:${address.port}`
  })
  after(() => {
    for (const [one, value] of Object.entries(before_)) {
      if (value === undefined) delete process.env[one]
      else process.env[one] = value
    }
    server.closeAllConnections()
    server.close()
  })

  const managers: Readonly<Record<string, () => Promise<ManagedKey>>> = {
    aws: () => awsKey(arn, endpoint),
    gcp: () => googleKey(name, { endpoint, authorize: async () => ({ authorization: 'Bearer t' }) }),
  }
  for (const [manager, connect] of Object.entries(managers)) {
    test(`${manager}: signs transactions as the key itself would, with a low s`, async () => {
      fault = 'none'
      asked = []
      const account = kmsAccount(`kms:${manager}`, await connect())
      assert.equal(account.address, local.address)
      const honest = await account.signTransaction(transaction)
      fault = 'highS'
      const high = await account.signTransaction(transaction)
      assert.equal(high, honest, 's in the upper half is turned into the lower one')
      assert.equal(await recoverTransactionAddress({ serializedTransaction: high as `0x02${string}` }), local.address)
      assert.equal(parseTransaction(high).nonce, 3)
      assert.equal(await account.signMessage({ message: 'hello' }), await local.signMessage({ message: 'hello' }))
      if (manager === 'aws')
        assert.match(asked[0]?.request.headers.authorization ?? '', /^AWS4-HMAC-SHA256 .*eu-west-1\/kms/)
    })

    test(`${manager}: what is no signature of its key is refused, and nothing is sent`, async () => {
      fault = 'none'
      const account = kmsAccount(`kms:${manager}`, await connect())
      for (const wrong of ['otherKey', 'noSignature', 'refuses'] as const) {
        fault = wrong
        await assert.rejects(account.signTransaction(transaction), KmsError)
      }
      fault = 'refuses'
      await assert.rejects(connect(), KmsError)
    })
  }

  test('a key of another curve is refused', () => {
    const publicKey = Buffer.from(spki(secretKey))
    publicKey[22] = 0x01
    assert.throws(() => kmsAccount('kms:x', { publicKey, signDigest: async () => publicKey }), /not of secp256k1/)
    const offCurve = Buffer.from(spki(secretKey))
    offCurve[87] = (offCurve[87] ?? 0) ^ 1
    assert.throws(() => kmsAccount('kms:x', { publicKey: offCurve, signDigest: async () => offCurve }), /on the curve/)
  })

  test('many digests, either half of s: the address is always recovered', async () => {
    for (let i = 0; i < 32; i++) {
      const hash = keccak256(stringToHex(`digest ${i}`))
      const signDigest = async (digest: Uint8Array) => derOf(digest, secretKey, i % 2 === 1)
      const account = kmsAccount('kms:x', { publicKey: spki(secretKey), signDigest })
      assert.equal(
        await account.sign?.({ hash }),
        await local.sign({ hash }),
        bytesToHex(derOf(hexToBytes(hash), secretKey, false)),
      )
    }
  })
})
