import assert from 'node:assert/strict'
import { test } from 'node:test'
import { steadyNow } from './clock.ts'

/** A machine whose clock is set, and of which as much time passes as it says. */
function machine(start: number) {
  let [wall, passed] = [start, 0]
  const now = steadyNow(
    () => wall,
    () => passed,
  )
  return {
    now,
    pass(ms: number) {
      passed += ms
      wall += ms
    },
    set(to: number) {
      wall = to
    },
  }
}

// once, a clock that was set back by an hour had everything rest for that hour: sources, workers, endpoints, looks
test('a clock that is set back does not stop the time, which comes back to it', () => {
  const { now, pass, set } = machine(10_000_000)
  pass(1_000)
  assert.equal(now(), 10_001_000)
  set(6_401_000)
  let before = now()
  for (let seconds = 0; seconds < 30; seconds++) {
    pass(1_000)
    assert.ok(now() >= before + 500, 'at least half as fast as it passes')
    before = now()
  }
  for (let hours = 0; hours < 2; hours++) {
    pass(3_600_000)
    now()
  }
  assert.equal(now(), 6_401_000 + 30_000 + 7_200_000)
})

test('a clock that is set forward is followed, and so is a machine that has slept', () => {
  const { now, pass, set } = machine(1_000)
  set(90_000_000)
  assert.equal(now(), 90_000_000)
  pass(10)
  assert.equal(now(), 90_000_010)
})
