import { z } from '@hono/zod-openapi'
import { messageStates } from '../message.ts'
import { isCursor } from '../store/views.ts'

const digits = z.string().regex(/^(0|[1-9]\d{0,77})$/)
/** Integers of any size are decimal strings: JSON's numbers would lose digits. */
const integer = digits.openapi({ example: '1' })
const hex = z.string().regex(/^0x[0-9a-fA-F]*$/)
const hash = z.string().regex(/^0x[0-9a-fA-F]{64}$/)
const milliseconds = z.number().int()
const chainId = digits.openapi({ description: 'EIP-155 chain id', example: '1' })

export const reasonSchema = z.object({ code: z.string(), detail: z.string() }).openapi('Reason')
const kind = z.enum(['delivery', 'forward', 'relay', 'update', 'retry', 'claim', 'forwardRecords', 'withdraw'])

export const messageSchema = z
  .object({
    fromChain: chainId,
    toChain: chainId,
    orderId: hash,
    nonce: integer,
    sender: hex,
    target: hex.nullable(),
    gasLimit: integer,
    deadline: integer.openapi({ description: 'Unix seconds; 0: none' }),
    sequence: integer,
    state: z.enum(messageStates),
    outcome: z.enum(['delivered', 'failed', 'expired', 'forwarded']).nullable(),
    reason: reasonSchema.nullable(),
    attempts: z.number().int(),
    nextAttemptAt: milliseconds,
    decision: z.enum(['cleared', 'released']).nullable(),
    sourceBlock: integer,
    sourceTx: hash,
    targetBlock: integer.nullable(),
    targetTx: hash.nullable(),
    deliveryGas: integer.nullable(),
    updateGas: integer.nullable(),
    executionReason: hex.nullable(),
    seenAt: milliseconds,
    finalAt: milliseconds.nullable(),
    provableAt: milliseconds.nullable(),
    submittedAt: milliseconds.nullable(),
    includedAt: milliseconds.nullable(),
    settledAt: milliseconds.nullable(),
  })
  .openapi('Message')

const attemptSchema = z.object({
  hash,
  cancel: z.boolean(),
  maxFeePerGas: integer,
  createdAt: milliseconds,
  sentAt: milliseconds.nullable(),
})

export const transactionSchema = z
  .object({
    chainId,
    kind,
    state: z.enum(['pending', 'mined', 'final', 'lost', 'rejected']),
    signer: hex,
    nonce: z.number().int(),
    to: hex,
    gasLimit: integer,
    createdAt: milliseconds,
    success: z.boolean().nullable(),
    hash: hash.nullable(),
    block: integer.nullable(),
    gasUsed: integer.nullable(),
    gasPrice: integer.nullable(),
    error: z.string().nullable(),
    attempts: z.array(attemptSchema),
  })
  .openapi('Transaction')

export const historySchema = z
  .object({ message: messageSchema, transactions: z.array(transactionSchema) })
  .openapi('MessageHistory')

export const pageSchema = z
  .object({ messages: z.array(messageSchema), next: z.string().nullable() })
  .openapi('MessagePage')

export const laneSchema = z
  .object({
    fromChain: chainId,
    toChain: chainId,
    states: z.record(z.string(), z.number().int()),
    reasons: z.array(z.object({ code: z.string(), count: z.number().int() })),
    oldestPendingAt: milliseconds.nullable(),
    paused: z.boolean(),
    stalled: reasonSchema.nullable(),
  })
  .openapi('Lane')

export const lightClientSchema = z
  .object({
    fromChain: chainId,
    toChain: chainId,
    address: hex,
    status: z.enum(['active', 'expired', 'frozen']),
    head: z.object({ number: integer, timestamp: integer }),
    expiresAt: integer,
    lagSeconds: z.number().nullable(),
    expirySeconds: z.number().nullable(),
  })
  .openapi('LightClient')

export const walletSchema = z
  .object({
    chainId,
    address: hex,
    balance: integer,
    readAt: milliseconds,
    spentPerDay: integer,
    runwayDays: z.number().nullable(),
  })
  .openapi('Wallet')

export const endpointSchema = z
  .object({
    chainId,
    name: z.string().openapi({ description: 'Its place in the configuration', example: 'rpc[0]' }),
    host: z.string().openapi({ description: 'Host and port; what looks like a key is cut short' }),
    state: z.enum(['asked', 'resting', 'limited']),
    failures: z.number().int().openapi({ description: 'In a row' }),
    restUntil: milliseconds,
    limitedUntil: milliseconds.openapi({ description: 'Until when it asked to be left alone' }),
    latencyMs: z.number().nullable(),
    lastError: z.string().nullable(),
    requests: z.number().int(),
    errors: z.number().int(),
    rateLimits: z.number().int(),
    wrongAnswers: z.number().int(),
    disagreements: z.number().int().openapi({ description: 'Answers that a quorum of the others contradicted' }),
    logBlocks: integer.openapi({ description: 'Blocks of one log query' }),
    head: z.object({ number: integer, timestamp: integer, lagSeconds: z.number(), ageSeconds: z.number() }).nullable(),
  })
  .openapi('Endpoint')

export const claimSchema = z
  .object({
    deliveryId: z.number().int(),
    fromChain: chainId,
    toChain: chainId,
    state: z.string(),
    reason: reasonSchema.nullable(),
    attempts: z.number().int(),
    createdAt: milliseconds,
    settledAt: milliseconds.nullable(),
    txHash: hash,
    orders: z.array(z.object({ orderId: hash, token: hex, amount: integer })),
  })
  .openapi('Claim')

export const workerSchema = z
  .object({
    name: z.string(),
    trouble: z.object({ reason: reasonSchema, since: milliseconds, failures: z.number().int() }).nullable(),
  })
  .openapi('Worker')

export const costSchema = z
  .object({
    fromChain: chainId,
    toChain: chainId,
    kind,
    paidOn: chainId,
    transactions: z.number().int(),
    gas: integer,
    wei: integer,
  })
  .openapi('RouteCost')

export const healthSchema = z
  .object({
    ready: z.boolean(),
    problems: z.array(z.object({ what: z.string(), reason: reasonSchema })),
  })
  .openapi('Health')

export const resultSchema = z
  .object({ status: z.enum(['done', 'waiting', 'refused']), reason: reasonSchema.nullable() })
  .openapi('OperatorResult')

export const errorSchema = z.object({ error: reasonSchema }).openapi('Error')

const MAX_LIMIT = 1_000

export const messageQuery = z.object({
  from: digits.optional().openapi({ description: 'Source chain' }),
  to: digits.optional().openapi({ description: 'Target chain' }),
  state: z.enum(messageStates).optional(),
  reason: z.string().max(100).optional().openapi({ description: 'Code of the reason that it shows' }),
  orderId: hash.optional().openapi({ description: 'Of whichever source chain' }),
  sender: hex.optional(),
  target: hex.optional(),
  open: z.enum(['true', 'false']).optional().openapi({ description: 'Only those that are not at their end' }),
  after: z.string().refine(isCursor, 'expected what a page names as next').optional(),
  limit: z.coerce.number().int().min(1).max(MAX_LIMIT).default(100),
})
export const claimQuery = z.object({ limit: z.coerce.number().int().min(1).max(MAX_LIMIT).default(100) })
export const costQuery = z.object({ days: z.coerce.number().min(0.01).max(3_660).default(30) })
export const messageParams = z.object({
  fromChain: digits.openapi({ param: { name: 'fromChain', in: 'path' }, example: '1' }),
  orderId: hash.openapi({ param: { name: 'orderId', in: 'path' } }),
})
export const laneParams = z.object({
  from: digits.openapi({ param: { name: 'from', in: 'path' }, example: '1' }),
  to: digits.openapi({ param: { name: 'to', in: 'path' }, example: '2' }),
})
export const chainParams = z.object({
  chain: digits.openapi({ param: { name: 'chain', in: 'path' }, example: '1' }),
})
export const rereadBody = z.strictObject({
  fromBlock: digits.openapi({ description: 'The first block that is read once more' }),
})
export const retryBody = z.strictObject({
  gasLimit: digits.optional().openapi({ description: 'Gas that the message receives at least, where it had failed' }),
})
