#!/usr/bin/env node
// The compiler executable that forge calls: npm's `solc` (a WebAssembly build) behind solc's own command line.
// forge asks only for `--version` and `--standard-json`; sources arrive inline, so no file is read here.
const { createRequire } = require('node:module')
const { readFileSync } = require('node:fs')
const { availableParallelism } = require('node:os')
const { Worker, isMainThread, parentPort } = require('node:worker_threads')
const { codeOfSource, failed, merge, split } = require('./solc-split.cjs')

/** A compiler takes some 500 MB, and from four on all would wait for the one input that takes longest. */
const MOST_THREADS = 4

const compile = (input) => createRequire(__filename)('solc').compile(input)

/**
 * What the compiler answers to each of `inputs`, in their order. Threads take one after the other, the first ones first.
 * `check` sees each answer with its place. Where one has failed the answers are those that have, of which the first input's
 * is waited for: it has the most files.
 */
function compileAll(inputs, check) {
  return new Promise((resolve, reject) => {
    const outputs = []
    let [next, done, bad] = [0, 0, false]
    const threads = Array.from({ length: Math.min(availableParallelism(), MOST_THREADS, inputs.length) }, () => {
      return new Worker(__filename)
    })
    const end = (settle, value) => {
      settle(value)
      for (const thread of threads) thread.terminate()
    }
    for (const thread of threads) {
      let place
      const take = () => {
        if (next === inputs.length) return
        place = next++
        thread.postMessage(JSON.stringify(inputs[place]))
      }
      thread.on('error', (error) => end(reject, error))
      thread.on('exit', (code) => end(reject, new Error(`solc: a compiler ended with ${code}`)))
      thread.on('message', (text) => {
        outputs[place] = check(JSON.parse(text), place)
        done += 1
        bad ||= failed(outputs[place])
        // The rest takes minutes, and mends nothing.
        if (bad && outputs[0] !== undefined) end(resolve, outputs.filter(failed))
        else if (done === inputs.length) end(resolve, outputs)
        else if (!bad) take()
      })
      take()
    }
  })
}

async function standardJson(text) {
  const input = JSON.parse(text)
  const parts = split(input)
  const { tests, apart = [] } = parts ?? {}
  const units = tests === undefined ? apart : [tests, ...apart]
  if (units.length === 0) return compile(text)
  const outputs = await compileAll(units, (output, place) =>
    units[place] === tests ? { ...output, errors: [...(output.errors ?? []), ...codeOfSource(tests, output)] } : output,
  )
  return JSON.stringify(merge(input, outputs))
}

const args = process.argv.slice(2)
if (!isMainThread) {
  parentPort.on('message', (input) => parentPort.postMessage(compile(input)))
} else if (args.includes('--version')) {
  const { version } = createRequire(__filename)('solc')
  process.stdout.write(`solc, the solidity compiler commandline interface\nVersion: ${version()}\n`)
} else if (args.includes('--standard-json')) {
  standardJson(readFileSync(0, 'utf8')).then((output) => process.stdout.write(output))
} else {
  process.stderr.write('solc: only --version and --standard-json are supported\n')
  process.exitCode = 2
}
