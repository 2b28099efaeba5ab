import type { Hex } from 'viem'

/** What became of one update of one file. */
export interface ReplayLine {
  readonly file: string
  /** Place in the file where it holds several. */
  readonly index: number
  readonly result: 'updated' | 'noop' | 'rejected'
  /** Why it was rejected: the contract's error, or the rule that kept it from being encoded at all. */
  readonly error: ReplayError | null
  /** Of the whole transaction; 0 where none could be sent. */
  readonly gasUsed: number
  /** The newest final execution block that the contract knows after it. */
  readonly head: ReplayHead
}

/** An error by its name and parameters. */
export interface ReplayError {
  readonly name: string
  readonly args: Readonly<Record<string, unknown>>
}

/** The contract's head: the execution block, and for Ethereum its beacon block beside it. */
export interface ReplayHead {
  /** Null where the beacon block names it by its hash alone, as from Gloas on. */
  readonly number: number | null
  readonly hash: Hex
  readonly slot?: number
  readonly root?: Hex
}

/** A line for a person. */
export function replayText(line: ReplayLine): string {
  const slot = line.head.slot === undefined ? '' : `, slot ${line.head.slot}`
  const where = `${line.file}[${line.index}]`
  if (line.result === 'rejected') return `${where}  rejected: ${errorText(line.error)}  (${line.gasUsed} gas)`
  return `${where}  ${line.result}  ${line.gasUsed} gas  head: block ${line.head.number ?? 'unnumbered'} ${line.head.hash}${slot}`
}

function errorText(error: ReplayError | null): string {
  if (error === null) return 'no reason given'
  const args = Object.entries(error.args).map(([name, value]) => `${name}=${String(value)}`)
  return `${error.name}(${args.join(', ')})`
}
