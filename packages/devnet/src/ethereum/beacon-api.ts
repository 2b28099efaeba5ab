import type { HttpBindings } from '@hono/node-server'
import { ssz } from '@lodestar/types'
import { type Context, Hono } from 'hono'
import { bytesToHex, type Hex, hexToBytes } from 'viem'
import type { FaultBox } from '../rpc/fault.ts'
import type { NodeHono } from '../rpc/server.ts'
import type { BeaconChain, StoredBlock } from './beacon-chain.ts'
import type { LightClientServer } from './light-client.ts'
import { compactProof } from './proofs.ts'
import type { LightClientUpdate } from './types.ts'

export interface BeaconApiDeps {
  readonly chain: BeaconChain
  readonly lightClient: LightClientServer
  readonly faults: FaultBox
  readonly genesisTime: number
  readonly genesisForkVersion: Hex
  readonly forkVersion: Hex
  readonly spec: Readonly<Record<string, string>>
  /** Slot of the clock. */
  readonly currentSlot: () => number
}

type Api = Context<{ Bindings: HttpBindings }>

const VERSION = 'fulu'
const MAX_UPDATES = 128

/** The REST API of a beacon node, as far as light clients and relayers use it. */
export function beaconApi(deps: BeaconApiDeps): NodeHono {
  const { chain, lightClient } = deps
  const app: NodeHono = new Hono<{ Bindings: HttpBindings }>()
  app.use(deps.faults.middleware)

  const json = (context: Api, body: unknown) => context.json(deps.faults.rewrite(context.req.path, body) as object) // CAST: JSON
  const missing = (context: Api, what: string) => context.json({ code: 404, message: `${what} not found` }, 404)
  const bad = (context: Api, what: string) => context.json({ code: 400, message: what }, 400)
  const isFinal = (block: StoredBlock) => block.slot <= chain.finalized().slot
  const flags = (block: StoredBlock) => ({ execution_optimistic: false, finalized: isFinal(block) })
  const blockById = (id: string): StoredBlock | undefined => {
    if (id === 'head') return chain.head()
    if (id === 'finalized') return chain.finalized()
    if (id === 'justified') return chain.justified()
    if (id === 'genesis') return chain.genesis
    if (id.startsWith('0x')) return chain.byRoot(id.toLowerCase())
    return /^\d+$/.test(id) ? chain.bySlot(Number(id)) : undefined
  }
  const blockByStateId = (id: string): StoredBlock | undefined =>
    id.startsWith('0x') ? chain.byStateRoot(id.toLowerCase()) : blockById(id)
  const headerJson = (block: StoredBlock) => ({
    root: block.root,
    canonical: true,
    header: {
      message: ssz.phase0.BeaconBlockHeader.toJson(block.header),
      signature: bytesToHex(chain.proposerSignature(block.block)),
    },
  })
  const octets = (context: Api, bytes: Uint8Array) =>
    context.body(new Uint8Array(bytes), 200, {
      'content-type': 'application/octet-stream',
      'eth-consensus-version': VERSION,
    })
  const wantsOctets = (context: Api) => (context.req.header('accept') ?? '').includes('application/octet-stream')

  app.get('/eth/v1/beacon/genesis', (context) =>
    json(context, {
      data: {
        genesis_time: `${deps.genesisTime}`,
        genesis_validators_root: bytesToHex(chain.genesisValidatorsRoot),
        genesis_fork_version: deps.genesisForkVersion,
      },
    }),
  )
  app.get('/eth/v1/config/spec', (context) => json(context, { data: deps.spec }))
  app.get('/eth/v1/config/fork_schedule', (context) => {
    const fork = { previous_version: deps.forkVersion, current_version: deps.forkVersion, epoch: '0' }
    return json(context, { data: [fork] })
  })
  app.get('/eth/v1/node/version', (context) => json(context, { data: { version: 'Lodestar/meridian-devnet' } }))
  app.get('/eth/v1/node/health', (context) => context.body(null, 200))
  app.get('/eth/v1/node/syncing', (context) => {
    const head = chain.head().slot
    const distance = Math.max(0, deps.currentSlot() - head)
    return json(context, {
      data: {
        head_slot: `${head}`,
        sync_distance: `${distance}`,
        is_syncing: false,
        is_optimistic: false,
        el_offline: false,
      },
    })
  })

  app.get('/eth/v1/beacon/headers', (context) => {
    const block = chain.head()
    return json(context, { ...flags(block), data: [headerJson(block)] })
  })
  app.get('/eth/v1/beacon/headers/:id', (context) => {
    const block = blockById(context.req.param('id'))
    return block === undefined ? missing(context, 'block') : json(context, { ...flags(block), data: headerJson(block) })
  })
  app.get('/eth/v1/beacon/blocks/:id/root', (context) => {
    const block = blockById(context.req.param('id'))
    return block === undefined
      ? missing(context, 'block')
      : json(context, { ...flags(block), data: { root: block.root } })
  })
  app.get('/eth/v2/beacon/blocks/:id', (context) => {
    const block = blockById(context.req.param('id'))
    if (block === undefined) return missing(context, 'block')
    const signed = { message: block.block, signature: chain.proposerSignature(block.block) }
    if (wantsOctets(context)) return octets(context, ssz.fulu.SignedBeaconBlock.serialize(signed))
    return json(context, { version: VERSION, ...flags(block), data: ssz.fulu.SignedBeaconBlock.toJson(signed) })
  })
  app.get('/eth/v1/beacon/states/:id/finality_checkpoints', (context) => {
    const block = blockByStateId(context.req.param('id'))
    if (block?.state === undefined) return missing(context, 'state')
    const state = ssz.fulu.BeaconState.getViewDU(block.state)
    const checkpoint = (view: { epoch: number; root: Uint8Array }) => ({
      epoch: `${view.epoch}`,
      root: bytesToHex(view.root),
    })
    return json(context, {
      ...flags(block),
      data: {
        previous_justified: checkpoint(state.previousJustifiedCheckpoint),
        current_justified: checkpoint(state.currentJustifiedCheckpoint),
        finalized: checkpoint(state.finalizedCheckpoint),
      },
    })
  })
  app.get('/eth/v1/beacon/states/:id/root', (context) => {
    const block = blockByStateId(context.req.param('id'))
    return block === undefined
      ? missing(context, 'state')
      : json(context, { ...flags(block), data: { root: block.stateRoot } })
  })
  app.get('/eth/v2/debug/beacon/states/:id', (context) => {
    const block = blockByStateId(context.req.param('id'))
    if (block?.state === undefined) return missing(context, 'state')
    const state = ssz.fulu.BeaconState.getViewDU(block.state)
    if (wantsOctets(context)) return octets(context, state.serialize())
    return json(context, { version: VERSION, ...flags(block), data: ssz.fulu.BeaconState.toJson(state.toValue()) })
  })

  const proof = (context: Api, tree: Parameters<typeof compactProof>[0]) => {
    const format = context.req.query('format') ?? ''
    if (!/^0x([0-9a-fA-F]{2})+$/.test(format)) return bad(context, 'format must be the hex of a descriptor')
    try {
      const { leaves, descriptor } = compactProof(tree, hexToBytes(format as Hex)) // CAST: checked above
      return json(context, {
        version: VERSION,
        data: { leaves: leaves.map((leaf) => bytesToHex(leaf)), descriptor: bytesToHex(descriptor) },
      })
    } catch (error) {
      return bad(context, error instanceof Error ? error.message : 'bad descriptor')
    }
  }
  app.get('/eth/v0/beacon/proof/state/:id', (context) => {
    const block = blockByStateId(context.req.param('id'))
    return block?.state === undefined ? missing(context, 'state') : proof(context, block.state)
  })
  app.get('/eth/v0/beacon/proof/block/:id', (context) => {
    const block = blockById(context.req.param('id'))
    return block === undefined
      ? missing(context, 'block')
      : proof(context, ssz.fulu.BeaconBlock.toView(block.block).node)
  })

  app.get('/eth/v1/beacon/light_client/bootstrap/:root', (context) => {
    const bootstrap = lightClient.bootstrap(context.req.param('root').toLowerCase())
    if (bootstrap === undefined) return missing(context, 'bootstrap')
    return json(context, { version: VERSION, data: ssz.electra.LightClientBootstrap.toJson(bootstrap) })
  })
  app.get('/eth/v1/beacon/light_client/updates', (context) => {
    const start = Number(context.req.query('start_period') ?? Number.NaN)
    const count = Math.min(MAX_UPDATES, Number(context.req.query('count') ?? Number.NaN))
    if (!Number.isSafeInteger(start) || start < 0 || !Number.isSafeInteger(count) || count < 1)
      return bad(context, 'start_period and count must be integers')
    const updates: unknown[] = []
    for (let period = start; period < start + count; period++) {
      const update = lightClient.update(period)
      if (update !== undefined) updates.push({ version: VERSION, data: ssz.electra.LightClientUpdate.toJson(update) })
    }
    return json(context, updates)
  })
  app.get('/eth/v1/beacon/light_client/finality_update', (context) => {
    const update = lightClient.finalityUpdate()
    if (update === undefined) return missing(context, 'finality update')
    return json(context, { version: VERSION, data: ssz.electra.LightClientFinalityUpdate.toJson(finalityPart(update)) })
  })
  app.get('/eth/v1/beacon/light_client/optimistic_update', (context) => {
    const update = lightClient.optimisticUpdate()
    if (update === undefined) return missing(context, 'optimistic update')
    const { attestedHeader, syncAggregate, signatureSlot } = update
    const part = { attestedHeader, syncAggregate, signatureSlot }
    return json(context, { version: VERSION, data: ssz.electra.LightClientOptimisticUpdate.toJson(part) })
  })
  app.notFound((context) => context.json({ code: 404, message: 'no such endpoint' }, 404))
  return app
}

function finalityPart(update: LightClientUpdate) {
  const { attestedHeader, finalizedHeader, finalityBranch, syncAggregate, signatureSlot } = update
  return { attestedHeader, finalizedHeader, finalityBranch, syncAggregate, signatureSlot }
}
