/** What begins a new line somewhere, and a tab. */
const BREAKS = /[\t\n\v\f\r\u0085\u2028\u2029]+/g
/** Control characters (C0, DEL, C1), and what turns the direction of the text around it (Unicode Standard Annex 9). */
const COMMANDS = /[\p{Cc}\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069]/gu

/**
 * Somebody else's words as they may be stored, and shown on a terminal: one line, without what a terminal obeys, without NUL and
 * halves of surrogate pairs, which PostgreSQL refuses. What is taken out shows as U+FFFD.
 */
export function plainText(words: string): string {
  return words.toWellFormed().replace(BREAKS, ' ').replace(COMMANDS, '\ufffd')
}
