import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { feeServiceAbi, timelockAbi, timelockBytecode } from '@meridian/abi'
import { createRpc } from '@meridian/chain'
import { checkTimelock, type DoctorLine, type TimelockedChain } from '@meridian/compass'
import { type Anvil, startAnvil } from '@meridian/devnet'
import { type Address, encodeFunctionData, type Hex, keccak256, stringToHex, zeroAddress, zeroHash } from 'viem'
import { mnemonicToAccount } from 'viem/accounts'
import { runIn, scratch } from '../testing.ts'
import { type ChainContracts, deployChain } from './chain.ts'
import { connectAll } from './connect.ts'
import { createDeployer, type Deployer, initCodeOf } from './deployer.ts'

const CHAIN_ID = 31_337n
const DELAY = 1_000n
const mnemonic = 'test test test test test test test test test test test junk'
const [account, governorAccount] = [0, 1].map((addressIndex) => mnemonicToAccount(mnemonic, { addressIndex }))
assert.ok(account !== undefined && governorAccount !== undefined)
const governor = governorAccount.address
const thief: Address = '0x00000000000000000000000000000000000000fe'
const other: Address = '0x00000000000000000000000000000000000000ef'
const roles = { governor, pauser: thief, unpauser: other, pricer: other }
const PROPOSER_ROLE = keccak256(stringToHex('PROPOSER_ROLE'))
const CANCELLER_ROLE = keccak256(stringToHex('CANCELLER_ROLE'))

let anvil: Anvil
let deployer: Deployer
let asGovernor: Deployer
before(async () => {
  anvil = await startAnvil({ chainId: Number(CHAIN_ID), timestamp: 1_800_000_000, gasLimit: 60_000_000n, accounts: 2 })
  await createRpc({ urls: [anvil.url] }).request('evm_setAutomine', [true])
  deployer = await createDeployer(anvil.url, account)
  asGovernor = await createDeployer(anvil.url, governorAccount)
})
after(() => anvil?.stop())

/** An operation of one call, by any salt. */
const operation = (to: Address, data: Hex, salt: Hex = zeroHash) => [to, 0n, data, zeroHash, salt] as const
type Operation = ReturnType<typeof operation>
const onTimelock = (by: Deployer, contracts: ChainContracts, data: Hex) => by.call('a test', contracts.timelock, data)
const schedule = (by: Deployer, contracts: ChainContracts, one: Operation, delay = 0n) =>
  onTimelock(by, contracts, encodeFunctionData({ abi: timelockAbi, functionName: 'schedule', args: [...one, delay] }))
const execute = (by: Deployer, contracts: ChainContracts, one: Operation) =>
  onTimelock(by, contracts, encodeFunctionData({ abi: timelockAbi, functionName: 'execute', args: one }))
const cancel = async (by: Deployer, contracts: ChainContracts, one: Operation) =>
  onTimelock(
    by,
    contracts,
    encodeFunctionData({ abi: timelockAbi, functionName: 'cancel', args: [await idOf(contracts, one)] }),
  )
const idOf = ({ timelock }: ChainContracts, one: Operation) =>
  deployer.client.readContract({ abi: timelockAbi, address: timelock, functionName: 'hashOperation', args: one })
/** The timelock takes it all. */
const theft = ({ feeService }: ChainContracts, salt: Hex = zeroHash) =>
  operation(
    feeService,
    encodeFunctionData({ abi: feeServiceAbi, functionName: 'grantRole', args: [zeroHash, thief] }),
    salt,
  )
const handOver = (contracts: ChainContracts, delay = DELAY) =>
  connectAll([{ deployer, contracts, connections: [] }], delay)

async function look(contracts: ChainContracts, change: Partial<TimelockedChain> = {}): Promise<readonly DoctorLine[]> {
  const lines: DoctorLine[] = []
  const rpc = createRpc({ urls: [anvil.url] })
  for await (const line of checkTimelock({ ...contracts, name: 'here', rpc, ...change })) lines.push(line)
  return lines
}
const text = ({ status, subject, detail }: DoctorLine) => `${status} ${subject}: ${detail}`

test('a deployment that was handed over: one line, and one for each thing that its governor has scheduled', async () => {
  const contracts = await deployChain(deployer, roles)
  assert.match(
    (await look(contracts)).map(text).join(),
    /^fail here timelock: nobody has given up the power to schedule$/,
  )
  await handOver(contracts)
  assert.deepEqual((await look(contracts)).map(text), [
    `ok here timelock: ${contracts.timelock} waits ${DELAY} s for what ${governor} schedules`,
  ])
  const [one, dropped] = [theft(contracts), theft(contracts, `0x${'01'.repeat(32)}`)]
  await schedule(asGovernor, contracts, one, DELAY)
  await schedule(asGovernor, contracts, dropped, DELAY)
  await cancel(asGovernor, contracts, dropped)
  const [, pending, ...rest] = await look(contracts)
  assert.ok(pending)
  assert.deepEqual(
    [pending.status, pending.subject, rest],
    ['warn', `here operation ${await idOf(contracts, one)}`, []],
  )
  assert.match(pending.detail, new RegExp(`from \\d+ on .*: ${contracts.feeService} grantRole$`))
})

// A deployer scheduled while the delay was zero, and handed over as he should: what he had scheduled could be executed by
// anybody at any later time, without a delay and without a role, and nothing said so.
test('what a deployer scheduled before he handed over, and left for later, is found', async (t) => {
  const contracts = await deployChain(deployer, roles)
  const [kept, undone] = [theft(contracts), theft(contracts, `0x${'02'.repeat(32)}`)]
  await schedule(deployer, contracts, kept)
  await schedule(deployer, contracts, undone)
  await cancel(deployer, contracts, undone)
  await handOver(contracts)
  const [rulers, found, ...rest] = await look(contracts)
  assert.ok(found)
  assert.deepEqual([rulers?.status, rest], ['ok', []])
  assert.deepEqual([found.status, found.subject], ['fail', `here operation ${await idOf(contracts, kept)}`])
  assert.match(
    found.detail,
    /^no part of the deployment: scheduled in block \d+, and who could schedule then lost that/,
  )
  assert.match(found.detail, new RegExp(`${contracts.feeService} grantRole$`))
  assert.match(found.mend ?? '', /the governor cancels it: cancel\(0x/)
  const chain = { name: 'here', consensus: 'qbft', rpc: anvil.url, lightClients: [], ...contracts }
  const chains = [chain, { ...chain, name: 'there', chainId: '11' }].map((one) => ({
    ...one,
    chainId: String(one.chainId),
    fromBlock: String(one.fromBlock),
  }))
  const ran = await runIn(['compass', 'doctor', '--deployment', scratch(t)('deployment.json', { version: 1, chains })])
  assert.deepEqual([ran.code, ran.err], [1, []])
  assert.deepEqual(
    ran.out.map((line) => line.split(':')[0]),
    ['ok   here timelock', `fail ${found.subject}`, 'fail there timelock'],
  )
  // the attack is real: whoever wants executes it
  await execute(asGovernor, contracts, kept)
  assert.deepEqual(
    (await look(contracts)).filter(({ status }) => status !== 'ok'),
    [],
  )
})

test('a timelock that does not wait is found', async () => {
  const contracts = await deployChain(deployer, roles)
  await handOver(contracts, 0n)
  const [line, ...rest] = await look(contracts)
  assert.deepEqual([line?.status, rest], ['warn', []])
  assert.match(line?.detail ?? '', / waits 0 s for what /)
})

test('another who may schedule, or let others schedule, is found', async () => {
  const contracts = await deployChain(deployer, roles)
  const grant = (role: Hex) =>
    operation(
      contracts.timelock,
      encodeFunctionData({ abi: timelockAbi, functionName: 'grantRole', args: [role, thief] }),
    )
  const revoke = operation(
    contracts.timelock,
    encodeFunctionData({ abi: timelockAbi, functionName: 'revokeRole', args: [PROPOSER_ROLE, thief] }),
  )
  await schedule(deployer, contracts, grant(PROPOSER_ROLE))
  await execute(deployer, contracts, grant(PROPOSER_ROLE))
  await schedule(deployer, contracts, grant(zeroHash))
  await handOver(contracts)
  const lines = (await look(contracts)).map(text)
  assert.match(lines[0] ?? '', new RegExp(`^warn here timelock: .* for what ${governor}, ${thief} schedules$`, 'i'))
  assert.match(lines[1] ?? '', new RegExp(`^fail here operation .*: ${contracts.timelock} grantRole$`))
  await schedule(asGovernor, contracts, grant(CANCELLER_ROLE), DELAY)
  await schedule(asGovernor, contracts, revoke, DELAY)
  await createRpc({ urls: [anvil.url] }).request('evm_increaseTime', [Number(DELAY)])
  await execute(asGovernor, contracts, grant(CANCELLER_ROLE))
  await execute(asGovernor, contracts, revoke)
  const held = new RegExp(`^warn here timelock: .* ${governor} schedules, unless ${thief} cancels it$`, 'i')
  assert.match((await look(contracts)).map(text)[0] ?? '', held)
  await execute(asGovernor, contracts, grant(zeroHash))
  assert.match(
    (await look(contracts)).map(text).join(),
    new RegExp(`^fail here timelock: ${thief} can let anybody`, 'i'),
  )
})

test('a contract that is no timelock of ours, or not the one that MOS obeys, is not believed', async () => {
  const contracts = await deployChain(deployer, roles)
  await handOver(contracts)
  const args = [0n, [thief], [zeroAddress], zeroAddress] as const
  const second = await deployer.deploy('another timelock', initCodeOf(timelockAbi, timelockBytecode, args))
  const faults: readonly (readonly [Partial<TimelockedChain>, RegExp])[] = [
    [
      { timelock: contracts.feeService },
      /^fail here timelock: the code at \S+ is not that of this version's timelock$/,
    ],
    [{ timelock: thief }, /^fail here timelock: the code at \S+ is not that/],
    [
      { timelock: second },
      new RegExp(`^fail here timelock: MOS ${contracts.mos} takes orders of ${contracts.timelock}, `),
    ],
    [{ chainId: 1n }, /^fail here timelock: the endpoint serves chain 31337, not 1$/],
    [
      { fromBlock: await deployer.client.getBlockNumber({ cacheTime: 0 }) },
      /^fail here timelock: no event of its deployment from block /,
    ],
  ]
  for (const [change, expected] of faults) assert.match((await look(contracts, change)).map(text).join(), expected)
})
