/** The official vectors in the preset of the process, and the runner held against cases that must fail. */
import assert from 'node:assert/strict'
import { cpSync, existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, describe, it } from 'node:test'
import { ACTIVE_PRESET, SYNC_COMMITTEE_SIZE } from '@lodestar/params'
import { hasCode } from '@meridian/core'
import { compress, uncompress } from 'snappyjs'
import { forkNames } from '../src/ethereum/index.ts'
import { forkDigest, parseSpecConfig } from './ethereum-spec-config.ts'
import { findCases, runCase, type SpecCase } from './ethereum-spec-runner.ts'
import { proofForks, writeSpecCases } from './ethereum-spec-writer.ts'

const given = process.env.MERIDIAN_SPEC_VECTORS

function nameOf({ preset, fork, handler, suite, name }: SpecCase): string {
  return [preset, fork, handler, suite, name].join('/')
}

/** The suite. `MERIDIAN_SPEC_VECTORS` names a folder of the official vectors, unpacked. */
export function specVectors(): void {
  describe(`official light-client vectors, ${ACTIVE_PRESET}`, () => {
    const absent =
      given === undefined
        ? 'no official vectors: set MERIDIAN_SPEC_VECTORS to a folder of consensus-spec-tests'
        : !existsSync(given) && `no folder ${given}`
    it('are found', { skip: absent }, () => {
      const cases = findCases(given ?? '').filter(({ preset }) => preset === ACTIVE_PRESET)
      assert.ok(cases.length > 0, `no light-client case of ${ACTIVE_PRESET} below ${given}`)
    })
    for (const one of absent === false ? findCases(given ?? '') : [])
      if (one.preset === ACTIVE_PRESET)
        it(nameOf(one), (t) => {
          const { checked, refused, unsupported } = runCase(one)
          for (const reason of refused) t.diagnostic(`refused, as this client does: ${reason}`)
          if (unsupported !== undefined && checked === 0) t.skip(unsupported)
          else if (unsupported !== undefined) t.diagnostic(`only ${checked} steps: ${unsupported}`)
        })
  })

  describe(`cases of our own in the official layout, ${ACTIVE_PRESET}`, () => {
    const root = mkdtempSync(join(tmpdir(), 'meridian-spec-'))
    after(() => rmSync(root, { recursive: true }))
    const folders = writeSpecCases(root)
    const cases = findCases(root)

    it('are those of every fork', () => {
      const proofs = cases.filter(({ handler }) => handler === 'single_merkle_proof')
      assert.equal(proofs.length, 4 * proofForks.length)
      assert.equal(cases.length - proofs.length, folders.size)
      assert.equal(folders.size, 3 * forkNames.length - 1)
    })

    for (const one of cases)
      it(nameOf(one), () => {
        const { checked, refused, unsupported } = runCase(one)
        if (one.name === 'forced') {
          assert.equal(checked, 2)
          assert.match(unsupported ?? '', /force_update takes a header at slot/)
          return
        }
        assert.equal(unsupported, undefined)
        const steps = { light_client_sync: 9, single: 1 }[one.handler === 'sync' ? one.name : 'single'] ?? 5
        assert.equal(checked, steps)
        const expected =
          one.name === 'light_client_sync' ? ['fewer than two thirds signed', 'nothing is finalized'] : []
        assert.deepEqual(
          refused.map((line) => line.replace(/^step \d+: /, '')),
          expected,
        )
      })

    /** A copy of a case with one file changed. */
    const altered = (
      name: string,
      file: RegExp | string,
      change: (content: Buffer) => Uint8Array | string,
    ): SpecCase => {
      const source = folders.get(name)
      assert.ok(source)
      const path = join(root, `altered-${Math.random().toString(36).slice(2)}`)
      cpSync(source, path, { recursive: true })
      const steps = readFileSync(join(path, 'steps.yaml'), 'utf8')
      const target = typeof file === 'string' ? file : `${file.exec(steps)?.[1]}.ssz_snappy`
      writeFileSync(join(path, target), change(readFileSync(join(path, target))))
      const [fork = ''] = name.split('/')
      return { name: 'altered', preset: ACTIVE_PRESET, fork, handler: 'sync', suite: 'pyspec_tests', path }
    }
    const flipped = (index: number) => (content: Buffer) => {
      const bytes = new Uint8Array(uncompress(new Uint8Array(content)))
      bytes[index] = (bytes[index] ?? 0) ^ 1
      return compress(bytes)
    }
    const firstUpdate = /(update_0x[0-9a-f]{64}_sf)/
    // An update before Gloas: an offset, 48 bytes a key and the aggregate, a branch; an offset, a branch; bits, signature.
    const keys = 4
    const signature = keys + 48 * (SYNC_COMMITTEE_SIZE + 1) + 32 * 5 + 4 + 32 * 6 + SYNC_COMMITTEE_SIZE / 8

    it('a wrong expectation fails, at its step', () => {
      const wrong = altered('fulu/light_client_sync', 'steps.yaml', (text) =>
        text
          .toString()
          .replace(/(finalized_header: \{ slot: )(\d+)/, (_, start, slot) => `${start}${Number(slot) + 1}`),
      )
      assert.throws(() => runCase(wrong), /step 0: the finalized slot/)
    })

    it('a wrong execution root fails', () => {
      const wrong = altered('gloas/light_client_sync', 'steps.yaml', (text) =>
        text.toString().replace(/execution_root: "?0x[0-9a-f]{64}/, (found) => found.replace(/[0-9a-f]{4}$/, '0000')),
      )
      assert.throws(() => runCase(wrong), /step 0: the execution root/)
    })

    it('an update with another signature fails', () => {
      const wrong = altered('capella/light_client_sync', firstUpdate, flipped(signature + 50))
      assert.throws(
        () => runCase(wrong),
        (error) => hasCode(error, 'POINT') || hasCode(error, 'SIGNATURE'),
      )
    })

    for (const name of ['deneb/light_client_sync', 'fulu/gloas_fork'])
      it(`${name}: an update with another committee fails`, () => {
        const wrong = altered(name, firstUpdate, flipped(keys + 10))
        assert.throws(
          () => runCase(wrong),
          (error) => hasCode(error, 'BRANCH_NEXT_COMMITTEE'),
        )
      })

    it('a digest of no fork fails', () => {
      const wrong = altered('electra/light_client_sync', 'meta.yaml', (text) =>
        text.toString().replace(/bootstrap_fork_digest: "?0x[0-9a-f]{8}/, 'bootstrap_fork_digest: "0xdeadbeef'),
      )
      assert.throws(() => runCase(wrong), /has the digest 0xdeadbeef/)
    })
  })

  it('fork digests are mainnet’s own', () => {
    const config = parseSpecConfig(`
PRESET_BASE: 'mainnet'
CAPELLA_FORK_VERSION: 0x03000000
CAPELLA_FORK_EPOCH: 194048
DENEB_FORK_VERSION: 0x04000000
DENEB_FORK_EPOCH: 269568
ELECTRA_FORK_VERSION: 0x05000000
ELECTRA_FORK_EPOCH: 364032
FULU_FORK_VERSION: 0x06000000
FULU_FORK_EPOCH: 411392
MAX_BLOBS_PER_BLOCK_ELECTRA: 9
BLOB_SCHEDULE:
  - EPOCH: 412672
    MAX_BLOBS_PER_BLOCK: 15
  - EPOCH: 419072
    MAX_BLOBS_PER_BLOCK: 21
`)
    const root = '0x4b363db94e286120d76eb905340fdd4e54bfe9f06bf33ff6cf5ad27f511bfe95'
    const epochs = [194_048n, 269_568n, 364_032n, 411_392n, 412_672n, 419_072n]
    assert.deepEqual(
      epochs.map((epoch) => forkDigest(config, root, epoch)),
      ['0xbba4da96', '0x6a95a1a9', '0xad532ceb', '0xcc2c5cdb', '0xcb0d1acc', '0x8c9f62fe'],
    )
  })
}
