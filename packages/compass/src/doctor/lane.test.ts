import assert from 'node:assert/strict'
import { test } from 'node:test'
import { iFeeServiceAbi, iHubAbi, iLightClientAbi, iMessageServiceAbi } from '@meridian/abi'
import { RpcResponseError } from '@meridian/chain'
import type { ClientState, RpcPort } from '@meridian/consensus'
import {
  type Address,
  decodeFunctionData,
  encodeFunctionResult,
  getAddress,
  type Hex,
  keccak256,
  numberToHex,
  pad,
  slice,
  stringToHex,
  zeroAddress,
} from 'viem'
import { parseConfig } from '../config/config.ts'
import { testConsensus } from '../testing/consensus.ts'
import type { CheckedChain } from './chain.ts'
import { checkLane } from './lane.ts'
import type { DoctorLine } from './line.ts'

const [A, B, H] = [1n, 2n, 3n]
const names = new Map([
  [A, 'alpha'],
  [B, 'beta'],
  [H, 'middle'],
])
const nameOf = (id: bigint) => names.get(id) ?? ''
const NOW = 1_700_000_000n
const HEAD = 7n
const at = (text: string): Address => getAddress(slice(keccak256(stringToHex(text)), 0, 20))
const mosOf = (id: bigint) => at(`mos ${id}`)
const hub = at('hub')
const hashOf = (id: bigint): Hex => keccak256(stringToHex(`block of ${id}`))
const abi = [...iMessageServiceAbi, ...iHubAbi, ...iLightClientAbi, ...iFeeServiceAbi]

interface World {
  /** By `ON-ORIGIN`. */
  routes: Record<string, { lightClient: Address; remoteMos: Address; hub: Address }>
  clients: Record<Address, { follows: bigint; state: Partial<ClientState> }>
  /** Contracts without code. */
  missing: Set<Address>
  /** `ON-OTHER-OUTBOUND`. */
  paused: Set<string>
  hubMos: Address
  /** It is one, and no application of the same MOS. */
  isHub: boolean
  quotes: boolean
}

/** Two chains that meet over a hub, and whose routes, clients and contracts are as they should be. */
function world(): World {
  const w: World = {
    routes: {},
    clients: {},
    missing: new Set(),
    paused: new Set(),
    hubMos: mosOf(H),
    isHub: true,
    quotes: true,
  }
  const route = (on: bigint, origin: bigint, follows: bigint, over: Address) => {
    const lightClient = at(`client of ${follows} on ${on}`)
    w.routes[`${on}-${origin}`] = { lightClient, remoteMos: mosOf(origin), hub: over }
    w.clients[lightClient] = { follows, state: {} }
  }
  route(H, A, A, zeroAddress)
  route(H, B, B, zeroAddress)
  route(B, A, H, hub)
  route(A, B, H, hub)
  return w
}

function chainOf(w: World, id: bigint, change: object = {}): CheckedChain {
  const rpc: RpcPort = {
    async request(method, params) {
      if (method === 'eth_getCode') return w.missing.has(getAddress(params[0] as Address)) ? '0x' : '0x60'
      if (method === 'eth_getBlockByNumber')
        return {
          number: numberToHex(HEAD),
          timestamp: numberToHex(NOW),
          hash: hashOf(id),
          parentHash: pad('0x00'),
          receiptsRoot: pad('0x00'),
          gasLimit: '0x1',
          transactions: [],
        }
      assert.equal(method, 'eth_call')
      const { to, data } = params[0] as { to: Address; data: Hex } // CAST: Compass' own call
      return answer(to, data)
    },
  }
  function answer(to: Address, data: Hex): Hex {
    const { functionName, args } = decodeFunctionData({ abi, data })
    const result = (value: unknown) =>
      // CAST: the test answers as the contracts do
      encodeFunctionResult({ abi, functionName, result: value } as Parameters<typeof encodeFunctionResult>[0])
    const none = { lightClient: zeroAddress, remoteMos: zeroAddress, hub: zeroAddress }
    switch (functionName) {
      case 'route':
        return result(to === mosOf(id) ? (w.routes[`${id}-${args[0]}`] ?? none) : none)
      case 'chainId':
        return result(w.clients[to]?.follows ?? 0n)
      case 'isForwarded':
        if (w.isHub) return result(false)
        throw new RpcResponseError('x', 'eth_call', 3, 'execution reverted', '0x')
      case 'mos':
        return result(w.hubMos)
      case 'feeService':
        return result(at(`fees ${id}`))
      case 'isLanePaused':
        return result(w.paused.has(`${id}-${args[0]}-${args[1]}`))
      case 'quote':
        if (w.quotes) return result(5n)
        throw new RpcResponseError('x', 'eth_call', 3, 'execution reverted', '0x')
    }
    return assert.fail(functionName)
  }
  const consensus = testConsensus({
    async readClient(_, address) {
      const client = w.clients[address]
      assert.equal(client?.follows, id, 'a client is read by the rules of the chain that it follows')
      const head = { number: HEAD, timestamp: NOW, hash: hashOf(id) }
      const state = { address, kind: 'qbft', status: 'active', head, expiresAt: NOW + 500_000n, detail: null } as const
      return { ...state, ...client.state }
    },
    ownViews: async () => ({ asked: 1, views: [{ host: 'the node', hash: hashOf(id) }] }),
  })
  const chain = (one: bigint) => ({
    id: one,
    name: nameOf(one),
    consensus: 'qbft',
    rpc: ['http://127.0.0.1:1'],
    mos: mosOf(one),
    startBlock: 0,
    signer: 'env:KEY',
    ...(one === H ? { hub } : {}),
    ...(one === id ? change : {}),
  })
  const config = parseConfig({ store: 'x', chains: [A, B, H].map(chain), lanes: [{ from: A, to: B, via: H }] })
  const own = config.chains.find((one) => one.id === id)
  assert.ok(own)
  return { config: own, consensus, ports: { rpc }, timestamp: NOW }
}

async function look(w: World, change: { a?: object; h?: object } = {}): Promise<readonly DoctorLine[]> {
  const lines: DoctorLine[] = []
  const lane = { source: chainOf(w, A, change.a), target: chainOf(w, B), via: chainOf(w, H, change.h) }
  for await (const line of checkLane(lane)) lines.push(line)
  return lines
}
const bad = (lines: readonly DoctorLine[]) => lines.filter(({ status }) => status !== 'ok')

test('a lane over a hub that is as it should be: a line for each part of its way', async () => {
  const lines = await look(world())
  assert.deepEqual(bad(lines), [])
  assert.deepEqual(
    lines.map(({ subject }) => subject.replace('lane alpha-beta ', '')),
    [
      'hub',
      ...['first leg', 'onwards', 'last leg', 'records'].flatMap((leg) => [
        `${leg} route`,
        `${leg} light client`,
        `${leg} head`,
      ]),
      'fees',
      ...['pause', 'pause', 'pause', 'pause'],
    ],
  )
})

const client = (on: bigint, follows: bigint) => at(`client of ${follows} on ${on}`)
const change = (w: World, key: string, part: object) => {
  const route = w.routes[key]
  assert.ok(route)
  w.routes[key] = { ...route, ...part }
}
const set = (w: World, on: bigint, follows: bigint, state: Partial<ClientState>) => {
  w.clients[client(on, follows)] = { follows, state }
}
const faults: readonly (readonly [string, (w: World) => void, string, RegExp])[] = [
  ['the hub has no code', (w) => w.missing.add(hub), 'fail hub', /no code at 0x/],
  ['it is an application', (w) => (w.isHub = false), 'fail hub', /is no hub/],
  ['it is of another MOS', (w) => (w.hubMos = at('x')), 'fail hub', /follows the routes of MOS/],
  [
    'the hub does not know the source',
    (w) => delete w.routes['3-1'],
    'fail first leg route',
    /middle has none of alpha/,
  ],
  [
    'the hub knows another MOS of the source',
    (w) => change(w, '3-1', { remoteMos: at('x') }),
    'fail first leg route',
    /it names MOS/,
  ],
  [
    'the hub knows the source over a hub',
    (w) => change(w, '3-1', { hub }),
    'fail first leg route',
    /goes over the hub/,
  ],
  ['the hub does not know the target', (w) => delete w.routes['3-2'], 'fail onwards route', /middle has none of beta/],
  ['the hub knows the target over a hub', (w) => change(w, '3-2', { hub }), 'fail onwards route', /goes over the hub/],
  [
    'the target goes directly',
    (w) => change(w, '2-1', { hub: zeroAddress }),
    'fail last leg route',
    /it goes directly/,
  ],
  [
    'the target has another hub',
    (w) => change(w, '2-1', { hub: at('x') }),
    'fail last leg route',
    /it goes over the hub/,
  ],
  [
    'the target’s client follows another chain than the hub’s',
    (w) => change(w, '2-1', { lightClient: client(H, A) }),
    'fail last leg route',
    /follows chain 1, not 3/,
  ],
  [
    'the client on the hub is frozen',
    (w) => set(w, H, A, { status: 'frozen' }),
    'fail first leg light client',
    /frozen/,
  ],
  [
    'the client on the target expired by the target’s clock',
    (w) => set(w, B, H, { expiresAt: NOW }),
    'fail last leg light client',
    /expired/,
  ],
  [
    'the client on the target is on another chain of the hub',
    (w) => set(w, B, H, { head: { number: HEAD, timestamp: NOW, hash: hashOf(A) } }),
    'fail last leg head',
    /our nodes have/,
  ],
  ['nobody records on the source', (w) => delete w.routes['1-2'], 'warn records route', /no fee can be claimed: alpha/],
  ['the fee service is gone', (w) => w.missing.add(at('fees 1')), 'fail fees', /no code at the fee service/],
  ['no fee is quoted', (w) => (w.quotes = false), 'warn fees', /no fee in native coin/],
  ['the source is paused', (w) => w.paused.add('1-2-true'), 'warn pause', /on its source, to beta/],
  ['the hub takes nothing from the source', (w) => w.paused.add('3-1-false'), 'warn pause', /on its hub, from alpha/],
  ['the hub passes nothing on', (w) => w.paused.add('3-2-true'), 'warn pause', /on its hub, to beta/],
  ['the target takes nothing', (w) => w.paused.add('2-1-false'), 'warn pause', /on its target, from alpha/],
]

test('each thing that is wrong with either leg is a line of its own, and nothing else is', async () => {
  for (const [story, spoil, expected, detail] of faults) {
    const w = world()
    spoil(w)
    const [line, ...more] = bad(await look(w))
    assert.ok(line, story)
    assert.deepEqual(more, [], story)
    assert.equal(`${line.status} ${line.subject.replace('lane alpha-beta ', '')}`, expected, story)
    assert.match(line.detail, detail, story)
    assert.ok((line.mend ?? '').length > 0, story)
  }
})

test('who claims nothing needs no way back, and what the endpoint answers with an error is a line as well', async () => {
  const w = world()
  delete w.routes['1-2']
  assert.deepEqual(bad(await look(w, { a: { claims: false } })), [])
  const odd = world()
  odd.routes['2-1'] = { lightClient: at('nobody'), remoteMos: mosOf(A), hub }
  const [line] = bad(await look(odd))
  assert.equal(line?.subject, 'lane alpha-beta last leg route')
})
