/**
 * Turns beacon REST JSON into what the Ethereum light client takes, as one JSON object on stdout:
 * `{parameters, forks, bootstrap: {blockRoot, header, syncCommitteeRoot, branch}, updates: [{file, index, signatureSlot, time, calldata}]}`.
 * `time` is the start of the signature slot in unix seconds.
 *
 *     node scripts/ethereum-calldata.ts mainnet BOOTSTRAP.json [UPDATE.json …]
 */
import { readFileSync } from 'node:fs'
import {
  bootstrapArgs,
  clientForks,
  clientParameters,
  createCommitteeBook,
  encodeUpdate,
  networks,
  parseBootstrapFile,
  parseUpdateFile,
  timeAtSlot,
} from '@meridian/consensus/ethereum'

const [name = '', bootstrapFile, ...updateFiles] = process.argv.slice(2)
const network = networks[name]
if (network === undefined || bootstrapFile === undefined) {
  console.error(`usage: ethereum-calldata.ts ${Object.keys(networks).join('|')} BOOTSTRAP [UPDATE …]`)
  process.exit(2)
}
const bootstrap = parseBootstrapFile(readFileSync(bootstrapFile, 'utf8'), network)
const book = createCommitteeBook(bootstrap, network)
const updates = updateFiles.flatMap((file) =>
  parseUpdateFile(readFileSync(file, 'utf8'), network).map((update, index) => {
    const calldata = encodeUpdate(update, book.signersOf(update))
    book.learn(update)
    const time = Number(timeAtSlot(network, update.signatureSlot))
    return { file, index, signatureSlot: Number(update.signatureSlot), time, calldata }
  }),
)
const TWO_WEEKS = 14n * 86_400n
const output = {
  parameters: clientParameters(network, { trustingPeriod: TWO_WEEKS }),
  forks: clientForks(network),
  bootstrap: bootstrapArgs(bootstrap, network),
  updates,
}
console.log(JSON.stringify(output, (_, value) => (typeof value === 'bigint' ? Number(value) : value), 2))
