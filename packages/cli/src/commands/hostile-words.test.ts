/** Words of endpoints reach an operator's terminal through reasons: they are shown, and do nothing there. */
import assert from 'node:assert/strict'
import { createServer } from 'node:http'
import { test } from 'node:test'
import { runIn } from '../testing.ts'

// once, an endpoint's refusal could clear the operator's screen, or add a line that says that all is well
test('what an endpoint says cannot write to the terminal of who asks for the status', async (t) => {
  const detail = 'node: eth_getLogs: \u001b[2J\u009b1Aok\nlane    a -> b: nothing waits \u202e(-32000)'
  const trouble = { reason: { code: 'RPC_RESPONSE', detail }, since: 0, failures: 3 }
  const server = createServer(({ url }, response) => {
    const workers = url === '/v1/workers' ? [{ name: 'lane a-b', trouble }] : []
    response.setHeader('content-type', 'application/json').end(JSON.stringify(workers))
  }).listen(0, '127.0.0.1')
  t.after(() => server.close())
  await new Promise((resolve) => server.once('listening', resolve))
  const address = server.address()
  assert.ok(typeof address === 'object' && address !== null)
  const api = ['--api', `http://127.0.0.1:${address.port}`]
  for (const more of [[], ['--json']]) {
    const { code, out } = await runIn(['compass', 'status', ...api, ...more])
    assert.equal(code, 0)
    assert.equal(out.length, more.length === 0 ? 2 : 1)
    const line = out.at(-1) ?? ''
    assert.match(line, /RPC_RESPONSE.*eth_getLogs: .*nothing waits/)
    assert.doesNotMatch(line, /[\p{Cc}\u202e]/u)
  }
})
