import assert from 'node:assert/strict'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { test } from 'node:test'
import { parseConfig } from './config/config.ts'
import { createLog } from './log.ts'
import { openCompass } from './open.ts'
import { startPostgres } from './testing/postgres.ts'

test('a provider that asked to be left alone is left alone by the Compass that is started next', async (t) => {
  let asked = 0
  const server = createServer((_, response) => {
    asked += 1
    response.writeHead(429, { 'retry-after': '600' }).end()
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const postgres = await startPostgres()
  t.after(() => {
    server.close()
    return postgres.stop()
  })
  const { port } = server.address() as AddressInfo // CAST: it listens on a port
  const chain = (id: number) => ({
    id: String(id),
    name: `chain${id}`,
    consensus: 'qbft',
    rpc: [`http://127.0.0.1:${port}/${id}`],
    mos: '0x00000000000000000000000000000000000000A1',
    startBlock: '0',
    signer: 'env:KEY',
  })
  const config = parseConfig({ store: 'env:STORE', chains: [chain(1), chain(2)], lanes: [{ from: '1', to: '2' }] })
  const env = { KEY: `0x${'11'.repeat(32)}`, STORE: await postgres.createDatabase('compass') }
  const secrets = { env, readFile: () => assert.fail('no file') }
  const open = () => openCompass(config, { secrets, log: createLog('silent') })
  const first = await open()
  assert.equal(asked, 2, 'each chain was asked for its id')
  await first.close()
  const second = await open()
  await second.tick()
  await second.close()
  assert.equal(asked, 2)
})
