import type { Report } from './scenario.ts'

/** The report for a person. */
export function table(report: Report): string {
  const rows = report.scenarios.map(({ id, measure, value, floor, aim }) => [
    id,
    measure,
    number(value),
    floor === null ? 'report' : number(floor),
    aim === null ? '' : number(aim),
    floor === null ? '' : value <= floor ? 'met' : `missed by ${number(value - floor)}`,
  ])
  const head = ['scenario', 'gas of', 'measured', 'floor', 'prototype', '']
  const widths = head.map((title, column) => Math.max(title.length, ...rows.map((row) => row[column]?.length ?? 0)))
  const line = (row: readonly string[]) =>
    row
      .map((cell, column) =>
        column < 2 || column > 4 ? cell.padEnd(widths[column] ?? 0) : cell.padStart(widths[column] ?? 0),
      )
      .join('  ')
      .trimEnd()
  const lines = [line(head)]
  report.scenarios.forEach(({ peers }, index) => {
    lines.push(line(rows[index] ?? []))
    for (const peer of peers) lines.push(`    ${number(peer.value).padStart(11)}  ${peer.name} (${peer.source})`)
  })
  for (const { id, reason } of report.skipped) lines.push(`${id}  skipped: ${reason}`)
  return lines.join('\n')
}

function number(value: number): string {
  return value.toLocaleString('en-US')
}
