/** An error that goes to the JSON-RPC client as it is. */
export class RpcError extends Error {
  readonly code: number
  readonly data: unknown

  constructor(code: number, message: string, data?: unknown) {
    super(message)
    this.name = 'RpcError'
    this.code = code
    this.data = data
  }
}

/** JSON-RPC: the parameters are not what the method takes. */
export const invalidParams = (message: string): RpcError => new RpcError(-32602, message)
/** JSON-RPC: the method exists and this node does not offer it. */
export const notSupported = (method: string, why: string): RpcError => new RpcError(-32004, `${method}: ${why}`)
