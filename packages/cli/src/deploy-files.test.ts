import assert from 'node:assert/strict'
import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { test } from 'node:test'
import { parseConfigFile } from '@meridian/compass'
import { parse } from 'yaml'
import { z } from 'zod'

const root = new URL('../../../', import.meta.url)
const read = (path: string) => readFileSync(new URL(path, root), 'utf8')

/** The Compose Specification, as far as it is used here: what stands in no schema is a mistake. */
const duration = z.string().regex(/^\d+(ms|s|m|h)$/)
const image = z
  .string()
  .regex(/^[a-z0-9./-]+:v?\d[\w.-]*(@sha256:[0-9a-f]{64})?$/, 'expected a version, not a moving tag')
const names = z.array(z.string().regex(/^[a-z][a-z0-9_]*$/))
const service = z.strictObject({
  image,
  build: z.strictObject({ context: z.string(), dockerfile: z.string() }).optional(),
  restart: z.enum(['no', 'always', 'on-failure', 'unless-stopped']),
  stop_grace_period: duration.optional(),
  profiles: names.optional(),
  read_only: z.boolean().optional(),
  cap_drop: z.array(z.literal('ALL')).length(1),
  cap_add: z.array(z.string().regex(/^[A-Z_]+$/)).optional(),
  security_opt: z.array(z.literal('no-new-privileges:true')).length(1),
  user: z.string().optional(),
  mem_limit: z
    .string()
    .regex(/^\d+[kmg]$/)
    .optional(),
  environment: z.record(z.string().regex(/^[A-Z][A-Z0-9_]*$/), z.string()).optional(),
  volumes: z.array(z.string().regex(/^[\w./-]+:\/[\w./-]+(:ro)?$/)).optional(),
  tmpfs: z.array(z.string().startsWith('/')).optional(),
  secrets: names.optional(),
  ports: z.array(z.string().regex(/^127\.0\.0\.1:\d+:\d+$/, 'expected the loopback interface')).optional(),
  command: z.array(z.string()).optional(),
  depends_on: z
    .union([names, z.record(z.string(), z.strictObject({ condition: z.enum(['service_started', 'service_healthy']) }))])
    .optional(),
  healthcheck: z
    .strictObject({ test: z.array(z.string()).min(2), interval: duration, timeout: duration, retries: z.int() })
    .optional(),
})
const composeSchema = z.strictObject({
  name: z.string(),
  services: z.record(z.string(), service),
  volumes: z.record(z.string(), z.null()),
  secrets: z.record(z.string(), z.strictObject({ file: z.string() })),
})

const compose = composeSchema.parse(parse(read('deploy/compose/compose.yaml')))
const config = parseConfigFile(read('deploy/compose/compass.yaml')).config
const containerfile = read('deploy/Containerfile')

test('the compose file names only what it has', () => {
  for (const [name, { volumes = [], secrets = [], depends_on = [] }] of Object.entries(compose.services)) {
    for (const secret of secrets) assert.ok(Object.hasOwn(compose.secrets, secret), `${name}: ${secret}`)
    for (const other of Array.isArray(depends_on) ? depends_on : Object.keys(depends_on))
      assert.ok(Object.hasOwn(compose.services, other), `${name}: ${other}`)
    for (const volume of volumes) {
      const [from = ''] = volume.split(':')
      if (from.startsWith('.')) assert.ok(existsSync(new URL(from, new URL('deploy/compose/', root))), volume)
      else assert.ok(Object.hasOwn(compose.volumes, from), volume)
    }
  }
  const used = new Set(Object.values(compose.services).flatMap(({ secrets = [] }) => secrets))
  assert.deepEqual(
    Object.keys(compose.secrets).filter((secret) => !used.has(secret)),
    [],
  )
})

test('Compass runs as nobody in particular, on a file system that it cannot write, with every secret that it refers to', () => {
  const { compass } = compose.services
  assert.equal(compass?.read_only, true)
  assert.equal(compass?.user, 'node')
  assert.equal(compass?.environment, undefined, 'a variable is seen by whoever may inspect the container')
  const referred = [...read('deploy/compose/compass.yaml').matchAll(/file:\/run\/secrets\/(\w+)/g)].map(
    ([, name]) => name,
  )
  assert.deepEqual([...new Set(referred)].sort(), [...(compass?.secrets ?? [])].sort())
})

test('the ports of the configuration, the container, the compose file and Prometheus are one', () => {
  const port = config.api?.port
  assert.equal(config.api?.host, '0.0.0.0')
  assert.deepEqual(compose.services.compass?.ports, [`127.0.0.1:${port}:${port}`])
  assert.match(containerfile, new RegExp(`^EXPOSE ${port}$`, 'm'))
  assert.ok(containerfile.includes(`http://127.0.0.1:${port}/health/live`))
  const prometheus = z
    .strictObject({
      global: z.strictObject({ scrape_interval: duration, evaluation_interval: duration }),
      rule_files: z.array(z.string()),
      scrape_configs: z.array(
        z.strictObject({
          job_name: z.string(),
          static_configs: z.array(z.strictObject({ targets: z.array(z.string()) })),
        }),
      ),
    })
    .parse(parse(read('deploy/prometheus/prometheus.yaml')))
  assert.deepEqual(prometheus.scrape_configs[0]?.static_configs[0]?.targets, [`compass:${port}`])
  for (const file of prometheus.rule_files) assert.ok(existsSync(new URL(`deploy/prometheus/${file}`, root)), file)
})

test('the container file copies every manifest that npm ci needs, and drops root', () => {
  const manifests = [
    ...readdirSync(new URL('packages/', root)).map((name) => `packages/${name}/package.json`),
    'bench/package.json',
    'e2e/package.json',
  ].filter((path) => existsSync(new URL(path, root)))
  for (const manifest of manifests) assert.ok(containerfile.includes(`COPY ${manifest} `), manifest)
  const last = containerfile.lastIndexOf('\nFROM ')
  const final = containerfile.slice(last)
  assert.match(final, /^USER node$/m)
  assert.ok(final.indexOf('USER node') < final.indexOf('ENTRYPOINT'))
  assert.match(containerfile, /^ARG NODE_IMAGE=docker\.io\/library\/node:\d+\.\d+\.\d+-/m)
  assert.ok(existsSync(new URL('packages/cli/src/main.ts', root)) && final.includes('/app/packages/cli/src/main.ts'))
})
