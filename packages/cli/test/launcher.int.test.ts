import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:http'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import { fileURLToPath } from 'node:url'

const launcher = fileURLToPath(new URL('../bin/meridian.js', import.meta.url))
const chain = (id: number, rpc: string) =>
  `  - { id: ${id}, name: c${id}, consensus: qbft, rpc: ['${rpc}'], mos: '0x${'02'.repeat(20)}', startBlock: 0 }`

// `meridian` starts the Node that it needs, under the heap that it needs. Killed, it left a Compass behind that nobody saw,
// which held the store and the wallets against the next.
test('who kills `meridian` ends what it started; and a heap is capped unless the operator says otherwise', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'meridian-launcher-'))
  // an endpoint that never answers: Compass keeps asking
  const server = createServer(() => undefined).listen(0, '127.0.0.1')
  try {
    await once(server, 'listening')
    const address = server.address()
    assert.ok(typeof address === 'object' && address !== null)
    const rpc = `http://127.0.0.1:${address.port}`
    const config = join(folder, 'compass.yaml')
    writeFileSync(
      config,
      ['store: store', 'chains:', chain(1, rpc), chain(2, rpc), 'lanes: [{ from: 1, to: 2 }]'].join('\n'),
    )
    const args = [launcher, 'compass', 'start', '--dry-run', '--config', config]
    const meridian = spawn(process.execPath, args, { stdio: ['ignore', 'pipe', 'pipe'] })
    let said = ''
    meridian.stdout.on('data', (text) => {
      said += text
    })
    meridian.stderr.on('data', (text) => {
      said += text
    })
    const closed = once(meridian, 'close')
    await Promise.race([once(server, 'request'), closed.then(() => assert.fail(said))])
    meridian.kill('SIGKILL')
    // the pipes close when the last process that holds them has ended
    assert.deepEqual(await closed, [null, 'SIGKILL'])
  } finally {
    server.closeAllConnections()
    server.close()
    rmSync(folder, { recursive: true })
  }

  const probe = join(mkdtempSync(join(tmpdir(), 'meridian-heap-')), 'probe.mjs')
  writeFileSync(
    probe,
    "import v8 from 'node:v8'; process.stderr.write(String(v8.getHeapStatistics().heap_size_limit / 2 ** 20).concat(' '))",
  )
  const limit = async (options: string): Promise<number> => {
    const env = { ...process.env, NODE_OPTIONS: `${options} --import ${probe}` }
    const { stderr } = spawn(process.execPath, [launcher, '--version'], { env })
    let text = ''
    for await (const part of stderr) text += part
    // two processes say it: `meridian`, then what it started
    return Number(text.trim().split(' ').at(-1))
  }
  const [capped, chosen] = await Promise.all([limit(''), limit('--max-old-space-size=300')])
  assert.ok(capped > 1_024 && capped < 1_400, String(capped))
  assert.ok(chosen > 300 && chosen < 500, String(chosen))
})
