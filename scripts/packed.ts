/**
 * The rule against ambiguous packing: `abi.encodePacked` with two arguments of dynamic length has two readings for one
 * result, and a hash of it commits to neither. Types come from the compiler, not from a guess at the text.
 */
import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { join, relative, sep } from 'node:path'

/** A call that packs more than one dynamic argument. */
export interface AmbiguousPacking {
  readonly file: string
  readonly line: number
  /** Types of the dynamic arguments. */
  readonly types: readonly string[]
}

interface Node {
  readonly nodeType?: string
  readonly memberName?: string
  readonly src?: string
  readonly typeDescriptions?: { readonly typeString?: string }
  readonly expression?: Node
  readonly arguments?: readonly Node[]
}

interface Compiler {
  compile(input: string): string
}

/** `bytes`, `string`, `T[]` also sliced; not a literal, `bytes32`, `T[3]` or anything in a word. */
const dynamicType = /^(bytes|string)(?=$|\s)|\[\]/

/**
 * Every such call in the contracts below `folder`.
 *
 * @param folder Contracts of the house's own.
 * @param libraries Where packages that they import lie (`@openzeppelin/…`).
 * @throws {Error} the contracts do not compile
 */
export function findAmbiguousPackings(folder: string, libraries: string): readonly AmbiguousPacking[] {
  const own = readdirSync(folder, { recursive: true, encoding: 'utf8' }).filter((path) => path.endsWith('.sol'))
  const sources: Record<string, { content: string }> = {}
  const add = (name: string, path: string): void => {
    if (name in sources) return
    const content = readFileSync(path, 'utf8')
    sources[name] = { content }
    for (const [, imported] of content.matchAll(/^\s*(?:import|\})[^;"']*["']([^"']+)["'];/gm)) {
      if (imported === undefined) continue
      const target = imported.startsWith('.') ? join(path, '..', imported) : join(libraries, imported)
      const inside = !relative(folder, target).startsWith('..')
      const key = inside ? relative(folder, target) : relative(libraries, target)
      if (existsSync(target)) add(key.split(sep).join('/'), target)
    }
  }
  for (const path of own) add(path.split(sep).join('/'), join(folder, path))

  const solc = createRequire(import.meta.url)('solc') as Compiler // CAST: the package has no types
  const output = JSON.parse(
    solc.compile(
      JSON.stringify({ language: 'Solidity', sources, settings: { outputSelection: { '*': { '': ['ast'] } } } }),
    ),
  ) as { errors?: readonly { severity: string; formattedMessage: string }[]; sources?: Record<string, { ast: Node }> } // CAST: the compiler's own format
  const failed = output.errors?.filter(({ severity }) => severity === 'error') ?? []
  if (failed.length > 0) throw new Error(failed.map(({ formattedMessage }) => formattedMessage).join('\n'))

  return own.flatMap((path) => {
    const name = path.split(sep).join('/')
    const ast = output.sources?.[name]?.ast
    if (ast === undefined) throw new Error(`the compiler left out ${name}`)
    const text = Buffer.from(sources[name]?.content ?? '')
    return [...calls(ast)].flatMap((call) => {
      const types = (call.arguments ?? []).map((argument) => argument.typeDescriptions?.typeString ?? '')
      const dynamic = types.filter((type) => dynamicType.test(type))
      if (dynamic.length < 2) return []
      const line = text.subarray(0, Number(call.src?.split(':')[0])).filter((byte) => byte === 0x0a).length + 1
      return [{ file: name, line, types: dynamic }]
    })
  })
}

function* calls(node: unknown): Generator<Node> {
  if (Array.isArray(node)) {
    for (const item of node) yield* calls(item)
  } else if (typeof node === 'object' && node !== null) {
    const one = node as Node // CAST: whatever has these fields is read, anything else is passed through
    if (one.nodeType === 'FunctionCall' && one.expression?.memberName === 'encodePacked') yield one
    for (const value of Object.values(node)) yield* calls(value)
  }
}
