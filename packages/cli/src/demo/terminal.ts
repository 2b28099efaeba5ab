import { render, stepLine } from './render.ts'
import type { Step, View } from './view.ts'

/** The part of a stream that the demo draws on. */
export interface Output {
  readonly isTTY?: boolean
  readonly columns?: number
  readonly rows?: number
  write(text: string): unknown
}

/** Shows the view to a person. */
export interface Display {
  /** Something changed. `step` says what, where it is a message's step. */
  show(view: View, step?: { readonly orderId: string; readonly from: string; readonly step: Step | 'failed' }): void
  /** Leaves the terminal as it was, with the last view on it. */
  close(): void
}

const HIDE_CURSOR = '\x1b[?25l'
const SHOW_CURSOR = '\x1b[?25h'
const CLEAR_BELOW = '\x1b[J'
const CLEAR_LINE = '\x1b[K'

/** Redraws in place on a terminal; elsewhere prints a line for each phase and each step of a message. */
export function createDisplay(output: Output, env: Readonly<Record<string, string | undefined>>): Display {
  return output.isTTY === true && env.TERM !== 'dumb' ? createLive(output, env) : createPlain(output)
}

function createLive(output: Output, env: Readonly<Record<string, string | undefined>>): Display {
  let drawn = 0
  let open = false
  return {
    show(view) {
      const screen = {
        columns: output.columns ?? 80,
        rows: output.rows ?? 24,
        colour: env.NO_COLOR === undefined || env.NO_COLOR === '',
      }
      const lines = render(view, screen).slice(0, screen.rows - 1)
      const home = drawn === 0 ? '' : `\x1b[${drawn}A\r`
      const body = lines.map((line) => `${line}${CLEAR_LINE}\n`).join('')
      output.write(`${open ? '' : HIDE_CURSOR}${home}${body}${CLEAR_BELOW}`)
      open = true
      drawn = lines.length
    },
    close() {
      if (open) output.write(SHOW_CURSOR)
      open = false
      drawn = 0
    },
  }
}

function createPlain(output: Output): Display {
  let phase = ''
  return {
    show(view, change) {
      if (view.phase !== phase) {
        phase = view.phase
        output.write(`${phase}\n`)
      }
      if (change === undefined) return
      const row = view.messages.find((item) => item.orderId === change.orderId && item.from === change.from)
      if (row !== undefined) output.write(`${stepLine(row, change.step)}\n`)
    },
    close() {},
  }
}
