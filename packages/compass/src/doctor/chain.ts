import { createBeacon, createRpc, getBlock, hostOf, parseAnswer, quantity, type Rpc } from '@meridian/chain'
import type { Consensus, SourcePorts } from '@meridian/consensus'
import { type Address, formatEther, isHex } from 'viem'
import { z } from 'zod'
import type { ChainConfig } from '../config/schema.ts'
import { consensusRegistry } from '../consensus-registry.ts'
import { attempt, type DoctorLine, fail, ok, warn } from './line.ts'

/** A chain that answers. */
export interface CheckedChain {
  readonly config: ChainConfig
  readonly consensus: Consensus
  readonly ports: SourcePorts
  /** Unix seconds of its newest block. */
  readonly timestamp: bigint
}

/** Seconds that this machine's clock may be behind a block: what light clients allow at least. */
const MAX_AHEAD = 15
/** Seconds without a block after which something is wrong with the chain, the endpoint or our clock. */
const MAX_AGE = 300
/** Gas of a delivery with an update, rounded up, and how many of them a wallet should be good for. */
const DELIVERY_GAS = 1_000_000n
const ENOUGH = 20n

const genesis = z.object({ data: z.object({ genesis_time: z.string() }) })

/** One endpoint by itself: does it answer, of the right chain, with a recent block? */
export async function checkEndpoint(
  what: string,
  key: 'rpc' | 'beacon',
  url: string,
  chain: ChainConfig,
  now: number,
): Promise<DoctorLine> {
  const host = hostOf(url)
  if (key === 'beacon') {
    const answer = await createBeacon({ urls: [url] }).get('/eth/v1/beacon/genesis')
    if (!genesis.safeParse(answer).success) return fail(what, `${host} serves no beacon API`, 'give a beacon node')
    return ok(what, host)
  }
  const rpc = createRpc({ urls: [url] })
  const id = parseAnswer(quantity, 'eth_chainId', await rpc.request('eth_chainId', []))
  if (id !== chain.id)
    return fail(what, `${host} serves chain ${id}, not ${chain.id}`, 'give an endpoint of this chain')
  const { number, timestamp } = await getBlock(rpc, 'latest')
  const age = Math.floor(now / 1_000) - Number(timestamp)
  if (age < -MAX_AHEAD)
    return fail(what, `block ${number} is ${-age} s ahead of this machine's clock`, 'set the clock (NTP)')
  if (age > MAX_AGE)
    return warn(what, `block ${number} of ${host} is ${age} s old`, 'is the endpoint in sync, and the clock right?')
  return ok(what, `${host}, block ${number}, ${age} s old`)
}

/** What a chain has: its contract, its consensus, its finality. */
export async function checkChain(chain: ChainConfig): Promise<{
  readonly lines: readonly DoctorLine[]
  readonly checked: CheckedChain | null
  readonly walletLine: (what: string, address: Address, receives: boolean) => Promise<DoctorLine>
}> {
  const rpc = createRpc({ urls: chain.rpc })
  const ports: SourcePorts =
    chain.beacon === undefined ? { rpc } : { rpc, beacon: createBeacon({ urls: chain.beacon }) }
  const lines: DoctorLine[] = []
  const contract = `${chain.name} mos`
  lines.push(
    await attempt(contract, 'is the endpoint whole?', async () => {
      const code = await rpc.request('eth_getCode', [chain.mos, 'latest'])
      if (!isHex(code) || code === '0x') return fail(contract, `no code at ${chain.mos}`, 'correct chains[].mos')
      return ok(contract, `${chain.mos}`)
    }),
  )
  let checked: CheckedChain | null = null
  const finality = `${chain.name} finality`
  lines.push(
    await attempt(finality, 'is chains[].consensus right, and the node in sync?', async () => {
      const settings = { chainId: chain.id, network: chain.network }
      const consensus = await consensusRegistry[chain.consensus](settings, ports)
      const [final, head] = await Promise.all([consensus.finalized(ports), getBlock(rpc, 'latest')])
      checked = { config: chain, consensus, ports, timestamp: head.timestamp }
      if (chain.startBlock > head.number)
        return fail(finality, `startBlock ${chain.startBlock} is above block ${head.number}`, 'correct startBlock')
      return ok(finality, `block ${final.number} is final by ${chain.consensus}, ${head.number - final.number} behind`)
    }),
  )
  return { lines, checked, walletLine: (what, address, receives) => walletLine(rpc, what, address, receives) }
}

async function walletLine(rpc: Rpc, what: string, address: Address, receives: boolean): Promise<DoctorLine> {
  const [balance, price] = await Promise.all([
    rpc.request('eth_getBalance', [address, 'latest']),
    rpc.request('eth_gasPrice', []),
  ])
  const funds = parseAnswer(quantity, 'eth_getBalance', balance)
  const delivery = parseAnswer(quantity, 'eth_gasPrice', price) * DELIVERY_GAS
  const detail = `${address} has ${formatEther(funds)}`
  if (funds === 0n) return fail(what, detail, 'send it coin of this chain')
  if (!receives || delivery === 0n) return ok(what, detail)
  const deliveries = funds / delivery
  if (deliveries === 0n) return fail(what, `${detail}: not one delivery`, 'send it coin of this chain')
  if (deliveries < ENOUGH) return warn(what, `${detail}: some ${deliveries} deliveries`, 'send it more')
  return ok(what, `${detail}: some ${deliveries} deliveries`)
}
