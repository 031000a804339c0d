import fc from 'fast-check'
import { expect, test } from 'vitest'
import { ahead, behind, grace, most, paceOf, Times, take } from '../../src/extras/limits/pace.ts'
import { Absence, hasRoom } from '../../src/extras/limits/room.ts'
import { allot, type Book, nextClaim, wanting, written } from '../../src/extras/limits/share.ts'

test('places are shared so that nobody gets more than another who wants more, and none is left while somebody wants it', () => {
  const claimants = fc.array(fc.record({ wants: fc.nat(20), turn: fc.nat(10) }), { maxLength: 8 })
  fc.assert(
    fc.property(fc.nat(30), claimants, (n, given) => {
      const claims = given.map((claim, index) => ({ ...claim, holder: `w${index}` }))
      const allotted = allot(n, claims)
      const got = claims.map(({ holder }) => allotted.get(holder) ?? 0)
      const sum = got.reduce((a, b) => a + b, 0)
      expect(sum).toBe(
        Math.min(
          n,
          claims.reduce((a, { wants }) => a + wants, 0),
        ),
      )
      for (const [index, { wants }] of claims.entries()) {
        expect(got[index]).toBeLessThanOrEqual(wants)
        // Who goes short is at most one behind anybody.
        if ((got[index] as number) < wants) expect(Math.max(...got) - (got[index] as number)).toBeLessThanOrEqual(1)
      }
    }),
  )
})

type Step = { readonly worker: number; readonly does: 'wants' | 'begins' | 'ends' | 'writes' | 'dies' }

test('whoever does what in whatever order, no more is held than the limit, and no more used than held', () => {
  const step = fc.record({
    worker: fc.nat(3),
    does: fc.constantFrom<Step['does'][]>('wants', 'begins', 'ends', 'writes', 'writes', 'dies'),
  }) as fc.Arbitrary<Step>
  fc.assert(
    fc.property(fc.integer({ min: 1, max: 6 }), fc.array(step, { maxLength: 120 }), (n, steps) => {
      let book: Book = {}
      const gone = new Set<string>()
      const workers = [0, 1, 2, 3].map((index) => ({ name: `w${index}`, inUse: 0, waiting: 0, held: 0, lives: 0 }))
      for (const { worker, does } of steps) {
        const one = workers[worker] as (typeof workers)[number]
        if (does === 'wants') one.waiting++
        if (does === 'begins' && one.waiting > 0 && one.held > one.inUse) {
          one.waiting--
          one.inUse++
        }
        if (does === 'ends' && one.inUse > 0) one.inUse--
        if (does === 'dies') {
          gone.add(one.name)
          Object.assign(one, { name: `w${worker}#${++one.lives}`, inUse: 0, waiting: 0, held: 0 })
        }
        if (does === 'writes') {
          const need = { inUse: one.inUse, wants: one.inUse + one.waiting, yields: true }
          book = written(book, one.name, nextClaim(book, one.name, n, need), (holder) => gone.has(holder))
          one.held = book[one.name]?.held ?? 0
        }
        expect(Object.values(book).reduce((sum, { held }) => sum + held, 0)).toBeLessThanOrEqual(n)
        for (const each of workers) expect(each.inUse).toBeLessThanOrEqual(each.held)
      }
    }),
  )
})

test('where there are fewer places than workers, each has its turn', () => {
  let book: Book = {}
  const names = ['a', 'b', 'c', 'd', 'e']
  const had = new Map<string, number>()
  for (let round = 0; round < 100; round++) {
    for (const name of names) {
      book = written(book, name, nextClaim(book, name, 2, { inUse: 0, wants: 3, yields: true }))
      had.set(name, (had.get(name) ?? 0) + (book[name]?.held ?? 0))
    }
  }
  for (const name of names) expect(had.get(name)).toBeGreaterThan(20)
  expect(wanting(book, 'a')).toBe(true)
})

test('what is in use is claimed, whatever the limit, and nobody else gets it', () => {
  const over = written({}, 'a', nextClaim({}, 'a', 2, { inUse: 5, wants: 5, yields: false }))
  expect(over.a?.held).toBe(5)
  expect(nextClaim(over, 'b', 2, { inUse: 0, wants: 2, yields: false })).toMatchObject({ held: 0, wants: 2 })
  expect(nextClaim(over, 'a', 2, { inUse: 0, wants: 0, yields: false })).toBe(undefined)
})

test('whoever takes how many times of a rate when, no window holds more than it may', () => {
  const plan = fc.record({
    count: fc.integer({ min: 1, max: 200 }),
    per: fc.integer({ min: 10, max: 5000 }),
    burst: fc.integer({ min: 1, max: 20 }),
    steps: fc.array(fc.record({ worker: fc.nat(2), passes: fc.nat(300), wants: fc.nat(50), uses: fc.nat(50) }), { maxLength: 80 }),
  })
  fc.assert(
    fc.property(plan, ({ count, per, burst, steps }) => {
      const pace = paceOf(count, per, burst)
      const workers = [new Times(), new Times(), new Times()]
      const used: number[] = []
      let next: number | undefined
      let now = 0
      for (const { worker, passes, wants, uses } of steps) {
        now += passes
        const times = workers[worker] as Times
        const block = take(next, now, wants, pace)
        if ('retryAt' in block) expect(block.retryAt).toBeGreaterThan(now)
        else {
          expect(block.first - now).toBeLessThanOrEqual(ahead)
          times.add(block, pace)
          next = behind(block, pace)
        }
        for (let i = 0; i < uses && times.ready(now, pace); i++) {
          times.use()
          used.push(now)
        }
      }
      for (const [index, time] of used.entries()) {
        const within = used.slice(index).filter((each) => each < time + per).length
        expect(within).toBeLessThanOrEqual(most(pace, per))
      }
    }),
  )
})

test('a pace that was made faster does not wait for what was taken at the slower one', () => {
  const daily = paceOf(1, 86_400_000, 1)
  const block = take(undefined, 0, 1, daily)
  const next = 'count' in block ? behind(block, daily) : 0
  expect(take(next, 10, 1, daily)).toEqual({ retryAt: 86_400_000 - ahead })
  expect(take(next, 10, 1, paceOf(10, 1000, 1))).toEqual({ first: 10, count: 1 })
})

test('a time that has passed for too long is lost, and those that have come are counted', () => {
  const pace = paceOf(10, 1000, 2)
  const times = new Times()
  times.add({ first: 0, count: 5 }, pace)
  expect([times.due(-1, pace), times.due(0, pace), times.due(250, pace)]).toEqual([0, 1, 2])
  expect(grace(pace)).toBe(200)
  expect([times.first, times.ready(250, pace), times.left(601, pace)]).toEqual([100, true, false])
})

test('a key has room for some at hand, and all keys together for more, each key for one', () => {
  expect([hasRoom(0, 0), hasRoom(99, 500), hasRoom(100, 500), hasRoom(1, 2000), hasRoom(0, 2000), hasRoom(0, 8000)]).toEqual([
    true,
    true,
    false,
    false,
    true,
    false,
  ])
})

test('what finds no room is sent away for longer and longer, and for less when the room runs low', () => {
  const absence = new Absence()
  expect([absence.full(0, 0.5), absence.full(10, 0), absence.full(20, 0.999)]).toEqual([1000, 500, 1499])
  expect([absence.full(1000, 0.5), absence.full(1500, 0.5), absence.full(3000, 0.5)]).toEqual([2000, 2000, 4000])
  absence.left(50, 5000)
  expect(absence.full(5000, 0.5)).toBe(4000)
  absence.left(3, 6000)
  absence.left(3, 7500)
  expect(absence.full(7600, 0.5)).toBe(1000)
  for (let now = 10_000; now < 1e6; now += 1000) absence.full(now, 0)
  expect(absence.full(1e6, 0.5)).toBe(60_000)
})
