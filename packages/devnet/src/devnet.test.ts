import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { createInterface } from 'node:readline'
import { it } from 'node:test'
import { setImmediate } from 'node:timers/promises'
import { createPublicClient, createWalletClient, http, keccak256, publicActions } from 'viem'
import { createDevnet } from './devnet.ts'

const alive = (pid: number): boolean => {
  try {
    process.kill(pid, 0)
    return true
  } catch {
    return false
  }
}

it('runs chains of both kinds on one clock and leaves no process behind', async () => {
  const devnet = await createDevnet(
    [
      { kind: 'qbft', chainId: 7201, blockPeriodSeconds: 4 },
      { kind: 'ethereum', chainId: 7202 },
    ],
    { clock: { start: 1_800_000_000, rate: 0 } },
  )
  const [qbft, ethereum] = devnet.chains
  try {
    await devnet.clock.advanceTo(1_800_000_120)
    assert.equal(qbft.head().number, 30n)
    assert.equal(qbft.head().timestamp, 1_800_000_120n)
    assert.equal(ethereum.head().block.body.executionPayload.timestamp, 1_800_000_120)
    assert.ok(alive(qbft.pid) && alive(ethereum.pid))
  } finally {
    await devnet.stop()
  }
  assert.ok(!alive(qbft.pid) && !alive(ethereum.pid))
  await assert.rejects(fetch(qbft.rpcUrl))
  await assert.rejects(fetch(ethereum.beaconUrl))
})

it('stops what it started when another chain cannot start', async () => {
  await assert.rejects(
    createDevnet([
      { kind: 'qbft', chainId: 7203 },
      { kind: 'qbft', chainId: 7204, blockPeriodSeconds: 0 },
    ]),
    { code: 'QBFT_OPTIONS' },
  )
})

it('runs by itself when the clock does', async () => {
  const clock = { start: 1_800_000_000, rate: 100 }
  const devnet = await createDevnet([{ kind: 'qbft', chainId: 7205, emptyBlockPeriodSeconds: 3600 }], { clock })
  const [chain] = devnet.chains
  const [sender] = chain.accounts
  assert.ok(sender)
  try {
    const transport = http(chain.rpcUrl)
    const options = { account: sender.account, transport, pollingInterval: 5, chain: chain.viemChain }
    const wallet = createWalletClient(options).extend(publicActions)
    const hash = await wallet.sendTransaction({ to: sender.account.address, value: 1n })
    const receipt = await wallet.waitForTransactionReceipt({ hash })
    const block = await wallet.getBlock({ blockHash: receipt.blockHash })
    assert.ok(block.timestamp <= BigInt(Math.ceil(devnet.clock.now())))
    assert.ok(block.timestamp < 1_800_003_600n, 'made for the transaction, not for the empty period')
  } finally {
    await devnet.stop()
  }
})

/**
 * The first QBFT chain wrote the sealed hash into the EIP-2935 contract just before the next block. Anvil takes the
 * state at that moment for the state of the block before, so every proof of an older block led to another root.
 */
it('proves the state of older blocks, also of those whose state anvil has moved to disk', async () => {
  const devnet = await createDevnet(
    [
      { kind: 'qbft', chainId: 7206 },
      { kind: 'ethereum', chainId: 7210 },
    ],
    { clock: { start: 1_800_000_000, rate: 0 } },
  )
  try {
    await devnet.clock.advanceTo(1_800_001_400)
    for (const chain of devnet.chains) {
      const client = createPublicClient({ transport: http(chain.rpcUrl) })
      const [first] = chain.accounts
      assert.ok(first)
      const latest = await client.getBlockNumber()
      for (const blockNumber of [1n, 7n, latest / 2n, latest - 1n, latest]) {
        const block = await client.getBlock({ blockNumber })
        const proof = await client.getProof({ address: first.account.address, storageKeys: [], blockNumber })
        assert.equal(keccak256(proof.accountProof[0] ?? '0x'), block.stateRoot, `${chain.name} ${blockNumber}`)
      }
    }
  } finally {
    await devnet.stop()
  }
})

/** Runs a script beside this file in a process of its own; resolves with its lines once it has ended. */
async function runScript(script: string, env: NodeJS.ProcessEnv = {}): Promise<readonly string[]> {
  const child = spawn(process.execPath, ['--input-type=module', '-e', script], {
    cwd: import.meta.dirname,
    env: { ...process.env, ...env },
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  const lines: string[] = []
  for await (const line of createInterface({ input: child.stdout })) lines.push(line)
  return lines
}

it('takes anvil along when the process is killed', async () => {
  const [line] = await runScript(`
    import { createDevnet } from './index.ts'
    const devnet = await createDevnet([{ kind: 'qbft', chainId: 7207 }])
    console.log(devnet.chains[0].pid)
    process.kill(process.pid, 'SIGKILL')`)
  const pid = Number(line)
  assert.ok(pid > 0)
  for (const deadline = Date.now() + 5000; alive(pid) && Date.now() < deadline; ) await setImmediate()
  assert.ok(!alive(pid))
})

it('runs the minimal preset in a process that was started for it', async () => {
  const [line] = await runScript(
    `
    import { initializeLightClientStore } from '@meridian/consensus/ethereum'
    import { createDevnet } from './index.ts'
    const devnet = await createDevnet([{ kind: 'ethereum', chainId: 7208, preset: 'minimal' }])
    const [chain] = devnet.chains
    await chain.advance(64)
    await chain.finalize()
    const bootstrap = chain.bootstrap()
    const store = initializeLightClientStore(bootstrap, chain.consensusParams(), chain.finalized().root)
    console.log([bootstrap.currentSyncCommittee.pubkeys.length, store.head.slot].join(' '))
    await devnet.stop()`,
    { LODESTAR_PRESET: 'minimal' },
  )
  const [seats, slot] = (line ?? '').split(' ')
  assert.equal(seats, '32')
  assert.ok(Number(slot) >= 104)
  await assert.rejects(createDevnet([{ kind: 'ethereum', chainId: 7209, preset: 'minimal' }]), { code: 'PRESET' })
})
