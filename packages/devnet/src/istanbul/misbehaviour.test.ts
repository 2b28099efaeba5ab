import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import type { ClientState } from '@meridian/consensus'
import {
  anchorOfValidators,
  applyEvidence,
  applyUpdate,
  createIstanbulSource,
  encodeUpdate,
  type IstanbulClientDetail,
  type IstanbulState,
  initialState,
  istanbulConsensus,
  parseHeader,
  sealedHeader,
} from '@meridian/consensus/istanbul'
import { createPublicClient, type Hex, http, zeroAddress } from 'viem'
import { createVirtualClock, type VirtualClock } from '../clock.ts'
import { createIstanbulChain, type IstanbulChain } from './chain.ts'

const EPOCH = 6
const DAY = 86_400n
const parameters = { chainId: 7_102n, epochSize: BigInt(EPOCH), forkHeight: 0n }
let clock: VirtualClock
let chain: IstanbulChain

before(async () => {
  clock = createVirtualClock({ start: 1_800_000_000, rate: 0 })
  chain = await createIstanbulChain({ chainId: 7_102, clock, epochSize: EPOCH })
})
after(async () => {
  await clock?.stop()
  await chain?.stop()
})

const rpc = {
  request: (method: string, params: readonly unknown[]): Promise<unknown> =>
    // CAST: methods outside viem's schema
    createPublicClient({ transport: http(chain.rpcUrl) }).request({ method, params } as unknown as {
      method: 'eth_chainId'
    }),
}
const now = () => BigInt(Math.floor(clock.now()))

/** The twin's state as a client is read. */
function clientOf(state: IstanbulState): ClientState {
  const { trustingPeriod, clockDrift, epoch, sets, number, timestamp } = state
  const detail: IstanbulClientDetail = { chain: parameters, trustingPeriod, clockDrift, epoch, sets }
  const head = { number, timestamp, hash: state.blocks.get(number) ?? '0x' }
  return { address: zeroAddress, kind: 'istanbul', status: 'active', head, expiresAt: timestamp + DAY, detail }
}

test('a head that validators sealed twice is proven by the update that brought it and the chain’s own block', async () => {
  const headers = createIstanbulSource(rpc)
  await chain.advance(EPOCH + 3)
  const sealed = async (raw: Hex) => sealedHeader(headers, parameters, parseHeader(raw))
  const anchorKeys = (await headers.validatorsOf(1n, BigInt(EPOCH))).map(({ g1 }) => g1)
  const anchor = initialState(parameters, anchorOfValidators(anchorKeys, 0n, now() - 60n), DAY, 60n)
  const { number } = chain.head()
  const end = await chain.equivocate(BigInt(EPOCH))
  const { served, conflicting } = await chain.equivocate(number)
  // one update brings the epoch's end and the false head
  const update = encodeUpdate([await sealed(end.served), await sealed(conflicting)])
  const fooled = applyUpdate(anchor, update, now())
  const { hash } = parseHeader(conflicting)
  assert.equal(fooled.blocks.get(number), hash)
  const build = (change: { readonly hash?: Hex; readonly update?: Hex } = {}) =>
    istanbulConsensus.misbehaviour(
      { rpc },
      rpc,
      clientOf(fooled),
      { what: 'head', number, hash, update, ...change },
      now(),
    )
  const evidence = await build()
  assert.ok(evidence.status === 'found')
  assert.ok(applyEvidence(fooled, evidence.data, now()).frozen)
  // what proves nothing is not sent
  const why = async (change: { readonly hash?: Hex; readonly update?: Hex }) => {
    const built = await build(change)
    return built.status === 'none' && built.code
  }
  const own = encodeUpdate([await sealed(served)])
  assert.equal(await why({ hash: parseHeader(served).hash, update: own }), 'NO_CONFLICT', 'the chain’s own head')
  assert.equal(await why({ update: encodeUpdate([await sealed(end.served)]) }), 'UPDATE_NOT_FOUND', 'another update')
  assert.equal(await why({ update: '0x1234' }), 'UPDATE_NOT_FOUND', 'bytes of something else')
})
