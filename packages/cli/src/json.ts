/** One line of JSON; integers of any size become decimal strings, as JSON numbers would lose digits. */
export function jsonLine(value: unknown): string {
  return JSON.stringify(value, (_, item: unknown) => (typeof item === 'bigint' ? item.toString() : item))
}
