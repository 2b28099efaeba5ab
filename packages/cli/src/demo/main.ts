import { Command, InvalidArgumentError } from 'commander'
import { exitCode } from '../errors.ts'
import { type Io, processIo } from '../io.ts'
import { parseAndRun } from '../run.ts'
import { runDemo } from './index.ts'
import type { Output } from './terminal.ts'
import type { ChainKinds } from './world.ts'

/**
 * Virtual seconds per second: fast enough that Ethereum's finality takes seconds, slow enough that two cores keep up and
 * that a person can follow.
 */
const LIVE_RATE = 48
const ONCE_RATE = 120
const MAX_RATE = 1_000

interface Flags {
  readonly once?: true
  readonly chains: ChainKinds
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
      'two local chains, the light client of each on the other, messages both ways, and a token there and back',
    )
    .option('--once', 'end by itself once a message in each direction has executed and a token has come back')
    .option('--chains <kinds>', 'two of ethereum and qbft', chainKinds, ['ethereum', 'qbft'])
    .option('--rate <n>', `virtual seconds per second (default: ${LIVE_RATE}, with --once ${ONCE_RATE})`, rate)
    .action(async (flags: Flags) => {
      const once = flags.once === true
      code = await runDemo(
        { kinds: flags.chains, once, rate: flags.rate ?? (once ? ONCE_RATE : LIVE_RATE) },
        io,
        output,
      )
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
