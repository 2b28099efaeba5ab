import assert from 'node:assert/strict'
import { test } from 'node:test'
import { stripVTControlCharacters } from 'node:util'
import { render } from './render.ts'
import { createDisplay } from './terminal.ts'
import { initialView, type View, withStep } from './view.ts'

const first = { orderId: `0xaaaa${'0'.repeat(57)}001`, from: 'ethereum', to: 'qbft' } as const
const second = { orderId: `0xbbbb${'0'.repeat(57)}001`, from: 'qbft', to: 'ethereum' } as const

function sample(): View {
  const chains = [
    {
      name: 'ethereum',
      consensus: 'proof of stake',
      chainId: 1n,
      head: 120n,
      finalized: 64n,
      clients: [{ on: 'qbft', unit: 'slot', head: 64n, status: 'active' }],
      counter: 2n,
    },
    {
      name: 'qbft',
      consensus: 'QBFT, 4 validators',
      chainId: 2n,
      head: 300n,
      finalized: 300n,
      clients: [{ on: 'ethereum', unit: 'block', head: 290n, status: 'active' }],
      counter: 1n,
    },
  ]
  const asset = {
    symbol: 'WCOIN',
    decimals: 18,
    lockedOn: 'ethereum',
    locked: 2_500_000_000_000_000_000n,
    mintedOn: 'qbft',
    outstanding: 0n,
    verdict: 'backed',
  } as const
  let view: View = { ...initialView('running', 8), running: true, chains, asset, now: 9_000 }
  view = withStep(view, first, 'sent', 1_000)
  view = withStep(view, first, 'final', 3_500)
  view = withStep(view, second, 'sent', 2_000)
  for (const [step, at] of [
    ['final', 2_000],
    ['updated', 2_800],
    ['proven', 3_000],
    ['delivered', 4_100],
    ['executed', 4_100],
  ] as const) {
    view = withStep(view, second, step, at)
  }
  return view
}

test('the screen shows chains, light clients and one row a message', (t) => {
  t.assert.snapshot(render(sample(), { columns: 110, rows: 30, colour: false }))
})

test('no line is wider than the screen, with or without colour', () => {
  for (const columns of [20, 60, 80, 110, 200]) {
    for (const colour of [true, false]) {
      for (const line of render(sample(), { columns, rows: 24, colour })) {
        assert.ok(stripVTControlCharacters(line).length <= columns)
      }
    }
  }
})

test('colour changes nothing that is read', () => {
  const plain = render(sample(), { columns: 110, rows: 30, colour: false })
  const coloured = render(sample(), { columns: 110, rows: 30, colour: true })
  assert.deepEqual(coloured.map(stripVTControlCharacters), plain)
})

test('rows that are done leave a full screen first', () => {
  let view = sample()
  for (let index = 0; index < 40; index++) {
    const message = { ...second, orderId: `0x${index.toString(16).padStart(64, '0')}` as const }
    view = withStep(view, message, 'sent', index)
    view = withStep(view, message, 'executed', index)
  }
  const lines = render(view, { columns: 110, rows: 24, colour: false })
  assert.ok(lines.length <= 24)
  assert.ok(lines.some((line) => line.includes('0xaaaa')))
})

test('a failed message says why, and loses the mark once a retry executed it', () => {
  let view = withStep(sample(), first, 'failed', 5_000, 'Counter_Sender')
  const line = () => render(view, { columns: 130, rows: 30, colour: false }).find((text) => text.includes('0xaaaa'))
  assert.match(line() ?? '', /Counter_Sender/)
  view = withStep(view, first, 'executed', 6_000)
  assert.doesNotMatch(line() ?? '', /Counter_Sender/)
  assert.equal(view.messages.find((row) => row.orderId === first.orderId)?.failed, false)
})

test('a step that is told twice keeps its first time', () => {
  const view = withStep(sample(), first, 'final', 9_999)
  assert.equal(view.messages[0]?.at.final, 3_500)
})

test('without a terminal each step is a line, and nothing is redrawn', () => {
  let text = ''
  const display = createDisplay({ write: (chunk) => (text += chunk) }, {})
  const view = sample()
  display.show(view)
  display.show(view)
  display.show(view, { orderId: first.orderId, from: 'ethereum', step: 'final' })
  display.close()
  assert.equal(text, 'running\nethereum → qbft  0xaaaa…001  final on its own chain (+2.5 s)\n')
})

test('on a terminal the cursor comes back', () => {
  let text = ''
  const display = createDisplay({ isTTY: true, columns: 80, rows: 24, write: (chunk) => (text += chunk) }, {})
  display.show(sample())
  display.show(sample())
  display.close()
  assert.ok(text.startsWith('\x1b[?25l'))
  assert.ok(text.endsWith('\x1b[?25h'))
})
