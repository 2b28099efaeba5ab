import { stripVTControlCharacters } from 'node:util'
import { formatUnits } from 'viem'
import {
  type AssetRow,
  type ChainRow,
  type ClientRow,
  lastStep,
  type MessageRow,
  type Step,
  steps,
  type View,
} from './view.ts'

/** What a terminal can show. */
export interface Screen {
  readonly columns: number
  readonly rows: number
  readonly colour: boolean
}

const STEP_WIDTH = 10
/** Lines besides the messages: title, chains with their headings, the asset, headings, footer. */
const FRAME_LINES = 13
/** Lines of chains that these count. */
const CLIENT_LINES = 2

const styles = { dim: 2, bold: 1, red: 31, green: 32, yellow: 33, cyan: 36 } as const
type Style = keyof typeof styles

const headings: Readonly<Record<Step, string>> = {
  sent: 'sent',
  final: 'final',
  updated: 'client',
  forwarded: 'forwarded',
  hubFinal: 'hub final',
  hubUpdated: 'client',
  proven: 'proven',
  delivered: 'delivered',
  executed: 'executed',
}

/** The whole screen as lines, none wider than the screen. Pure. */
export function render(view: View, screen: Screen): readonly string[] {
  const paint = (style: Style, text: string) => (screen.colour ? `\x1b[${styles[style]}m${text}\x1b[0m` : text)
  const lines = [
    `${paint('bold', 'Meridian')}  ${view.running ? summary(view, paint) : paint('yellow', view.phase)}`,
    '',
    ...(view.chains.length === 0
      ? []
      : [paint('dim', chainHeading()), ...view.chains.flatMap((row) => chainLines(row, paint)), '']),
    ...(view.asset === null ? [] : [assetLine(view.asset, paint), '']),
    ...(view.messages.length === 0 ? [] : [paint('dim', messageHeading(view.columns))]),
    ...shownMessages(view, screen).map((row) => messageLine(row, view, paint)),
    '',
    paint('dim', view.running ? 'seconds since the step before · Ctrl-C stops both chains' : 'Ctrl-C stops'),
  ]
  return lines.map((line) => fit(line, screen.columns))
}

/** One line for one step, where there is no terminal to redraw. */
export function stepLine(row: MessageRow, step: Step | 'failed'): string {
  const what = row.transfer ? 'token ' : ''
  if (step === 'failed')
    return `${row.from} → ${row.to}  ${what}${shortId(row.orderId)}  failed: ${row.note ?? 'no reason given'}`
  const since = sinceBefore(row, step)
  return `${row.from} → ${row.to}  ${what}${shortId(row.orderId)}  ${sentence[step]}${since === null ? '' : ` (+${seconds(since)} s)`}`
}

const sentence: Readonly<Record<Step, string>> = {
  sent: 'sent',
  final: 'final on its own chain',
  updated: 'light client knows its block',
  forwarded: 'forwarded by the hub',
  hubFinal: "final on the hub's chain",
  hubUpdated: "light client knows the hub's block",
  proven: 'proof built and checked',
  delivered: 'delivered',
  executed: 'executed by its target',
}

type Paint = (style: Style, text: string) => string

function summary(view: View, paint: Paint): string {
  const done = view.messages.filter((row) => row.at.executed !== undefined).length
  const failed = view.messages.filter((row) => row.failed).length
  const text = `${done} of ${view.messages.length} messages executed`
  return `${text}${failed === 0 ? '' : paint('red', `, ${failed} failed`)}${paint('dim', `  ·  clock ×${view.clockRate}`)}`
}

function chainHeading(): string {
  return `${'chain'.padEnd(12)}${'consensus'.padEnd(22)}${'head'.padStart(8)}${'final'.padStart(8)}   ${'followed by light client'.padEnd(34)}counter`
}

function chainLines(row: ChainRow, paint: Paint): readonly string[] {
  const name = paint('bold', row.name.padEnd(12))
  const text = `${name}${row.consensus.padEnd(22)}${String(row.head).padStart(8)}${String(row.finalized).padStart(8)}   `
  const [first, ...more] = row.clients
  const client = first === undefined ? ' '.repeat(34) : clientText(first, paint)
  return [
    `${text}${client}${paint('cyan', String(row.counter))}`,
    ...more.map((other) => `${' '.repeat(53)}${clientText(other, paint)}`),
  ]
}

function clientText({ on, unit, head, status }: ClientRow, paint: Paint): string {
  const text = status === 'active' ? paint('green', 'active') : paint('red', status)
  return `${`on ${on}: ${unit} ${head}`.padEnd(26)} ${pad(text, 7)}`
}

function assetLine(row: AssetRow, paint: Paint): string {
  const amount = (units: bigint) => paint('cyan', formatUnits(units, row.decimals))
  const sides = `${amount(row.locked)} locked on ${row.lockedOn}, ${amount(row.outstanding)} outstanding on ${row.mintedOn}`
  const verdicts = {
    backed: paint('green', 'backed'),
    suspect: paint('yellow', 'looked at again'),
    mismatch: paint('red', 'NOT BACKED'),
  } as const
  return `${paint('bold', row.symbol.padEnd(12))}${sides}  ${row.verdict === null ? '' : verdicts[row.verdict]}`
}

function messageHeading(columns: readonly Step[]): string {
  return `${'message'.padEnd(32)}${columns.map((step) => headings[step].padStart(STEP_WIDTH)).join('')}`
}

/** The newest rows; those still on their way stay on the screen before those that are done. */
function shownMessages(view: View, screen: Screen): readonly MessageRow[] {
  const clients = view.chains.reduce((sum, row) => sum + Math.max(1, row.clients.length), 0)
  const room = Math.max(3, screen.rows - FRAME_LINES - Math.max(0, clients - CLIENT_LINES))
  const done = (row: MessageRow) => row.at.executed !== undefined
  const surplus = view.messages.length - room
  if (surplus <= 0) return view.messages
  const dropped = new Set(view.messages.filter(done).slice(0, surplus))
  return view.messages.filter((row) => !dropped.has(row)).slice(-room)
}

function messageLine(row: MessageRow, { now, columns }: View, paint: Paint): string {
  const title =
    `${row.from} ${row.transfer ? '⇒' : '→'} ${row.to} `.padEnd(20) + paint('dim', shortId(row.orderId).padEnd(12))
  const last = lastStep(row)
  const cells = columns.map((step) => {
    if (row.at[step] !== undefined) return paint('green', stepCell(row, step).padStart(STEP_WIDTH))
    const next = columns[columns.indexOf(last) + 1]
    if (step !== next || row.failed) return paint('dim', '·'.padStart(STEP_WIDTH))
    const waited = now - (row.at[last] ?? now)
    return paint('yellow', `${seconds(Math.max(0, waited))}…`.padStart(STEP_WIDTH))
  })
  const note = row.note === null ? '' : `  ${paint(row.failed ? 'red' : 'dim', row.note)}`
  return `${title}${cells.join('')}${note}`
}

function stepCell(row: MessageRow, step: Step): string {
  if (step === 'sent') return '✓'
  const since = sinceBefore(row, step)
  return since === null ? '✓' : `✓ ${seconds(since)}`
}

/** Milliseconds since the step before. */
function sinceBefore(row: MessageRow, step: Step): number | null {
  const at = row.at[step]
  const before = steps.slice(0, steps.indexOf(step)).findLast((earlier) => row.at[earlier] !== undefined)
  const start = before === undefined ? undefined : row.at[before]
  return at === undefined || start === undefined ? null : Math.max(0, at - start)
}

function seconds(milliseconds: number): string {
  return (milliseconds / 1000).toFixed(1)
}

/** The lane's nonce is what differs between the orders that a person sees side by side. */
function shortId(orderId: string): string {
  return `${orderId.slice(0, 6)}…${orderId.slice(-3)}`
}

function pad(text: string, width: number): string {
  return text + ' '.repeat(Math.max(0, width - stripVTControlCharacters(text).length))
}

/** Cuts a line at the screen's edge; what is cut may hold an escape that closes a colour, so one is put there. */
function fit(line: string, columns: number): string {
  if (stripVTControlCharacters(line).length <= columns) return line
  let width = 0
  let index = 0
  while (index < line.length && width < columns - 1) {
    const code = line.startsWith('\x1b[', index) ? line.indexOf('m', index) + 1 - index : 0
    if (code === 0) width++
    index += code === 0 ? 1 : code
  }
  const cut = `${line.slice(0, index)}…`
  return line.includes('\x1b') ? `${cut}\x1b[0m` : cut
}
