import { Argument } from 'commander'
import { wordFlag } from './values.ts'

/** An argument of 32 bytes. */
export function wordArgument(name: string, description: string): Argument {
  return new Argument(`<${name}>`, description).argParser(wordFlag)
}
