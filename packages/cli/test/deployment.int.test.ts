import assert from 'node:assert/strict'
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, test } from 'node:test'
import { counterAbi, counterBytecode, messageServiceAbi, timelockAbi, timelockBytecode } from '@meridian/abi'
import { createDevnet, type Devnet } from '@meridian/devnet'
import { createPublicClient, encodeFunctionData, http, keccak256, stringToHex, zeroAddress, zeroHash } from 'viem'
import { z } from 'zod'
import { createDeployer, type Deployer, initCodeOf } from '../src/deploy/deployer.ts'
import { readDeployment } from '../src/deploy/deployment.ts'
import { runAndHandOver } from '../src/deploy/governance.ts'
import { run } from '../src/run.ts'
import { runIn } from '../src/testing.ts'

const specs = [
  { kind: 'qbft', chainId: 9_101, name: 'left', emptyBlockPeriodSeconds: 12 },
  { kind: 'qbft', chainId: 9_102, name: 'right', emptyBlockPeriodSeconds: 12 },
] as const
const RATE = 20

const hex = z.string().regex(/^0x[0-9a-f]+$/i)
const quoteSchema = z.strictObject({
  fromChain: z.literal('9101'),
  toChain: z.literal('9102'),
  amount: z.string().regex(/^[0-9]+$/),
  feeToken: hex,
  receiver: hex,
})
const sentSchema = z.strictObject({
  orderId: hex.length(66),
  fromChain: z.literal('9101'),
  toChain: z.literal('9102'),
  sourceTx: hex.length(66),
  blockNumber: z.string(),
  gasUsed: z.string(),
  fee: z.strictObject({ amount: z.string(), feeToken: hex, receiver: hex }),
  options: z.strictObject({ deadline: z.string(), sequence: z.string(), refundRecipient: hex }).nullable(),
})
const escrowSchema = z.strictObject({
  orderId: hex.length(66),
  feeService: hex,
  toChain: z.literal('9102'),
  token: hex,
  amount: z.string(),
})
const claimSchema = z.strictObject({
  credits: z.array(
    z.strictObject({ orderId: hex.length(66), account: hex, token: hex, amount: z.string(), refund: z.boolean() }),
  ),
  withdrawn: z.array(z.strictObject({ token: hex, amount: z.string() })),
})
const statusSchema = z.strictObject({
  orderId: hex.length(66),
  fromChain: z.literal('9101'),
  toChain: z.literal('9102'),
  stage: z.enum(['sent', 'final', 'failed', 'delivered', 'expired']),
  sourceTx: hex.length(66),
  sourceBlock: z.string(),
  deadline: z.string(),
  targetTx: hex.length(66).nullable(),
  reason: hex.nullable(),
})

let devnet: Devnet<typeof specs>
let folder: string
let file: string
let env: Record<string, string>

before(async () => {
  devnet = await createDevnet(specs, { clock: { start: Math.floor(Date.now() / 1000), rate: RATE } })
  folder = mkdtempSync(join(tmpdir(), 'meridian-cli-'))
  file = join(folder, 'deployment.json')
  const [deployer, compass, user] = devnet.chains[0].accounts
  env = {
    DEPLOYER: deployer?.privateKey ?? '',
    COMPASS: compass?.privateKey ?? '',
    USER_KEY: user?.privateKey ?? '',
  }
})

after(async () => {
  await devnet.stop()
  rmSync(folder, { recursive: true, force: true })
})

function account(index: number) {
  const found = devnet.chains[0].accounts[index]
  assert.ok(found)
  return found.account
}

const lane = () => ['--deployment', file, '--from', 'left', '--to', 'right']

test('deploy writes a deployment, connects both chains and leaves the deployer without power', async () => {
  const [left, right] = devnet.chains
  const roles = ['--governor', '--pauser', '--unpauser', '--pricer'].flatMap((flag, index) => [
    flag,
    account(3 + index).address,
  ])
  const sides = [
    ...['--a-rpc', left.rpcUrl, '--a-consensus', 'qbft', '--a-name', 'left'],
    ...['--b-rpc', right.rpcUrl, '--b-consensus', 'qbft', '--b-name', 'right'],
  ]
  const ran = await runIn(['deploy', ...sides, '--key', 'env:DEPLOYER', ...roles, '--out', file], env)
  assert.deepEqual(ran.err, [])
  assert.equal(ran.code, 0)
  assert.ok(existsSync(file))
  const deployed = readDeployment(file)
  assert.deepEqual(
    deployed.chains.map(({ name, chainId }) => [name, chainId]),
    [
      ['left', 9_101n],
      ['right', 9_102n],
    ],
  )
  for (const [index, chain] of deployed.chains.entries()) {
    const other = deployed.chains[1 - index]
    const client = createPublicClient({ transport: http(chain.rpc) })
    const route = await client.readContract({
      address: chain.mos,
      abi: messageServiceAbi,
      functionName: 'route',
      args: [other?.chainId ?? 0n],
    })
    assert.equal(route.remoteMos, other?.mos)
    assert.equal(route.lightClient, chain.lightClients[0]?.address)
    const timelock = { address: chain.timelock, abi: timelockAbi } as const
    assert.equal(await client.readContract({ ...timelock, functionName: 'getMinDelay' }), 172_800n)
    for (const role of ['PROPOSER_ROLE', 'CANCELLER_ROLE', 'EXECUTOR_ROLE', 'DEFAULT_ADMIN_ROLE']) {
      const id = role === 'DEFAULT_ADMIN_ROLE' ? zeroHash : keccak256(stringToHex(role))
      const held = await client.readContract({
        ...timelock,
        functionName: 'hasRole',
        args: [id, account(0).address],
      })
      assert.equal(held, false, role)
    }
  }
})

// Whoever saw the schedule could run it first: the routes stood, and the deployment failed without its file.
test('a deployment goes on where somebody else executed what it scheduled', async () => {
  const [chain] = devnet.chains
  const [deployer, stranger] = await Promise.all([0, 7].map((i) => createDeployer(chain.rpcUrl, account(i))))
  assert.ok(deployer && stranger)
  const roles = [[deployer.address], [zeroAddress], zeroAddress] as const
  const timelock = await deployer.deploy('a timelock', initCodeOf(timelockAbi, timelockBytecode, [0n, ...roles]))
  let executed = 0
  const outrun: Deployer = {
    ...deployer,
    async call(what, to, data) {
      if (what !== 'setting the routes') return deployer.call(what, to, data)
      await stranger.call(what, to, data)
      executed += 1
      return deployer.call(what, to, data)
    },
  }
  await runAndHandOver(outrun, timelock, [], 3_600n)
  assert.equal(executed, 1)
  const delay = { address: timelock, abi: timelockAbi, functionName: 'getMinDelay' } as const
  assert.equal(await deployer.client.readContract(delay), 3_600n)
})

test('the deployer cannot change a route after the deployment', async () => {
  const [chain] = readDeployment(file).chains
  assert.ok(chain)
  const deployer = await createDeployer(chain.rpc, account(0))
  await assert.rejects(runAndHandOver(deployer, chain.timelock, [], 0n), {
    code: 'CONTRACT_REVERT',
    message: /AccessControlUnauthorizedAccount/,
  })
  const data = encodeFunctionData({
    abi: messageServiceAbi,
    functionName: 'setRoute',
    args: [9_102n, chain.mos, chain.mos],
  })
  await assert.rejects(deployer.call('a route', chain.mos, data), { message: /MOS_NotTimelock/ })
})

test('quote, send, status: one line of JSON each, and Compass delivers', async (t) => {
  const quoted = await runIn(['quote', ...lane(), '--gas-limit', '150000', '--json'], env)
  assert.deepEqual(quoted.err, [])
  const price = quoteSchema.parse(JSON.parse(quoted.out.join()))
  assert.equal(price.amount, String((450_000n + 150_000n) * 1_000_000_000n))
  const long = await runIn(['quote', ...lane(), '--gas-limit', '150000', '--length', '1124', '--json'], env)
  const more = quoteSchema.parse(JSON.parse(long.out.join()))
  assert.equal(more.amount, String((450_000n + 150_000n + 100n * 60n) * 1_000_000_000n))

  const right = readDeployment(file).chains[1]
  assert.ok(right)
  const deployer = await createDeployer(right.rpc, account(0))
  const counter = await deployer.deploy(
    'the counter',
    initCodeOf(counterAbi, counterBytecode, [right.mos, deployer.address]),
  )
  const trust = encodeFunctionData({
    abi: counterAbi,
    functionName: 'setTrustedRemote',
    args: [9_101n, account(2).address, true],
  })
  await deployer.call('trusting the sender', counter, trust)

  const stop = new AbortController()
  const problems: string[] = []
  const flags = [
    '--deployment',
    file,
    '--key',
    'env:COMPASS',
    '--store',
    join(folder, 'store'),
    '--log-level',
    'silent',
  ]
  const compass = run(['compass', 'start', ...flags], {
    env,
    out: () => {},
    err: (line) => void problems.push(line),
    signal: stop.signal,
    now: Date.now,
    sleep: async () => {},
  })
  t.after(() => stop.abort())

  const message = ['--target', counter, '--payload', '0x01', '--gas-limit', '150000']
  const wait = (ms: number) => new Promise<void>((resolve) => setTimeout(resolve, ms))
  const out: string[] = []
  const code = await run(['send', ...lane(), '--key', 'env:USER_KEY', ...message, '--wait', '--json'], {
    env,
    out: (line) => void out.push(line),
    err: (line) => void problems.push(line),
    signal: AbortSignal.timeout(60_000),
    now: Date.now,
    sleep: () => wait(100),
  })
  assert.deepEqual(problems, [])
  assert.equal(code, 0)
  const [first = '', ...rest] = out
  const sent = sentSchema.parse(JSON.parse(first))
  const stages = rest.map((line) => statusSchema.parse(JSON.parse(line)))
  assert.equal(stages.at(-1)?.stage, 'delivered')

  const told = await runIn(['status', ...lane(), sent.orderId, '--json'], env)
  const status = statusSchema.parse(JSON.parse(told.out.join()))
  assert.equal(status.stage, 'delivered')
  assert.equal(status.sourceTx, sent.sourceTx)
  assert.ok(status.targetTx)
  assert.equal(await deployer.client.readContract({ address: counter, abi: counterAbi, functionName: 'count' }), 1n)

  const second = await runIn(['compass', 'start', ...flags], env)
  assert.equal(second.code, 1)
  assert.equal(second.err.length, 1)
  assert.match(second.err[0] ?? '', /in use by another Compass/)

  stop.abort()
  assert.equal(await compass, 0)
})

test('a message that nobody delivers: topped up, expired, and its whole fee refunded to whom the sender named', async () => {
  const [left, right] = readDeployment(file).chains
  assert.ok(left && right)
  const [onLeft, onRight] = [left, right].map(({ rpc }) => createPublicClient({ transport: http(rpc) }))
  assert.ok(onLeft && onRight)
  const { timestamp } = await onRight.getBlock()
  const deadline = timestamp + 60n
  const refund = account(2).address
  const message = ['--target', account(1).address, '--payload', '0x', '--gas-limit', '150000', '--ordered']
  const options = ['--deadline', String(deadline), '--refund', refund]
  const key = ['--key', 'env:USER_KEY']
  const ran = await runIn(['send', ...lane(), ...key, ...message, ...options, '--json'], env)
  assert.deepEqual(ran.err, [])
  const sent = sentSchema.parse(JSON.parse(ran.out.join()))
  assert.deepEqual(sent.options, { deadline: String(deadline), sequence: '1', refundRecipient: refund })

  const raised = await runIn(['topup', ...lane(), sent.orderId, ...key, '--amount', '7', '--json'], env)
  const escrow = escrowSchema.parse(JSON.parse(raised.out.join()))
  assert.equal(BigInt(escrow.amount), BigInt(sent.fee.amount) + 7n)

  const claim = ['claim', ...lane(), sent.orderId, ...key, '--expire', '--withdraw', '--json']
  const early = await runIn(claim, env)
  assert.equal(early.code, 1)
  assert.match(early.err.join('\n'), /^meridian: claim --expire: the deadline \d+ [^\n]+ is not past[^\n]+$/)
  const unproven = await runIn(['claim', ...lane(), sent.orderId, ...key], env)
  assert.match(unproven.err.join('\n'), /^meridian: chain 9102 has no record of order [^\n]+$/)

  while ((await onRight.getBlock()).timestamp < deadline) await devnet.clock.waitUntil(devnet.clock.now() + 1)
  const before = await onLeft.getBalance({ address: escrow.feeService as `0x${string}` }) // CAST: the schema's hex
  const done = await runIn(claim, env)
  assert.deepEqual(done.err, [])
  const { credits, withdrawn } = claimSchema.parse(JSON.parse(done.out.join()))
  const { token, amount } = escrow
  assert.deepEqual(credits, [{ orderId: sent.orderId, account: refund, token, amount, refund: true }])
  assert.deepEqual(withdrawn, [{ token, amount }])
  const after = await onLeft.getBalance({ address: escrow.feeService as `0x${string}` }) // CAST: as above
  assert.equal(before - after, BigInt(amount))
  const told = await runIn(['status', ...lane(), sent.orderId, '--json'], env)
  assert.equal(statusSchema.parse(JSON.parse(told.out.join())).stage, 'expired')
  const again = await runIn(claim, env)
  assert.match(again.err.join('\n'), /^meridian: settle was refused: FeeService_NothingToSettle[^\n]+$/)
})

test('an order that was never sent is a failure in one line', async () => {
  const ran = await runIn(['status', ...lane(), `0x${'12'.repeat(32)}`], env)
  assert.equal(ran.code, 1)
  assert.match(ran.err.join('\n'), /^meridian: chain 9101 has sent no order 0x1212[^\n]+$/)
})

test('a message that nobody can pay for is a failure in one line', async () => {
  const message = ['--target', account(1).address, '--payload', '0x', '--gas-limit', '150000']
  const poor = { ...env, POOR: `0x${'77'.repeat(32)}` }
  const ran = await runIn(['send', ...lane(), '--key', 'env:POOR', ...message], poor)
  assert.equal(ran.code, 1)
  assert.equal(ran.err.length, 1)
  assert.match(ran.err[0] ?? '', /^meridian: [^\n]+$/)
})

test('an endpoint of another chain is refused', async () => {
  const rpc = ['--rpc', `left=${devnet.chains[1].rpcUrl}`]
  const ran = await runIn(['quote', ...lane(), ...rpc, '--gas-limit', '1'], env)
  assert.equal(ran.code, 1)
  assert.match(ran.err.join('\n'), /serves chain 9102, not 9101/)
})

test('the deployment file holds no key', () => {
  const text = readFileSync(file, 'utf8')
  for (const key of Object.values(env)) assert.ok(!text.includes(key.slice(2)))
})
