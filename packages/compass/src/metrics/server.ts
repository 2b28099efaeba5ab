import { once } from 'node:events'
import { type HttpBindings, type ServerType, serve } from '@hono/node-server'
import { Hono } from 'hono'
import { ConfigError } from '../errors.ts'
import type { Metrics } from './metrics.ts'

/** A running endpoint. */
export interface MetricsServer {
  readonly url: string
  stop(): Promise<void>
}

/** Only this machine reads the figures: what shows them to others belongs in front. */
const LOOPBACK = '127.0.0.1'

/** Serves `/metrics` on a port of the loopback interface; 0 takes a free one. @throws {ConfigError} it is taken. */
export async function serveMetrics(metrics: Metrics, port: number): Promise<MetricsServer> {
  const app = new Hono<{ Bindings: HttpBindings }>()
  app.get('/metrics', async (context) => {
    const { contentType, text } = await metrics.render()
    return context.body(text, 200, { 'content-type': contentType })
  })
  const server: ServerType = serve({ fetch: app.fetch, hostname: LOOPBACK, port })
  try {
    if (!server.listening) await once(server, 'listening')
  } catch (cause) {
    throw new ConfigError([`metrics.port: ${port} cannot be listened on`], { cause })
  }
  const address = server.address()
  const taken = address === null || typeof address === 'string' ? port : address.port
  return {
    url: `http://${LOOPBACK}:${taken}/metrics`,
    async stop() {
      const closed = once(server, 'close')
      server.close()
      if ('closeAllConnections' in server) server.closeAllConnections()
      await closed
    },
  }
}
