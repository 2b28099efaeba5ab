import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import {
  createCommitteeBook,
  encodeUpdate,
  mainnet,
  parseBootstrapFile,
  parseUpdateFile,
  timeAtSlot,
} from '@meridian/consensus/ethereum'
import { lowerHead } from '../client-storage.ts'
import { gasOfUpdate, withClient } from '../ethereum-client.ts'
import type { Scenario } from '../scenario.ts'

/** The update finalizes the bootstrap's own block: the head is put this many slots back, one epoch. */
const LOWERED_BY = 32n

/**
 * A finality update of Ethereum mainnet under Fulu, signed by 511 of 512. A whole transaction; every storage slot that it
 * writes is non-zero before, and the head is lowered by cheatcode so that its write is paid.
 */
export const finality511: Scenario = {
  id: 'ethereum/finality-511',
  unit: 'gas',
  measure: 'transaction',
  floor: 252_000,
  aim: 240_000,
  peers: [
    {
      name: 'CLPR EthMainnetVerifier, a bundle with account proof',
      value: 1_645_052,
      source: 'published; Sepolia Fulu, 486 of 512',
    },
    { name: 'DendrETH, zero-knowledge', value: 266_717, source: 'published; up to 357,029' },
    { name: 'SP1 Groth16, the proof alone', value: 270_000, source: 'published; approximate' },
  ],
  async run({ fixtures }) {
    const files = ['fulu_bootstrap.json', 'fulu_finality.json'].map((name) => join(fixtures, 'ethereum', name))
    const missing = files.find((file) => !existsSync(file))
    if (missing !== undefined) return { skipped: `no ${missing}; MERIDIAN_FIXTURES names the folder` }
    const [bootstrapText = '', updateText = ''] = files.map((file) => readFileSync(file, 'utf8'))
    const bootstrap = parseBootstrapFile(bootstrapText, mainnet)
    const update = parseUpdateFile(updateText, mainnet)[0]
    if (update === undefined) return { skipped: `${files[1]} holds no update` }
    const data = encodeUpdate(update, createCommitteeBook(bootstrap, mainnet).signersOf(update))
    return withClient(bootstrap, mainnet, async (chain, client) => {
      await chain.warp(timeAtSlot(mainnet, update.signatureSlot) + 1n)
      await lowerHead(chain, client, bootstrap.header.beacon.slot, LOWERED_BY)
      return gasOfUpdate(chain, client, data)
    })
  },
}
