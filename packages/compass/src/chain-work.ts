import type { Address } from 'viem'
import type { ChainContext, Common } from './chain-context.ts'
import { createClaimer } from './claimer/claimer.ts'
import { createMaintainer, type Maintainer } from './maintainer/maintainer.ts'
import { createLane } from './messenger/lane.ts'
import { createSource } from './messenger/source.ts'
import type { Progress } from './progress.ts'
import { createDryRun } from './submitter/dry-run.ts'
import type { Submitter } from './submitter/submitter.ts'
import { createWallets } from './submitter/wallets.ts'
import { createWorker, type Worker } from './worker.ts'

/** A worker, how often it looks when nothing wakes it, and what wakes it. */
export interface Duty {
  readonly worker: Worker
  /** Milliseconds. */
  readonly pollMs: number
  /** Whether a step of a message makes it worth a look at once. */
  wakes(progress: Progress): boolean
}

/** All that is done for one chain: its messages read, its wallets kept, the lanes to it served, fees on it claimed. */
export interface ChainWork {
  readonly chain: ChainContext
  readonly duties: readonly Duty[]
  /** Null where nothing is sent to this chain. */
  readonly submitter: Submitter | null
  readonly maintainers: readonly { readonly fromChain: bigint; readonly maintainer: Maintainer }[]
}

/** What the work for a chain is made of. */
export interface ChainWorkDeps extends Common {
  readonly chain: ChainContext
  /** Sources of the lanes to this chain. */
  readonly from: readonly ChainContext[]
  /** Targets of the lanes from this chain. */
  readonly to: readonly ChainContext[]
}

/**
 * The work for one chain, from scratch: nothing is remembered but what the store holds, so that another Compass can go on
 * with it. One wallet's nonces, what is simulated on them and the updates of the light clients on a chain belong together;
 * so this is what two Compasses divide between them.
 */
export function createChainWork(deps: ChainWorkDeps): ChainWork {
  const { chain, from, to, ...common } = deps
  const { clock, log } = common
  const duties: Duty[] = []
  const maintainers = new Map<bigint, Maintainer>()

  function add(name: string, pollMs: number, work: () => Promise<unknown>, wakes: Duty['wakes'] = () => false): void {
    duties.push({ worker: createWorker(name, work, clock, log), pollMs, wakes })
  }

  /** The one that keeps a chain's light client here. */
  function maintainerOf(source: ChainContext, submitter: Submitter): Maintainer {
    const known = maintainers.get(source.id)
    if (known !== undefined) return known
    const maintainer = createMaintainer(source, chain, submitter, common)
    maintainers.set(source.id, maintainer)
    return maintainer
  }

  const claiming = claimsOn(chain) ? to : []
  const submitter =
    from.length > 0 || claiming.length > 0
      ? (common.dryRun === true ? createDryRun : createWallets)(chain, common)
      : null
  const { pollMs } = chain.tuning
  const source = createSource(
    chain,
    to.map(({ id }) => id),
    common,
  )
  add(`source ${chain.name}`, pollMs, source.step)
  if (submitter !== null) {
    add(`submitter ${chain.name}`, pollMs, submitter.poll)
    for (const other of from) {
      const maintainer = maintainerOf(other, submitter)
      const targetFinal = () => source.finalized()?.number ?? null
      const lane = createLane({ ...common, source: other, target: chain, submitter, maintainer, targetFinal })
      add(`lane ${other.name}-${chain.name}`, pollMs, lane.step, ({ fromChain, toChain, stage }) => {
        return fromChain === other.id && toChain === chain.id && (stage === 'final' || stage === 'lightClientUpdated')
      })
    }
    for (const other of claiming) {
      if (chain.claims === null) continue
      const claimer = createClaimer({
        ...common,
        source: chain,
        target: other,
        rule: chain.claims,
        submitter,
        // of the target here: the other way round
        maintainer: maintainerOf(other, submitter),
        deliverer: signerOf(other),
      })
      add(`claimer ${chain.name}-${other.name}`, pollMs, claimer.step)
    }
  }
  return {
    chain,
    duties,
    submitter,
    maintainers: [...maintainers].map(([fromChain, maintainer]) => ({ fromChain, maintainer })),
  }
}

/** Whether fees that lie on a chain are claimed: it needs a wallet there. */
function claimsOn({ claims, signer }: ChainContext): boolean {
  return claims !== null && signer !== null
}

function signerOf({ name, signer }: ChainContext): Address {
  if (signer === null) throw new TypeError(`chain ${name} has no signer`)
  return signer.address
}
