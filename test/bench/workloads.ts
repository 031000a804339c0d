/** Every workload, as a table: what it says, what it counts, and what each of its processes does. Knows no system by name. */

import type { Client, Handler, Mail, Need, PerformOptions, Shape, TaskClient } from './systems/system.ts'
import { mail, windowed } from './systems/system.ts'

/** What a process of a run may use. */
export interface Tools {
  /** Milliseconds of the machine's monotonic clock, the same in all processes. */
  now(): number
  /** Tells every other process of the run. */
  signal(name: string, value?: number): void
  /** Resolves when another process has signalled `name`, also if that was before. */
  wait(name: string): Promise<number>
  /** Opens the window in which this process and the server are measured. */
  open(): void
  /** Closes it. */
  close(): void
  /** CPU between `open` and `close`, in milliseconds: of this process, and of the server where it can be read. */
  cpu(): { client: number; server: number | undefined }
  /** Memory of the server now, in MB, undefined where it cannot be read. */
  serverMemory(): number | undefined
}

/** What one run found: a value per metric. The metric '' is the workload's own row. */
export type Found = Record<string, number>

/** One process of a run. The first role of a workload reports. */
export type Role = (client: Client, n: number, tools: Tools) => Promise<Found | undefined>

export interface Metric {
  unit: string
  better: 'higher' | 'lower'
}

export interface Workload {
  says: string
  /** How many messages at scale 1. */
  count: number
  /** How many at `--full`, where that differs. */
  full?: number
  /** Below this a run says nothing, whatever the scale. */
  least?: number
  /** The count at scale 1 where every message is synced. Default: a quarter of `count`. */
  synced?: number
  /** Rows of a run; '' is named as the workload, others `<workload>-<metric>`. */
  metrics: Record<string, Metric>
  /** What one message of the count amounts to, for CPU per message. Default: 1. null: no CPU per message. */
  weight?: number | null
  /** Only callboard has it, and is compared with itself. */
  alone?: true
  /** Peers take part. */
  peers?: true
  /** Measured by the layouts (`work-queue`, `log`) instead of the clients. */
  layout?: Shape
  need?: Need
  /** One process per role. */
  roles: Record<string, Role>
}

const rate = { '': { unit: '/s', better: 'higher' } } as const satisfies Record<string, Metric>

/** How many sends are unanswered at a time. */
export const inFlight = 256

/** How many messages one call of a `…Many` verb gets. */
const perCall = 5000

function* mails(from: number, n: number, make: (n: number) => Mail = mail): Generator<Mail> {
  for (let i = from; i < from + n; i++) yield make(i)
}

/** Warming up: a service runs for days, compiled; a process that has just begun is three times as slow. */
const warmth = (n: number) => Math.max(1, Math.min(20_000, Math.ceil(n / 3)))

/** Warm-up mails are numbered from here, apart per process so that none is a duplicate of another; no run counts them. */
const warmFrom = 1_000_000_000
const warmFromSender = 2_000_000_000

/** Counts handled mails, warm-up ones apart, and says when all are there. */
function counter(n: number, tools: Tools): { handler: Handler; done: Promise<number>; first: () => number } {
  let seen = 0
  let first = 0
  let finish: (at: number) => void
  const done = new Promise<number>((resolve) => {
    finish = resolve
  })
  const handler: Handler = async (m) => {
    if (m.n >= warmFrom) return
    if (seen === 0) first = tools.now()
    seen++
    if (seen === n) finish(tools.now())
  }
  return { handler, done, first: () => first }
}

/** Sends only: how fast the answers of the server come. */
function sending(send: (client: Client, from: number, n: number) => Promise<unknown>): Record<string, Role> {
  return {
    sender: async (client, n, tools) => {
      await send(client, warmFrom, warmth(n))
      tools.open()
      const start = tools.now()
      await send(client, 0, n)
      const seconds = (tools.now() - start) / 1000
      tools.close()
      return { '': n / seconds }
    },
  }
}

async function oneByOne(from: number, n: number, send: (m: Mail) => Promise<unknown>): Promise<void> {
  for (const m of mails(from, n)) await send(m)
}

async function many(from: number, n: number, send: (batch: Mail[]) => Promise<unknown>, make?: (n: number) => Mail): Promise<void> {
  for (let i = from; i < from + n; i += perCall) await send([...mails(i, Math.min(perCall, from + n - i), make)])
}

/** A worker that has warmed up on messages of its own, and been stopped again. */
async function warmWorker(client: TaskClient, n: number, options?: PerformOptions): Promise<void> {
  await client.enqueueMany([...mails(warmFrom, warmth(n))])
  let seen = 0
  let finish: () => void
  const done = new Promise<void>((resolve) => {
    finish = resolve
  })
  const running = await client.perform(async () => {
    if (++seen === warmth(n)) finish()
  }, options)
  await done
  await client.settled()
  await running.stop()
}

/** The backlog is made by another process, so that the worker's memory is the worker's. */
const filler: Role = async (client, n, tools) => {
  await tools.wait('ready')
  await many(0, n, (batch) => client.enqueueMany(batch))
  tools.signal('filled')
  return undefined
}

/** Works a backlog off, from the start of the worker until the server has recorded the last acknowledgement. */
const draining =
  (options?: PerformOptions): Role =>
  async (client, n, tools) => {
    await warmWorker(client, n, options)
    tools.signal('ready')
    await tools.wait('filled')
    const { handler, done } = counter(n, tools)
    tools.open()
    const start = tools.now()
    const running = await client.perform(handler, options)
    await done
    await client.settled()
    const seconds = (tools.now() - start) / 1000
    tools.close()
    await running.stop()
    return { '': n / seconds }
  }

const drain = draining()

/** The same through a gate that is never shut. */
const gated = (says: string, gate?: NonNullable<PerformOptions['gate']>): Workload => ({
  says: `a backlog worked off ${says}, until every acknowledgement is recorded`,
  count: 50_000,
  alone: true,
  metrics: rate,
  roles: { worker: draining(gate === undefined ? undefined : { gate }), producer: filler },
})

/** What a call of a handler waits for, as for the answer of a database: ms. */
const callWaits = 2

const pause = () => new Promise((resolve) => setTimeout(resolve, callWaits))

/** The same where each call of a handler waits. */
const drainSlowly: Role = (client, n, tools) =>
  drain({ ...client, perform: (handler) => client.perform((mail) => pause().then(() => handler(mail))) }, n, tools)

/** The same where a call of a handler is for a hundred mails, if the system knows batches. */
const drainMany: Role = (client, n, tools) => {
  const { performMany } = client
  if (performMany === undefined) return drainSlowly(client, n, tools)
  const many = (handler: Handler) =>
    performMany(async (mails) => {
      await pause()
      for (const mail of mails) await handler(mail)
    }, 100)
  return drain({ ...client, perform: many }, n, tools)
}

/** Receives while another process sends: from the first send until the server has recorded the last acknowledgement. */
const receiving: Role = async (client, n, tools) => {
  const { handler, done } = counter(n, tools)
  const running = await client.perform(handler)
  await client.enqueueMany([...mails(warmFrom, warmth(n))])
  await tools.wait('warm')
  await client.settled()
  tools.signal('ready')
  const start = await tools.wait('start')
  tools.open()
  await done
  await client.settled()
  const seconds = (tools.now() - start) / 1000
  tools.close()
  await running.stop()
  return { '': n / seconds }
}

function feeding(window: number, make?: (n: number) => Mail): Role {
  return producing((client, from, n) => windowed(mails(from, n, make), window, (m) => client.enqueue(m)))
}

/** The other half of `receiving`. */
function producing(send: (client: Client, from: number, n: number) => Promise<unknown>): Role {
  return async (client, n, tools) => {
    await send(client, warmFromSender, warmth(n))
    tools.signal('warm')
    await tools.wait('ready')
    tools.open()
    tools.signal('start', tools.now())
    await send(client, 0, n)
    tools.close()
    return undefined
  }
}

const feedingMany = producing((client, from, n) => many(from, n, (batch) => client.enqueueMany(batch)))

function fanout(services: number): Record<string, Role> {
  return {
    subscriber: async (client, n, tools) => {
      const { handler, done } = counter(n * services, tools)
      const running = []
      for (let i = 0; i < services; i++) running.push(await client.subscribe(`service-${i}`, handler))
      tools.signal('subscribed')
      await tools.wait('warm')
      await client.settled()
      tools.signal('ready')
      const start = await tools.wait('start')
      tools.open()
      await done
      await client.settled()
      const seconds = (tools.now() - start) / 1000
      tools.close()
      for (const one of running) await one.stop()
      return { '': (n * services) / seconds }
    },
    publisher: async (client, n, tools) => {
      await tools.wait('subscribed')
      await windowed(mails(warmFromSender, warmth(n)), inFlight, (m) => client.publish(m))
      tools.signal('warm')
      await tools.wait('ready')
      tools.open()
      tools.signal('start', tools.now())
      await windowed(mails(0, n), inFlight, (m) => client.publish(m))
      tools.close()
      return undefined
    },
  }
}

function payload(size: number, window: number): Pick<Workload, 'metrics' | 'roles'> {
  const make = (n: number) => mail(n, 0, size > 200 ? Buffer.alloc(size - 200, n & 255) : undefined)
  return { metrics: rate, roles: { worker: receiving, producer: feeding(window, make) } }
}

/** Dispatch alone, from the first handler to the last of the first `part` of the backlog. */
function dispatch(part: (n: number) => number): Record<string, Role> {
  return {
    worker: async (client, n, tools) => {
      await warmWorker(client, part(n))
      tools.signal('ready')
      await tools.wait('filled')
      const { handler, done, first } = counter(part(n), tools)
      tools.open()
      const running = await client.perform(handler)
      const end = await done
      tools.close()
      await running.stop()
      return { '': (part(n) - 1) / ((end - first()) / 1000) }
    },
    producer: filler,
  }
}

const times = { p50: { unit: 'ms', better: 'lower' }, p99: { unit: 'ms', better: 'lower' } } as const satisfies Record<string, Metric>

const percentile = (sorted: number[], share: number) => sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] ?? Number.NaN

const task = (client: Client) => (m: Mail) => client.enqueue(m)
const event = (client: Client) => (m: Mail) => client.publish(m)

const enqueueWindowed = sending((client, from, n) => windowed(mails(from, n), inFlight, task(client)))
const enqueueMany = sending((client, from, n) => many(from, n, (batch) => client.enqueueMany(batch)))

/** A backlog of one key, and tasks of others that come one at a time meanwhile: how long the slowest of nine waits for its turn. */
const crowded: Record<string, Role> = {
  worker: async (client, n, tools) => {
    await warmWorker(client, n)
    tools.signal('ready')
    await tools.wait('filled')
    const began = new Map<number, () => void>()
    const beginning = (n: number) => new Promise<void>((resolve) => began.set(n, resolve))
    const first = beginning(0)
    const running = await client.perform(async (m) => {
      began.get(m.n)?.()
      await pause()
    })
    await first
    const took: number[] = []
    for (let key = 1; key < 10; key++) {
      const [start, its] = [tools.now(), beginning(key)]
      await client.enqueue(mail(key))
      await its
      took.push(tools.now() - start)
    }
    await running.stop()
    return { '': Math.max(...took) }
  },
  producer: async (client, n, tools) => {
    await tools.wait('ready')
    await many(
      0,
      n,
      (batch) => client.enqueueMany(batch),
      (of) => mail(of * 1000),
    )
    tools.signal('filled')
    return undefined
  },
}

/** The table. The order is the order of the runs and of the report. */
export const workloads: Readonly<Record<string, Workload>> = {
  'publish-one': {
    says: 'publish, each awaited before the next',
    count: 5000,
    metrics: rate,
    roles: sending((client, from, n) => oneByOne(from, n, event(client))),
  },
  'publish-windowed': {
    says: `publish, ${inFlight} in flight`,
    count: 60_000,
    metrics: rate,
    roles: sending((client, from, n) => windowed(mails(from, n), inFlight, event(client))),
  },
  publishMany: {
    says: `publishMany, ${perCall} events a call`,
    count: 100_000,
    metrics: rate,
    roles: sending((client, from, n) => many(from, n, (batch) => client.publishMany(batch))),
  },
  'enqueue-one': {
    says: 'enqueue, each awaited before the next',
    count: 5000,
    peers: true,
    metrics: rate,
    roles: sending((client, from, n) => oneByOne(from, n, task(client))),
  },
  'enqueue-windowed': { says: `enqueue, ${inFlight} in flight`, count: 60_000, peers: true, metrics: rate, roles: enqueueWindowed },
  enqueueMany: { says: `enqueueMany, ${perCall} tasks a call`, count: 100_000, peers: true, metrics: rate, roles: enqueueMany },
  drain: {
    says: 'a backlog worked off, until every acknowledgement is recorded',
    count: 100_000,
    peers: true,
    metrics: rate,
    roles: { worker: drain, producer: filler },
  },
  single: {
    says: `a backlog worked off by calls that wait ${callWaits} ms each, one task a call`,
    count: 20_000,
    metrics: rate,
    roles: { worker: drainSlowly, producer: filler },
  },
  batch: {
    says: 'the same with 100 tasks a call, where a system knows batches',
    count: 20_000,
    metrics: rate,
    roles: { worker: drainMany, producer: filler },
  },
  'end-to-end': {
    says: `enqueued by one process, ${inFlight} in flight, performed by another at the same time`,
    count: 60_000,
    peers: true,
    metrics: rate,
    roles: { worker: receiving, producer: feeding(inFlight) },
  },
  'end-to-end-many': {
    says: `enqueued by one process, ${perCall} a call, performed by another at the same time`,
    count: 100_000,
    synced: 100_000,
    peers: true,
    metrics: rate,
    roles: { worker: receiving, producer: feedingMany },
  },
  'end-to-end-one-process': {
    says: `enqueued, ${inFlight} in flight, and performed by the same process`,
    count: 60_000,
    metrics: rate,
    roles: {
      both: async (client, n, tools) => {
        const { handler, done } = counter(n, tools)
        const running = await client.perform(handler)
        await client.enqueueMany([...mails(warmFrom, warmth(n))])
        await client.settled()
        tools.open()
        const start = tools.now()
        await windowed(mails(0, n), inFlight, task(client))
        await done
        await client.settled()
        const seconds = (tools.now() - start) / 1000
        tools.close()
        await running.stop()
        return { '': n / seconds }
      },
    },
  },
  latency: {
    says: '100 tasks a second: from before enqueue to the start of the handler, in another process',
    count: 500,
    synced: 500,
    least: 20,
    peers: true,
    metrics: times,
    roles: {
      worker: async (client, n, tools) => {
        const took: number[] = []
        let finish: () => void
        const done = new Promise<void>((resolve) => {
          finish = resolve
        })
        const running = await client.perform(async (m) => {
          if (m.at === 0) return
          took.push(tools.now() - m.at)
          if (took.length === n) finish()
        })
        await client.enqueueMany([...mails(warmFrom, warmth(30 * n))])
        await tools.wait('warm')
        await client.settled()
        tools.open()
        tools.signal('ready')
        await done
        tools.close()
        await client.settled()
        await running.stop()
        took.sort((a, b) => a - b)
        return { p50: percentile(took, 0.5), p99: percentile(took, 0.99) }
      },
      producer: async (client, n, tools) => {
        await oneByOne(warmFromSender, warmth(10 * n), (m) => client.enqueue(m))
        tools.signal('warm')
        await tools.wait('ready')
        const start = tools.now()
        for (let i = 0; i < n; i++) {
          const wait = start + i * 10 - tools.now()
          if (wait > 0) await new Promise((resolve) => setTimeout(resolve, wait))
          await client.enqueue(mail(i, tools.now()))
        }
        return undefined
      },
    },
  },
  'fanout-1': {
    says: 'deliveries to 1 service while another process publishes',
    count: 60_000,
    weight: 1,
    metrics: rate,
    roles: fanout(1),
  },
  'fanout-10': {
    says: 'deliveries to 10 services while another process publishes',
    count: 15_000,
    weight: 10,
    metrics: rate,
    roles: fanout(10),
  },
  'fanout-100': {
    says: 'deliveries to 100 services while another process publishes',
    // As many deliveries as take seconds: a subscriber of a hundred services is compiled late.
    count: 6000,
    synced: 1500,
    weight: 100,
    metrics: rate,
    roles: fanout(100),
  },
  result: {
    says: 'enqueued and its result awaited, 100 in flight, two processes',
    count: 20_000,
    metrics: rate,
    roles: {
      sender: async (client, n, tools) => {
        await tools.wait('ready')
        await windowed(mails(warmFrom, warmth(n)), 100, (m) => client.ask(m))
        tools.open()
        const start = tools.now()
        await windowed(mails(0, n), 100, (m) => client.ask(m))
        const seconds = (tools.now() - start) / 1000
        tools.close()
        tools.signal('over')
        return { '': n / seconds }
      },
      worker: async (client, _, tools) => {
        const running = await client.perform(async (m) => ({ n: m.n, messageId: m.to }), { answers: true })
        tools.signal('ready')
        tools.open()
        await tools.wait('over')
        tools.close()
        await running.stop()
        return undefined
      },
    },
  },
  'retry-storm': {
    says: 'a backlog of which 30 % fails once and is retried after 100 ms',
    count: 30_000,
    metrics: rate,
    roles: {
      worker: async (client, n, tools) => {
        await warmWorker(client, n)
        tools.signal('ready')
        await tools.wait('filled')
        const { handler, done } = counter(n, tools)
        const failed = new Set<number>()
        tools.open()
        const start = tools.now()
        const running = await client.perform(
          async (m) => {
            if (m.n % 10 < 3 && !failed.has(m.n)) {
              failed.add(m.n)
              throw new Error('not yet')
            }
            return handler(m)
          },
          { retryAfter: 100 },
        )
        await done
        await client.settled()
        const seconds = (tools.now() - start) / 1000
        tools.close()
        await running.stop()
        return { '': n / seconds }
      },
      producer: filler,
    },
  },
  herd: {
    says: 'tasks due at the same moment: from then until the last has started',
    count: 10_000,
    synced: 10_000,
    peers: true,
    metrics: { '': { unit: 's', better: 'lower' } },
    need: { schedules: true },
    roles: {
      worker: async (client, n, tools) => {
        const { handler, done } = counter(n, tools)
        const running = await client.perform(handler)
        await client.enqueueMany([...mails(warmFrom, warmth(n))])
        await client.settled()
        tools.signal('ready')
        const due = await tools.wait('due')
        tools.open()
        const end = await done
        tools.close()
        await client.settled()
        await running.stop()
        // The wall clock that "due" refers to is read to a millisecond.
        if (end < due - 2) throw new Error(`all had started ${Math.round(due - end)} ms before they were due`)
        return { '': Math.max(1, end - due) / 1000 }
      },
      producer: async (client, n, tools) => {
        await tools.wait('ready')
        // Far enough ahead for this system, on this machine, today, to have stored them all.
        const few = [...mails(warmFromSender, warmth(n))]
        const before = tools.now()
        await client.laterMany(few, new Date(Date.now() + 500))
        const each = (tools.now() - before) / few.length
        const at = new Date(Math.ceil((Date.now() + 2000 + 3 * n * each) / 1000) * 1000)
        const due = tools.now() + (at.getTime() - Date.now())
        await many(0, n, (batch) => client.laterMany(batch, at))
        if (tools.now() > due) throw new Error('not all were stored before they were due')
        tools.signal('due', due)
        return undefined
      },
    },
  },
  'schedules-pending': {
    says: 'tasks stored for tomorrow, and the memory of the server that holds them',
    count: 100_000,
    metrics: { ...rate, memory: { unit: 'MB', better: 'lower' } },
    need: { schedules: true },
    roles: {
      sender: async (client, n, tools) => {
        const at = new Date(Date.now() + 24 * 3_600_000)
        await client.laterMany([...mails(warmFrom, warmth(n))], at)
        tools.open()
        const start = tools.now()
        await many(0, n, (batch) => client.laterMany(batch, at))
        const seconds = (tools.now() - start) / 1000
        tools.close()
        const memory = tools.serverMemory()
        return memory === undefined ? { '': n / seconds } : { '': n / seconds, memory }
      },
    },
  },
  subscriptions: {
    says: 'services that listen to one topic from one process: deliveries of ten events to each, and what the server needs for them',
    count: 1000,
    synced: 1000,
    weight: null,
    metrics: { ...rate, memory: { unit: 'MB', better: 'lower' } },
    roles: {
      subscriber: async (client, n, tools) => {
        const { handler, done } = counter(n * 10, tools)
        await client.publishMany([...mails(warmFrom, 10)])
        const running: { stop(): Promise<void> }[] = []
        await windowed(Array(n).keys(), 20, async (i) => void running.push(await client.subscribe(`service-${i}`, handler)))
        tools.open()
        const start = tools.now()
        await client.publishMany([...mails(0, 10)])
        await done
        const seconds = (tools.now() - start) / 1000
        tools.close()
        const memory = tools.serverMemory()
        await windowed(running, 20, (one) => one.stop())
        return memory === undefined ? { '': (n * 10) / seconds } : { '': (n * 10) / seconds, memory }
      },
    },
  },
  'deep-backlog': {
    says: 'dispatch of the first 20,000 tasks with a deep backlog behind them',
    count: 200_000,
    full: 1_000_000,
    metrics: rate,
    weight: null,
    roles: dispatch((n) => Math.ceil(Math.min(200_000, n) / 10)),
  },
  'shallow-backlog': {
    says: 'dispatch of 20,000 tasks with 1,000 waiting behind them',
    count: 21_000,
    metrics: rate,
    weight: null,
    roles: dispatch((n) => Math.ceil((n * 20) / 21)),
  },
  'idle-cost': {
    says: 'CPU of a worker with nothing to do, and of its server',
    count: 10_000,
    synced: 10_000,
    least: 300,
    metrics: { '': { unit: 'ms/s', better: 'lower' }, server: { unit: 'ms/s', better: 'lower' } },
    weight: null,
    roles: {
      worker: async (client, n, tools) => {
        await warmWorker(client, 1000)
        const running = await client.perform(async () => {})
        // The collector tidies up once after the warm-up; that is not the cost of being idle.
        await new Promise((resolve) => setTimeout(resolve, Math.min(3000, n)))
        tools.open()
        await new Promise((resolve) => setTimeout(resolve, n))
        tools.close()
        const { client: own, server } = tools.cpu()
        await running.stop()
        const seconds = n / 1000
        return server === undefined ? { '': own / seconds } : { '': own / seconds, server: server / seconds }
      },
    },
  },
  fairness: {
    says: `a task behind a backlog of one other key, calls wait ${callWaits} ms: until it begins, the slowest of 9`,
    count: 20_000,
    weight: null,
    metrics: { '': { unit: 'ms', better: 'lower' } },
    roles: crowded,
  },
  'payload-200B': { says: 'end to end with bodies of 200 bytes', count: 40_000, ...payload(200, inFlight) },
  'payload-10KiB': { says: 'end to end with bodies of 10 KiB', count: 10_000, ...payload(10_240, inFlight) },
  'payload-500KiB': { says: 'end to end with bodies of 500 KiB, 16 in flight', count: 400, synced: 400, ...payload(512_000, 16) },
  'gates-none': gated('without a gate'),
  'gates-concurrency': gated('through concurrency(1000)', 'concurrency'),
  'gates-rate': gated('through rate(1000000, "1s")', 'rate'),
  'gates-key': gated('through perKey of 100 keys, { concurrency: 100 }', 'key'),
  'layout-enqueue': { says: `${inFlight} single enqueues in flight`, count: 60_000, layout: {}, metrics: rate, roles: enqueueWindowed },
  'layout-enqueue-bare': {
    says: `${inFlight} single enqueues in flight without any header`,
    count: 60_000,
    layout: { ids: false },
    metrics: rate,
    roles: enqueueWindowed,
  },
  'layout-enqueue-subjects': {
    says: `${inFlight} single enqueues in flight, each on a subject of its own`,
    count: 60_000,
    layout: { ownSubjects: true },
    metrics: rate,
    roles: enqueueWindowed,
  },
  'layout-batch-100': {
    says: 'atomic batches of 100',
    count: 100_000,
    synced: 50_000,
    layout: { batch: 100 },
    metrics: rate,
    roles: enqueueMany,
  },
  'layout-batch-1000': { says: 'atomic batches of 1000', count: 100_000, synced: 100_000, layout: {}, metrics: rate, roles: enqueueMany },
  'layout-drain': {
    says: 'a backlog worked off, until every acknowledgement is recorded',
    count: 100_000,
    layout: {},
    metrics: rate,
    roles: { worker: drain, producer: filler },
  },
  'layout-drain-subjects': {
    says: 'the same with a subject per task',
    count: 100_000,
    layout: { ownSubjects: true },
    metrics: rate,
    roles: { worker: drain, producer: filler },
  },
  'layout-end-to-end': {
    says: 'enqueued in batches of 1000 by one process, performed by another at the same time',
    count: 100_000,
    layout: {},
    metrics: rate,
    roles: { worker: receiving, producer: feedingMany },
  },
}
