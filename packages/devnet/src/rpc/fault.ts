import type { HttpBindings } from '@hono/node-server'
import type { MiddlewareHandler } from 'hono'

/** What an endpoint of a devnet chain does wrong. */
export type EndpointFault =
  /** Connections are dropped without an answer. */
  | { readonly kind: 'dead' }
  /** Each answer comes this much later, in milliseconds of the wall. */
  | { readonly kind: 'slow'; readonly milliseconds: number }
  /** HTTP status instead of an answer, as overloaded or paid endpoints do (429, 503). */
  | { readonly kind: 'status'; readonly status: 429 | 500 | 503 }
  /** The endpoint lies: `rewrite` gets each result of `method` (JSON-RPC) or of the path (REST) and returns the lie. */
  | { readonly kind: 'lie'; readonly method: string | RegExp; readonly rewrite: (result: unknown) => unknown }
  /** Answers break off in the middle. */
  | { readonly kind: 'truncated' }
  /** Transactions are accepted and kept back until the fault is lifted (JSON-RPC only). */
  | { readonly kind: 'stuckMempool' }

/** Holds the faults of one endpoint. */
export interface FaultBox {
  set(...faults: readonly EndpointFault[]): void
  clear(): void
  has(kind: EndpointFault['kind']): boolean
  /** Applies the lies about `method`. */
  rewrite(method: string, result: unknown): unknown
  /** Calls `listener` after each change. */
  onChange(listener: () => void): void
  readonly middleware: MiddlewareHandler<{ Bindings: HttpBindings }>
}

/** A fault box without faults. */
export function createFaultBox(): FaultBox {
  const listeners: (() => void)[] = []
  let active: readonly EndpointFault[] = []
  return {
    set(...faults) {
      active = faults
      for (const listener of listeners) listener()
    },
    clear() {
      active = []
      for (const listener of listeners) listener()
    },
    onChange: (listener) => void listeners.push(listener),
    has: (kind) => active.some((fault) => fault.kind === kind),
    rewrite(method, result) {
      let said = result
      for (const fault of active) if (fault.kind === 'lie' && isAbout(fault.method, method)) said = fault.rewrite(said)
      return said
    },
    middleware: async (context, next) => {
      for (const fault of active) {
        if (fault.kind === 'dead') {
          context.env.incoming.socket.destroy()
          return context.body(null, 503)
        }
        if (fault.kind === 'slow') await new Promise((resolve) => setTimeout(resolve, fault.milliseconds))
        if (fault.kind === 'status') return context.text('unavailable', fault.status)
      }
      await next()
      if (!active.some(({ kind }) => kind === 'truncated')) return
      const text = await context.res.text()
      context.res = new Response(text.slice(0, text.length >> 1), context.res)
    },
  }
}

function isAbout(subject: string | RegExp, method: string): boolean {
  return typeof subject === 'string' ? subject === method : subject.test(method)
}
