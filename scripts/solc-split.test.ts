import assert from 'node:assert/strict'
import { createRequire } from 'node:module'
import { test } from 'node:test'

interface Input {
  readonly language: 'Solidity'
  readonly sources: Readonly<Record<string, { readonly content: string }>>
  readonly settings: {
    readonly viaIR: boolean
    readonly optimizer: { readonly enabled: boolean; readonly runs?: number }
    readonly outputSelection: Readonly<Record<string, unknown>>
  }
}
interface Output {
  readonly errors?: readonly { readonly formattedMessage: string; readonly severity: string }[]
  readonly contracts?: Readonly<Record<string, Readonly<Record<string, { readonly metadata: string }>>>>
}
interface Split {
  split(input: Input): { readonly deployed: Input; readonly tests: Input } | undefined
  merge(deployed: Output, tests: Output): Output
  codeOfSource(parts: { readonly tests: Input }, output: Output): NonNullable<Output['errors']>
}

const require = createRequire(import.meta.url)
const { codeOfSource, merge, split } = require('./solc-split.cjs') as Split // CAST: CommonJS, as forge starts it
const solc = require('solc') as { compile(input: string): string } // CAST: npm's compiler has no types
const compile = (input: Input) => JSON.parse(solc.compile(JSON.stringify(input))) as Output // CAST: solc's own format

const LIBRARY =
  'library Sum { uint256 internal constant ONE = 1; error Sum_None(); function next(uint256 a) internal pure returns (uint256) { if (a == 0) revert Sum_None(); return a + ONE; } }'
const CONTRACT = 'contract Vault { uint256 public held = 1; }'
const imports = 'import {Sum} from "contracts/src/Sum.sol"; import {Vault} from "contracts/src/Vault.sol"; '

/** A project of one library, one contract and one test file, as forge hands it over. */
function project(test: string, harness = 'contract Unused {}', more: Partial<Input['settings']> = {}): Input {
  const texts = {
    'contracts/src/Sum.sol': LIBRARY,
    'contracts/src/Vault.sol': CONTRACT,
    'contracts/test/Harness.sol': harness,
    'contracts/test/A.t.sol': test,
  }
  const outputs = ['abi', 'metadata', 'evm.bytecode.object', 'evm.bytecode.sourceMap', 'evm.deployedBytecode.sourceMap']
  return {
    language: 'Solidity',
    sources: Object.fromEntries(
      Object.entries(texts).map(([path, text]) => [path, { content: `pragma solidity 0.8.37;\n${text}` }]),
    ),
    settings: {
      viaIR: true,
      optimizer: { enabled: true, runs: 400 },
      outputSelection: Object.fromEntries(Object.keys(texts).map((path) => [path, { '*': outputs }])),
      ...more,
    },
  }
}

/** What the split says of a test file. */
function complaints(test: string, harness?: string): readonly string[] {
  const parts = split(project(test, harness))
  assert.ok(parts)
  const output = compile(parts.tests)
  assert.deepEqual(
    (output.errors ?? []).filter(({ severity }) => severity === 'error'),
    [],
  )
  return codeOfSource(parts, output).map(({ formattedMessage }) => formattedMessage)
}

test('contracts are compiled as deployed, tests quickly, and the outputs are one', () => {
  const parts = split(project(`${imports} contract A { function sum() external pure returns (uint256) { return 2; } }`))
  assert.ok(parts)
  const { contracts } = merge(compile(parts.deployed), compile(parts.tests))
  const settings = (path: string, name: string) => JSON.parse(contracts?.[path]?.[name]?.metadata ?? '{}').settings
  assert.equal(settings('contracts/src/Vault.sol', 'Vault').viaIR, true)
  assert.deepEqual(settings('contracts/src/Vault.sol', 'Vault').optimizer, { enabled: true, runs: 400 })
  assert.equal(settings('contracts/test/A.t.sol', 'A').viaIR, undefined)
  assert.equal(settings('contracts/test/A.t.sol', 'A').optimizer.enabled, false)
})

test('a file that says so is compiled as deployed', () => {
  const parts = split(project(`/// @custom:compiled as-deployed\ncontract A {}`))
  assert.deepEqual(Object.keys(parts?.tests.settings.outputSelection ?? {}), ['contracts/test/Harness.sol'])
})

test('what forge compiles in another way than production is left as it is', () => {
  assert.equal(split(project('contract A {}', '', { viaIR: false })), undefined)
  assert.equal(split(project('contract A {}', '', { optimizer: { enabled: false } })), undefined)
  const { settings } = project('contract A {}')
  const [source] = Object.entries(settings.outputSelection)
  assert.ok(source)
  assert.equal(split(project('contract A {}', '', { outputSelection: Object.fromEntries([source]) })), undefined)
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

test('a contract that is compiled as deployed is not embedded in one that is not', () => {
  const harness = '/// @custom:compiled as-deployed\ncontract Harness {}'
  const a = 'import {Harness} from "contracts/test/Harness.sol"; contract A { Harness h = new Harness(); }'
  assert.match(complaints(a, harness)[0] ?? '', /embeds Harness, which is compiled as deployed/)
  const code = `${imports} contract A { function code() external pure returns (bytes memory) { return type(Vault).creationCode; } }`
  assert.match(complaints(code)[0] ?? '', /embeds Vault/)
  assert.match(complaints(`${imports} contract A { Vault v = new Vault(); }`)[0] ?? '', /embeds Vault/)
})
