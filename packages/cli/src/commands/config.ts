import { writeFileSync } from 'node:fs'
import { ConfigError, configJsonSchema, effectiveValues, effectiveYaml, parseConfigFile } from '@meridian/compass'
import { Command } from 'commander'
import { stringify } from 'yaml'
import { configFrom } from '../compass/config.ts'
import { readDeployment } from '../deploy/deployment.ts'
import { exitCode, UsageError } from '../errors.ts'
import { readText } from '../files.ts'
import type { Io } from '../io.ts'
import { jsonLine } from '../json.ts'

/** `meridian config …`. */
export function configCommand(io: Io, finish: (code: number) => void): Command {
  return new Command('config')
    .description("Compass' configuration")
    .addCommand(initCommand(io))
    .addCommand(checkCommand(io, finish))
    .addCommand(printCommand(io))
    .addCommand(schemaCommand(io))
}

/** What stands above a new configuration. */
const HEAD = `# yaml-language-server: $schema=./compass.schema.json
# Every key, its default and its reason: \`meridian config schema\`. What is left out has its default.
# A secret never stands here: env:NAME, file:PATH, kms:aws:ARN, kms:gcp:NAME or { keystore: file:PATH, password: env:NAME }.
`

/** Where nothing is deployed yet: two chains to fill in. Its addresses are nobody's. */
const example = {
  chains: [
    {
      id: 1,
      name: 'ethereum',
      consensus: 'ethereum',
      network: 'mainnet',
      rpc: ['env:ETHEREUM_RPC', 'http://127.0.0.1:8545'],
      beacon: ['http://127.0.0.1:5052'],
      mos: '0x0000000000000000000000000000000000000001',
      startBlock: 0,
      signer: { keystore: 'file:relayer.json', password: 'env:RELAYER_PASSWORD' },
    },
    {
      id: 1337,
      name: 'private',
      consensus: 'qbft',
      rpc: ['http://127.0.0.1:8546'],
      mos: '0x0000000000000000000000000000000000000002',
      startBlock: 0,
      signer: 'env:RELAYER_KEY',
    },
  ],
  lanes: [
    { from: 1, to: 1337 },
    { from: 1337, to: 1 },
  ],
}
const service = { store: 'store', api: { port: 8620, token: 'env:COMPASS_TOKEN' } }

function initCommand(io: Io): Command {
  return new Command('init')
    .description('write a configuration to begin with')
    .option('--deployment <file>', 'for the chains of a deployment, as `meridian deploy` writes it')
    .option('--key <reference>', 'with --deployment: key that pays on every chain', 'env:RELAYER_KEY')
    .option('--out <file>', 'file to write; it must not be there. Default: standard output')
    .action((flags: { readonly deployment?: string; readonly key: string; readonly out?: string }) => {
      const chains =
        flags.deployment === undefined ? example : configFrom(readDeployment(flags.deployment), flags.key, 'store')
      const text = `${HEAD}${stringify({ ...service, ...chains })}`
      parseConfigFile(text)
      if (flags.out === undefined) return io.out(text.trimEnd())
      try {
        writeFileSync(flags.out, text, { flag: 'wx' })
      } catch (error) {
        throw new UsageError('--out', `${flags.out} cannot be written (${codeOf(error)})`)
      }
    })
}

interface FileFlags {
  readonly config: string
  readonly dryRun?: true
}

const withFile = (command: Command): Command =>
  command
    .requiredOption('--config <file>', "Compass' configuration")
    .option('--dry-run', 'as `compass start --dry-run` reads it: no signer is needed')

function checkCommand(io: Io, finish: (code: number) => void): Command {
  return withFile(new Command('check'))
    .description('say what is wrong with a configuration, one line a problem')
    .action((flags: FileFlags) => {
      try {
        const { config } = read(flags, io)
        io.out(`${flags.config}: ok: ${config.chains.length} chains, ${config.lanes.length} lanes`)
      } catch (error) {
        if (!(error instanceof ConfigError)) throw error
        for (const problem of error.context.problems) io.err(`${flags.config}: ${problem}`)
        finish(exitCode.usage)
      }
    })
}

function printCommand(io: Io): Command {
  return withFile(new Command('print'))
    .description('show every value in force and what says so: file, default, or a variable of the environment')
    .option('--json', 'one line of JSON a value')
    .action((flags: FileFlags & { readonly json?: true }) => {
      const file = checkedFile(flags, io)
      if (flags.json !== true) return io.out(effectiveYaml(file).trimEnd())
      for (const { path, value, source } of effectiveValues(file)) io.out(jsonLine({ path, value, source }))
    })
}

function schemaCommand(io: Io): Command {
  return new Command('schema').description('the JSON Schema of a configuration, for editors').action(() => {
    io.out(JSON.stringify(configJsonSchema(), null, 2))
  })
}

const read = ({ config, dryRun }: FileFlags, io: Io) =>
  parseConfigFile(readText(config), io.env, { withoutSigners: dryRun === true })

function checkedFile(flags: FileFlags, io: Io) {
  try {
    return read(flags, io)
  } catch (error) {
    if (error instanceof ConfigError) throw new UsageError(flags.config, error.context.problems[0] ?? error.message)
    throw error
  }
}

const codeOf = (error: unknown): string => (error instanceof Error && 'code' in error ? String(error.code) : 'unknown')
