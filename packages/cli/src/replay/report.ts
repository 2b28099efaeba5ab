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
  /** The receipt proof that the file has for the block, verified against the contract's answer. */
  readonly receipt?: ReplayReceipt
}

/** A receipt that was proven to be in the block. */
export interface ReplayReceipt {
  readonly transactionIndex: number
  readonly logs: number
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

/** What became of one attestation of a Parlia chain. */
export interface AttestationLine {
  readonly file: string
  /** Place in the file of the header that carries it. */
  readonly index: number
  /** The header that carries it. Its hash is recomputed before anything else is looked at. */
  readonly block: ReplayHead & { readonly hashChecked: true }
  readonly source: ReplayHead
  readonly target: ReplayHead
  /** Validators that voted. */
  readonly votes: number
  /** The block that lists the set it was judged by, and that set's size; null where no file has one. */
  readonly epoch: number | null
  readonly validators: number | null
  /** `unapplied`: what the contract would need is in no file; the error says what was checked all the same. */
  readonly result: 'finalized' | 'rejected' | 'unapplied'
  /** The block that it makes final. */
  readonly finalizes: ReplayHead | null
  readonly error: ReplayError | null
  /** Of the whole transaction; 0 where none was sent. */
  readonly gasUsed: number
  readonly head: ReplayHead | null
}

/** A line for a person. */
export function replayText(line: ReplayLine | AttestationLine): string {
  if ('source' in line) return attestationText(line)
  const slot = line.head.slot === undefined ? '' : `, slot ${line.head.slot}`
  const where = `${line.file}[${line.index}]`
  if (line.result === 'rejected') return `${where}  rejected: ${errorText(line.error)}  (${line.gasUsed} gas)`
  const { receipt } = line
  const proven = receipt === undefined ? '' : `, receipt ${receipt.transactionIndex} with ${receipt.logs} logs proven`
  return `${where}  ${line.result}  ${line.gasUsed} gas  head: block ${line.head.number ?? 'unnumbered'} ${line.head.hash}${slot}${proven}`
}

function attestationText(line: AttestationLine): string {
  const what = `${line.file}[${line.index}]  block ${line.block.number}: ${line.source.number} -> ${line.target.number}`
  const votes = `${line.votes}${line.validators === null ? '' : ` of ${line.validators}`} votes`
  if (line.finalizes !== null)
    return `${what}  finalizes ${line.finalizes.number} ${line.finalizes.hash}, ${votes}  ${line.gasUsed} gas`
  return `${what}  ${line.result}: ${errorText(line.error)}, ${votes}, hash of the block checked`
}

function errorText(error: ReplayError | null): string {
  if (error === null) return 'no reason given'
  const args = Object.entries(error.args).map(([name, value]) => `${name}=${String(value)}`)
  return `${error.name}(${args.join(', ')})`
}
