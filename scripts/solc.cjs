#!/usr/bin/env node
// The compiler executable that forge calls: npm's `solc` (a WebAssembly build) behind solc's own command line.
// forge asks only for `--version` and `--standard-json`; sources arrive inline, so no file is read here.
const { createRequire } = require('node:module')
const { readFileSync } = require('node:fs')

const solc = createRequire(__filename)('solc')
const args = process.argv.slice(2)

if (args.includes('--version')) {
  process.stdout.write(`solc, the solidity compiler commandline interface\nVersion: ${solc.version()}\n`)
} else if (args.includes('--standard-json')) {
  process.stdout.write(solc.compile(readFileSync(0, 'utf8')))
} else {
  process.stderr.write('solc: only --version and --standard-json are supported\n')
  process.exitCode = 2
}
