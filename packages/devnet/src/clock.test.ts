import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { type ClockWorker, createVirtualClock, type Wall } from './clock.ts'

/** A wall that moves when the test says so. */
function fakeWall(): Wall & { tick(milliseconds: number): void } {
  let time = 0
  let timer: { at: number; callback: () => void } | undefined
  return {
    milliseconds: () => time,
    schedule(callback, delay) {
      const mine = { at: time + delay, callback }
      timer = mine
      return () => {
        if (timer === mine) timer = undefined
      }
    },
    tick(milliseconds) {
      time += milliseconds
      if (timer === undefined || timer.at > time) return
      const { callback } = timer
      timer = undefined
      callback()
    },
  }
}

const every = (name: string, period: number, first: number, seen: string[]): ClockWorker => {
  let due = first
  return {
    name,
    due: () => due,
    run: async (now) => {
      seen.push(`${name}@${now}`)
      due = Math.floor(now / period + 1) * period
    },
  }
}

describe('virtual clock', () => {
  it('runs the work of all chains in the order of time', async () => {
    const seen: string[] = []
    const clock = createVirtualClock({ start: 100, rate: 0 })
    clock.attach(every('a', 12, 108, seen))
    clock.attach(every('b', 5, 105, seen))
    await clock.advanceTo(120)
    assert.deepEqual(seen, ['b@105', 'a@108', 'b@110', 'b@115', 'a@120', 'b@120'])
    assert.equal(clock.now(), 120)
  })

  it('jumps over time: late work runs once, at the new time', async () => {
    const seen: string[] = []
    const clock = createVirtualClock({ start: 0, rate: 0 })
    clock.attach(every('a', 10, 10, seen))
    await clock.jump(1005)
    assert.deepEqual(seen, ['a@1005'])
  })

  it('follows the wall at its rate and changes the rate without a leap', async () => {
    const wall = fakeWall()
    const seen: string[] = []
    const clock = createVirtualClock({ start: 0, rate: 10, wall })
    clock.attach(every('a', 10, 10, seen))
    const reached = clock.waitUntil(10)
    wall.tick(1000)
    await reached
    assert.deepEqual(seen, ['a@10'])
    clock.setRate(100)
    assert.equal(clock.now(), 10)
    wall.tick(50)
    assert.equal(clock.now(), 15)
    clock.setRate(0)
    wall.tick(1000)
    assert.equal(clock.now(), 15)
  })

  // once, who waited was told when all work was done: on a machine that was slower than the clock, never
  it('tells who waits although the machine never catches up', async () => {
    const wall = fakeWall()
    const clock = createVirtualClock({ start: 0, rate: 10, wall })
    let due = 1
    let runs = 0
    const slow: ClockWorker = {
      name: 'slow',
      due: () => due,
      run: async () => {
        // each piece of work takes twice the time to the next one
        wall.tick(200)
        due += 1
        runs += 1
        if (runs === 1_000) due = Number.POSITIVE_INFINITY
      },
    }
    clock.attach(slow)
    const reached = clock.waitUntil(5)
    wall.tick(1_000)
    await reached
    assert.ok(runs >= 5 && runs < 1_000, `after ${runs} runs`)
    await clock.waitUntil(6)
    assert.ok(runs < 1_000)
    await clock.stop()
  })

  it('takes a worker that fails off, and says so', async () => {
    const failed: string[] = []
    const clock = createVirtualClock({ start: 0, rate: 0, onError: (worker) => failed.push(worker) })
    const broken = { name: 'broken', due: () => 1, run: () => Promise.reject(new Error('no')) }
    clock.attach(broken)
    clock.attach({ ...broken, name: 'stuck', run: async () => undefined })
    await clock.advanceTo(5)
    assert.deepEqual(failed, ['broken', 'stuck'])
  })

  it('rejects who waits when it stops', async () => {
    const clock = createVirtualClock({ start: 0, rate: 0 })
    const waiting = clock.waitUntil(10)
    await clock.stop()
    await assert.rejects(waiting, /stopped/)
    await assert.rejects(clock.waitUntil(1), /stopped/)
  })
})
