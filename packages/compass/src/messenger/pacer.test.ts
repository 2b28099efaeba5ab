import assert from 'node:assert/strict'
import { test } from 'node:test'
import { createPacer } from './pacer.ts'

const POLL = 2_000

/** Looks every `POLL` milliseconds at blocks that are seen `late` milliseconds after their time. Counts the looks. */
function run(blocks: readonly number[], until: number, late = 0) {
  const pacer = createPacer(POLL)
  const looks: number[] = []
  const delays: number[] = []
  let known = -1
  for (let now = 0; now < until; now += POLL) {
    if (!pacer.isDue(now)) continue
    looks.push(now)
    const number = blocks.findLastIndex((at) => at * 1000 + late <= now)
    if (number < 0) continue
    if (number > known) delays.push(now - ((blocks[number] ?? 0) * 1000 + late))
    known = number
    pacer.saw({ number: BigInt(number), timestamp: BigInt(blocks[number] ?? 0) }, now)
  }
  return { looks: looks.length, delays }
}

const every = (seconds: number, count: number) => Array.from({ length: count }, (_, i) => i * seconds)

test('blocks that keep time are looked at about once each, and no later than by looking all the time', () => {
  for (const late of [0, 300, 1_700, 4_100]) {
    const { looks, delays } = run(every(12, 200), 2_400_000, late)
    assert.ok(looks <= 200 * 1.3, `${looks} looks at 200 blocks`)
    assert.ok(delays.length >= 198, `${delays.length} blocks seen`)
    const mean = delays.reduce((sum, ms) => sum + ms, 0) / delays.length
    assert.ok(mean <= 1.25 * POLL, `${mean} ms on average`)
  }
})

test('a slot that stays empty costs looks, and nothing is lost after it', () => {
  const blocks = every(12, 100).filter((_, i) => i % 10 !== 7)
  const { looks, delays } = run(blocks, 1_200_000)
  assert.ok(looks <= 100 * 2.2, `${looks} looks`)
  assert.ok(delays.length >= blocks.length - 3)
})

test('blocks that are as frequent as looks, or come in no order of time, are looked at as ever', () => {
  assert.equal(run(every(1, 600), 600_000).looks, 300)
  const irregular = [0, 40, 42, 90, 91, 130, 200, 201, 202, 280]
  assert.equal(run(irregular, 300_000).looks, 150)
})

test('a chain whose time runs quicker than the clock is looked at as ever', () => {
  const pacer = createPacer(POLL)
  for (let i = 0; i < 50; i++) {
    assert.ok(pacer.isDue(i * POLL))
    pacer.saw({ number: BigInt(i), timestamp: BigInt(i * 12) }, i * POLL)
  }
})

test('what timestamps say is believed for half a minute at most', () => {
  const pacer = createPacer(POLL)
  for (let i = 0; i < 6; i++) pacer.saw({ number: BigInt(i), timestamp: BigInt(i * 3_600) }, i * 3_600_000)
  assert.ok(!pacer.isDue(5 * 3_600_000 + 29_999))
  assert.ok(pacer.isDue(5 * 3_600_000 + 30_000))
})
