#!/usr/bin/env node
// The compiler executable that forge calls: npm's `solc` (a WebAssembly build) behind solc's own command line.
// forge asks only for `--version` and `--standard-json`; sources arrive inline, so no file is read here.
const { createRequire } = require('node:module')
const { readFileSync } = require('node:fs')
const { Worker, isMainThread, parentPort, workerData } = require('node:worker_threads')
const { codeOfSource, split, merge } = require('./solc-split.cjs')

const compile = (input) => createRequire(__filename)('solc').compile(input)

/** What the compiler answers, from a thread of its own; ending the thread leaves the answer out for good. */
function compileApart(input) {
  const thread = new Worker(__filename, { workerData: JSON.stringify(input) })
  const output = new Promise((resolve, reject) => {
    thread.once('message', (text) => resolve(JSON.parse(text)))
    thread.once('error', reject)
  })
  return { thread, output }
}

async function standardJson(text) {
  const parts = split(JSON.parse(text))
  if (parts === undefined) return compile(text)
  const deployed = compileApart(parts.deployed)
  const tests = await compileApart(parts.tests).output
  tests.errors = [...(tests.errors ?? []), ...codeOfSource(parts, tests)]
  if (tests.errors.some(({ severity }) => severity === 'error')) {
    // The rest takes minutes, and mends nothing.
    await deployed.thread.terminate()
    return JSON.stringify(tests)
  }
  return JSON.stringify(merge(await deployed.output, tests))
}

const args = process.argv.slice(2)
if (!isMainThread) {
  parentPort.postMessage(compile(workerData))
} else if (args.includes('--version')) {
  const { version } = createRequire(__filename)('solc')
  process.stdout.write(`solc, the solidity compiler commandline interface\nVersion: ${version()}\n`)
} else if (args.includes('--standard-json')) {
  standardJson(readFileSync(0, 'utf8')).then((output) => process.stdout.write(output))
} else {
  process.stderr.write('solc: only --version and --standard-json are supported\n')
  process.exitCode = 2
}
