import assert from 'node:assert/strict'
import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { fileURLToPath } from 'node:url'
import { createBeacon, createRpc } from '@meridian/chain'
import { createDevnet } from '@meridian/devnet'
import { z } from 'zod'
import { replayEthereum } from '../src/replay/ethereum.ts'
import type { ReplayLine } from '../src/replay/report.ts'
import { runIn, scratch } from '../src/testing.ts'

const root = join(fileURLToPath(import.meta.url), '..', '..', '..', '..')
const fixtures = process.env.MERIDIAN_FIXTURES ?? join(root, '..', 'shared', 'fixtures')
const ethereum = join(fixtures, 'ethereum')
const map = join(fixtures, 'map', 'devnet_blocks_203000-207000.json')
const besu = join(fixtures, 'qbft-ibft', 'besu_qbft_header_7528.json')

const hash = z.string().regex(/^0x[0-9a-f]{64}$/)
const lineSchema = z.strictObject({
  file: z.string(),
  index: z.int().min(0),
  result: z.enum(['updated', 'noop', 'rejected']),
  error: z.strictObject({ name: z.string(), args: z.record(z.string(), z.unknown()) }).nullable(),
  gasUsed: z.int().min(0),
  head: z.strictObject({ number: z.int(), hash, slot: z.int().optional(), root: hash.optional() }),
  receipt: z.strictObject({ transactionIndex: z.int().min(0), logs: z.int().min(0) }).optional(),
})

async function replayFiles(name: string, updates: readonly string[]) {
  const file = (file: string) => join(ethereum, `${file}.json`)
  const flags = ['--consensus', 'ethereum', '--network', 'mainnet', '--bootstrap', file(`${name}_bootstrap`)]
  const ran = await runIn(['light-client', 'replay', ...flags, '--update', ...updates.map(file), '--json'])
  assert.deepEqual(ran.err, [])
  assert.equal(ran.code, 0)
  return ran.out.map((line) => lineSchema.parse(JSON.parse(line)))
}

const absent = existsSync(ethereum) ? false : `no real chain data in ${fixtures}`

test('mainnet, Fulu: an update that finalizes the bootstrap itself is verified and changes nothing', {
  skip: absent,
}, async () => {
  const [line] = await replayFiles('fulu', ['fulu_finality'])
  assert.equal(line?.result, 'noop')
  assert.equal(line?.head.slot, 14_934_240)
  assert.ok(line.gasUsed > 150_000)
})

test('mainnet, Deneb: an older update brings the next committee, the newer one nothing', { skip: absent }, async () => {
  const lines = await replayFiles('deneb', ['deneb_update', 'deneb_finality'])
  assert.deepEqual(
    lines.map(({ result, head }) => [result, head.number]),
    [
      ['updated', 20_360_596],
      ['noop', 20_360_596],
    ],
  )
})

test('mainnet, Deneb: two rotations, the second moves the head', { skip: absent }, async () => {
  const lines = await replayFiles('deneb_cc', ['deneb_cc_update', 'deneb_cc_update2'])
  assert.deepEqual(
    lines.map(({ result, head }) => [result, head.slot]),
    [
      ['updated', 9_425_184],
      ['updated', 9_430_496],
    ],
  )
  assert.equal(lines[1]?.head.hash, '0x4fec51b47f7be78bfa61c11a1366e9cb400cf68937d840bf736b58baf9b12d8b')
})

test('Besu: a header of a real network is accepted, and refused under other validators', { skip: absent }, async () => {
  const replay = (validators: string) =>
    runIn(['light-client', 'replay', '--consensus', 'qbft', '--validators', validators, '--header', besu, '--json'])
  const accepted = await replay(besu)
  assert.equal(accepted.code, 0)
  const line = lineSchema.parse(JSON.parse(accepted.out.join()))
  assert.equal(line.result, 'updated')
  assert.equal(line.head.number, 7_528)
  assert.equal(line.head.hash, '0x502568a07cc2303558ed8eea495d61255946a14c46be5ead61cdc737bdeaaf42')

  const strangers = ['1', '2', '3', '4'].map((digit) => `0x${digit.repeat(40)}`).join()
  const refused = await replay(strangers)
  assert.equal(refused.code, 1)
  const rejected = lineSchema.parse(JSON.parse(refused.out.join()))
  assert.equal(rejected.result, 'rejected')
  assert.equal(rejected.error?.name, 'ValidatorSet_TooDifferent')
})

const mapSchema = z.object({
  epochSize: z.int(),
  initialG1Keys: z.array(z.tuple([z.string(), z.string()])),
  blocks: z.array(z.looseObject({ header: z.looseObject({ extraData: z.string() }) })),
})

test('MAP relay chain: every block in order, a validator fewer, one more, and the receipt proofs', {
  skip: existsSync(map) ? false : `no real chain data in ${fixtures}`,
}, async (t) => {
  const write = scratch(t)
  const replay = async (bootstrap: string, ...headers: readonly string[]) => {
    const flags = ['--consensus', 'istanbul', '--bootstrap', bootstrap, '--header', ...headers]
    const ran = await runIn(['light-client', 'replay', ...flags, '--json'])
    assert.deepEqual(ran.err, [])
    return { code: ran.code, lines: ran.out.map((line) => lineSchema.parse(JSON.parse(line))) }
  }
  const heights = [203_000, 204_000, 205_000, 205_030, 206_000, 206_460, 207_000]
  const { code, lines } = await replay(map, map)
  assert.equal(code, 0)
  assert.deepEqual(
    lines.map(({ result, head }) => [result, head.number]),
    heights.map((height) => ['updated', height]),
  )
  assert.deepEqual(
    lines.map(({ receipt }) => receipt?.logs),
    [undefined, undefined, undefined, 6, undefined, 6, undefined],
  )
  for (const { gasUsed } of lines) assert.ok(gasUsed > 200_000 && gasUsed <= 250_000, `${gasUsed}`)

  const { blocks, ...rest } = mapSchema.parse(JSON.parse(readFileSync(map, 'utf8')))
  const bootstrap = write('bootstrap.json', rest)
  const files = blocks.map((block, index) => write(`${index}.json`, block))
  assert.deepEqual((await replay(bootstrap, ...files)).lines.at(-1)?.head, lines.at(-1)?.head, 'in files of their own')

  // Without the header that brought the fifth validator the epoch after is unknown, and without one that left another.
  const without = await replay(bootstrap, ...files.filter((_, index) => index !== 4))
  assert.equal(without.code, 1)
  assert.deepEqual(
    without.lines.slice(-2).map(({ error }) => error?.name),
    ['IstanbulLightClient_UnknownEpoch', 'IstanbulLightClient_UnknownEpoch'],
  )
  const reordered = { ...rest, initialG1Keys: [...rest.initialG1Keys].reverse() }
  const [stranger] = (await replay(write('reordered.json', reordered), ...files)).lines
  assert.equal(stranger?.error?.name, 'IstanbulLightClient_Seal')

  const block = blocks[3]
  assert.ok(block)
  const extraData = block.header.extraData.replace(/.{2}$/, '01')
  const altered = write('altered.json', { ...block, header: { ...block.header, extraData } })
  const refused = (await replay(bootstrap, ...files.slice(0, 3), altered)).lines.at(-1)
  assert.equal(refused?.error?.name, 'IstanbulLightClient_Seal', 'one byte of the parent’s seal is another block')
  const receiptProofTuple = z.tuple([z.string(), z.array(z.string())]).parse(block.receiptProofTuple)
  const nodes = [receiptProofTuple[1][0], receiptProofTuple[1][1]?.replace('02f906', '01f906')]
  const forged = write('forged.json', { ...block, receiptProofTuple: [receiptProofTuple[0], nodes] })
  const typed = (await replay(bootstrap, ...files.slice(0, 3), forged)).lines.at(-1)
  assert.equal(typed?.result, 'rejected')
  assert.equal(typed?.error?.name, 'MerklePatricia_NodeHash', 'another receipt type is another receipt')
})

test('a relay chain’s node serves all that a replay needs: a snapshot or epoch info, and blocks', async (t) => {
  const write = scratch(t)
  const devnet = await createDevnet([{ kind: 'istanbul', chainId: 9_302, epochSize: 4 }])
  t.after(() => devnet.stop())
  const [chain] = devnet.chains
  const rpc = createRpc({ urls: [chain.rpcUrl] })
  const [leaving] = chain.validators()
  assert.ok(leaving)
  chain.proposeValidator({ add: `0x${'17'.repeat(32)}` })
  chain.proposeValidator({ drop: leaving })
  await chain.advance(9)
  const numbers = ['0x1', '0x2', '0x3', '0x4', '0x5', '0x6', '0x7', '0x8', '0x9']
  const blocks = await Promise.all(numbers.map((number) => rpc.request('eth_getBlockByNumber', [number, false])))
  const raw = await Promise.all(numbers.map((number) => rpc.request('debug_getRawHeader', [number])))
  const replay = async (bootstrap: unknown, ...headers: readonly unknown[]) => {
    const files = headers.map((header, index) => write(`header-${index}.json`, header))
    const flags = ['--bootstrap', write('bootstrap.json', bootstrap), '--header', ...files, '--json']
    const ran = await runIn(['light-client', 'replay', '--consensus', 'istanbul', ...flags])
    return { ...ran, lines: ran.out.map((line) => lineSchema.parse(JSON.parse(line))) }
  }
  const result = await rpc.request('istanbul_getSnapshot', ['0x0'])
  for (const headers of [[blocks], [raw], blocks.map((block) => ({ result: block }))]) {
    const { code, err, lines } = await replay({ result }, ...headers)
    assert.deepEqual(err, [])
    assert.equal(code, 0)
    assert.deepEqual(
      lines.map(({ result, head }) => [result, head.number]),
      numbers.map((number) => ['updated', Number(number)]),
    )
    assert.equal(lines.at(-1)?.head.hash, chain.head().hash)
  }
  const later = await replay(await rpc.request('istanbul_getSnapshot', ['0x4']), blocks.slice(4))
  assert.equal(later.code, 0, 'from the second epoch on, with the set that its snapshot shows')
  const wrong = await replay(await rpc.request('istanbul_getSnapshot', ['0x4']), blocks.slice(0, 4))
  assert.equal(wrong.lines[0]?.error?.name, 'IstanbulLightClient_UnknownEpoch')
  // Epoch info has G1 keys alone: headers must bring the sum of their signers' G2 keys.
  const info = await replay(await rpc.request('istanbul_getEpochInfo', [1]), blocks)
  assert.equal(info.code, 2)
  assert.match(info.err.join(), /G2 keys/)
})

test('a beacon node’s answers replay, wrapped or bare or in an array; each altered one is rejected by name', async (t) => {
  const write = scratch(t)
  const devnet = await createDevnet([{ kind: 'ethereum', chainId: 9_301 }])
  t.after(() => devnet.stop())
  const [chain] = devnet.chains
  const beacon = createBeacon({ urls: [chain.beaconUrl] })
  const serve = (path: string) => beacon.get(`/eth/v1/beacon/light_client/${path}`)
  const served = z.looseObject({ data: z.looseObject({}) })
  const bootstrap = write('bootstrap.json', await serve(`bootstrap/${chain.finalized().root}`))
  await chain.advance(40)
  const first = served.parse(await serve('finality_update'))
  await chain.advance(32)
  const second = served.parse(await serve('finality_update'))
  const rotation = await serve('updates?start_period=0&count=1')

  const replay = async (...updates: readonly string[]) => {
    const lines: ReplayLine[] = []
    for await (const line of replayEthereum({ network: chain.consensusParams(), bootstrap, updates })) lines.push(line)
    return lines
  }
  const lines = await replay(
    write('wrapped.json', first),
    write('array.json', rotation),
    write('bare.json', second.data),
    write('again.json', second),
  )
  assert.deepEqual(
    lines.map(({ result }) => result),
    ['updated', 'updated', 'updated', 'noop'],
  )
  const heads = lines.map(({ head }) => head.number)
  assert.ok((heads[2] ?? 0) > (heads[0] ?? 0))
  const finalized = createRpc({ urls: [chain.rpcUrl] })
  const block = z.object({ hash }).parse(await finalized.request('eth_getBlockByNumber', ['finalized', false]))
  assert.equal(lines[2]?.head.hash, block.hash)

  // the same from the node itself: the periods there are, and the newest finality
  const fromNode = async (...flags: readonly string[]) => {
    const ran = await runIn([
      'light-client',
      'replay',
      '--consensus',
      'ethereum',
      '--beacon',
      chain.beaconUrl,
      ...flags,
    ])
    return {
      ...ran,
      lines: ran.out.filter((line) => line.startsWith('{')).map((line) => lineSchema.parse(JSON.parse(line))),
    }
  }
  const host = new URL(chain.beaconUrl).host
  const whole = await fromNode('--bootstrap', bootstrap, '--from-period', '0', '--count', '9', '--json')
  assert.deepEqual([whole.code, whole.err], [0, []])
  assert.deepEqual(
    whole.lines.map(({ file, index, result }) => [file, index, result]),
    [
      [host, 0, 'updated'],
      [host, 1, 'updated'],
    ],
  )
  assert.equal(whole.lines.at(-1)?.head.hash, block.hash)
  const more = await fromNode('--bootstrap', bootstrap, '--update', write('more.json', second), '--json')
  assert.deepEqual(
    more.lines.map(({ result }) => result),
    ['updated', 'updated', 'noop'],
  )
  const bare = await fromNode('--json')
  assert.deepEqual([bare.code, bare.lines.at(-1)?.head.hash], [0, block.hash], 'from what the first update finalizes')
  const root = await fromNode('--bootstrap', chain.finalized().root, '--json')
  assert.deepEqual(
    root.lines.map(({ result }) => result),
    ['updated', 'noop'],
    'from a root that the caller trusts',
  )
  const none = await fromNode('--from-period', '77')
  assert.deepEqual([none.code, none.err.length], [1, 1])
  assert.match(none.err.join(), new RegExp(`${host}: serves no update of period 77`))
  const other = await fromNode('--network', 'sepolia')
  assert.deepEqual([other.code, other.err.length], [1, 1], 'another network cannot be read by its forks')
  chain.beaconFaults.set({ kind: 'lie', method: '/eth/v1/beacon/light_client/updates', rewrite: () => [{ data: {} }] })
  const lied = await fromNode()
  assert.deepEqual([lied.code, lied.err.length], [1, 1])
  chain.beaconFaults.clear()

  const altered = (change: (update: Json) => void) => {
    const copy: Json = structuredClone(second.data)
    change(copy)
    return write('altered.json', copy)
  }
  const cases: readonly (readonly [string, (update: Json) => void])[] = [
    ['EthereumLightClient_Signature', (update) => flip(at(update, 'attested_header', 'beacon'), 'parent_root')],
    ['EthereumLightClient_FinalityBranch', (update) => flip(at(update), 'finality_branch', 2)],
    ['BRANCH_EXECUTION', (update) => flip(at(update, 'finalized_header', 'execution'), 'state_root')],
    ['POINT', (update) => flip(at(update, 'sync_aggregate'), 'sync_committee_signature')],
    [
      'EthereumLightClient_Participation',
      (update) => {
        at(update, 'sync_aggregate').sync_committee_bits = `0x${'ff'.repeat(40)}${'00'.repeat(24)}`
      },
    ],
    [
      'EthereumLightClient_SlotOrder',
      (update) => {
        update.signature_slot = at(update, 'attested_header', 'beacon').slot
      },
    ],
  ]
  for (const [name, change] of cases) {
    const [line] = await replay(altered(change))
    assert.equal(line?.result, 'rejected', name)
    assert.equal(line.error?.name, name)
  }
})

test('a QBFT node’s blocks replay, and one bit altered is enough to be rejected', async (t) => {
  const write = scratch(t)
  const devnet = await createDevnet([{ kind: 'qbft', chainId: 9_302 }])
  t.after(() => devnet.stop())
  const [chain] = devnet.chains
  const rpc = createRpc({ urls: [chain.rpcUrl] })
  await chain.advance(3)
  const blocks = await Promise.all(
    ['0x1', '0x2', '0x3'].map(async (number) =>
      z.looseObject({ stateRoot: z.string() }).parse(await rpc.request('eth_getBlockByNumber', [number, false])),
    ),
  )
  const [one, two, three] = blocks.map((block, index) => write(`block-${index + 1}.json`, { result: block }))
  assert.ok(one && two && three)
  const replay = (...headers: readonly string[]) =>
    runIn([
      'light-client',
      'replay',
      '--consensus',
      'qbft',
      '--validators',
      chain.validators().join(),
      '--header',
      ...headers,
    ])
  const accepted = await replay(one, three, two)
  assert.equal(accepted.code, 0, accepted.err.join())
  assert.match(accepted.out[0] ?? '', /block-1\.json\[0\] {2}updated .* head: block 1 /)
  assert.match(accepted.out[2] ?? '', /block-2\.json\[0\] {2}updated .* head: block 3 /)

  const raw = z.string().parse(await rpc.request('debug_getRawHeader', ['0x2']))
  const place = raw.indexOf(String(blocks[1]?.stateRoot).slice(2))
  const other = raw[place] === '0' ? '1' : '0'
  const altered = write('altered.rlp', `${raw.slice(0, place)}${other}${raw.slice(place + 1)}`)
  const rejected = await replay(one, altered)
  assert.equal(rejected.code, 1)
  assert.match(rejected.out[1] ?? '', /rejected: QbftLightClient_TooFewSeals/)
})

test('a file that a killed download cut short is bad input', async (t) => {
  const write = scratch(t)
  const cut = write('cut.json', '{"version":"fulu","data":{"attested_header":{"beacon":{"slot":"1"')
  const flags = ['--consensus', 'ethereum', '--network', 'mainnet', '--bootstrap', cut, '--update', cut]
  const ran = await runIn(['light-client', 'replay', ...flags])
  assert.equal(ran.code, 2)
  assert.equal(ran.err.length, 1)
})

interface Json {
  [key: string]: unknown
}

/** The object at a path. */
function at(value: Json, ...path: readonly string[]): Json {
  let here: Json = value
  for (const key of path) here = asJson(here[key])
  return here
}

function asJson(value: unknown): Json {
  assert.ok(typeof value === 'object' && value !== null)
  return value as Json // CAST: an object read from JSON
}

/** Flips the lowest bit of the hex at a key, or of one in the list there. */
function flip(holder: Json, key: string, index?: number): void {
  const flipped = (text: unknown) => {
    const hex = z.string().parse(text)
    return `${hex.slice(0, -1)}${(Number.parseInt(hex.slice(-1), 16) ^ 1).toString(16)}`
  }
  const value = holder[key]
  if (index === undefined) holder[key] = flipped(value)
  else
    holder[key] = z
      .array(z.string())
      .parse(value)
      .map((item, place) => (place === index ? flipped(item) : item))
}
