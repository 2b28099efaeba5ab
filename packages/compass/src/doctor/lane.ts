import { iMessageServiceAbi } from '@meridian/abi'
import { call } from '@meridian/chain'
import type { ClientState } from '@meridian/consensus'
import { decodeFunctionResult, encodeFunctionData, isAddressEqual, zeroAddress } from 'viem'
import { readRoute } from '../mos.ts'
import { verdictOf } from '../watcher/verdict.ts'
import type { CheckedChain } from './chain.ts'
import { attempt, type DoctorLine, fail, ok, warn } from './line.ts'

/** Seconds before its expiry from which a light client is worth a word. */
const SOON = 86_400n

/** A lane: is its route ours, is its light client alive, and does it follow the chain that our nodes see? */
export async function* checkLane(source: CheckedChain, target: CheckedChain): AsyncGenerator<DoctorLine> {
  const lane = `lane ${source.config.name}-${target.config.name}`
  const { rpc } = target.ports
  let client: ClientState | null = null
  yield await attempt(`${lane} route`, "is the target's mos right?", async () => {
    const route = await readRoute(rpc, target.config.mos, source.config.id)
    if (route.lightClient === zeroAddress)
      return fail(`${lane} route`, 'the target has none', 'the governor of the target sets it (setRoute)')
    if (!isAddressEqual(route.remoteMos, source.config.mos)) {
      const detail = `it names MOS ${route.remoteMos}, the configuration ${source.config.mos}`
      return fail(`${lane} route`, detail, 'correct chains[].mos of the source')
    }
    client = await source.consensus.readClient(rpc, route.lightClient)
    return ok(`${lane} route`, `light client ${route.lightClient} (${client.kind})`)
  })
  if (client !== null) yield* clientLines(lane, client, source, target)
  for (const [side, chain, other, outbound] of [
    ['source', source, target, true],
    ['target', target, source, false],
  ] as const)
    yield await attempt(`${lane} pause`, 'is mos right?', async () => {
      const args = [other.config.id, outbound] as const
      const data = encodeFunctionData({ abi: iMessageServiceAbi, functionName: 'isLanePaused', args })
      const result = await call(chain.ports.rpc, { to: chain.config.mos, data })
      if (!result.ok) return fail(`${lane} pause`, `the ${side}'s MOS does not say`, 'is mos right?')
      const paused = decodeFunctionResult({ abi: iMessageServiceAbi, functionName: 'isLanePaused', data: result.data })
      return paused
        ? warn(`${lane} pause`, `it is paused on its ${side}`, 'whoever may unpause there decides')
        : ok(`${lane} pause`, `the ${side} lets it go`)
    })
}

async function* clientLines(
  lane: string,
  client: ClientState,
  source: CheckedChain,
  target: CheckedChain,
): AsyncGenerator<DoctorLine> {
  const what = `${lane} light client`
  const left = client.expiresAt - target.timestamp
  if (client.status === 'frozen') yield fail(what, 'it is frozen', 'a new client behind a new route')
  else if (client.status === 'expired' || left <= 0n)
    yield fail(what, 'it has expired', 'a new client behind a new route')
  else if (left < SOON) yield warn(what, `it expires in ${left} s`, 'start Compass: it will be updated')
  else yield ok(what, `head ${client.head.number}, expires in ${left / 3_600n} h`)
  yield await attempt(`${lane} head`, "are the source's own nodes whole and in sync?", async () => {
    const { number, hash } = client.head
    const { verdict, own } = verdictOf(
      hash,
      await source.consensus.ownViews(source.ports, { what: 'head', number, hash }),
    )
    if (verdict === 'held') return ok(`${lane} head`, 'is the chain that our own nodes see')
    if (own === null) return warn(`${lane} head`, `our nodes do not have ${number}`, 'are they in sync?')
    const detail = `the client accepted ${hash} at ${number}, ${verdict === 'disputed' ? 'some of our' : 'our'} nodes have ${own}`
    return fail(`${lane} head`, detail, 'docs/runbooks/WatcherContradiction.md')
  })
}
