// Splits what forge asks the compiler for.
//
// A file that is deployed is compiled alone, with what it imports: the compiler numbers all that it reads, and what it
// makes depends on the numbers, so that its code would be another with other files beside it. Alone it depends on what
// forge looks at to know if a file has to be compiled again, and on what its metadata names for others to compile it.
//
// Test contracts are compiled together and without the optimizer: it took four fifths of the time of the whole suite, and
// says nothing of what is deployed. Whatever holds code of contracts/src is compiled as it is deployed, and that is
// enforced here: a test that runs a library of contracts/src inside itself says so with the tag below, or does not compile.
const { posix } = require('node:path')

const TESTS = 'contracts/test/'
const SOURCE = 'contracts/src/'
/** NatSpec tag of a test file that is compiled as contracts/src is. */
const AS_DEPLOYED = /^\s*(?:\/\/\/|\*) +@custom:compiled as-deployed$/m
/** Strings stay: what looks like a comment in one is none. */
const withoutComments = (content) =>
  content.replace(/"(?:\\.|[^"\\])*"|'(?:\\.|[^'\\])*'|\/\*[\s\S]*?\*\/|\/\/[^\n]*/g, (text) =>
    text.startsWith('/') ? ' ' : text,
  )
/** `import` is a keyword, and nothing but a path is quoted in its directive. */
const IMPORTS = /\bimport\b[^;"']*["']([^"']+)["']/g

const isPlainTest = (input, path) => path.startsWith(TESTS) && !AS_DEPLOYED.test(input.sources[path].content)

/**
 * What is asked for of a file: `tree` as a whole (the name "" stands for that), `contracts` by name. forge asks for nothing
 * of what it has, for `abi` alone of what it only wants to know the names of, and in "*" for what it wants of all files.
 */
function selectionOf({ settings: { outputSelection } }, path) {
  const contracts = {}
  for (const [name, outputs] of [outputSelection['*'], outputSelection[path]].flatMap((part) =>
    Object.entries(part ?? {}),
  )) {
    if (outputs.length > 0) contracts[name] = [...new Set([...(contracts[name] ?? []), ...outputs])]
  }
  const { '': tree, ...rest } = contracts
  return { tree: tree && { '': tree }, contracts: rest }
}
/** Interfaces and abstract contracts have no code, nor have libraries of which all is internal (but for a stub). */
function hasCode(content) {
  const text = withoutComments(content)
  return (
    /(?<!\babstract\s+)\bcontract\b/.test(text) || (/\blibrary\b/.test(text) && /\b(?:public|external)\b/.test(text))
  )
}
const wantsCode = (contracts) => Object.values(contracts).some((outputs) => outputs.some((name) => name !== 'abi'))

/** Sources of the files and of all that they import. What is not found is left out: the compiler says so when it misses it. */
function closure({ sources, settings: { remappings = [] } }, roots) {
  const renamed = remappings.map((text) => text.split('=')).sort(([a], [b]) => b.length - a.length)
  const resolve = (from, name) => {
    if (/^\.\.?\//.test(name)) return posix.join(posix.dirname(from), name)
    const [prefix, target] = renamed.find(([start]) => name.startsWith(start)) ?? ['', '']
    return target + name.slice(prefix.length)
  }
  const found = new Set(roots)
  // A set goes on to what is added to it on the way.
  for (const path of found) {
    for (const [, name] of withoutComments(sources[path].content).matchAll(IMPORTS)) {
      const imported = resolve(path, name)
      if (Object.hasOwn(sources, imported)) found.add(imported)
    }
  }
  return Object.fromEntries([...found].map((path) => [path, sources[path]]))
}

/**
 * Splits a standard JSON input: `apart` are inputs with forge's settings, of one file and what it imports each, and one of
 * all files without code; `tests` has all the sources, compiled quickly, and says names and syntax trees of the others,
 * too. `undefined` if the settings are not those of production.
 */
function split(input) {
  const { settings } = input
  if (!settings.viaIR || !settings.optimizer.enabled) return undefined
  const together = {}
  const codeless = {}
  const alone = []
  for (const path of Object.keys(input.sources)) {
    const { tree, contracts } = selectionOf(input, path)
    const isApart = wantsCode(contracts) && !isPlainTest(input, path)
    const here = { ...tree, ...(isApart ? {} : contracts) }
    if (Object.keys(here).length > 0) together[path] = here
    if (!isApart) continue
    if (hasCode(input.sources[path].content)) alone.push({ [path]: contracts })
    else codeless[path] = contracts
  }
  const part = (outputSelection) => ({
    ...input,
    sources: closure(input, Object.keys(outputSelection)),
    settings: { ...settings, outputSelection },
  })
  const size = ({ sources }) => Object.values(sources).reduce((sum, { content }) => sum + content.length, 0)
  const quickly = { viaIR: false, optimizer: { enabled: false }, outputSelection: together }
  const isSome = (selection) => Object.keys(selection).length > 0
  return {
    tests: isSome(together) ? { ...input, settings: { ...settings, ...quickly } } : undefined,
    // What has most to read takes longest, and is begun first.
    apart: [...alone, codeless]
      .filter(isSome)
      .map(part)
      .sort((a, b) => size(b) - size(a)),
  }
}

const failure = (path, message) => ({
  component: 'general',
  severity: 'error',
  type: 'Error',
  message,
  formattedMessage: `Error: ${message}\n --> ${path}\n`,
})

/** Functions and getters of contracts/src that the instructions of `code` come from, as `path: name`. */
function functionsOfSource(code, paths, bytes) {
  const found = new Set()
  let [start, length, index] = ['', '', '']
  for (const entry of (code?.sourceMap ?? '').split(';')) {
    const fields = entry.split(':')
    start = fields[0] || start
    length = fields[1] || length
    index = fields[2] || index
    const path = paths.get(Number(index))
    if (index === '' || !path?.startsWith(SOURCE)) continue
    const from = Number(start)
    const text = bytes(path).toString('utf8', from, from + Number(length))
    const name =
      /^(?:function\s+(\w+)|(constructor|modifier|receive|fallback)\b|[^;{}]*\spublic\s[^;{}=]*?(\w+)(?:\s*=|$))/.exec(
        text,
      )
    if (name) found.add(`${path}: ${name[1] ?? name[2] ?? name[3]}`)
  }
  return found
}

/** Errors for code of contracts/src that would be tested as it is never deployed. */
function codeOfSource(input, output) {
  const paths = new Map(Object.entries(output.sources ?? {}).map(([path, { id }]) => [id, path]))
  const cache = new Map()
  const bytes = (path) => {
    if (!cache.has(path)) cache.set(path, Buffer.from(input.sources[path].content))
    return cache.get(path)
  }
  const deployed = Object.keys(input.sources)
    .filter((path) => path.startsWith(SOURCE) || (path.startsWith(TESTS) && !isPlainTest(input, path)))
    .flatMap((path) => [...input.sources[path].content.matchAll(/^contract (\w+)/gm)].map(([, name]) => name))
  const errors = []
  for (const path of Object.keys(input.settings.outputSelection)) {
    if (!isPlainTest(input, path) || !wantsCode(selectionOf(input, path).contracts)) continue
    const contracts = Object.values(output.contracts?.[path] ?? {})
    const inside = new Set(
      contracts.flatMap(({ evm }) => [
        ...functionsOfSource(evm?.bytecode, paths, bytes),
        ...functionsOfSource(evm?.deployedBytecode, paths, bytes),
      ]),
    )
    for (const name of inside) {
      errors.push(
        failure(path, `holds ${name}: needs the tag "@custom:compiled as-deployed", or a harness that has it`),
      )
    }
    // forge's dynamic linking has replaced `new` for contracts of contracts/src, not for others.
    const code = withoutComments(input.sources[path].content)
    for (const name of deployed) {
      if (!new RegExp(`\\bnew\\s+${name}\\b|\\btype\\(${name}\\)\\.(?:creation|runtime)Code`).test(code)) continue
      errors.push(failure(path, `embeds ${name}, which is compiled as deployed: use vm.deployCode, or the same tag`))
    }
  }
  return errors
}

/** A source map that calls the files by other numbers; -1 is no file. */
function renumber(sourceMap, ids) {
  const entries = sourceMap.split(';').map((entry) => {
    const fields = entry.split(':')
    if (!fields[2] || fields[2] === '-1') return entry
    const id = ids.get(Number(fields[2]))
    // By way of the IR the compiler adds no sources of its own, which would have other numbers.
    if (id === undefined) throw new Error(`solc: no source is number ${fields[2]}`)
    return fields.with(2, String(id)).join(':')
  })
  return entries.join(';')
}

/**
 * The outputs for parts of `input` as one for all of it. Each part has numbers of its own for its files in source maps, here
 * they are those of the whole: places by name. The keys of `immutableReferences` are not: they tell them apart, no more.
 */
function merge(input, outputs) {
  // as the compiler does: by bytes
  const paths = Object.keys(input.sources).sort((a, b) => Buffer.compare(Buffer.from(a), Buffer.from(b)))
  const sources = Object.fromEntries(paths.map((path, id) => [path, { id }]))
  const contracts = {}
  const errors = new Map()
  for (const output of outputs) {
    for (const error of output.errors ?? []) errors.set(error.formattedMessage, error)
    const ids = new Map()
    for (const [path, source] of Object.entries(output.sources ?? {})) {
      ids.set(source.id, sources[path].id)
      if (source.ast !== undefined) sources[path].ast = source.ast
    }
    const isWhole = ids.size === paths.length
    if (isWhole && [...ids].some(([from, to]) => from !== to)) throw new Error('solc: sources are numbered otherwise')
    for (const [path, named] of Object.entries(output.contracts ?? {})) {
      for (const { evm } of isWhole ? [] : Object.values(named)) {
        for (const code of [evm?.bytecode, evm?.deployedBytecode]) {
          if (code?.sourceMap) code.sourceMap = renumber(code.sourceMap, ids)
        }
      }
      contracts[path] = { ...contracts[path], ...named }
    }
  }
  return { errors: [...errors.values()], sources, contracts }
}

const failed = ({ errors = [] }) => errors.some(({ severity }) => severity === 'error')

module.exports = { codeOfSource, failed, merge, split }
