import { type CompassConfig, openOffline, readSecret } from '@meridian/compass'
import type { Command } from 'commander'
import { z } from 'zod'
import { RunError, UsageError } from '../errors.ts'
import type { Io } from '../io.ts'
import { urlFlag } from '../values.ts'
import { readConfig, secretsOf } from './config.ts'

/** The flags that say which Compass is meant. */
export interface ServiceFlags {
  readonly config?: string
  readonly api?: string
  readonly token?: string
}

/** A Compass to ask: one that runs, through its API, or a store that none works on. */
export interface Service {
  readonly running: boolean
  /** A chain's name, or its id where no configuration names it. */
  chainName(id: string): string
  /** @throws {@link RunError} it refuses, or answers with what is not its API's. */
  get<Schema extends z.ZodType>(path: string, schema: Schema): Promise<z.output<Schema>>
  /** As {@link Service.get}; what it refuses with a result of `schema` is an answer. */
  post<Schema extends z.ZodType>(path: string, schema: Schema, body?: object): Promise<z.output<Schema>>
  close(): Promise<void>
}

/** Adds the flags that say which Compass is meant. */
export function withServiceFlags(command: Command): Command {
  return command
    .option('--config <file>', "Compass' configuration: its API is asked, or its store read where none runs")
    .option('--api <url>', 'the API of a running Compass, in place of what the configuration says', urlFlag)
    .option('--token <reference>', "token of the API, env:NAME or file:PATH; default: the configuration's")
}

/** Milliseconds until the API counts as dead. */
const TIMEOUT = 10_000
/** Bytes of an answer at most. */
const MAX_ANSWER = 64 * 2 ** 20

const errorSchema = z.object({ error: z.object({ code: z.string(), detail: z.string() }) })

/** The Compass that the flags mean. @throws {@link UsageError} {@link RunError} neither can be reached. */
export async function serviceOf(flags: ServiceFlags, io: Io): Promise<Service> {
  const config = flags.config === undefined ? null : readConfig(flags.config, io, true)
  const url = flags.api ?? apiUrl(config)
  if (config === null && url === null) throw new UsageError('--config', 'or --api is needed')
  if (url !== null && (flags.api !== undefined || (await answers(url)))) {
    const token = tokenOf(flags, config, io)
    return service(
      config,
      true,
      (path, init) => ask(url, token, path, init),
      async () => undefined,
    )
  }
  if (config === null) throw new UsageError('--config', 'or --api is needed')
  try {
    const offline = await openOffline(config, secretsOf(io))
    return service(config, false, offline.request, offline.close)
  } catch (error) {
    const locked = error instanceof Error && 'code' in error && error.code === 'STORE_LOCKED'
    const detail = locked ? 'it runs, but its API is not there: configure `api`, or give --api' : messageOf(error)
    throw new RunError('compass', detail, { cause: error })
  }
}

function apiUrl(config: CompassConfig | null): string | null {
  if (config?.api === undefined || config.api.port === 0) return null
  const { host, port } = config.api
  const reached = host === '0.0.0.0' ? '127.0.0.1' : host === '::' ? '[::1]' : host.includes(':') ? `[${host}]` : host
  return `http://${reached}:${port}`
}

function tokenOf({ token }: ServiceFlags, config: CompassConfig | null, io: Io): () => string | null {
  return () => {
    const reference = token ?? config?.api?.token
    if (reference === undefined) return null
    if (!/^(env|file):/.test(reference))
      throw new UsageError('--token', 'expected env:NAME or file:PATH, and never the token itself')
    return readSecret('--token', reference, secretsOf(io))
  }
}

async function answers(url: string): Promise<boolean> {
  try {
    const response = await fetch(`${url}/health/live`, { signal: AbortSignal.timeout(TIMEOUT) })
    return response.ok
  } catch {
    return false
  }
}

async function ask(url: string, token: () => string | null, path: string, init: RequestInit = {}): Promise<Response> {
  const headers = new Headers(init.headers)
  const secret = init.method === 'POST' ? token() : null
  if (secret !== null) headers.set('authorization', `Bearer ${secret}`)
  try {
    return await fetch(`${url}${path}`, { ...init, headers, redirect: 'error', signal: AbortSignal.timeout(TIMEOUT) })
  } catch (error) {
    throw new RunError('compass', `its API at ${url} does not answer`, { cause: error })
  }
}

function service(
  config: CompassConfig | null,
  running: boolean,
  request: (path: string, init?: RequestInit) => Promise<Response>,
  close: () => Promise<void>,
): Service {
  async function answerOf<Schema extends z.ZodType>(response: Response, schema: Schema): Promise<z.output<Schema>> {
    const text = await response.text()
    if (text.length > MAX_ANSWER) throw new RunError('compass', 'the answer is too long')
    let json: unknown
    try {
      json = JSON.parse(text)
    } catch {
      throw new RunError('compass', `HTTP ${response.status}: the answer is not its API's`)
    }
    const parsed = schema.safeParse(json)
    if (parsed.success) return parsed.data
    const failed = errorSchema.safeParse(json)
    if (failed.success) throw new RunError('compass', `${failed.data.error.code}: ${failed.data.error.detail}`)
    throw new RunError('compass', `HTTP ${response.status}: the answer is not its API's`)
  }

  return {
    running,
    close,
    chainName: (id) => config?.chains.find((chain) => String(chain.id) === id)?.name ?? id,
    get: async (path, schema) => answerOf(await request(path), schema),
    async post(path, schema, body) {
      const json =
        body === undefined ? {} : { body: JSON.stringify(body), headers: { 'content-type': 'application/json' } }
      return answerOf(await request(path, { method: 'POST', ...json }), schema)
    },
  }
}

const messageOf = (error: unknown): string => (error instanceof Error ? error.message : String(error))
