/**
 * The layering rule: a package may import those listed before it, and no other. Nothing may reach into another package
 * by a relative path, past its `exports`, or import a package that its manifest does not name. Within a package no file
 * may import itself by way of others, types included: neither could be read, moved or changed without the other.
 */
import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { builtinModules } from 'node:module'
import { dirname, join, relative, resolve, sep } from 'node:path'

/** The packages from the bottom up. `bench` and `e2e` stand above all of them. */
export const layers = [
  'abi',
  'core',
  'proofs',
  'consensus',
  'chain',
  'compass',
  'sdk',
  'devnet',
  'cli',
  'explorer',
] as const

/** Packages that run in a browser and inside other people's processes: no I/O, so none of Node's own modules. */
const pure: ReadonlySet<string> = new Set(['abi', 'core', 'proofs', 'consensus'])

export interface Violation {
  readonly file: string
  readonly specifier: string
  readonly rule: 'UPWARD' | 'RELATIVE_ESCAPE' | 'UNDECLARED' | 'NODE_IN_PURE' | 'UNKNOWN_PACKAGE' | 'CYCLE'
}

interface Manifest {
  readonly name: string
  readonly dependencies?: Readonly<Record<string, string>>
  readonly devDependencies?: Readonly<Record<string, string>>
  readonly optionalDependencies?: Readonly<Record<string, string>>
}

const importPattern =
  /(?:^|[\s;}])(?:import|export)\s+(?:[^'"`;]*?\sfrom\s+)?['"]([^'"]+)['"]|\bimport\(\s*['"]([^'"]+)['"]/g

function isTest(path: string): boolean {
  return (
    /\.(test|fuzz|bench)\.ts$/.test(path) || path.split(sep).includes('test') || path.split(sep).includes('testing')
  )
}

function* sources(folder: string): Generator<string> {
  for (const entry of readdirSync(folder, { withFileTypes: true })) {
    const path = join(folder, entry.name)
    if (entry.isDirectory()) {
      if (entry.name !== 'node_modules' && entry.name !== 'generated') yield* sources(path)
    } else if (entry.name.endsWith('.ts')) yield path
  }
}

/** Every import in `packagesFolder` that breaks the rule. `rootManifest` names what tests may use besides. */
export function findViolations(packagesFolder: string, rootManifest: string): readonly Violation[] {
  const shared = JSON.parse(readFileSync(rootManifest, 'utf8')) as Manifest // CAST: npm's own format
  const testOnly = new Set(Object.keys({ ...shared.devDependencies, ...shared.dependencies }))
  const violations: Violation[] = []
  for (const name of readdirSync(packagesFolder)) {
    const folder = join(packagesFolder, name)
    if (!existsSync(join(folder, 'package.json'))) continue
    const level = layers.indexOf(name as (typeof layers)[number]) // CAST: -1 when it is none of them
    const manifest = JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8')) as Manifest // CAST: npm's own format
    const declared = new Set(Object.keys({ ...manifest.dependencies, ...manifest.optionalDependencies }))
    const imports = new Map<string, { readonly specifier: string; readonly target: string }[]>()
    for (const file of sources(folder)) {
      const own: { readonly specifier: string; readonly target: string }[] = []
      imports.set(file, own)
      const report = (specifier: string, rule: Violation['rule']) =>
        violations.push({ file: relative(packagesFolder, file), specifier, rule })
      if (level < 0) {
        report(name, 'UNKNOWN_PACKAGE')
        break
      }
      for (const match of readFileSync(file, 'utf8').matchAll(importPattern)) {
        const specifier = match[1] ?? match[2]
        if (specifier === undefined) continue
        if (specifier.startsWith('.')) {
          const target = resolve(dirname(file), specifier)
          if (!target.startsWith(folder + sep)) report(specifier, 'RELATIVE_ESCAPE')
          own.push({ specifier, target })
          continue
        }
        if (specifier.startsWith('node:') || builtinModules.includes(specifier)) {
          if (pure.has(name) && !isTest(file)) report(specifier, 'NODE_IN_PURE')
          continue
        }
        const parts = specifier.split('/')
        const dependency = specifier.startsWith('@') ? parts.slice(0, 2).join('/') : (parts[0] ?? specifier)
        if (dependency.startsWith('@meridian/')) {
          const other = layers.indexOf(dependency.slice('@meridian/'.length) as (typeof layers)[number]) // CAST: as above
          if (other < 0 || (other >= level && !(other === level && isTest(file)))) report(specifier, 'UPWARD')
        }
        if (!declared.has(dependency) && !(isTest(file) && testOnly.has(dependency))) {
          if (!(isTest(file) && dependency === manifest.name)) report(specifier, 'UNDECLARED')
        }
      }
    }
    for (const { file, specifier } of cyclesIn(imports))
      violations.push({ file: relative(packagesFolder, file), specifier, rule: 'CYCLE' })
  }
  return violations
}

type Imports = ReadonlyMap<string, readonly { readonly specifier: string; readonly target: string }[]>

/** The imports that close a cycle: each leads to a file that the walk down to it came through. */
function cyclesIn(imports: Imports): readonly { readonly file: string; readonly specifier: string }[] {
  const closing: { readonly file: string; readonly specifier: string }[] = []
  const done = new Set<string>()
  const path = new Set<string>()
  function walk(file: string): void {
    if (done.has(file)) return
    path.add(file)
    for (const { specifier, target } of imports.get(file) ?? []) {
      if (path.has(target)) closing.push({ file, specifier })
      else walk(target)
    }
    path.delete(file)
    done.add(file)
  }
  for (const file of imports.keys()) walk(file)
  return closing
}
