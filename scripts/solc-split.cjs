// Test contracts are compiled without the optimizer: it took four fifths of the time of the whole suite, and says nothing
// of what is deployed. Whatever holds code of contracts/src is compiled as it is deployed, and that is enforced here:
// a test that runs a library of contracts/src inside itself says so with the tag below, or does not compile.

const TESTS = 'contracts/test/'
const SOURCE = 'contracts/src/'
/** NatSpec tag of a test file that is compiled with the settings of contracts/src. */
const AS_DEPLOYED = /^\s*(?:\/\/\/|\*) +@custom:compiled as-deployed$/m
const COMMENTS = /\/\*[\s\S]*?\*\/|\/\/[^\n]*/g

const isPlainTest = (input, path) => path.startsWith(TESTS) && !AS_DEPLOYED.test(input.sources[path].content)
/** forge asks for `abi` alone of what it only wants to know the names of. */
const wantsCode = (selection) => Object.values(selection).some((outputs) => outputs.some((name) => name !== 'abi'))

/**
 * Splits a standard JSON input into `deployed`, with forge's settings, and `tests`, compiled quickly. Both have all the
 * sources, so that the numbers by which source maps call them are the same. `undefined` if there is nothing to split.
 */
function split(input) {
  const { settings } = input
  if (!settings.viaIR || !settings.optimizer.enabled) return undefined
  const wanted = Object.entries(settings.outputSelection)
  const plain = wanted.filter(([path, selection]) => isPlainTest(input, path) && wantsCode(selection))
  if (plain.length === 0) return undefined
  const rest = wanted.filter((entry) => !plain.includes(entry))
  const part = (selection, more) => ({
    ...input,
    settings: { ...settings, ...more, outputSelection: Object.fromEntries(selection) },
  })
  return { deployed: part(rest, {}), tests: part(plain, { viaIR: false, optimizer: { enabled: false } }) }
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
function codeOfSource({ tests: input }, output) {
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
    const code = input.sources[path].content.replace(COMMENTS, '')
    for (const name of deployed) {
      if (!new RegExp(`\\bnew\\s+${name}\\b|\\btype\\(${name}\\)\\.(?:creation|runtime)Code`).test(code)) continue
      errors.push(failure(path, `embeds ${name}, which is compiled as deployed: use vm.deployCode, or the same tag`))
    }
  }
  return errors
}

/** The two outputs as one. */
function merge(deployed, tests) {
  const errors = new Map([...(deployed.errors ?? []), ...(tests.errors ?? [])].map((e) => [e.formattedMessage, e]))
  for (const [path, { id }] of Object.entries(tests.sources ?? {})) {
    if (deployed.sources?.[path] !== undefined && deployed.sources[path].id !== id) {
      throw new Error(`solc: ${path} is source ${id} and ${deployed.sources[path].id}`)
    }
  }
  return {
    ...deployed,
    sources: { ...tests.sources, ...deployed.sources },
    contracts: { ...tests.contracts, ...deployed.contracts },
    errors: [...errors.values()],
  }
}

module.exports = { codeOfSource, functionsOfSource, merge, split }
