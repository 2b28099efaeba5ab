import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { describe, it } from 'node:test'
import { fromHex, toHex } from '../src/hex.ts'
import { verifyProof } from '../src/verify.ts'

interface Case {
  readonly name: string
  readonly root: string
  readonly key: string
  readonly nodes: string
  readonly accepted: boolean
  readonly value: string
  readonly code: string
}

// CAST: written by scripts/vectors/tries.ts
const { cases } = JSON.parse(readFileSync(new URL('../../../vectors/tries.json', import.meta.url), 'utf8')) as {
  cases: readonly Case[]
}

describe('proofs whose hashes are right and whose nodes are not; the contracts are held to the same verdicts', () => {
  for (const { name, root, key, nodes, accepted, value, code } of cases) {
    it(name, () => {
      const verify = () => verifyProof(fromHex(root), fromHex(key), fromHex(nodes))
      if (accepted) assert.equal(toHex(verify()), value)
      else assert.throws(verify, { code })
    })
  }
})
