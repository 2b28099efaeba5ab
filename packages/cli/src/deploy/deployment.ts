import { mkdirSync, renameSync, writeFileSync } from 'node:fs'
import { dirname } from 'node:path'
import { type Address, getAddress, isAddress } from 'viem'
import { z } from 'zod'
import { UsageError } from '../errors.ts'
import { readJsonAs } from '../files.ts'

const address = z
  .string()
  .refine((text) => isAddress(text), 'expected an address')
  .transform((text): Address => getAddress(text))

const decimal = z
  .string()
  .regex(/^(0|[1-9][0-9]{0,19})$/, 'expected a whole number in a string')
  .transform((text) => BigInt(text))

const url = z.url({ protocol: /^https?$/, error: 'expected an http or https URL' })

const chain = z.strictObject({
  /** What people call the chain on the command line; its chain id works as well. */
  name: z.string().regex(/^[a-z][a-z0-9-]{0,31}$/, 'expected a name of lower-case letters, digits and hyphens'),
  chainId: decimal,
  consensus: z.enum(['ethereum', 'istanbul', 'parlia', 'qbft']),
  rpc: url,
  beacon: url.optional(),
  /** Parlia only: blocks in an epoch. */
  epochLength: decimal.optional(),
  /** No message is older than this block. */
  fromBlock: decimal,
  timelock: address,
  feeService: address,
  mos: address,
  gateway: address.optional(),
  prover: address.optional(),
  /** The contract that forwards messages between other chains. */
  hub: address.optional(),
  /** The light clients on this chain, by the chain that they follow. */
  lightClients: z.array(z.strictObject({ chainId: decimal, address })),
  /** The chains that this one exchanges messages with over a hub, and the hub's chain. */
  hubRoutes: z.array(z.strictObject({ chainId: decimal, via: decimal })).default([]),
})

const deployment = z
  .strictObject({ version: z.literal(1), chains: z.array(chain).min(2, 'expected two chains at least') })
  .superRefine(({ chains }, context) => {
    for (const key of ['name', 'chainId'] as const) {
      const seen = new Set<string | bigint>()
      chains.forEach((item, index) => {
        if (seen.has(item[key])) {
          context.addIssue({ code: 'custom', path: ['chains', index, key], message: `${item[key]} is there twice` })
        }
        seen.add(item[key])
      })
    }
    chains.forEach((item, index) => {
      if (item.consensus === 'ethereum' && item.beacon === undefined) {
        context.addIssue({ code: 'custom', path: ['chains', index, 'beacon'], message: 'Ethereum needs a beacon URL' })
      }
      item.hubRoutes.forEach(({ via }, i) => {
        if (chains.some((other) => other.chainId === via && other.hub !== undefined)) return
        const path = ['chains', index, 'hubRoutes', i, 'via']
        context.addIssue({ code: 'custom', path, message: `no chain ${via} with a hub` })
      })
    })
  })

/** A chain with its contracts. */
export type DeployedChain = z.output<typeof chain>

/** What `meridian deploy` leaves behind, and every other command reads. */
export type Deployment = z.output<typeof deployment>

/** Reads a deployment file. @throws {@link UsageError} naming the first thing that is wrong */
export function readDeployment(path: string): Deployment {
  return readJsonAs(path, deployment)
}

/** Writes a deployment file in one step: a reader never sees half of one. */
export function writeDeployment(path: string, value: Deployment): void {
  const text = JSON.stringify(value, (_, item: unknown) => (typeof item === 'bigint' ? item.toString() : item), 2)
  mkdirSync(dirname(path), { recursive: true })
  const draft = `${path}.${process.pid}.draft`
  writeFileSync(draft, `${text}\n`)
  renameSync(draft, path)
}

/** The chain that a flag names, by name or chain id. @throws {@link UsageError} */
export function chainNamed(deployed: Deployment, flag: string, text: string): DeployedChain {
  const found = deployed.chains.find((item) => item.name === text || item.chainId.toString() === text)
  if (found === undefined) {
    const known = deployed.chains.map((item) => `${item.name} (${item.chainId})`).join(', ')
    throw new UsageError(flag, `the deployment has no chain "${text}"; it has ${known}`, text)
  }
  return found
}
