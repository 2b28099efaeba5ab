import { z } from 'zod'
import { defaultClaimRule, defaultTuning } from '../tuning.ts'
import { address, chainId, count, endpoint, interval, name, port, positive, secretRef, signerRef } from './fields.ts'

const longInterval = z.int().min(0).max(31_536_000_000)

const claims = z
  .union([
    z.literal(false),
    z.strictObject({
      minAmount: count
        .optional()
        .describe(
          'Wei of the native coin that the fees of a receipt must come to. Left out: twice what settling it costs.',
        ),
      maxAgeMs: longInterval
        .default(defaultClaimRule.maxAgeMs)
        .describe('Milliseconds after which a receipt is settled whatever its fees come to.'),
      updateAfterMs: longInterval
        .default(defaultClaimRule.updateAfterMs)
        .describe(
          'Milliseconds that a claim waits for messages to move the light client before it pays for an update.',
        ),
    }),
  ])
  .prefault({})

const chain = z
  .strictObject({
    id: chainId.describe('EIP-155 chain id; an endpoint that serves another one is refused.'),
    name: name.describe('What logs, metrics and commands call the chain.'),
    consensus: z
      .enum(['ethereum', 'istanbul', 'parlia', 'qbft'])
      .describe('How the chain agrees; the light client on the other chain says the same.'),
    network: z
      .string()
      .default('beacon')
      .describe(
        'Ethereum: mainnet, sepolia, …, or beacon to read its parameters from the beacon node. Parlia: bsc, or epoch-N.',
      ),
    rpc: z
      .array(endpoint)
      .min(1, 'expected one URL at least')
      .describe('JSON-RPC endpoints, preferred first: URLs, or references to them (env:NAME, file:PATH).'),
    beacon: z
      .array(endpoint)
      .min(1, 'expected one URL at least')
      .optional()
      .describe('Ethereum: beacon nodes, as rpc.'),
    mos: address.describe('Message service contract on this chain.'),
    hub: address.optional().describe('Hub contract on this chain, where lanes go over it.'),
    startBlock: count.describe('Block that MOS was deployed in: no message is older.'),
    signer: signerRef
      .optional()
      .describe('Key that pays on this chain. Needed where a lane ends here, or where fees are to be claimed.'),
    moreSigners: z
      .array(signerRef)
      .default([])
      .describe('More keys that pay on this chain, each with nonces of its own, for more transactions at a time.'),
    pollMs: interval.default(defaultTuning.pollMs).describe('Milliseconds between two looks at the chain.'),
    maxSpan: positive
      .default(defaultTuning.maxSpan)
      .describe('Blocks of one log query at most; halved by itself where an endpoint refuses.'),
    quorum: z
      .int()
      .min(1)
      .max(16)
      .default(1)
      .describe(
        'Endpoints that have to agree on the head, on final blocks and on logs. One that says something else is passed over and named.',
      ),
    maxFeePerGas: count
      .default(defaultTuning.maxFeePerGas)
      .describe('Wei. Nothing is sent above it: what waits says FEE_CAP.'),
    minPriorityFeePerGas: count.default(defaultTuning.minPriorityFeePerGas).describe('Wei. Tip at least.'),
    bumpAfterMs: interval
      .default(defaultTuning.bumpAfterMs)
      .describe('Milliseconds that a transaction waits before it is sent again with a higher fee.'),
    rebroadcastMs: interval
      .default(defaultTuning.rebroadcastMs)
      .describe('Milliseconds before a pending transaction is shown to the node again.'),
    lostAfterMs: interval
      .default(defaultTuning.lostAfterMs)
      .describe('Milliseconds that a used nonce may lack a receipt before it counts as used from outside.'),
    maxInFlight: z
      .int()
      .min(1)
      .max(1_000)
      .default(defaultTuning.maxInFlight)
      .describe('Transactions of one wallet on their way at most.'),
    maxBatch: z
      .int()
      .min(1)
      .max(1_000)
      .default(defaultTuning.maxBatch)
      .describe('Messages of one transaction at most.'),
    maxTransactionGas: count
      .default(defaultTuning.maxTransactionGas)
      .describe('Gas of one transaction at most; EIP-7825 allows 2^24. What takes more is not sent: it says GAS_CAP.'),
    maintainMs: interval
      .default(defaultTuning.maintainMs)
      .describe('Milliseconds between looks at light clients that no message waits for.'),
    combineUpdates: z
      .boolean()
      .default(defaultTuning.combineUpdates)
      .describe('Whether light-client updates go into the delivering transaction: cheaper, but not told apart.'),
    recordExpiry: z
      .enum(['none', 'own', 'all'])
      .default(defaultTuning.recordExpiry)
      .describe('Which messages past their deadline are proven at our cost. A record earns nothing; it frees the fee.'),
    l1FeeOracle: address
      .optional()
      .describe('OP Stack rollups: the oracle of data fees, 0x420000000000000000000000000000000000000F there.'),
    payee: address.optional().describe('Who receives the fees that lie on this chain. Left out: our signer here.'),
    claims: claims.describe('When fees that lie on this chain are claimed; false: never. It needs a signer here.'),
  })
  .superRefine((item, context) => {
    if (item.consensus === 'ethereum' && item.beacon === undefined)
      context.addIssue({ code: 'custom', path: ['beacon'], message: 'Ethereum needs a beacon URL' })
  })

const limit = z
  .strictObject({
    windowMs: z.int().min(1_000).max(2_592_000_000).describe('Milliseconds that are looked back.'),
    maxMessages: z.int().min(0).optional().describe('Messages that may be submitted in the window.'),
    maxGas: count.optional().describe('Gas limits of messages that may be submitted in the window, in sum.'),
  })
  .refine(({ maxMessages, maxGas }) => maxMessages !== undefined || maxGas !== undefined, {
    error: 'expected maxMessages or maxGas',
  })

const bytes = z.string().regex(/^0x([0-9a-fA-F]{2})*$/, 'expected bytes, 0x and pairs of hex digits')
const account = z.string().regex(/^0x([0-9a-fA-F]{2}){1,64}$/, 'expected an address in hex')

/** @param of Whose coin. */
const prices = (of: string) =>
  z
    .array(
      z.strictObject({
        token: address.describe("Token that a fee is paid in; the zero address is the source's native coin."),
        units: positive.describe(`Units of it that a whole coin of ${of} (10^18 wei) is worth.`),
      }),
    )
    .min(1, 'expected one price at least')

const profit = z
  .strictObject({
    prices: prices('the target').describe(
      'What fees are worth on the target. A token that is not here is worth nothing.',
    ),
    hubPrices: prices("the hub's chain")
      .optional()
      .describe('As prices, of the chain whose hub the lane goes over; needed there: a fee has to pay for both legs.'),
    minPercent: z.int().min(0).max(1_000_000).default(100).describe('Percent of the cost that a fee has to come to.'),
    sponsored: z.array(account).default([]).describe('Senders whose messages are delivered whatever they pay.'),
  })
  .describe('Deliver only what pays. What does not waits as UNPROFITABLE, and is looked at again.')

const lane = z.strictObject({
  from: chainId.describe('Where its messages start.'),
  to: chainId.describe('Where they end; needs a signer.'),
  via: chainId
    .optional()
    .describe('The chain whose hub it goes over, as the routes of the contracts do. Left out: it is direct.'),
  profit: profit.optional().describe('Left out: everything is delivered, whatever it pays.'),
  limits: z
    .array(limit)
    .default([])
    .describe('What this lane carries at most. What is beyond waits as FILTERED_LIMIT until the window has room.'),
})

const rule = z.strictObject({
  action: z.enum(['allow', 'deny']),
  from: z.array(chainId).min(1).optional().describe('Source chains. Each key that is left out matches everything.'),
  to: z.array(chainId).min(1).optional().describe('Target chains.'),
  sender: z.array(account).min(1).optional().describe('Who sent it.'),
  target: z.array(account).min(1).optional().describe('Whom it calls: the recipient.'),
  body: z
    .strictObject({
      prefix: bytes.optional().describe('Its payload begins so: a selector, most often.'),
      minBytes: z.int().min(0).optional().describe('Bytes of payload at least.'),
      maxBytes: z.int().min(0).optional().describe('Bytes of payload at most.'),
    })
    .optional(),
  note: z.string().max(200).optional().describe('Why; shown with every message that it stops.'),
})
export type FilterRule = z.output<typeof rule>

const filters = z
  .strictObject({
    rules: z.array(rule).default([]).describe('The first rule that fits a message decides.'),
    otherwise: z.enum(['allow', 'deny']).default('allow').describe('What no rule fits.'),
    sanctions: z
      .string()
      .min(1)
      .optional()
      .describe('File with one address a line; # starts a comment. Read again when it changes; unreadable: all wait.'),
  })
  .prefault({})

/** Of the token on that side. */
const decimals = z.int().min(0).max(36).default(18)

const pair = z.strictObject({
  name,
  lock: z
    .strictObject({ chain: chainId, address, decimals })
    .describe('Where it is locked: the bridge, which says `locked()`.'),
  mint: z
    .strictObject({
      chain: chainId,
      address,
      read: z.enum(['outstanding', 'totalSupply']).default('outstanding'),
      decimals,
    })
    .describe('Where it is minted: the bridge, or (totalSupply) a token that nobody else mints.'),
})

const host = z
  .string()
  .regex(/^[A-Za-z0-9.:-]+$/, 'expected an address or a host name')
  .default('127.0.0.1')
  .describe(
    'Address to listen on. What is not the loopback interface is seen by others: put a proxy with TLS in front.',
  )

const api = z.strictObject({
  host,
  port: port.describe('Port; 0 takes a free one.'),
  token: secretRef
    .optional()
    .describe('Bearer token of the writing verbs (16 characters at least). Left out: nothing can be written.'),
  maxStreams: z.int().min(1).max(10_000).default(64).describe('Clients of the event stream at the same time.'),
})

/** What `compass` reads from its configuration file. Unknown keys are errors: a typing mistake is never ignored. */
export const configSchema = z
  .strictObject({
    store: z
      .string()
      .min(1)
      .refine(
        (place) => !/^postgres(ql)?:\/\/([^/]*:[^/]*@|.*[?&]password=)/i.test(place),
        'a password never stands here: expected env:NAME or file:PATH',
      )
      .describe('Folder of the embedded store; or env:NAME or file:PATH that hold the URL of a PostgreSQL server.'),
    logLevel: z
      .enum(['trace', 'debug', 'info', 'warn', 'error', 'silent'])
      .default('info')
      .describe('Least that is logged.'),
    chains: z.array(chain).min(2, 'expected two chains at least'),
    lanes: z.array(lane).min(1, 'expected one lane at least').describe('Directions to serve.'),
    filters: filters.describe('Which messages are carried. What is not waits, visibly, and can be released.'),
    supply: z.array(pair).default([]).describe('Assets whose supply is watched.'),
    supplyMs: interval.default(15_000).describe('Milliseconds between two looks at a supply.'),
    api: api.optional().describe('The HTTP API, with /metrics and /health. Left out: none.'),
    metrics: z
      .strictObject({ host, port: port.describe('Port; 0 takes a free one.') })
      .optional()
      .describe('/metrics and /health on a port of their own, for who does not want the API. Left out: none.'),
    telemetryMs: interval.default(15_000).describe('Milliseconds between two looks that metrics are made of.'),
    balanceMs: interval.default(60_000).describe('Milliseconds between two looks at a wallet: a call each.'),
    stallMs: z
      .int()
      .min(10_000)
      .max(86_400_000)
      .default(300_000)
      .describe('Milliseconds without progress, while something waits that could go, after which a lane is not ready.'),
    watcher: z
      .boolean()
      .default(false)
      .describe("Whether every head that a light client accepts is held against the source chain's own nodes."),
    watcherMs: interval.default(15_000).describe('Milliseconds between two looks of the watcher.'),
  })
  .superRefine(({ chains, lanes, supply }, context) => {
    const issue = (path: (string | number)[], message: string): void =>
      context.addIssue({ code: 'custom', path, message })
    chains.forEach((item, i) => {
      if (chains.findIndex(({ id }) => id === item.id) < i) issue(['chains', i, 'id'], `${item.id} is there twice`)
      if (chains.findIndex((c) => c.name === item.name) < i) issue(['chains', i, 'name'], `${item.name} is there twice`)
    })
    lanes.forEach(({ from, to, via, profit }, i) => {
      if (profit !== undefined && (via === undefined) !== (profit.hubPrices === undefined))
        issue(
          ['lanes', i, 'profit', 'hubPrices'],
          via === undefined ? 'there is no hub on its way' : 'is missing: a fee has to pay for both legs',
        )
      const hub = chains.find(({ id }) => id === via)
      if (via !== undefined && (via === from || via === to)) issue(['lanes', i, 'via'], 'a hub is on a third chain')
      else if (via !== undefined && hub === undefined) issue(['lanes', i, 'via'], `no chain ${via}`)
      else if (hub !== undefined && hub.hub === undefined) issue(['lanes', i, 'via'], `chain ${via} has no hub`)
      if (from === to) issue(['lanes', i], 'a lane joins two chains')
      if (!chains.some(({ id }) => id === from)) issue(['lanes', i, 'from'], `no chain ${from}`)
      if (!chains.some(({ id }) => id === to)) issue(['lanes', i, 'to'], `no chain ${to}`)
      if (lanes.findIndex((other) => other.from === from && other.to === to) < i)
        issue(['lanes', i], 'it is there twice')
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
export type LaneLimit = z.output<typeof limit>
export type FilterConfig = z.output<typeof filters>
