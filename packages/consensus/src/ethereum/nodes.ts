import type { BeaconPort, PortNode } from '../types.ts'
import { ForkError, NodeAnswerError, ParseError, VerifyError } from './errors.ts'

/** A beacon node that can be passed over. */
export type BeaconNode = BeaconPort & PortNode

/** What a node answered, and how to say that it turned out to be wrong. */
export interface Served<T> extends PortNode {
  readonly value: T
}

/** The node does not have it, or does not serve the route. */
const NOT_SERVED = [404, 405, 501]

/** The nodes behind a port; a port of one node stands for itself. */
export function nodesOf(port: BeaconPort): readonly BeaconNode[] {
  const nodes = port.nodes?.()
  if (nodes !== undefined && nodes.length > 0) return nodes
  const { get, getBytes } = port
  return [{ host: 'the beacon node', get, getBytes, passOver: () => undefined }]
}

/** Whether what was answered is at fault, and not the way to it. */
export function isWrongAnswer(error: unknown): error is Error {
  return (
    error instanceof NodeAnswerError ||
    error instanceof ParseError ||
    error instanceof ForkError ||
    error instanceof VerifyError
  )
}

/** Whether a node said that it has no such thing, or does not serve the route. */
export function isNotServed(error: unknown): boolean {
  if (!(error instanceof Error) || !('context' in error)) return false
  const { context } = error
  if (typeof context !== 'object' || context === null || !('status' in context)) return false
  return typeof context.status === 'number' && NOT_SERVED.includes(context.status)
}

/**
 * The answer of the first node that `ask` takes; undefined where none of them has it. A node whose answer is wrong is passed
 * over and named.
 * @throws what the last node failed with that did not say that it has nothing.
 */
export async function firstNode<T>(
  nodes: readonly BeaconNode[],
  ask: (node: BeaconNode) => Promise<T>,
): Promise<T | undefined> {
  let failure: unknown
  for (const node of nodes) {
    try {
      return await ask(node)
    } catch (error) {
      if (isNotServed(error)) continue
      if (isWrongAnswer(error)) node.passOver(error)
      failure = error
    }
  }
  if (failure !== undefined) throw failure
  return undefined
}

/**
 * What each node answers, as far as `ask` takes it; empty where none has it.
 * @throws what a node failed with, where no node answered.
 */
export async function everyNode<T>(
  nodes: readonly BeaconNode[],
  ask: (node: BeaconNode) => Promise<T>,
): Promise<readonly Served<T>[]> {
  const outcomes = await Promise.allSettled(nodes.map(ask))
  const served: Served<T>[] = []
  let failure: unknown
  for (const [i, outcome] of outcomes.entries()) {
    const node = nodes[i]
    if (node === undefined) continue
    const { host, passOver } = node
    if (outcome.status === 'fulfilled') served.push({ host, passOver, value: outcome.value })
    else if (!isNotServed(outcome.reason)) {
      if (isWrongAnswer(outcome.reason)) passOver(outcome.reason)
      failure = outcome.reason
    }
  }
  if (served.length === 0 && failure !== undefined) throw failure
  return served
}
