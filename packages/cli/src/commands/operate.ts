import { createRpc } from '@meridian/chain'
import { apiSchemas, checkTimelock, type DoctorLine, runDoctor } from '@meridian/compass'
import { plainText } from '@meridian/core'
import { Command } from 'commander'
import { z } from 'zod'
import { wordArgument } from '../arguments.ts'
import { readConfig, secretsOf } from '../compass/config.ts'
import {
  costLine,
  doctorText,
  endpointLine,
  laneLine,
  lightClientLine,
  messageLine,
  walletLine,
  workerLine,
} from '../compass/render.ts'
import { type Service, type ServiceFlags, serviceOf, withServiceFlags } from '../compass/service.ts'
import { readDeployment } from '../deploy/deployment.ts'
import { exitCode, RunError, UsageError } from '../errors.ts'
import type { Io } from '../io.ts'
import { jsonLine } from '../json.ts'
import { boundedFlag, positiveFlag } from '../values.ts'

type Hex = `0x${string}`
type Finish = (code: number) => void

/** The parts of `meridian compass …` that look at a Compass, and tell it what to do. */
export function operatorCommands(given: Io, finish: Finish): readonly Command[] {
  // a reason can be an endpoint's own words: they stay one line, and are not obeyed by a terminal
  const io: Io = { ...given, out: (line) => given.out(plainText(line)) }
  return [
    statusCommand(io, finish),
    pendingCommand(io),
    verbCommand(io, finish, 'retry', 'try a message now; a failed one is run again on its target').option(
      '--gas-limit <gas>',
      'gas that a failed message receives at least',
      positiveFlag,
    ),
    verbCommand(io, finish, 'clear', 'give up trying a message that waits; retry takes it up again'),
    verbCommand(io, finish, 'release', 'let a message past the filters'),
    laneCommand(io, finish, 'pause', 'send nothing more on a lane'),
    laneCommand(io, finish, 'resume', 'let a lane go on'),
    rereadCommand(io, finish),
    doctorCommand(io, finish),
  ]
}

/** Has a service for as long as it is used. */
async function using<T>(flags: ServiceFlags, io: Io, work: (service: Service) => Promise<T>): Promise<T> {
  const service = await serviceOf(flags, io)
  try {
    return await work(service)
  } finally {
    await service.close()
  }
}

function statusCommand(io: Io, finish: Finish): Command {
  return withServiceFlags(new Command('status'))
    .description('lanes, light clients, wallets and costs; exit code 1 where a lane makes no progress')
    .option('--json', 'one line of JSON')
    .action((flags: ServiceFlags & { readonly json?: true }) =>
      using(flags, io, async (service) => {
        const list = <Schema extends z.ZodType>(path: string, schema: Schema) => service.get(path, z.array(schema))
        const [lanes, clients, wallets, endpoints, workers, costs] = await Promise.all([
          list('/v1/lanes', apiSchemas.laneSchema),
          list('/v1/light-clients', apiSchemas.lightClientSchema),
          list('/v1/wallets', apiSchemas.walletSchema),
          list('/v1/endpoints', apiSchemas.endpointSchema),
          list('/v1/workers', apiSchemas.workerSchema),
          list('/v1/costs', apiSchemas.costSchema),
        ])
        if (lanes.some(({ stalled }) => stalled !== null)) finish(exitCode.failed)
        const { running } = service
        if (flags.json === true)
          return io.out(jsonLine({ running, lanes, lightClients: clients, wallets, endpoints, workers, costs }))
        const now = io.now()
        io.out(running ? 'running' : 'not running: what follows is from the store')
        for (const lane of lanes) io.out(laneLine(lane, service.chainName, now))
        for (const client of clients) io.out(lightClientLine(client, service.chainName))
        for (const wallet of wallets) io.out(walletLine(wallet, service.chainName))
        for (const one of endpoints) io.out(endpointLine(one, service.chainName, now))
        for (const cost of costs) io.out(costLine(cost, service.chainName))
        for (const worker of workers) {
          const line = workerLine(worker, now)
          if (line !== null) io.out(line)
        }
      }),
    )
}

interface PendingFlags extends ServiceFlags {
  readonly from?: bigint
  readonly to?: bigint
  readonly reason?: string
  readonly limit: bigint
  readonly json?: true
}

function pendingCommand(io: Io): Command {
  return withServiceFlags(new Command('pending'))
    .description('messages that are not at their end, newest first, each with why it waits')
    .option('--from <chain id>', 'source chain', positiveFlag)
    .option('--to <chain id>', 'target chain', positiveFlag)
    .option('--reason <code>', 'only those that show it')
    .option('--limit <count>', 'at most', boundedFlag(1n, 1_000n), 100n)
    .option('--json', 'one line of JSON each')
    .action((flags: PendingFlags) =>
      using(flags, io, async (service) => {
        const query = new URLSearchParams({ open: 'true', limit: String(flags.limit) })
        for (const key of ['from', 'to', 'reason'] as const) {
          const value = flags[key]
          if (value !== undefined) query.set(key, String(value))
        }
        const { messages, next } = await service.get(`/v1/messages?${query}`, apiSchemas.pageSchema)
        const now = io.now()
        for (const message of messages)
          io.out(flags.json === true ? jsonLine(message) : messageLine(message, service.chainName, now))
        if (next !== null && flags.json !== true) io.out(`and more: --limit, --from, --to and --reason show them`)
      }),
    )
}

interface VerbFlags extends ServiceFlags {
  readonly from?: bigint
  readonly gasLimit?: bigint
}

function verbCommand(io: Io, finish: Finish, verb: 'retry' | 'clear' | 'release', description: string): Command {
  return withServiceFlags(new Command(verb))
    .description(description)
    .addArgument(wordArgument('orderId', 'id of the order'))
    .option(
      '--from <chain id>',
      'its source chain; needed only where two chains have the same id of an order',
      positiveFlag,
    )
    .action((orderId: Hex, flags: VerbFlags) =>
      using(flags, io, async (service) => {
        const from = flags.from ?? (await sourceOf(service, orderId))
        const body = flags.gasLimit === undefined ? undefined : { gasLimit: String(flags.gasLimit) }
        const result = await service.post(`/v1/messages/${from}/${orderId}/${verb}`, apiSchemas.resultSchema, body)
        report(result, verb, io, finish)
      }),
    )
}

/** The source chain of an order. @throws {@link RunError} there is none, or more than one. */
async function sourceOf(service: Service, orderId: Hex): Promise<string> {
  const { messages } = await service.get(`/v1/messages?orderId=${orderId}`, apiSchemas.pageSchema)
  const [message, second] = messages
  if (message === undefined) throw new RunError('compass', `it knows no message ${orderId}`)
  if (second !== undefined) throw new RunError('compass', `two chains have a message ${orderId}: give --from`)
  return message.fromChain
}

function laneCommand(io: Io, finish: Finish, verb: 'pause' | 'resume', description: string): Command {
  return withServiceFlags(new Command(verb))
    .description(description)
    .requiredOption('--from <chain id>', 'source chain', positiveFlag)
    .requiredOption('--to <chain id>', 'target chain', positiveFlag)
    .action((flags: ServiceFlags & { readonly from: bigint; readonly to: bigint }) =>
      using(flags, io, async (service) => {
        const result = await service.post(`/v1/lanes/${flags.from}/${flags.to}/${verb}`, apiSchemas.resultSchema)
        report(result, verb, io, finish)
      }),
    )
}

function rereadCommand(io: Io, finish: Finish): Command {
  return withServiceFlags(new Command('reread'))
    .description('read the logs of a chain once more from a block on, and ask anew what is final there')
    .requiredOption('--chain <chain id>', 'the chain', positiveFlag)
    .requiredOption('--from-block <number>', 'the first block', positiveFlag)
    .action((flags: ServiceFlags & { readonly chain: bigint; readonly fromBlock: bigint }) =>
      using(flags, io, async (service) => {
        const body = { fromBlock: String(flags.fromBlock) }
        report(
          await service.post(`/v1/chains/${flags.chain}/reread`, apiSchemas.resultSchema, body),
          'reread',
          io,
          finish,
        )
      }),
    )
}

function report(result: z.output<typeof apiSchemas.resultSchema>, verb: string, io: Io, finish: Finish): void {
  const why = result.reason === null ? '' : `: ${result.reason.code}: ${result.reason.detail}`
  if (result.status === 'refused') throw new RunError(verb, why.slice(2))
  io.out(`${verb}: ${result.status}${why}`)
  if (result.status === 'waiting') finish(exitCode.failed)
}

interface DoctorFlags {
  readonly config?: string
  readonly deployment?: string
  readonly dryRun?: true
  readonly json?: true
}

function doctorCommand(io: Io, finish: Finish): Command {
  return new Command('doctor')
    .description('check all that Compass needs before it runs, one line each; exit code 1 where something fails')
    .option('--config <file>', "Compass' configuration")
    .option(
      '--deployment <file>',
      'deployment file: who rules its timelocks, and what they have scheduled; alone, without a configuration, or besides',
    )
    .option('--dry-run', 'look at no wallet')
    .option('--json', 'one line of JSON each')
    .action(async (flags: DoctorFlags) => {
      for await (const line of doctorLines(flags, io)) {
        io.out(flags.json === true ? jsonLine(line) : doctorText(line))
        if (line.status === 'fail') finish(exitCode.failed)
      }
    })
}

async function* doctorLines(flags: DoctorFlags, io: Io): AsyncGenerator<DoctorLine> {
  if (flags.config === undefined && flags.deployment === undefined) throw new UsageError('--config', 'is needed')
  const deployment = flags.deployment === undefined ? null : readDeployment(flags.deployment)
  if (flags.config !== undefined) {
    const withoutSigners = flags.dryRun === true
    const config = readConfig(flags.config, io, withoutSigners)
    yield* runDoctor(config, { secrets: secretsOf(io), now: io.now, withoutSigners })
  }
  for (const chain of deployment?.chains ?? [])
    yield* checkTimelock({ ...chain, rpc: createRpc({ urls: [chain.rpc] }) })
}
