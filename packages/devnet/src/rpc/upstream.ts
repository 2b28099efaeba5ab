import { Agent, request as httpRequest } from 'node:http'
import { RpcError } from './error.ts'

/** JSON-RPC to anvil, over kept connections. */
export interface Upstream {
  request(method: string, params: readonly unknown[]): Promise<unknown>
  close(): void
}

interface Answer {
  readonly result?: unknown
  readonly error?: { readonly code: number; readonly message: string; readonly data?: unknown }
}

/** Rejects with {@link RpcError} when anvil answers an error. */
export function createUpstream(url: string): Upstream {
  const agent = new Agent({ keepAlive: true, maxSockets: 16 })
  let id = 0
  return {
    async request(method, params) {
      const answer = await post(agent, url, JSON.stringify({ jsonrpc: '2.0', id: ++id, method, params }))
      if (answer.error !== undefined) throw new RpcError(answer.error.code, answer.error.message, answer.error.data)
      return answer.result
    },
    close: () => agent.destroy(),
  }
}

function post(agent: Agent, url: string, body: string): Promise<Answer> {
  return new Promise((resolve, reject) => {
    const headers = { 'content-type': 'application/json', 'content-length': Buffer.byteLength(body) }
    const request = httpRequest(url, { method: 'POST', agent, headers }, (response) => {
      const chunks: Buffer[] = []
      response.on('data', (chunk: Buffer) => chunks.push(chunk))
      response.on('error', reject)
      response.on('end', () => {
        try {
          // CAST: anvil answers JSON-RPC; an answer of another shape shows as an undefined result
          resolve(JSON.parse(Buffer.concat(chunks).toString('utf8')) as Answer)
        } catch (error) {
          reject(error)
        }
      })
    })
    request.on('error', reject)
    request.end(body)
  })
}
