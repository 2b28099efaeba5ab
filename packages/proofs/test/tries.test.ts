import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { describe, it } from 'node:test'
import { fromHex, toHex } from '../src/hex.ts'
import { getByProof, verifyProof } from '../src/trie-proof.ts'

interface Case {
  readonly name: string
  readonly root: string
  readonly key: string
  readonly nodes: string
  /** Of a proof for its key: the value is shown, its absence is, or neither. */
  readonly verdict: 'present' | 'absent' | 'refused'
  readonly value: string
  readonly code: string
}

// CAST: written by scripts/vectors/tries.ts
const { cases } = JSON.parse(readFileSync(new URL('../../../vectors/tries.json', import.meta.url), 'utf8')) as {
  cases: readonly Case[]
}

describe('proofs whose hashes are right and whose nodes are not; the contracts are held to the same verdicts', () => {
  for (const { name, root, key, nodes, verdict, value, code } of cases) {
    it(name, () => {
      const verify = () => verifyProof(fromHex(root), fromHex(key), fromHex(nodes))
      const get = () => getByProof(fromHex(root), fromHex(key), fromHex(nodes))
      if (verdict === 'refused') {
        assert.throws(verify, { code })
        assert.throws(get, { code })
      } else if (verdict === 'absent') {
        assert.throws(verify, { code })
        assert.equal(get(), undefined)
      } else {
        assert.equal(toHex(verify()), value)
        assert.deepEqual(get(), verify())
      }
    })
  }
})
