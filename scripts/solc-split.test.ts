import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { createRequire } from 'node:module'
import { join } from 'node:path'
import { test } from 'node:test'

interface Input {
  readonly language: 'Solidity'
  readonly sources: Readonly<Record<string, { readonly content: string }>>
  readonly settings: {
    readonly viaIR: boolean
    readonly optimizer: { readonly enabled: boolean; readonly runs?: number }
    readonly remappings?: readonly string[]
    readonly outputSelection: Readonly<Record<string, Readonly<Record<string, readonly string[]>>>>
  }
}
interface Code {
  readonly object: string
  readonly sourceMap: string
}
interface Contract {
  readonly abi: readonly unknown[]
  readonly metadata: string
  readonly evm: { readonly bytecode: Code; readonly deployedBytecode: Code }
}
interface Output {
  readonly errors?: readonly { readonly formattedMessage: string; readonly severity: string }[]
  readonly sources?: Readonly<Record<string, { readonly id: number; readonly ast?: { readonly src: string } }>>
  readonly contracts?: Readonly<Record<string, Readonly<Record<string, Contract>>>>
}
interface Split {
  split(input: Input): { readonly tests?: Input; readonly apart: readonly Input[] } | undefined
  merge(input: Input, outputs: readonly Output[]): Output
  codeOfSource(tests: Input, output: Output): NonNullable<Output['errors']>
}

const require = createRequire(import.meta.url)
const { codeOfSource, merge, split } = require('./solc-split.cjs') as Split // CAST: CommonJS, as forge starts it
const solc = require('solc') as { compile(input: string): string } // CAST: npm's compiler has no types
const compile = (input: Input) => JSON.parse(solc.compile(JSON.stringify(input))) as Output // CAST: solc's own format

const LIBRARY =
  'library Sum { uint256 internal constant ONE = 1; error Sum_None(); function next(uint256 a) internal pure returns (uint256) { if (a == 0) revert Sum_None(); return a + ONE; } }'
const CONTRACT = 'contract Vault { uint256 public held = 1; }'
const TEST = 'contract A { function sum() external pure returns (uint256) { return 2; } }'
const imports = 'import {Sum} from "contracts/src/Sum.sol"; import {Vault} from "contracts/src/Vault.sol"; '
const OUTPUTS = ['abi', 'metadata', 'evm.bytecode.object', 'evm.bytecode.sourceMap', 'evm.deployedBytecode.sourceMap']

/** Sources as forge hands them over. */
function given(texts: Readonly<Record<string, string>>, more: Partial<Input['settings']> = {}): Input {
  return {
    language: 'Solidity',
    sources: Object.fromEntries(
      Object.entries(texts).map(([path, text]) => [
        path,
        { content: `// SPDX-License-Identifier: Apache-2.0\npragma solidity 0.8.37;\n${text}` },
      ]),
    ),
    settings: {
      viaIR: true,
      optimizer: { enabled: true, runs: 400 },
      outputSelection: Object.fromEntries(Object.keys(texts).map((path) => [path, { '*': OUTPUTS }])),
      ...more,
    },
  }
}

/** A project of one library, one contract and one test file. */
function project(test: string, harness = 'contract Unused {}', more: Partial<Input['settings']> = {}): Input {
  const texts = {
    'contracts/src/Sum.sol': LIBRARY,
    'contracts/src/Vault.sol': CONTRACT,
    'contracts/test/Harness.sol': harness,
    'contracts/test/A.t.sol': test,
  }
  return given(texts, more)
}

/** What the split says of a test file. */
function complaints(test: string, harness?: string): readonly string[] {
  const parts = split(project(test, harness))
  assert.ok(parts?.tests)
  const output = compile(parts.tests)
  assert.deepEqual(
    (output.errors ?? []).filter(({ severity }) => severity === 'error'),
    [],
  )
  return codeOfSource(parts.tests, output).map(({ formattedMessage }) => formattedMessage)
}

/** What the parts of an input compile to, as one. */
function compiled(input: Input): Output {
  const parts = split(input)
  assert.ok(parts)
  return merge(input, [...(parts.tests ? [parts.tests] : []), ...parts.apart].map(compile))
}
const unitOf = (input: Input, path: string) =>
  split(input)?.apart.find(({ settings }) => path in settings.outputSelection)

test('contracts are compiled as deployed, tests quickly, and the outputs are one', () => {
  const { contracts } = compiled(project(`${imports} ${TEST}`))
  const settings = (path: string, name: string) => JSON.parse(contracts?.[path]?.[name]?.metadata ?? '{}').settings
  for (const [path, name] of [
    ['contracts/src/Vault.sol', 'Vault'],
    ['contracts/src/Sum.sol', 'Sum'],
  ] as const) {
    assert.equal(settings(path, name).viaIR, true)
    assert.deepEqual(settings(path, name).optimizer, { enabled: true, runs: 400 })
  }
  assert.equal(settings('contracts/test/A.t.sol', 'A').viaIR, undefined)
  assert.equal(settings('contracts/test/A.t.sol', 'A').optimizer.enabled, false)
})

test('a file that says so is compiled as deployed', () => {
  const parts = split(project(`/// @custom:compiled as-deployed\ncontract A {}`))
  assert.deepEqual(Object.keys(parts?.tests?.settings.outputSelection ?? {}), ['contracts/test/Harness.sol'])
  assert.ok(unitOf(project(`/// @custom:compiled as-deployed\ncontract A {}`), 'contracts/test/A.t.sol'))
})

test('what forge compiles in another way than production is left as it is', () => {
  assert.equal(split(project('contract A {}', '', { viaIR: false })), undefined)
  assert.equal(split(project('contract A {}', '', { optimizer: { enabled: false } })), undefined)
})

/** A bank that imports in each way there is, from further up, beside it, and another package. */
const BANK = {
  'contracts/src/bank/Bank.sol': `import {Sum} from "../Sum.sol"; import"./Fee.sol"; /* import "contracts/src/Other.sol"; */
    // import "contracts/src/Other.sol";
    import * as rates from '@rates/Rates.sol';
    contract Bank is Fee { uint256 public held; function put() external { held = Sum.next(held) + rates.Rates.RATE; } }`,
  'contracts/src/bank/Fee.sol':
    'abstract contract Fee { function fee() external pure returns (uint256) { return 3; } }',
  'contracts/src/Sum.sol': LIBRARY,
  'node_modules/@rates/v2/Rates.sol': 'library Rates { uint256 internal constant RATE = 7; }',
}
const remappings = ['@rates/=node_modules/@rates/v2/', '@ra=nowhere/']
const BANK_PATH = 'contracts/src/bank/Bank.sol'

test('what is deployed is compiled the same whatever is compiled beside it', () => {
  const beside = {
    'contracts/src/Other.sol': 'contract Other { uint256 public a; }',
    'contracts/test/A.t.sol': `import {Bank} from "contracts/src/bank/Bank.sol"; ${TEST}`,
    'contracts/test/Harness.sol': `/// @custom:compiled as-deployed\ncontract Harness { uint256 public b; }`,
    'foundry-pp/DeployHelper1.sol': 'import "contracts/src/bank/Bank.sol"; abstract contract DeployHelper1 is Bank {}',
  }
  const alone = unitOf(given(BANK, { remappings }), BANK_PATH)
  assert.deepEqual(Object.keys(alone?.sources ?? {}).sort(), Object.keys(BANK).sort())
  // The same input is the same output: the compiler is one WebAssembly module without a clock.
  assert.deepEqual(unitOf(given({ ...beside, ...BANK }, { remappings }), BANK_PATH), alone)
  // What forge does not want again it asks nothing of.
  const again = { ...given({ ...beside, ...BANK }).settings.outputSelection }
  for (const path of Object.keys(again)) if (path !== BANK_PATH) again[path] = { '*': [] }
  const subset = given({ ...beside, ...BANK }, { remappings, outputSelection: again })
  assert.deepEqual(split(subset), { tests: undefined, apart: [alone] })
  // Nor is it another for being asked for with everything.
  const all = given({ ...beside, ...BANK }, { remappings, outputSelection: { '*': { '*': OUTPUTS, '': ['ast'] } } })
  assert.deepEqual(unitOf(all, BANK_PATH), alone)
})

test('what has no code is compiled together', () => {
  const texts = {
    'contracts/src/IBank.sol': 'interface IBank { function put() external; }',
    'contracts/src/Fee.sol': 'abstract  contract Fee { function fee() external pure returns (uint256) { return 3; } }',
    'contracts/src/Sum.sol': LIBRARY,
    'contracts/src/Linked.sol': 'library Linked { function one() public pure returns (uint256) { return 1; } }',
    'contracts/src/Vault.sol': CONTRACT,
    'contracts/src/Quoted.sol': `string constant URL = "https://'\\""; contract Quoted {} // '`,
    'contracts/src/Said.sol': '// contract Said\n/* contract Said */ interface Said {}',
  }
  const units = split(given(texts))?.apart.map(({ settings }) => Object.keys(settings.outputSelection)) ?? []
  const together = units.filter((paths) => paths.length > 1)
  const names = ['Fee', 'IBank', 'Said', 'Sum'].map((name) => `contracts/src/${name}.sol`)
  assert.deepEqual(
    together.map((paths) => paths.sort()),
    [names],
  )
  assert.equal(units.length, 4)
  const { contracts, errors } = compiled(given(texts))
  assert.deepEqual(errors, [])
  assert.deepEqual(Object.keys(contracts ?? {}).sort(), Object.keys(texts).sort())
})

test('metadata names all that it takes to compile the same code again', () => {
  const input = given({ ...BANK, 'contracts/test/A.t.sol': TEST }, { remappings })
  const bank = compiled(input).contracts?.[BANK_PATH]?.Bank
  const paths: readonly string[] = Object.keys(JSON.parse(bank?.metadata ?? '{}').sources)
  const again = compile({
    ...input,
    sources: Object.fromEntries(paths.map((path) => [path, { content: input.sources[path]?.content ?? '' }])),
    settings: { ...input.settings, outputSelection: { [BANK_PATH]: { '*': OUTPUTS } } },
  }).contracts?.[BANK_PATH]?.Bank
  assert.equal(bank?.evm.bytecode.object, again?.evm.bytecode.object)
  assert.equal(bank?.metadata, again?.metadata)
  assert.ok((bank?.evm.bytecode.object.length ?? 0) > 200)
})

test('source maps and trees speak of one numbering of all files', () => {
  const texts = { ...BANK, 'contracts/src/Other.sol': 'interface Other {}', 'contracts/test/A.t.sol': TEST }
  const input = given(texts, { remappings, outputSelection: { '*': { '*': OUTPUTS, '': ['ast'] } } })
  const whole = compile(input)
  const split = compiled(input)
  assert.deepEqual(split.sources, whole.sources)
  assert.deepEqual(
    Object.entries(compiled(given(texts, { remappings })).sources ?? {}),
    Object.entries(whole.sources ?? {}).map(([path, { id }]) => [path, { id }]),
  )
  const unit = unitOf(input, BANK_PATH)
  assert.ok(unit)
  const [one, other, own] = [whole, split, compile(unit)].map(({ contracts }) => contracts?.[BANK_PATH]?.Bank?.evm)
  assert.equal(other?.bytecode.object, one?.bytecode.object)
  for (const kind of ['bytecode', 'deployedBytecode'] as const) {
    assert.equal(other?.[kind].sourceMap, one?.[kind].sourceMap)
    assert.notEqual(other?.[kind].sourceMap, own?.[kind].sourceMap)
  }
})

test('a warning is given once, and the compiler says what is missing', () => {
  const input = project(`${imports} ${TEST}`, `import {Vault} from "contracts/src/Vault.sol"; contract Unused {}`)
  const path = 'contracts/src/Vault.sol'
  const content = `${input.sources[path]?.content} contract Other { function other() external pure { uint256 unused; } }`
  const { errors } = compiled({ ...input, sources: { ...input.sources, [path]: { content } } })
  const said = (errors ?? []).map(({ formattedMessage }) => formattedMessage)
  assert.ok(said.some((message) => message.includes('Unused local variable')))
  assert.equal(new Set(said).size, said.length)
  const missing = given({ 'contracts/src/A.sol': 'import "./None.sol"; contract A {}' })
  assert.match(compiled(missing).errors?.[0]?.formattedMessage ?? '', /None\.sol/)
})

test('code of contracts/src in a test that is compiled quickly is an error', () => {
  const inside = complaints(
    `${imports} contract A { function sum(uint256 a) external pure returns (uint256) { return Sum.next(a); } }`,
  )
  assert.equal(inside.length, 1)
  assert.match(inside[0] ?? '', /holds contracts\/src\/Sum\.sol: next: needs the tag/)
  assert.match(complaints(`${imports} contract A is Vault {}`)[0] ?? '', /holds contracts\/src\/Vault\.sol: held/)
})

test('constants, errors and types of contracts/src are not code', () => {
  const body = 'function sum() external pure returns (uint256, bytes4) { return (Sum.ONE, Sum.Sum_None.selector); }'
  assert.deepEqual(complaints(`${imports} contract A { Vault vault; ${body} }`), [])
})

test('a test of which forge wants to know the names alone is not code', () => {
  const embedding = project(`${imports} contract A { Vault v = new Vault(); }`)
  const outputSelection = { ...embedding.settings.outputSelection, 'contracts/test/A.t.sol': { '*': ['abi'] } }
  const { tests } = split({ ...embedding, settings: { ...embedding.settings, outputSelection } }) ?? {}
  assert.ok(tests)
  const output = compile(tests)
  assert.deepEqual(codeOfSource(tests, output), [])
  assert.deepEqual(Object.keys(output.contracts?.['contracts/test/A.t.sol'] ?? {}), ['A'])
})

test('a contract that is compiled as deployed is not embedded in one that is not', () => {
  const harness = '/// @custom:compiled as-deployed\ncontract Harness {}'
  const a = 'import {Harness} from "contracts/test/Harness.sol"; contract A { Harness h = new Harness(); }'
  assert.match(complaints(a, harness)[0] ?? '', /embeds Harness, which is compiled as deployed/)
  const code = `${imports} contract A { function code() external pure returns (bytes memory) { return type(Vault).creationCode; } }`
  assert.match(complaints(code)[0] ?? '', /embeds Vault/)
  assert.match(complaints(`${imports} contract A { Vault v = new Vault(); }`)[0] ?? '', /embeds Vault/)
})

/** What the executable that forge calls says of an input. */
function answered(input: Input): Output {
  const script = join(import.meta.dirname, 'solc.cjs')
  const { stdout, stderr, status } = spawnSync(process.execPath, [script, '--standard-json'], {
    input: JSON.stringify(input),
    encoding: 'utf8',
  })
  assert.equal(status, 0, stderr)
  return JSON.parse(stdout) as Output // CAST: solc's own format
}

test('the executable answers with the parts as one', () => {
  const input = project(`${imports} ${TEST}`)
  assert.deepEqual(answered(input), compiled(input))
})

test('a test that must not be compiled as it is leaves nothing but its error', () => {
  const { errors, contracts } = answered(project(`${imports} contract A is Vault {}`))
  assert.match(errors?.[0]?.formattedMessage ?? '', /holds contracts\/src\/Vault\.sol: held/)
  assert.deepEqual(Object.keys(contracts ?? {}).sort(), ['contracts/test/A.t.sol', 'contracts/test/Harness.sol'])
})
