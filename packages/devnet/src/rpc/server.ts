import { once } from 'node:events'
import { type HttpBindings, type ServerType, serve } from '@hono/node-server'
import { Hono } from 'hono'
import { DevnetError } from '../errors.ts'
import { RpcError } from './error.ts'
import type { FaultBox } from './fault.ts'

/** A Hono application whose handlers see Node's request. */
export type NodeHono = Hono<{ Bindings: HttpBindings }>

export type RpcHandler = (method: string, params: readonly unknown[]) => Promise<unknown>

export interface HttpServer {
  readonly url: string
  stop(): Promise<void>
}

/** Milliseconds that a connection may rest: where a client and we are one process, both may be late by seconds. */
const KEEP_ALIVE_MS = 120_000

/** Serves `app` on a free port of 127.0.0.1. */
export async function listen(app: NodeHono): Promise<HttpServer> {
  const server: ServerType = serve({
    fetch: app.fetch,
    hostname: '127.0.0.1',
    port: 0,
    serverOptions: { keepAliveTimeout: KEEP_ALIVE_MS },
  })
  if (!server.listening) await once(server, 'listening')
  const address = server.address()
  if (address === null || typeof address === 'string') throw new DevnetError('LISTEN', 'no port', { address })
  return {
    url: `http://127.0.0.1:${address.port}`,
    async stop() {
      const closed = once(server, 'close')
      server.close()
      if ('closeAllConnections' in server) server.closeAllConnections()
      await closed
    },
  }
}

/** A JSON-RPC 2.0 endpoint (single calls and batches) that answers through `handle`. */
export function rpcApp(handle: RpcHandler, faults: FaultBox): NodeHono {
  const app: NodeHono = new Hono<{ Bindings: HttpBindings }>()
  app.use(faults.middleware)
  app.post('/', async (context) => {
    let body: unknown
    try {
      body = await context.req.json()
    } catch {
      return context.json(failure(null, new RpcError(-32700, 'parse error')))
    }
    const one = (call: unknown) => answer(call, handle, faults)
    return context.json(Array.isArray(body) ? await Promise.all(body.map(one)) : await one(body))
  })
  return app
}

async function answer(call: unknown, handle: RpcHandler, faults: FaultBox): Promise<object> {
  if (typeof call !== 'object' || call === null || !('method' in call) || typeof call.method !== 'string')
    return failure(null, new RpcError(-32600, 'invalid request'))
  const id = 'id' in call ? call.id : null
  const params: readonly unknown[] = 'params' in call && Array.isArray(call.params) ? call.params : []
  try {
    const result = faults.rewrite(call.method, await handle(call.method, params))
    return { jsonrpc: '2.0', id, result: result ?? null }
  } catch (error) {
    return failure(id, error)
  }
}

function failure(id: unknown, error: unknown): object {
  const { code, message, data } =
    error instanceof RpcError
      ? error
      : { code: -32603, message: error instanceof Error ? error.message : `${error}`, data: undefined }
  return { jsonrpc: '2.0', id, error: { code, message, ...(data === undefined ? {} : { data }) } }
}
