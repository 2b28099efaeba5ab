import assert from 'node:assert/strict'
import { test } from 'node:test'
import { hasCode } from '@meridian/core'
import { readByQuorum } from './quorum.ts'

/** Endpoints that say what they are given; an error is what does not answer. */
function endpoints(...says: readonly (string | Error)[]) {
  const named: string[] = []
  const asked: string[] = []
  const nodes = says.map((said, i) => ({
    host: `h${i}`,
    passOver: (reason: Error) => void named.push(`h${i}: ${reason.message}`),
    said,
  }))
  const read = (quorum: number) =>
    readByQuorum(
      nodes,
      quorum,
      'head',
      async ({ said, host }) => {
        asked.push(host)
        if (said instanceof Error) throw said
        return said
      },
      (value) => value,
    )
  return { named, asked, read }
}

test('a quorum that agrees is asked, and nobody else', async () => {
  const { asked, named, read } = endpoints('a', 'a', 'b')
  assert.equal(await read(2), 'a')
  assert.deepEqual([asked, named], [['h0', 'h1'], []])
})

test('the odd one is found, passed over and named, wherever it stands', async () => {
  for (const [says, odd] of [
    [['b', 'a', 'a'], 'h0'],
    [['a', 'b', 'a'], 'h1'],
  ] as const) {
    const { named, read } = endpoints(...says)
    assert.equal(await read(2), 'a')
    assert.deepEqual(
      named.map((line) => line.slice(0, 2)),
      [odd],
    )
    assert.match(named.join(), new RegExp(`${odd}: b; others: a`))
  }
})

test('one that does not answer is made up for, and not called a liar', async () => {
  const { named, read } = endpoints(new Error('dead'), 'a', 'a')
  assert.equal(await read(2), 'a')
  assert.deepEqual(named, [])
})

test('without a quorum nothing is believed: who says what is told, and nobody is blamed', async () => {
  for (const says of [['a', 'b'], ['a', 'b', 'c'], ['a']] as const) {
    const { named, read } = endpoints(...says)
    await assert.rejects(read(2), (e) => hasCode(e, 'QUORUM') && e.message.includes('h0: a'))
    assert.deepEqual(named, [])
  }
  await assert.rejects(endpoints(new Error('dead'), new Error('also dead')).read(2), /also dead/)
  await assert.rejects(endpoints(new Error('dead'), 'a').read(2), (e) => hasCode(e, 'QUORUM'))
})
