/** A QBFT chain and Ethereum: messages both ways across an election and across sync committees, and two clients frozen. */
import './support/minimal-preset.ts'
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { iLightClientAbi, messageServiceAbi } from '@meridian/abi'
import {
  createCommitteeBook,
  encodeMisbehaviour,
  encodeUpdate,
  parseUpdate,
  periodAtSlot,
} from '@meridian/consensus/ethereum'
import {
  encodeEvidence,
  encodeSealedProof,
  parseQbftHeader,
  qbftConsensus,
  qbftDetail,
  quorumSeals,
} from '@meridian/consensus/qbft'
import { createEthereumChain, createQbftChain, type EthereumChain, type QbftChain } from '@meridian/devnet'
import { type Address, encodeFunctionData, type Hex, keccak256, stringToHex } from 'viem'
import type { Side } from './support/two-qbft.ts'
import { useTwoChains } from './support/use-compass.ts'

const TIMEOUT = { timeout: 280_000 }

let qbft: QbftChain
let ethereum: EthereumChain
const { world, compass, reached, until, hurryUntil } = useTwoChains(
  {},
  {
    starts: [
      async (clock) => {
        qbft = await createQbftChain({ chainId: 7_501, clock, blockPeriodSeconds: 2 })
        return qbft
      },
      async (clock) => {
        ethereum = await createEthereumChain({ chainId: 7_502, clock, secondsPerSlot: 6 })
        return ethereum
      },
    ],
  },
)

async function roundTrip(text: string): Promise<void> {
  const { a, b } = world()
  const sent = (await Promise.all([a.send([text]), b.send([text])])).flat()
  await Promise.all(sent.map(({ orderId }) => reached(orderId, 'executed')))
  for (const side of [a, b]) assert.ok((await side.received()).includes(keccak256(stringToHex(text))))
}

/** The light client of one chain on the other. */
async function clientOn(here: Side, there: Side): Promise<Address> {
  const { lightClient } = await here.deployer.client.readContract({
    abi: messageServiceAbi,
    address: here.contracts.mos,
    functionName: 'route',
    args: [there.contracts.chainId],
  })
  return lightClient
}

/** Reports evidence, and sees that the client is frozen and nothing passes by it any more. */
async function freeze(on: Side, from: Side, client: Address, evidence: Hex): Promise<void> {
  const call = { abi: iLightClientAbi, functionName: 'reportMisbehaviour', args: [evidence] } as const
  await on.deployer.call('reporting', client, encodeFunctionData(call))
  const status = { abi: iLightClientAbi, address: client, functionName: 'status' } as const
  assert.equal(await on.deployer.client.readContract(status), 2)
  const count = await on.count()
  const [message] = await from.send(['never'])
  assert.ok(message)
  const key = { fromChain: from.contracts.chainId, orderId: message.orderId }
  const reason = async () => JSON.stringify((await compass().message(key))?.reason ?? null)
  await until(async () => /CLIENT_UNUSABLE|frozen/i.test(await reason()))
  assert.equal(await on.count(), count)
}

test('messages go both ways before and after an election and a new sync committee', TIMEOUT, async () => {
  await roundTrip('before')
  const [leaving] = qbft.validators()
  assert.ok(leaving !== undefined)
  const joining = qbft.proposeValidator({ add: keccak256(stringToHex('newcomer of the QBFT chain')) })
  qbft.proposeValidator({ drop: leaving })
  const network = ethereum.consensusParams()
  const period = () => periodAtSlot(network, BigInt(ethereum.finalized().slot))
  const first = period()
  const rotated = () =>
    qbft.validators().includes(joining) && !qbft.validators().includes(leaving) && period() > first + 1n
  const inTheMidst = roundTrip('in the midst')
  await inTheMidst
  await hurryUntil(rotated)
  await roundTrip('after')
})

test(
  'two finality updates of one committee that contradict each other freeze the client of Ethereum',
  TIMEOUT,
  async () => {
    const { a, b } = world()
    const network = ethereum.consensusParams()
    const { json } = ethereum.equivocate('finality')
    const [honest, conflicting] = [parseUpdate(json.honest, network), parseUpdate(json.conflicting, network)]
    // the committee that signed, learnt as a light client learns it
    const bootstrap = ethereum.bootstrap()
    const book = createCommitteeBook(bootstrap, network)
    const encode = (update: typeof honest) => encodeUpdate(update, book.signersOf(update))
    const evidence = encodeMisbehaviour({
      kind: 'conflicting-headers',
      first: encode(honest),
      second: encode(conflicting),
    })
    await freeze(a, b, await clientOn(a, b), evidence)
  },
)

test('two blocks sealed for one height freeze the client of the QBFT chain', TIMEOUT, async () => {
  const { a, b } = world()
  const client = await clientOn(b, a)
  const port = {
    // CAST: methods outside viem's schema
    request: (method: string, params: readonly unknown[]): Promise<unknown> =>
      b.deployer.client.request({ method, params } as unknown as { method: 'eth_chainId' }),
  }
  const { ranges } = qbftDetail(await qbftConsensus.readClient(port, client))
  const { served, conflicting } = await qbft.equivocate(qbft.head().number)
  const [first, second] = [served, conflicting].map((raw) => {
    const header = parseQbftHeader(raw)
    const range = ranges.find(({ setHash }) => setHash === header.setHash)?.index
    assert.ok(range !== undefined)
    return encodeSealedProof({ header, seals: quorumSeals(header), range })
  })
  assert.ok(first && second)
  await freeze(b, a, client, encodeEvidence(first, second))
})
