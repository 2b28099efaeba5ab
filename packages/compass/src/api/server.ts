import { once } from 'node:events'
import { type ServerType, serve } from '@hono/node-server'
import type { OpenAPIHono } from '@hono/zod-openapi'
import { ConfigError } from '../errors.ts'

/** A running endpoint. */
export interface HttpServer {
  /** Without a slash at its end. */
  readonly url: string
  stop(): Promise<void>
}

/** Where to listen; port 0 takes a free one. */
export interface Listen {
  readonly host: string
  readonly port: number
}

/** Milliseconds that a client may take to send its headers, and its whole request. */
const HEADERS_MS = 5_000
const REQUEST_MS = 10_000
const MAX_CONNECTIONS = 1_000

/** Serves an application. @param key Names the setting in errors. @throws {ConfigError} it cannot be listened on. */
export async function listen(app: OpenAPIHono, { host, port }: Listen, key: string): Promise<HttpServer> {
  const serverOptions = { headersTimeout: HEADERS_MS, requestTimeout: REQUEST_MS, maxHeaderSize: 16_384 }
  const server: ServerType = serve({ fetch: app.fetch, hostname: host, port, serverOptions })
  server.maxConnections = MAX_CONNECTIONS
  try {
    if (!server.listening) await once(server, 'listening')
  } catch (cause) {
    throw new ConfigError([`${key}: ${host}:${port} cannot be listened on`], { cause })
  }
  const address = server.address()
  const taken = address === null || typeof address === 'string' ? port : address.port
  return {
    url: `http://${host.includes(':') ? `[${host}]` : host}:${taken}`,
    async stop() {
      const closed = once(server, 'close')
      server.close()
      if ('closeAllConnections' in server) server.closeAllConnections()
      await closed
    },
  }
}
