/** A beacon node and an execution node over a chain in memory, and a client contract as a value behind `eth_call`. */
import { createProof, ProofType } from '@chainsafe/persistent-merkle-tree'
import { ethereumLightClientAbi } from '@meridian/abi'
import {
  bytesToHex,
  decodeFunctionData,
  encodeFunctionResult,
  type Hex,
  hexToBytes,
  numberToHex,
  zeroAddress,
  zeroHash,
} from 'viem'
import {
  type Bootstrap,
  type CommittedAggregate,
  clientForks,
  clientParameters,
  type ExecutionHeader,
  type LightClientHeader,
  type LightClientStore,
  type Network,
  periodAtSlot,
  type SyncCommittee,
  timeAtSlot,
  type Update,
} from '../src/ethereum/index.ts'
import type { BeaconPort, RpcPort } from '../src/types.ts'
import type { TestBlock, TestChain } from './ethereum-chain.ts'

/** What a port rejects with where the node has no such thing. */
export class NotFound extends Error {
  readonly context = { status: 404 }
}

function beaconJson(header: LightClientHeader['beacon']) {
  return {
    slot: header.slot.toString(),
    proposer_index: header.proposerIndex.toString(),
    parent_root: header.parentRoot,
    state_root: header.stateRoot,
    body_root: header.bodyRoot,
  }
}

function snake(name: string): string {
  return name.replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`)
}

function executionJson(execution: ExecutionHeader) {
  return Object.fromEntries(Object.entries(execution).map(([name, value]) => [snake(name), String(value)]))
}

export function headerJson(header: LightClientHeader) {
  return {
    beacon: beaconJson(header.beacon),
    ...('execution' in header
      ? { execution: executionJson(header.execution) }
      : { execution_block_hash: header.executionBlockHash }),
    execution_branch: header.executionBranch,
  }
}

function committeeJson(committee: SyncCommittee) {
  return { pubkeys: committee.pubkeys, aggregate_pubkey: committee.aggregatePubkey }
}

export function bootstrapJson(bootstrap: Bootstrap) {
  return {
    header: headerJson(bootstrap.header),
    current_sync_committee: committeeJson(bootstrap.currentSyncCommittee),
    current_sync_committee_branch: bootstrap.currentSyncCommitteeBranch,
  }
}

export function updateJson(update: Update) {
  return {
    attested_header: headerJson(update.attestedHeader),
    finalized_header: headerJson(update.finalizedHeader),
    finality_branch: update.finalityBranch,
    sync_aggregate: {
      sync_committee_bits: update.syncAggregate.bits,
      sync_committee_signature: update.syncAggregate.signature,
    },
    signature_slot: update.signatureSlot.toString(),
    ...(update.nextSyncCommittee === undefined
      ? {}
      : {
          next_sync_committee: committeeJson(update.nextSyncCommittee.committee),
          next_sync_committee_branch: update.nextSyncCommittee.branch,
        }),
  }
}

export interface NodeOptions {
  /** `ssz`: no proof endpoints, so blocks and states are asked for whole. */
  readonly serves?: 'proofs' | 'ssz' | 'nothing old'
  /** Best update of each period. */
  readonly updates?: ReadonlyMap<bigint, Update>
  readonly finality?: Update
  /** Changes an answer on its way out: a lying node. */
  readonly tamper?: (path: string, answer: unknown) => unknown
}

/** A beacon node over a chain. `asked` records the paths. */
export function createBeaconNode(chain: TestChain, options: NodeOptions): BeaconPort & { readonly asked: string[] } {
  const asked: string[] = []
  const serves = options.serves ?? 'proofs'
  const blockBy = (test: (block: TestBlock) => boolean): TestBlock => {
    const found = [...chain.blocks.values()].find(test)
    if (found === undefined) throw new NotFound('not found')
    return found
  }

  function proof(node: TestBlock['stateNode'], format: string) {
    const answer = createProof(node, { type: ProofType.compactMulti, descriptor: hexToBytes(`0x${format.slice(2)}`) })
    if (answer.type !== ProofType.compactMulti) throw new Error('another proof')
    return {
      version: 'fulu',
      data: { leaves: answer.leaves.map((leaf) => bytesToHex(leaf)), descriptor: bytesToHex(answer.descriptor) },
    }
  }

  function answer(path: string): unknown {
    const { pathname, searchParams } = new URL(path, 'http://node')
    const last = pathname.split('/').at(-1) ?? ''
    if (pathname.endsWith('/light_client/finality_update')) {
      if (options.finality === undefined) throw new NotFound('no finality')
      return { version: 'whatever', data: updateJson(options.finality) }
    }
    if (pathname.endsWith('/light_client/updates')) {
      const start = BigInt(searchParams.get('start_period') ?? '')
      const count = BigInt(searchParams.get('count') ?? '')
      const known = options.updates ?? new Map<bigint, Update>()
      return Array.from({ length: Number(count) }, (_, i) => known.get(start + BigInt(i)))
        .filter((update) => update !== undefined)
        .map((update) => ({ version: 'whatever', data: updateJson(update) }))
    }
    if (pathname.includes('/light_client/bootstrap/'))
      return { version: 'whatever', data: bootstrapJson(chain.bootstrap(blockBy((block) => block.root === last))) }
    if (pathname.startsWith('/eth/v1/beacon/headers/')) {
      const finalSlot = options.finality?.finalizedHeader.beacon.slot
      const block = blockBy(
        ({ root, header: { slot } }) =>
          root === last || slot.toString() === last || (last === 'finalized' && slot === finalSlot),
      )
      return {
        data: { root: block.root, canonical: true, header: { message: beaconJson(block.header), signature: block96 } },
      }
    }
    if (serves === 'proofs' && pathname.startsWith('/eth/v0/beacon/proof/state/'))
      return proof(blockBy((block) => isState(block, last)).stateNode, searchParams.get('format') ?? '')
    if (serves === 'proofs' && pathname.startsWith('/eth/v0/beacon/proof/block/'))
      return proof(blockBy((block) => block.root === last).blockNode, searchParams.get('format') ?? '')
    throw new NotFound(path)
  }

  function bytes(path: string): Uint8Array {
    const last = path.split('/').at(-1)
    if (serves === 'ssz' && path.startsWith('/eth/v2/debug/beacon/states/'))
      return blockBy((block) => isState(block, last ?? '')).stateBytes()
    if (serves === 'ssz' && path.startsWith('/eth/v2/beacon/blocks/'))
      return blockBy((block) => block.root === last).blockBytes()
    throw new NotFound(path)
  }

  const tamper = options.tamper ?? ((_path, value) => value)
  return {
    asked,
    get: async (path) => {
      asked.push(path)
      return tamper(path, answer(path))
    },
    getBytes: async (path) => {
      asked.push(path)
      const value = tamper(path, bytes(path))
      if (!(value instanceof Uint8Array)) throw new Error('bytes')
      return value
    },
  }
}

function isState({ header }: TestBlock, id: string): boolean {
  return header.stateRoot === id || header.slot.toString() === id
}

const block96: Hex = `0x${'00'.repeat(96)}`

/** An execution node over a chain. */
export function createExecutionNode(chain: TestChain, tamper?: (block: TestBlock['rpcBlock']) => unknown): RpcPort {
  return {
    async request(method, [hash]) {
      if (method !== 'eth_getBlockByHash') throw new Error(`${method} is not served`)
      const block = [...chain.blocks.values()].find((one) => one.rpcBlock.hash === hash)
      if (block === undefined) return null
      return tamper === undefined ? block.rpcBlock : tamper(block.rpcBlock)
    },
  }
}

/** The contract's views over a store, as its chain's RPC answers them. */
export function createClientChain(
  network: Network,
  store: LightClientStore,
  policy: {
    trustingPeriod: bigint
    status?: number
    kept?: CommittedAggregate
    logs?: readonly unknown[]
    forks?: ReturnType<typeof clientForks>
  },
): RpcPort {
  const { slot, root } = store.head
  const headPeriod = periodAtSlot(network, slot)
  const last = store.committeeRoots.has(headPeriod + 1n) ? headPeriod + 1n : headPeriod
  return {
    async request(method, params) {
      if (method === 'eth_blockNumber') return numberToHex(7)
      const [call] = params
      if (method === 'eth_getLogs' && policy.logs !== undefined) return policy.logs
      if (method !== 'eth_call' || typeof call !== 'object' || call === null || !('data' in call))
        throw new Error(`${method} is not served`)
      // CAST: the caller under test sends hex; anything else fails to decode.
      const { functionName, args } = decodeFunctionData({ abi: ethereumLightClientAbi, data: call.data as Hex })
      switch (functionName) {
        case 'consensus':
          return encodeFunctionResult({ abi: ethereumLightClientAbi, functionName, result: 'ethereum' })
        case 'status':
          return encodeFunctionResult({ abi: ethereumLightClientAbi, functionName, result: policy.status ?? 0 })
        case 'head': {
          const result = { number: slot, timestamp: timeAtSlot(network, slot), hash: root }
          return encodeFunctionResult({ abi: ethereumLightClientAbi, functionName, result })
        }
        case 'expiresAt': {
          const result = timeAtSlot(network, slot) + policy.trustingPeriod
          return encodeFunctionResult({ abi: ethereumLightClientAbi, functionName, result })
        }
        case 'parameters': {
          const parameters = clientParameters(network, { ...policy, forkScheduler: zeroAddress })
          return encodeFunctionResult({ abi: ethereumLightClientAbi, functionName, result: parameters })
        }
        case 'syncCommitteePeriods':
          return encodeFunctionResult({ abi: ethereumLightClientAbi, functionName, result: [0n, last] })
        case 'syncCommitteeRoot': {
          const result = store.committeeRoots.get(args[0]) ?? zeroHash
          return encodeFunctionResult({ abi: ethereumLightClientAbi, functionName, result })
        }
        case 'keptAggregate': {
          const result = policy.kept?.commitment ?? zeroHash
          return encodeFunctionResult({ abi: ethereumLightClientAbi, functionName, result })
        }
        case 'forks': {
          const result = policy.forks ?? clientForks(network)
          return encodeFunctionResult({ abi: ethereumLightClientAbi, functionName, result })
        }
        case 'storedBlock': {
          const stored = store.finalizedBlocks.get(args[0])
          const result = [stored !== undefined, BigInt(stored?.participants ?? 0)] as const
          return encodeFunctionResult({ abi: ethereumLightClientAbi, functionName, result })
        }
        default:
          throw new Error(`${functionName} is not read`)
      }
    },
  }
}
