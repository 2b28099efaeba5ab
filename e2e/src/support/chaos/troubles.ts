import type { EndpointFault, FaultBox } from '@meridian/devnet'
import { beaconLies, FINALITY } from '../beacon-lies.ts'
import type { Side } from '../two-qbft.ts'

/** What a round does to Compass while messages are under way. */
export const troubles = [
  'kill',
  'dead',
  'slow',
  'rateLimit',
  'unavailable',
  'staleHead',
  'missingLogs',
  'wrongLogs',
  'wrongReceipts',
  'truncated',
  'stuckMempool',
  'feeSpike',
  'emptyWallet',
  'keyUsed',
  'skew',
  'secondCompass',
  'restartDatabase',
  'reorg',
  'fullDisk',
  'rival',
  'downtime',
  'beaconDead',
  'beaconSlow',
  'beaconRateLimit',
  'beaconUnavailable',
  'beaconTruncated',
  'beaconStaleHead',
  'beaconLie',
] as const
export type Trouble = (typeof troubles)[number]

/** Whether a text names a trouble. */
export const isTrouble = (text: string): text is Trouble => troubles.some((trouble) => trouble === text)

const SLOW_MS = 400

/** An answer with one thing changed in each of its items. */
const changed =
  (change: (item: Record<string, unknown>) => Record<string, unknown>) =>
  (result: unknown): unknown =>
    Array.isArray(result) ? result.map((item: Record<string, unknown>) => change(item)) : result

/** What any endpoint may do wrong, whatever it is asked. */
const outages = {
  Dead: { kind: 'dead' },
  Slow: { kind: 'slow', milliseconds: SLOW_MS },
  RateLimit: { kind: 'status', status: 429 },
  Unavailable: { kind: 'status', status: 503 },
  Truncated: { kind: 'truncated' },
} as const satisfies Record<string, EndpointFault>

const rpcFaults: Partial<Record<Trouble, EndpointFault>> = {
  dead: outages.Dead,
  slow: outages.Slow,
  rateLimit: outages.RateLimit,
  unavailable: outages.Unavailable,
  truncated: outages.Truncated,
  stuckMempool: { kind: 'stuckMempool' },
  missingLogs: { kind: 'lie', method: 'eth_getLogs', rewrite: () => [] },
  wrongLogs: {
    kind: 'lie',
    method: 'eth_getLogs',
    rewrite: changed((log) => ({ ...log, data: `${String(log.data).slice(0, 66)}${'00'.repeat(320)}` })),
  },
  wrongReceipts: {
    kind: 'lie',
    method: 'eth_getBlockReceipts',
    rewrite: changed((receipt) => ({ ...receipt, cumulativeGasUsed: '0x1' })),
  },
}

const beaconOutages: Partial<Record<Trouble, EndpointFault>> = {
  beaconDead: outages.Dead,
  beaconSlow: outages.Slow,
  beaconRateLimit: outages.RateLimit,
  beaconUnavailable: outages.Unavailable,
  beaconTruncated: outages.Truncated,
}

/** A fault and the endpoint that has it. */
export interface Faulty {
  readonly faults: FaultBox
  readonly fault: readonly EndpointFault[]
  readonly name: string
}

/** Which endpoint of a side a trouble makes faulty, and how; null where it is no trouble of an endpoint's. */
export async function faultOf(
  trouble: Trouble,
  { chain, deployer }: Side,
  random: (below: number) => number,
): Promise<Faulty | null> {
  const rpc = (...fault: readonly EndpointFault[]): Faulty => ({ faults: chain.rpcFaults, fault, name: trouble })
  const known = rpcFaults[trouble]
  if (known !== undefined) return rpc(known)
  if (trouble === 'staleHead') {
    const old = await deployer.client.request({ method: 'eth_getBlockByNumber', params: ['latest', false] })
    return rpc({ kind: 'lie', method: 'eth_getBlockByNumber', rewrite: () => old })
  }
  const { beaconFaults, beaconUrl } = chain
  if (beaconFaults === undefined || beaconUrl === undefined) return null
  const outage = beaconOutages[trouble]
  if (outage !== undefined) return { faults: beaconFaults, fault: [outage], name: trouble }
  if (trouble === 'beaconStaleHead') {
    const old: unknown = await (await fetch(beaconUrl + FINALITY)).json()
    return { faults: beaconFaults, fault: [{ kind: 'lie', method: FINALITY, rewrite: () => old }], name: trouble }
  }
  if (trouble === 'beaconLie') {
    const names = Object.keys(beaconLies)
    const name = names[random(names.length)] ?? ''
    const lie = beaconLies[name]
    return lie === undefined ? null : { faults: beaconFaults, fault: [lie], name: `${trouble}: ${name}` }
  }
  return null
}
