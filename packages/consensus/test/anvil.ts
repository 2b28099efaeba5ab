import { spawn } from 'node:child_process'
import { createRequire } from 'node:module'
import { dirname, join } from 'node:path'
import { createInterface } from 'node:readline'
import { setTimeout } from 'node:timers/promises'
import { createTestClient, type Hex, http, publicActions, TransactionReceiptNotFoundError, walletActions } from 'viem'
import { mnemonicToAccount } from 'viem/accounts'
import { foundry } from 'viem/chains'

const cpu: Partial<Record<NodeJS.Architecture, string>> = { x64: 'amd64', arm64: 'arm64' }

const POLL_MS = 10
const INCLUSION_MS = 60_000

function anvilBinary(): string {
  const name = `@foundry-rs/anvil-${process.platform}-${cpu[process.arch] ?? process.arch}`
  const fromAnvil = createRequire(createRequire(import.meta.url).resolve('@foundry-rs/anvil/package.json'))
  return join(dirname(fromAnvil.resolve(`${name}/package.json`)), 'bin', 'anvil')
}

function clientOf(url: string) {
  const account = mnemonicToAccount('test test test test test test test test test test test junk')
  return createTestClient({ account, mode: 'anvil', chain: foundry, transport: http(url), pollingInterval: 10 })
    .extend(publicActions)
    .extend(walletActions)
    .extend((client) => ({
      // viem's own wait looks again only when a block comes, and on a chain that mines a block a transaction the one that
      // counts may have come between its two requests: it would wait for ever.
      async waitForTransactionReceipt({ hash }: { readonly hash: Hex }) {
        for (const started = performance.now(); performance.now() - started < INCLUSION_MS; ) {
          const receipt = await client.getTransactionReceipt({ hash }).catch((error: unknown) => {
            if (error instanceof TransactionReceiptNotFoundError) return null
            throw error
          })
          if (receipt !== null) return receipt
          await setTimeout(POLL_MS)
        }
        throw new Error(`transaction ${hash} was not mined within ${INCLUSION_MS} ms`)
      },
    }))
}

/** Client of a running anvil. */
export type TestChain = ReturnType<typeof clientOf>

/** Runs `body` against an EVM with Osaka's rules whose clock stands at `timestamp`, unix seconds. */
export async function withAnvil<T>(timestamp: bigint, body: (chain: TestChain) => Promise<T>): Promise<T> {
  const args = ['--port', '0', '--hardfork', 'osaka', '--timestamp', `${timestamp}`, '--gas-limit', '60000000']
  const child = spawn(anvilBinary(), args, { stdio: ['ignore', 'pipe', 'ignore'] })
  try {
    const url = await new Promise<string>((resolve, reject) => {
      child.once('error', reject)
      child.once('exit', (code) => reject(new Error(`anvil ended with ${code}`)))
      createInterface({ input: child.stdout }).on('line', (line) => {
        const port = /Listening on 127\.0\.0\.1:(\d+)/.exec(line)?.[1]
        if (port !== undefined) resolve(`http://127.0.0.1:${port}`)
      })
    })
    return await body(clientOf(url))
  } finally {
    child.removeAllListeners('exit')
    child.kill('SIGKILL')
  }
}

/** One word of 32 bytes. */
export function word(value: bigint): Hex {
  return `0x${value.toString(16).padStart(64, '0')}`
}
