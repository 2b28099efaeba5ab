import { getAddress, isAddress } from 'viem'
import { z } from 'zod'

const url = z.url({ protocol: /^https?$/, error: 'expected an http or https URL' })
const chainId = z.coerce
  .bigint({ error: 'expected a chain id' })
  .refine((id) => id > 0n && id < 2n ** 53n, 'expected a chain id from 1 to 2^53 - 1')
const count = z.coerce.bigint({ error: 'expected a whole number' }).refine((n) => n >= 0n, 'expected 0 or more')
const milliseconds = z.int().min(10).max(86_400_000)
const name = z.string().regex(/^[a-z][a-z0-9-]{0,31}$/, 'expected a name of lower-case letters, digits and hyphens')
const address = z
  .string()
  .refine((text) => isAddress(text), 'expected an address')
  .transform((text) => getAddress(text))
const signer = z
  .string()
  .regex(/^(env:[A-Za-z_][A-Za-z0-9_]*|file:.+)$/, 'expected env:NAME or file:PATH; a key itself never stands here')

const chain = z
  .strictObject({
    id: chainId,
    name,
    consensus: z.enum(['ethereum', 'istanbul', 'parlia', 'qbft']),
    /** Ethereum: `mainnet`, `sepolia`, or `beacon` to read its parameters from the beacon node. Parlia: `bsc`, or `epoch-N`. */
    network: z.string().default('beacon'),
    rpc: z.array(url).min(1, 'expected one URL at least'),
    beacon: z.array(url).min(1, 'expected one URL at least').optional(),
    mos: address,
    /** The contract that forwards messages between other chains, where lanes go over this chain. */
    hub: address.optional(),
    startBlock: count,
    signer: signer.optional(),
    pollMs: milliseconds.optional(),
    maxSpan: count.refine((n) => n > 0n, 'expected 1 or more').optional(),
    maxFeePerGas: count.optional(),
    minPriorityFeePerGas: count.optional(),
    bumpAfterMs: milliseconds.optional(),
    rebroadcastMs: milliseconds.optional(),
    lostAfterMs: milliseconds.optional(),
    maxInFlight: z.int().min(1).max(1_000).optional(),
    maxBatch: z.int().min(1).max(1_000).optional(),
    maxTransactionGas: count.optional(),
    maintainMs: milliseconds.optional(),
    combineUpdates: z.boolean().optional(),
    /** Which messages to this chain that are past their deadline are proven, at our cost. Default: none. */
    recordExpiry: z.enum(['none', 'own', 'all']).optional(),
    /** Who receives the fees that lie on this chain. Default: our signer here. Only that one is withdrawn to by us. */
    payee: address.optional(),
    /** When fees that lie on this chain are claimed; `false`: never. It needs a signer here. */
    claims: z
      .union([
        z.literal(false),
        z.strictObject({
          /** Wei that a receipt's fees must come to. Default: twice what settling it costs. */
          minAmount: count.optional(),
          /** Milliseconds after which it is settled whatever they come to. Default: a day. */
          maxAgeMs: z.int().min(0).max(31_536_000_000).optional(),
          /** Milliseconds that it waits for messages to move the light client before it pays for an update. Default: an hour. */
          updateAfterMs: z.int().min(0).max(31_536_000_000).optional(),
        }),
      ])
      .optional(),
  })
  .superRefine((item, context) => {
    if (item.consensus === 'ethereum' && item.beacon === undefined)
      context.addIssue({ code: 'custom', path: ['beacon'], message: 'Ethereum needs a beacon URL' })
  })

/** Of the token on that side. */
const decimals = z.int().min(0).max(36).default(18)

const pair = z.strictObject({
  name,
  /** Where it is locked: the bridge, which says `locked()`. */
  lock: z.strictObject({ chain: chainId, address, decimals }),
  /** Where it is minted: the bridge, which says `outstanding()`, or a token that nobody else mints, `totalSupply()`. */
  mint: z.strictObject({
    chain: chainId,
    address,
    read: z.enum(['outstanding', 'totalSupply']).default('outstanding'),
    decimals,
  }),
})

/** What `compass` reads from its configuration file. Unknown keys are errors: a typing mistake is never ignored. */
export const configSchema = z
  .strictObject({
    /** Folder of the store. */
    store: z.string().min(1),
    logLevel: z.enum(['trace', 'debug', 'info', 'warn', 'error', 'silent']).default('info'),
    chains: z.array(chain).min(2, 'expected two chains at least'),
    /** `via`: the chain whose hub the lane goes over, as the routes of the contracts do. */
    lanes: z
      .array(z.strictObject({ from: chainId, to: chainId, via: chainId.optional() }))
      .min(1, 'expected one lane at least'),
    /** Assets whose supply is watched. */
    supply: z.array(pair).default([]),
    /** Milliseconds between two looks at a supply. */
    supplyMs: milliseconds.default(15_000),
    /** Prometheus metrics at /metrics on a port of the loopback interface; 0 takes a free one. */
    metrics: z.strictObject({ port: z.int().min(0).max(65_535) }).optional(),
  })
  .superRefine(({ chains, lanes, supply }, context) => {
    const issue = (path: (string | number)[], message: string): void =>
      context.addIssue({ code: 'custom', path, message })
    chains.forEach((item, i) => {
      if (chains.findIndex(({ id }) => id === item.id) < i) issue(['chains', i, 'id'], `${item.id} is there twice`)
      if (chains.findIndex((c) => c.name === item.name) < i) issue(['chains', i, 'name'], `${item.name} is there twice`)
    })
    lanes.forEach(({ from, to, via }, i) => {
      const hub = chains.find(({ id }) => id === via)
      if (via !== undefined && (via === from || via === to)) issue(['lanes', i, 'via'], 'a hub is on a third chain')
      else if (via !== undefined && hub === undefined) issue(['lanes', i, 'via'], `no chain ${via}`)
      else if (hub !== undefined && hub.hub === undefined) issue(['lanes', i, 'via'], `chain ${via} has no hub`)
      else if (hub !== undefined && hub.signer === undefined) issue(['lanes', i, 'via'], `chain ${via} has no signer`)
      if (from === to) issue(['lanes', i], 'a lane joins two chains')
      if (!chains.some(({ id }) => id === from)) issue(['lanes', i, 'from'], `no chain ${from}`)
      const target = chains.find(({ id }) => id === to)
      if (target === undefined) issue(['lanes', i, 'to'], `no chain ${to}`)
      else if (target.signer === undefined) issue(['lanes', i, 'to'], `chain ${to} has no signer`)
      if (lanes.findIndex((lane) => lane.from === from && lane.to === to) < i) issue(['lanes', i], 'it is there twice')
    })
    supply.forEach(({ name, lock, mint }, i) => {
      for (const side of ['lock', 'mint'] as const) {
        const { chain } = { lock, mint }[side]
        if (!chains.some(({ id }) => id === chain)) issue(['supply', i, side, 'chain'], `no chain ${chain}`)
      }
      if (lock.chain === mint.chain) issue(['supply', i], 'an asset is locked on one chain and minted on another')
      if (supply.findIndex((other) => other.name === name) < i) issue(['supply', i, 'name'], `${name} is there twice`)
    })
  })

/** A configuration with nothing missing. */
export type CompassConfig = z.output<typeof configSchema>
export type ChainConfig = CompassConfig['chains'][number]
