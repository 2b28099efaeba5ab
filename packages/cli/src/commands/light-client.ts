import { networks } from '@meridian/consensus/ethereum'
import { EPOCH_LENGTH } from '@meridian/consensus/parlia'
import { Command } from 'commander'
import { exitCode, UsageError } from '../errors.ts'
import type { Io } from '../io.ts'
import { jsonLine } from '../json.ts'
import { networkByName } from '../replay/beacon.ts'
import { replayEthereum, replayFromBeacon } from '../replay/ethereum.ts'
import { replayIstanbul } from '../replay/istanbul.ts'
import { replayParlia } from '../replay/parlia.ts'
import { replayQbft } from '../replay/qbft.ts'
import { type AttestationLine, type ReplayLine, replayText } from '../replay/report.ts'
import { choiceFlag, positiveFlag, uintFlag, urlFlag } from '../values.ts'

interface Flags {
  readonly consensus: 'ethereum' | 'istanbul' | 'parlia' | 'qbft'
  readonly network?: string
  readonly bootstrap?: string
  readonly update?: readonly string[]
  readonly beacon?: string
  readonly fromPeriod?: bigint
  readonly count?: bigint
  readonly validators?: readonly string[]
  readonly epochLength?: bigint
  readonly header?: readonly string[]
  readonly json?: true
}

/** `meridian light-client …`. */
export function lightClientCommand(io: Io, finish: (code: number) => void): Command {
  return new Command('light-client').description('light clients by themselves').addCommand(replayCommand(io, finish))
}

function replayCommand(io: Io, finish: (code: number) => void): Command {
  return new Command('replay')
    .description('apply real consensus data to the real contract on a private chain; exit code 1 if any is rejected')
    .requiredOption(
      '--consensus <kind>',
      'ethereum, istanbul, parlia or qbft',
      choiceFlag(['ethereum', 'istanbul', 'parlia', 'qbft']),
    )
    .option('--network <name>', `ethereum: ${Object.keys(networks).join(' or ')}; with --beacon also beacon`)
    .option(
      '--bootstrap <file|root>',
      'where the light client starts; ethereum: as the beacon REST API serves it, with --beacon also a trusted block root; istanbul: a snapshot or epoch info',
    )
    .option('--beacon <url>', 'ethereum: a beacon node that serves updates and the newest finality update', urlFlag)
    .option('--from-period <n>', 'with --beacon: the first sync-committee period (default: the newest)', uintFlag)
    .option('--count <n>', 'with --beacon: periods (default 1)', positiveFlag)
    .option('--update <file...>', 'ethereum: updates and finality updates, as the beacon REST API serves them')
    .option(
      '--validators <file|list...>',
      'qbft: the validators, in a file or separated by commas; parlia: epoch headers',
    )
    .option('--header <file...>', 'istanbul, parlia, qbft: headers, as raw RLP or as JSON-RPC serves blocks')
    .option('--epoch-length <blocks>', `parlia: blocks in an epoch (default ${EPOCH_LENGTH})`, positiveFlag)
    .option('--json', 'one line of JSON for each update, or for each attestation')
    .action(async (flags: Flags) => {
      let rejected = false
      for await (const line of replayOf(flags)) {
        rejected ||= line.result === 'rejected'
        io.out(flags.json ? jsonLine(line) : replayText(line))
      }
      if (rejected) finish(exitCode.failed)
    })
}

function replayOf(flags: Flags): AsyncGenerator<ReplayLine | AttestationLine, void, undefined> {
  if (flags.consensus === 'qbft') {
    const [validators, ...surplus] = required(flags, 'validators')
    if (validators === undefined || surplus.length > 0) throw new UsageError('--validators', 'is one file or list')
    return replayQbft({ validators, headers: flags.header ?? [] })
  }
  if (flags.consensus === 'parlia') {
    const { header = [], epochLength = EPOCH_LENGTH } = flags
    return replayParlia({ validators: flags.validators ?? [], headers: header, epochLength })
  }
  if (flags.consensus === 'istanbul') {
    return replayIstanbul({ bootstrap: required(flags, 'bootstrap'), headers: flags.header ?? [] })
  }
  if (flags.beacon !== undefined) {
    const { beacon: url, fromPeriod, count = 1n, network = 'beacon', bootstrap, update } = flags
    const range = { url, count, ...(fromPeriod === undefined ? {} : { fromPeriod }) }
    return replayFromBeacon(range, network, bootstrap, update)
  }
  for (const [flag, value] of [
    ['--from-period', flags.fromPeriod],
    ['--count', flags.count],
  ] as const)
    if (value !== undefined) throw new UsageError(flag, 'goes with --beacon')
  const network = networkByName(required(flags, 'network'))
  const bootstrap = required(flags, 'bootstrap')
  if (flags.update === undefined) throw new UsageError('--update', 'is needed with --consensus ethereum')
  return replayEthereum({ network, bootstrap, updates: flags.update })
}

function required<Name extends 'network' | 'bootstrap' | 'validators'>(
  flags: Flags,
  name: Name,
): NonNullable<Flags[Name]> {
  const value = flags[name]
  if (value === undefined) throw new UsageError(`--${name}`, `is needed with --consensus ${flags.consensus}`)
  return value
}
