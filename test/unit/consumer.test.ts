import fc from 'fast-check'
import { expect, test } from 'vitest'
import { type EventMap, Events } from '../../src/base/events.ts'
import { gate } from '../../src/extras/limits/gate.ts'
import { count, noted } from '../../src/runtime/attempt.ts'
import type { Memory } from '../../src/runtime/binding.ts'
import { type Gate, Slots } from '../../src/runtime/gate.ts'
import type { Run } from '../../src/runtime/run.ts'
import { Reject, Snooze } from '../../src/runtime/verdict.ts'
import { type Answer, type ArraySource, arraySource, consuming, type Handed, mapMemory, type Setting } from '../support/array-source.ts'
import { until } from '../support/until.ts'

const numbers = (count: number) => Array.from({ length: count }, (_, index) => index + 1)
const answersOf = (source: ArraySource): Answer[][] => source.handed.map((each) => each.answers)
const note = (count: number, used: number, more = {}) => ({ count, used, open: false, suspect: false, history: [], ...more })

/** A promise that a test settles. */
function promised<T = void>() {
  let resolve: (value: T) => void = () => {}
  let reject: (error: unknown) => void = () => {}
  const promise = new Promise<T>((yes, no) => {
    resolve = yes
    reject = no
  })
  return { promise, resolve, reject }
}

/** Keeps what is told under some names. */
function heard(events: Events, ...names: (keyof EventMap)[]): string[] {
  const told: string[] = []
  for (const name of names) events.on(name, (payload) => void told.push('what' in payload ? `${name}: ${payload.what}` : name))
  return told
}

/** A started consumer of an array, drained at the end of the block. */
async function started(source: ArraySource, setting: Setting = {}, events = new Events()) {
  const each = consuming(source, events, setting)
  await each.start()
  const drainOnce = each.drain
  let drained: Promise<void> | undefined
  const drain = (deadline: number) => {
    drained ??= drainOnce(deadline)
    return drained
  }
  return Object.assign(each, { events, drain, [Symbol.asyncDispose]: () => drain(0) })
}

const allAnswered = (source: ArraySource, count: number) =>
  until(`${count} deliveries are answered`, () => source.handed.length >= count && source.handed.every((each) => each.answers.length > 0))

test.each<[string, () => unknown, Answer]>([
  ['a return is acknowledged', () => 'value', { say: 'ack' }],
  ['an error comes again by the policy', () => Promise.reject(new Error('x')), { say: 'again', ms: 7 }],
  ['a rejection is dropped', () => Promise.reject(new Reject('x')), { say: 'drop', reason: 'rejected' }],
  ['a snooze comes again when it said', () => Promise.reject(new Snooze(900)), { say: 'again', ms: 900 }],
  [
    'what is thrown at once is like what is thrown later',
    () => {
      throw new Reject('x')
    },
    { say: 'drop', reason: 'rejected' },
  ],
])('%s, once', async (_, handle, answer) => {
  const source = arraySource([1, 2, 3])
  await using consumer = await started(source, { handle, policy: { backoff: () => 7 } })
  await allAnswered(source, 3)
  await consumer.drain(0)
  expect(answersOf(source)).toEqual([[answer], [answer], [answer]])
})

test('no more handlers run at once than there are slots, and nothing is asked for that has no room', async () => {
  const source = arraySource(numbers(20))
  let [running, most] = [0, 0]
  const open: (() => void)[] = []
  await using consumer = await started(source, {
    concurrency: 3,
    handle: async () => {
      most = Math.max(most, ++running)
      await new Promise<void>((resolve) => open.push(resolve))
      running--
    },
  })
  await until('three run', () => running === 3)
  expect([source.handed.length, source.mostOwed, consumer.running, consumer.waiting]).toEqual([3, 3, 3, 0])
  await until('all are answered', () => {
    for (const finish of open.splice(0)) finish()
    return source.handed.length === 20 && source.handed.every((each) => each.answers.length > 0)
  })
  expect(most).toBe(3)
})

test('fast handlers are asked for ahead, so that they do not wait for the broker', async () => {
  const source = arraySource(['x'])
  const handle = () => {
    source.add('x')
    return new Promise(setImmediate)
  }
  await using _ = await started(source, { concurrency: 1, handle })
  await until('more is asked for than there are slots', () => source.mostOwed > 1)
})

test('what was asked for and will not come is asked for again, no more and no less', async () => {
  const source = arraySource()
  await using _ = await started(source, { concurrency: 8 })
  await until('eight are asked for', () => source.owed === 8)
  source.lapse()
  await until('all are asked for again', () => source.owed === 8)
  source.lapse(5)
  await until('the five are asked for again', () => source.owed === 8)
})

test('what fails each time is buried after its attempts, with the story of each', async () => {
  const source = arraySource(['x'], { again: true })
  const attempts: number[] = []
  await using consumer = await started(source, {
    handle: (_, run) => {
      attempts.push(run.attempt)
      throw new Error(`attempt ${run.attempt}`)
    },
  })
  await until('it is buried', () => consumer.buried.length > 0)
  expect(attempts).toEqual([1, 2, 3])
  expect(consumer.buried).toMatchObject([
    { reason: 'exhausted', attempts: 3, service: 'service', worker: 'worker', error: { message: 'attempt 3' } },
  ])
  expect(consumer.buried[0]?.history.map((each) => each.error.message)).toEqual(['attempt 1', 'attempt 2', 'attempt 3'])
  expect(answersOf(source).flat()).toEqual([
    { say: 'again', ms: 0 },
    { say: 'again', ms: 0 },
    { say: 'drop', reason: 'exhausted' },
  ])
})

test('a snooze is no attempt, and what is remembered is forgotten at the end', async () => {
  const source = arraySource(['x'], { again: true })
  const memory = mapMemory()
  const attempts: number[] = []
  await using consumer = await started(source, {
    memory,
    policy: { attempts: 1 },
    handle: (_, run) => {
      attempts.push(run.attempt)
      if (attempts.length < 5) throw new Snooze(1)
    },
  })
  await until('it is acknowledged', () =>
    answersOf(source)
      .flat()
      .some(({ say }) => say === 'ack'),
  )
  expect([attempts, consumer.buried]).toEqual([[1, 1, 1, 1, 1], []])
  await consumer.drain(0)
  expect(memory.notes.size).toBe(0)
})

test('what has not started in time is buried, and its handler is not called', async () => {
  const source = arraySource(['x'])
  let called = false
  await using consumer = await started(source, {
    terms: () => ({
      expires: 1,
      policy: { attempts: 3, backoff: () => 0, timeout: 1000, retriable: () => true, maxAge: 0, maxRuntime: 0 },
    }),
    handle: () => {
      called = true
    },
  })
  await allAnswered(source, 1)
  expect([called, consumer.buried]).toMatchObject([false, [{ reason: 'expired', attempts: 0, history: [] }]])
})

/** Hands two deliveries over to a process that ends in the middle of the first that runs. Gives what ran, and as which attempt. */
async function processEnds(count: number, memory: ReturnType<typeof mapMemory>) {
  const ran: unknown[] = []
  let ended = false
  const mortal: Memory = {
    ...memory,
    note: async (delivery, written) => (ended ? undefined : memory.note(delivery, written)),
    forget: async (delivery) => (ended ? undefined : memory.forget(delivery)),
  }
  const source = arraySource()
  source.add('poison', { count })
  source.add('bystander', { count })
  const consumer = await started(source, {
    concurrency: 1,
    memory: mortal,
    handle: (value, run) => {
      ran.push(value, run.attempt)
      return new Promise((resolve) => run.signal.addEventListener('abort', resolve))
    },
  })
  await until('something runs', () => ran.length > 0)
  ended = true
  await consumer.drain(0)
  return { ran, buried: consumer.buried }
}

test('what ends its process each time runs as often as it has attempts and is then buried; what waited behind it loses one', async () => {
  const memory = mapMemory()
  const lives = []
  for (const count of numbers(4)) lives.push(await processEnds(count, memory))
  expect(lives.map((each) => each.ran)).toEqual([
    ['poison', 1],
    ['poison', 2],
    ['poison', 3],
    ['bystander', 2],
  ])
  expect(lives.flatMap((each) => each.buried)).toMatchObject([
    { reason: 'exhausted', attempts: 3, error: { message: expect.stringContaining('process') } },
  ])
})

test('what is suspected of ending its process is marked before it runs', async () => {
  const source = arraySource()
  source.add('x', { count: 2 })
  const memory = mapMemory()
  const seen: unknown[] = []
  await using _ = await started(source, { memory, handle: () => void seen.push(memory.notes.get(1)) })
  await allAnswered(source, 1)
  expect(seen).toEqual([note(2, 1, { open: true, suspect: true, ran: 0 })])
})

test('what failed before and is not suspected leaves no mark', async () => {
  const source = arraySource()
  const memory = mapMemory()
  memory.notes.set(1, note(1, 1))
  source.add('x', { count: 2 })
  const seen: unknown[] = []
  await using _ = await started(source, { memory, handle: (_, run) => void seen.push(run.attempt, memory.notes.get(1)?.open) })
  await allAnswered(source, 1)
  expect(seen).toEqual([2, false])
})

test.each<[string, Setting['read']]>([
  [
    'throws',
    () => {
      throw new TypeError('not mine')
    },
  ],
  ['rejects', () => Promise.reject(new TypeError('not mine'))],
])('a read that %s is buried with the reason, and the handler is not called', async (_, read) => {
  const source = arraySource(['x'])
  let called = false
  await using consumer = await started(source, {
    ...(read ? { read } : {}),
    handle: () => {
      called = true
    },
  })
  await allAnswered(source, 1)
  expect([called, answersOf(source), consumer.buried]).toMatchObject([
    false,
    [[{ say: 'drop', reason: 'unreadable' }]],
    [{ reason: 'unreadable', attempts: 1, error: { name: 'TypeError', message: 'not mine' } }],
  ])
})

test('a handler may give back anything that can be awaited, and it is awaited', async () => {
  const source = arraySource(['x'])
  const ends: unknown[] = []
  // biome-ignore lint/suspicious/noThenProperty: query builders look like this.
  const query = { then: (resolve: (value: string) => void) => resolve('done') }
  await using _ = await started(source, { handle: () => query, ended: async (_, outcome) => void ends.push(outcome) })
  await allAnswered(source, 1)
  expect(ends).toEqual([{ end: 'returned', value: 'done' }])
})

test('what comes of a run is kept before it is acknowledged', async () => {
  const source = arraySource(['x'])
  const kept = promised()
  await using consumer = await started(source, { ended: () => kept.promise })
  await until('it has run', () => consumer.running === 1)
  expect(answersOf(source)).toEqual([[]])
  kept.resolve()
  await allAnswered(source, 1)
  expect(answersOf(source)).toEqual([[{ say: 'ack' }]])
})

test.each<[string, Setting]>([
  ['what came of it', { ended: () => Promise.reject(new Error('no room')) }],
  ['its dead letter', { handle: () => Promise.reject(new Reject('x')), bury: () => Promise.reject(new Error('no room')) }],
  [
    'its attempt',
    { handle: () => Promise.reject(new Error('x')), memory: { ...mapMemory(), note: () => Promise.reject(new Error('no room')) } },
  ],
])('where %s cannot be kept it comes again, and that is told', async (_, setting) => {
  const source = arraySource(['x'])
  const events = new Events()
  const told = heard(events, 'trouble')
  await using consumer = await started(source, setting, events)
  await allAnswered(source, 1)
  await consumer.drain(0)
  expect(answersOf(source)).toEqual([[{ say: 'again', ms: 5000 }]])
  expect(told).toEqual([expect.stringContaining('could not be settled')])
})

test.each<[string, () => unknown, Answer]>([
  ['acknowledged', () => 1, { say: 'ack' }],
  ['dropped', () => Promise.reject(new Reject('x')), { say: 'drop', reason: 'rejected' }],
])('what is %s stays so where its note cannot be forgotten', async (_, handle, answer) => {
  const source = arraySource()
  source.add('x', { count: 2 })
  const events = new Events()
  const told = heard(events, 'trouble')
  await using consumer = await started(
    source,
    { handle, memory: { ...mapMemory(), forget: () => Promise.reject(new Error('away')) } },
    events,
  )
  await allAnswered(source, 1)
  await consumer.drain(0)
  expect(answersOf(source)).toEqual([[answer]])
  expect(told).toEqual([expect.stringContaining('could not be removed')])
})

test('where it cannot be read what is remembered, the handler is not called and it comes again', async () => {
  const source = arraySource()
  source.add('x', { count: 2 })
  const events = new Events()
  const told = heard(events, 'trouble', 'started')
  await using consumer = await started(source, { memory: { ...mapMemory(), recall: () => Promise.reject(new Error('away')) } }, events)
  await allAnswered(source, 1)
  await consumer.drain(0)
  expect(answersOf(source)).toEqual([[{ say: 'again', ms: 1000 }]])
  expect(told).toEqual([expect.stringContaining('could not be read')])
})

test.each<[string, Setting['policy'], Answer]>([
  [
    'backoff',
    {
      backoff: () => {
        throw new Error('oops')
      },
    },
    { say: 'again', ms: 1000 },
  ],
  [
    'question about an error',
    {
      attempts: 1,
      retriable: () => {
        throw new Error('oops')
      },
    },
    { say: 'drop', reason: 'exhausted' },
  ],
])('a %s that throws is told, and the attempt counts as failed', async (_, policy, answer) => {
  const source = arraySource(['x'])
  const events = new Events()
  const told = heard(events, 'trouble')
  await using consumer = await started(source, { ...(policy ? { policy } : {}), handle: () => Promise.reject(new Error('x')) }, events)
  await allAnswered(source, 1)
  await consumer.drain(0)
  expect(answersOf(source)).toEqual([[answer]])
  expect(told).toEqual([expect.stringContaining('the policy for')])
})

test('whatever is thrown becomes a dead letter', async () => {
  const thrown = [undefined, null, 'text', Symbol('x'), Object.create(null), Object.assign(new Error('x'), { message: 5, stack: 7 })]
  const source = arraySource(numbers(thrown.length))
  await using consumer = await started(source, {
    policy: { attempts: 1 },
    handle: (value) => {
      throw thrown[(value as number) - 1]
    },
  })
  await allAnswered(source, thrown.length)
  expect(answersOf(source)).toEqual(thrown.map(() => [{ say: 'drop', reason: 'exhausted' }]))
  expect(consumer.buried.map((each) => typeof each.error.message)).toEqual(thrown.map(() => 'string'))
})

test('a listener that throws stops nothing', async () => {
  const source = arraySource([1, 2, 3])
  const events = new Events()
  const told = heard(events, 'trouble')
  for (const name of ['started', 'finished', 'buried', 'trouble'] as const) {
    events.on(name, () => {
      throw new Error('a listener of the user')
    })
  }
  await using _ = await started(source, { handle: (value) => (value === 2 ? Promise.reject(new Reject('x')) : undefined) }, events)
  await allAnswered(source, 3)
  expect(
    answersOf(source)
      .flat()
      .map((answer) => answer.say),
  ).toEqual(['ack', 'drop', 'ack'])
  expect(told).toContain('trouble: a listener for "buried" threw')
})

test('what happens is told in order', async () => {
  const source = arraySource(['x'])
  const events = new Events()
  const told: unknown[] = []
  events.on('started', (info) => told.push(info))
  events.on('finished', (info) => told.push(info))
  events.on('buried', (info) => told.push(info))
  await using _ = await started(source, { handle: () => Promise.reject(new Reject('never')) }, events)
  await until('it is buried', () => told.length === 3)
  const label = { style: 'explicit', service: 'service', name: 'contract', id: 'id-1', attempt: 1 }
  expect(told).toMatchObject([
    label,
    { ...label, verdict: 'bury', end: 'threw', error: { message: 'never' } },
    { ...label, obituary: { reason: 'rejected', attempts: 1 } },
  ])
})

test('a handler that takes too long hears of it, and what it makes of it is a failed attempt', async () => {
  const source = arraySource(['x'])
  const reasons: unknown[] = []
  await using _ = await started(source, {
    policy: { timeout: 1 },
    handle: (_, run) =>
      new Promise((_, reject) =>
        run.signal.addEventListener('abort', () => {
          reasons.push(run.signal.reason)
          reject(run.signal.reason)
        }),
      ),
  })
  await allAnswered(source, 1)
  expect(reasons).toMatchObject([{ code: 'HANDLER_TIMEOUT' }])
  expect(answersOf(source)).toEqual([[{ say: 'again', ms: 0 }]])
})

test('a handler that never returns loses its slot and the right to answer', async () => {
  const source = arraySource(['slow', 'next'])
  const events = new Events()
  const told = heard(events, 'ignored')
  const slow = promised()
  await using _ = await started(
    source,
    { concurrency: 1, policy: { timeout: 1, attempts: 1 }, handle: (value) => (value === 'slow' ? slow.promise : undefined) },
    events,
  )
  await allAnswered(source, 2)
  slow.resolve()
  await until('its return is told of', () => told.length > 0)
  expect(answersOf(source)).toEqual([[{ say: 'drop', reason: 'exhausted' }], [{ say: 'ack' }]])
  expect(told).toEqual(['ignored'])
})

test('a run that has ended does not time out while its end is being kept', async () => {
  const source = arraySource(['x'], { lease: 1 })
  const events = new Events()
  const told = heard(events, 'ignored')
  const kept = promised()
  await using _ = await started(source, { policy: { timeout: 1 }, ended: () => kept.promise }, events)
  await until('some ticks have passed', () => (source.handed[0]?.prolonged ?? 0) >= 3)
  kept.resolve()
  await allAnswered(source, 1)
  expect([told, answersOf(source)]).toEqual([[], [[{ say: 'ack' }]]])
})

test('what runs, waits for a slot or waits at a gate is said to be worked on', async () => {
  const source = arraySource(['runs', 'at the gate', 'waits'], { lease: 1 })
  const open = promised()
  const slots = new Slots(1)
  const stopping = gate(async (run, signal) => (source.handed[1] === run.delivery ? stays(signal) : () => {}))
  await using _ = await started(source, { slots, gates: [stopping], handle: () => open.promise })
  await until('the first is handed over', () => source.handed.length > 0)
  // One slot takes one delivery; the others come as if they had been under way.
  source.opened.deliver(fresh(source, 2))
  source.opened.deliver(fresh(source, 3))
  await until('all are prolonged', () => source.handed.length >= 3 && source.handed.every((each) => each.prolonged > 0))
  open.resolve()
})

/** Hands something over that nobody asked for. */
function fresh(source: ArraySource, sequence: number): Handed {
  const [first] = source.handed
  const answers: Answer[] = []
  const delivery = {
    ...(first as Handed),
    sequence,
    answers,
    prolonged: 0,
    ack: () => void answers.push({ say: 'ack' }),
    again: (ms: number) => void answers.push({ say: 'again', ms }),
    working: () => delivery.prolonged++,
  }
  source.handed.push(delivery)
  return delivery
}

/** Stays until the signal aborts. */
function stays(signal: AbortSignal): Promise<never> {
  return new Promise((_, reject) => signal.addEventListener('abort', () => reject(signal.reason)))
}

test('what waits at a gate holds no slot', async () => {
  const source = arraySource([1, 2, 3])
  const opened = promised<() => void>()
  const first = gate((run) => ((run.delivery as Handed).value === 1 ? opened.promise : Promise.resolve(() => {})))
  const order: unknown[] = []
  await using consumer = await started(source, {
    concurrency: 2,
    slots: new Slots(2),
    gates: [first],
    handle: (value) => void order.push(value),
  })
  await until('the others have run', () => order.length === 2)
  expect([order, consumer.running, consumer.waiting]).toEqual([[2, 3], 0, 1])
  opened.resolve(() => {})
  await allAnswered(source, 3)
  expect(order).toEqual([2, 3, 1])
})

test('what waits aside takes no room, and what is behind it runs', async () => {
  const source = arraySource(numbers(100))
  const ran: unknown[] = []
  let again: (() => void)[] = []
  let shut = true
  const even: Gate = {
    ask(run, back) {
      if (!shut || ((run.delivery as Handed).value as number) % 2 === 1) return 'now'
      again.push(() => back(run))
      return 'aside'
    },
    enter: () => undefined,
  }
  await using consumer = await started(source, { concurrency: 1, gates: [even], handle: (value) => void ran.push(value) })
  await until('all odd ones have run', () => ran.length === 50)
  await until('all even ones stand aside', () => consumer.waiting === 50)
  shut = false
  for (const back of again) back()
  again = []
  await allAnswered(source, 100)
  expect(ran).toEqual([...numbers(100).filter((n) => n % 2 === 1), ...numbers(100).filter((n) => n % 2 === 0)])
})

test('while something waits at a gate, no more is asked for than there is room', async () => {
  const source = arraySource(numbers(100))
  await using consumer = await started(source, { concurrency: 3, gates: [{ ask: () => 'wait', enter: () => undefined }] })
  await until('three wait', () => consumer.waiting === 3)
  await until('the next tick has passed', () => new Promise<boolean>((resolve) => setImmediate(() => resolve(true))))
  expect(source.handed).toHaveLength(3)
})

test('what is turned away costs no attempt and one note, however often it is', async () => {
  const source = arraySource(['x'], { again: true })
  const memory = mapMemory()
  let [turned, notes] = [0, 0]
  const attempts: number[] = []
  const busy: Gate = { ask: () => (turned++ < 20 ? 0 : 'now'), enter: () => undefined }
  await using _ = await started(source, {
    gates: [busy],
    policy: { attempts: 2 },
    memory: {
      ...memory,
      note(delivery, written) {
        notes++
        return memory.note(delivery, written)
      },
    },
    handle: (_input, run) => {
      attempts.push(run.attempt)
      if (run.attempt === 1) throw new Error('once')
    },
  })
  await until('it has ended', () => source.handed.at(-1)?.answers[0]?.say === 'ack')
  // The first hand-back, a mark before each of two runs, and the failure.
  expect([attempts, notes, source.handed.length]).toEqual([[1, 2], 4, 22])
})

test('a process that dies with what it was turned away leaves no charge, and one that dies with what began does', () => {
  const turned = noted(1, { attempt: 1, suspect: true }, 'free', { history: [], ran: 0 })
  expect(count(5, turned)).toEqual({ attempt: 1, suspect: true })
  expect(count(6, noted(5, count(5, turned), 'begins', { history: [], ran: 0 }))).toEqual({ attempt: 2, suspect: true })
})

/** A gate that writes down who comes and goes. */
function noting(name: string, notes: string[]) {
  return gate(async () => {
    notes.push(`${name} in`)
    return () => void notes.push(`${name} out`)
  })
}

test.each<[string, () => unknown]>([
  ['returned', () => 1],
  ['thrown', () => Promise.reject(new Error('x'))],
])('gates are passed in order and left in reverse when it has %s', async (_, handle) => {
  const source = arraySource(['x'])
  const notes: string[] = []
  await using consumer = await started(source, {
    gates: [noting('a', notes), noting('b', notes)],
    handle: () => {
      notes.push('run')
      return handle()
    },
  })
  await allAnswered(source, 1)
  await consumer.drain(0)
  expect(notes).toEqual(['a in', 'b in', 'run', 'b out', 'a out'])
})

test('a gate that fails is told of, those passed before are left, and it costs no attempt', async () => {
  const source = arraySource(['x'])
  const notes: string[] = []
  const memory = mapMemory()
  const events = new Events()
  const told = heard(events, 'trouble', 'started')
  const broken = gate(() => Promise.reject(new Error('away')))
  await using _ = await started(source, { memory, gates: [noting('a', notes), broken] }, events)
  await allAnswered(source, 1)
  expect([notes, answersOf(source), memory.notes.get(1)?.used]).toEqual([['a in', 'a out'], [[{ say: 'again', ms: 1000 }]], 0])
  expect(told).toEqual([expect.stringContaining('a gate failed')])
})

test('a gate that fails when it is left is told of; the others are left, and the slot is free', async () => {
  const source = arraySource([1, 2])
  const notes: string[] = []
  const events = new Events()
  const told = heard(events, 'trouble')
  const broken = gate(async () => () => {
    throw new Error('jammed')
  })
  await using _ = await started(source, { concurrency: 1, gates: [noting('a', notes), broken] }, events)
  await allAnswered(source, 2)
  expect(notes.filter((each) => each === 'a out')).toHaveLength(2)
  expect(told).toHaveLength(2)
})

test('a drain hands back what has not begun, and waits for what has', async () => {
  const source = arraySource([1, 2])
  const memory = mapMemory()
  const open = promised()
  const ran: unknown[] = []
  const consumer = await started(source, {
    concurrency: 1,
    memory,
    handle: (value) => {
      ran.push(value)
      return open.promise
    },
  })
  await until('one runs', () => consumer.running === 1)
  const late = fresh(source, 2)
  source.opened.deliver(late)
  const drained = consumer.drain(60_000)
  await until('the other is handed back', () => late.answers.length > 0)
  expect([source.handed[0]?.answers, late.answers]).toEqual([[], [{ say: 'again', ms: 0 }]])
  expect(memory.notes.get(2)).toMatchObject({ count: 1, used: 0, open: false })
  open.resolve()
  await drained
  expect([ran, answersOf(source), consumer.running]).toEqual([[1], [[{ say: 'ack' }], [{ say: 'again', ms: 0 }]], 0])
})

test('what still arrives during a drain is handed back', async () => {
  const source = arraySource(['x'])
  const open = promised()
  const consumer = await started(source, { concurrency: 5, handle: () => open.promise })
  await until('it runs', () => consumer.running === 1)
  source.add('late')
  const drained = consumer.drain(60_000)
  await until('the late one is handed back', () => source.handed[1]?.answers.length)
  open.resolve()
  await drained
  expect(answersOf(source)).toEqual([[{ say: 'ack' }], [{ say: 'again', ms: 0 }]])
  expect(source.closed).toBe(true)
})

test('a drain hands back what waits at gates, even at one that does not listen', async () => {
  const source = arraySource([1, 2])
  const memory = mapMemory()
  const opened = promised<() => void>()
  let left = 0
  const deaf = gate(() => opened.promise)
  const consumer = await started(source, { gates: [deaf], memory })
  await until('both wait', () => consumer.waiting === 2)
  await consumer.drain(0)
  expect(answersOf(source)).toEqual([[{ say: 'again', ms: 0 }], [{ say: 'again', ms: 0 }]])
  expect([...memory.notes.values()].map((each) => each.used)).toEqual([0, 0])
  opened.resolve(() => left++)
  await until('the gate is left again', () => left === 2)
  expect(answersOf(source).flat()).toHaveLength(2)
})

test.each<[string, (run: Run) => Promise<unknown>]>([
  [
    'throws when its signal aborts',
    (run) => new Promise((_, reject) => run.signal.addEventListener('abort', () => reject(new Error('x')))),
  ],
  ['does not listen', () => new Promise(() => {})],
])('at the end of a drain a handler that %s is handed back without an attempt', async (_, handle) => {
  const source = arraySource()
  const memory = mapMemory()
  memory.notes.set(1, note(1, 1))
  source.add('x', { count: 2 })
  const consumer = await started(source, { memory, handle: (_, run) => handle(run) })
  await until('it runs', () => consumer.running === 1)
  await consumer.drain(10)
  expect(answersOf(source)).toEqual([[{ say: 'again', ms: 0 }]])
  expect(memory.notes.get(1)).toMatchObject({ count: 2, used: 1, open: false })
})

test('a handler interrupted by a drain knows why', async () => {
  const source = arraySource(['x'])
  const reasons: unknown[] = []
  const consumer = await started(source, {
    handle: (_, run) =>
      new Promise<void>((resolve) => run.signal.addEventListener('abort', () => resolve(void reasons.push(run.signal.reason)))),
  })
  await until('it runs', () => consumer.running === 1)
  await consumer.drain(10)
  expect(reasons).toMatchObject([{ code: 'ABORTED' }])
  expect(answersOf(source)).toEqual([[{ say: 'ack' }]])
})

test('a handler that finishes after a drain gave it back is told of, not listened to', async () => {
  const source = arraySource(['x'])
  const events = new Events()
  const told = heard(events, 'ignored')
  const slow = promised()
  const consumer = await started(source, { handle: () => slow.promise }, events)
  await until('it runs', () => consumer.running === 1)
  await consumer.drain(10)
  slow.resolve()
  await until('it is told of', () => told.length > 0)
  expect(answersOf(source)).toEqual([[{ say: 'again', ms: 0 }]])
})

test.each([
  ['a moment later', true],
  ['never', false],
])('what is drained while it is being counted does not run, and keeps its count, if it is counted %s', async (_, comes) => {
  const source = arraySource()
  source.add('x', { count: 3 })
  const memory = mapMemory()
  memory.notes.set(1, note(2, 2))
  const counted = promised()
  let recalls = 0
  let called = false
  const slow: Memory = {
    ...memory,
    async recall(delivery) {
      if (++recalls === 1) await counted.promise
      return memory.recall(delivery)
    },
  }
  const consumer = await started(source, {
    memory: slow,
    handle: () => {
      called = true
    },
  })
  await until('it is being counted', () => recalls === 1)
  const drained = consumer.drain(comes ? 60_000 : 10)
  if (comes) counted.resolve()
  await drained
  counted.resolve()
  expect([called, answersOf(source), consumer.running]).toEqual([false, [[{ say: 'again', ms: 0 }]], 0])
  expect(memory.notes.get(1)).toMatchObject({ count: 3, used: 2, open: false })
})

test('what cannot be noted when it is handed back is handed back all the same', async () => {
  const source = arraySource(['x', 'y'])
  const events = new Events()
  const told = heard(events, 'trouble')
  const consumer = await started(
    source,
    { gates: [gate((_, signal) => stays(signal))], memory: { ...mapMemory(), note: () => Promise.reject(new Error('away')) } },
    events,
  )
  await until('both wait', () => consumer.waiting === 2)
  await consumer.drain(0)
  expect(answersOf(source)).toEqual([[{ say: 'again', ms: 0 }], [{ say: 'again', ms: 0 }]])
  expect(told).toHaveLength(2)
})

test.each<[string, (run: Run) => Promise<unknown>]>([
  ['throws', (run) => new Promise((_, reject) => run.signal.addEventListener('abort', () => reject(run.signal.reason)))],
  ['returns', (run) => new Promise((resolve) => run.signal.addEventListener('abort', resolve))],
])('a handler whose task is cancelled hears of it; when it %s the delivery is done', async (_, handle) => {
  const source = arraySource(['x'])
  const reasons: unknown[] = []
  await using consumer = await started(source, {
    handle: (_, run) => {
      run.signal.addEventListener('abort', () => reasons.push(run.signal.reason))
      return handle(run)
    },
  })
  await until('it runs', () => consumer.running === 1)
  consumer.cancel('id-2')
  consumer.cancel('id-1')
  await allAnswered(source, 1)
  expect(reasons).toMatchObject([{ code: 'CANCELLED' }])
  expect(answersOf(source)).toEqual([[{ say: 'ack' }]])
})

test('a cancelled handler that does not listen is not tried again when its time is over', async () => {
  const source = arraySource(['x'])
  await using consumer = await started(source, { policy: { timeout: 1 }, handle: () => new Promise(() => {}) })
  await until('it runs', () => consumer.running === 1)
  consumer.cancel('id-1')
  await allAnswered(source, 1)
  expect(answersOf(source)).toEqual([[{ say: 'ack' }]])
})

test('what is cancelled before it begins never begins', async () => {
  const source = arraySource(['x', 'y'])
  const opened = promised<() => void>()
  const ran: unknown[] = []
  await using consumer = await started(source, { gates: [gate(() => opened.promise)], handle: (value) => void ran.push(value) })
  await until('both wait', () => consumer.waiting === 2)
  consumer.cancel('id-1')
  opened.resolve(() => {})
  await allAnswered(source, 2)
  expect([ran, answersOf(source)]).toEqual([['y'], [[{ say: 'ack' }], [{ say: 'ack' }]]])
})

test('handlers that return at once run one after the other, and do not pile up on the stack', async () => {
  const source = arraySource(numbers(50))
  let running = 0
  const most: number[] = []
  await using _ = await started(source, {
    concurrency: 1,
    handle: () => {
      most.push(++running)
      running--
    },
  })
  await allAnswered(source, 50)
  for (const sequence of numbers(20_000)) source.opened.deliver(fresh(source, sequence))
  await allAnswered(source, 20_050)
  expect(Math.max(...most)).toBe(1)
})

test('what snoozes for ever is buried when its runs have taken all their time', async () => {
  const source = arraySource(['x'], { again: true })
  await using consumer = await started(source, { policy: { maxRuntime: 3 }, handle: () => Promise.reject(new Snooze(0)) })
  await until('it is buried', () => consumer.buried.length > 0)
  expect(consumer.buried).toMatchObject([{ reason: 'exhausted', attempts: 0 }])
})

test('free slots go to the higher rank first, and every eighth to the lower', () => {
  const slots = new Slots(1)
  const taken: string[] = []
  const fill = (rank: string) => () => {
    if (slots.take()) taken.push(rank)
  }
  slots.join(fill('high'))
  slots.join(fill('low'), undefined, 1)
  slots.take()
  for (let turn = 0; turn < 80; turn++) slots.give()
  expect(taken.filter((rank) => rank === 'low')).toHaveLength(10)
  expect(taken.slice(0, 8)).toEqual([...Array(7).fill('high'), 'low'])
})

test('of ranks that all have something waiting none is starved, and those of one rank have their slots in turn', () => {
  const slots = new Slots(1)
  const taken: string[] = []
  for (const [name, rank] of [
    ['low', 2],
    ['high a', 0],
    ['normal', 1],
    ['high b', 0],
    ['normal too', 1],
  ] as const) {
    const fill = () => {
      if (slots.take(fill)) taken.push(name)
    }
    slots.join(fill, undefined, rank)
  }
  slots.take()
  for (let turn = 0; turn < 64; turn++) slots.give()
  expect(taken.slice(0, 4)).toEqual(['high a', 'high b', 'high a', 'high b'])
  expect(taken.filter((_, index) => index % 8 === 7)).toEqual(['low', 'normal', 'low', 'normal too', 'low', 'normal', 'low', 'normal too'])
  expect(taken.filter((name) => name.startsWith('high'))).toHaveLength(56)
})

test('those of one rank have free slots in turn, whoever else has much waiting, and hold little beyond what they run', () => {
  const slots = new Slots(3)
  const taken: number[] = []
  const waiting = [100, 100, 0, 0, 0, 0]
  const join = (one: number) => {
    const fill = () => {
      if (!waiting[one] || !slots.take(fill)) return
      waiting[one]--
      taken.push(one)
    }
    slots.join(fill)
  }
  join(0)
  expect(slots.share(1)).toBe(3)
  for (const one of [1, 2, 3, 4, 5]) join(one)
  expect([slots.share(0), slots.share(1)]).toEqual([2, 3])
  for (let n = 0; n < 3; n++) slots.take()
  expect([slots.share(0), slots.share(2)]).toEqual([1, 3])
  for (let n = 0; n < 10; n++) slots.give()
  for (const one of [3, 4, 5]) waiting[one] = 1
  for (let n = 0; n < 5; n++) slots.give()
  expect(taken).toEqual([0, 1, 0, 1, 0, 1, 0, 1, 0, 1, 3, 4, 5, 0, 1])
})

test('a lower rank may use every slot that a higher one leaves free', () => {
  const slots = new Slots(3)
  expect([slots.take(), slots.take(), slots.take(), slots.take()]).toEqual([true, true, true, false])
  slots.give()
  expect(slots.take()).toBe(true)
})

test('consumers that share slots never run more together than there are, and the lower one is not starved', async () => {
  const slots = new Slots(2)
  const [high, low] = [arraySource(numbers(60)), arraySource(numbers(10))]
  let [running, most] = [0, 0]
  const order: string[] = []
  const handle = (rank: string) => async () => {
    most = Math.max(most, ++running)
    order.push(rank)
    await new Promise(setImmediate)
    running--
  }
  await using first = await started(high, { slots, handle: handle('high') })
  await using second = await started(low, { slots, handle: handle('low') })
  await Promise.all([allAnswered(high, 60), allAnswered(low, 10)])
  expect([most, first.running, second.running]).toEqual([2, 0, 0])
  expect(order.indexOf('low')).toBeLessThan(30)
})

type Kind = 'returns' | 'throws' | 'rejects' | 'snoozes' | 'never ends' | 'cannot be read'

test('whatever comes in whatever order, all is answered once, no slot is overrun, and nothing that did not run is charged', async () => {
  const kind = fc.constantFrom<Kind>('returns', 'throws', 'rejects', 'snoozes', 'never ends', 'cannot be read')
  const delivery = fc.record({ kind, count: fc.integer({ min: 1, max: 3 }), gate: fc.boolean() })
  const plan = fc.record({
    deliveries: fc.array(delivery, { maxLength: 12 }),
    slots: fc.integer({ min: 1, max: 4 }),
    steps: fc.nat({ max: 60 }),
  })
  await fc.assert(
    fc.asyncProperty(plan, fc.scheduler(), async ({ deliveries, slots, steps }, scheduler) => {
      const memory = mapMemory()
      const source = arraySource()
      const ran = new Set<number>()
      let [running, most] = [0, 0]
      for (const [index, { kind, count }] of deliveries.entries()) {
        if (count > 1) memory.notes.set(index + 1, note(count - 1, count - 1))
        source.add(kind, { count })
      }
      const own = gate(async (run) => {
        if (deliveries[run.delivery.sequence - 1]?.gate) await scheduler.schedule(Promise.resolve(), 'gate')
        return () => {}
      })
      const consumer = await started(source, {
        concurrency: slots,
        gates: [own],
        policy: { attempts: 5 },
        memory: {
          recall: (each) => scheduler.schedule(memory.recall(each), 'recall'),
          note: (each, written) => scheduler.schedule(Promise.resolve(), 'note').then(() => memory.note(each, written)),
          forget: (each) => scheduler.schedule(memory.forget(each), 'forget'),
        },
        read: (each) => {
          const { value } = each as Handed
          if (value === 'cannot be read') throw new Error('unreadable')
          return value
        },
        handle: async (value, run) => {
          ran.add(run.delivery.sequence)
          most = Math.max(most, ++running)
          if (value === 'never ends') await new Promise(() => {})
          await scheduler.schedule(Promise.resolve(), 'handler')
          running--
          if (value === 'throws') throw new Error('x')
          if (value === 'rejects') throw new Reject('x')
          if (value === 'snoozes') throw new Snooze(5)
        },
        ended: () => scheduler.schedule(Promise.resolve(), 'ended'),
        bury: () => scheduler.schedule(Promise.resolve(), 'bury'),
      })
      for (let step = 0; step < steps && scheduler.count() > 0; step++) await scheduler.waitNext(1)
      let drained = false
      const end = consumer.drain(0).then(() => {
        drained = true
      })
      while (!drained) {
        if (scheduler.count() > 0) await scheduler.waitNext(1)
        else await new Promise(setImmediate)
      }
      await end
      expect(most).toBeLessThanOrEqual(slots)
      expect(consumer.running + consumer.waiting).toBe(0)
      for (const each of source.handed) {
        expect(each.answers).toHaveLength(1)
        const [answer] = each.answers
        const about = deliveries[each.sequence - 1]
        if (answer?.say === 'ack') expect(about?.kind).toBe('returns')
        if (answer?.say === 'drop') expect(['rejects', 'cannot be read']).toContain(about?.kind)
        if (answer?.say === 'again' && !ran.has(each.sequence)) expect(memory.notes.get(each.sequence)?.used).toBe(each.count - 1)
      }
    }),
    { numRuns: 150 },
  )
})
