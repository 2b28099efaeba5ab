import { Command, InvalidArgumentError } from 'commander'
import { exitCode, UsageError } from '../errors.ts'
import { type Io, processIo } from '../io.ts'
import { parseAndRun } from '../run.ts'
import { choiceFlag } from '../values.ts'
import { runDemo } from './index.ts'
import type { Output } from './terminal.ts'
import type { ChainKinds, Topology } from './world.ts'

/**
 * Virtual seconds per second: fast enough that Ethereum's finality takes seconds, slow enough that two cores keep up and
 * that a person can follow.
 */
const LIVE_RATE = 48
const ONCE_RATE = 120
const MAX_RATE = 1_000
/** Three chains, which make a block every few seconds, keep two cores busy. */
const HUB_LIVE_RATE = 24
const HUB_ONCE_RATE = 60

interface Flags {
  readonly once?: true
  readonly topology: Topology
  readonly chains?: ChainKinds
  readonly rate?: number
}

/** The demo's command line. Returns the exit code. */
export function demoMain(
  argv: readonly string[],
  io: Io = processIo(),
  output: Output = process.stdout,
): Promise<number> {
  let code: number = exitCode.ok
  const program = new Command('demo')
    .description(
      'local chains that verify each other by light clients, messages both ways, and a token there and back: two chains directly, or chains like BNB and Ethereum over a hub like MAP',
    )
    .option('--once', 'end by itself once a message in each direction has executed and a token has come back')
    .option('--topology <name>', 'pair or hub', choiceFlag(['pair', 'hub'] as const), 'pair')
    .option('--chains <kinds>', 'of a pair: two of ethereum and qbft (default: ethereum,qbft)', chainKinds)
    .option(
      '--rate <n>',
      `virtual seconds per second (default: ${LIVE_RATE}, with --once ${ONCE_RATE}; of a hub ${HUB_LIVE_RATE} and ${HUB_ONCE_RATE})`,
      rate,
    )
    .action(async (flags: Flags) => {
      const once = flags.once === true
      const { topology } = flags
      if (topology === 'hub' && flags.chains !== undefined) throw new UsageError('--chains', 'is of a pair')
      const [live, short] = topology === 'hub' ? [HUB_LIVE_RATE, HUB_ONCE_RATE] : [LIVE_RATE, ONCE_RATE]
      const kinds: ChainKinds = flags.chains ?? ['ethereum', 'qbft']
      code = await runDemo({ topology, kinds, once, rate: flags.rate ?? (once ? short : live) }, io, output)
    })
  return parseAndRun(program, argv, io, () => code)
}

function chainKinds(text: string): ChainKinds {
  const [first, second, ...surplus] = text.split(',')
  if (surplus.length > 0 || !isKind(first) || !isKind(second)) {
    throw new InvalidArgumentError('Expected two of ethereum and qbft, separated by a comma.')
  }
  return [first, second]
}

function isKind(text: string | undefined): text is ChainKinds[number] {
  return text === 'ethereum' || text === 'qbft'
}

function rate(text: string): number {
  const value = Number(text)
  if (!(value >= 1 && value <= MAX_RATE)) throw new InvalidArgumentError(`Expected a number from 1 to ${MAX_RATE}.`)
  return value
}
