import { readFileSync } from 'node:fs'
import { writeFile } from 'node:fs/promises'
import { callboard, queue, task, topic } from 'callboard'
import { permissions, together } from 'callboard/permissions'
import { connect, credsAuthenticator } from 'nats'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { covers } from '../../src/extras/permissions/all.ts'
import { gathered, latch, thrownBy } from '../support/board.ts'
import { operatorBroker } from '../support/operator.ts'
import { until } from '../support/until.ts'
import { type UsersBroker, usersBroker } from '../support/users-broker.ts'

const released = topic<{ isbn: string }>('books.released')
const kept = topic<{ isbn: string }>('books.kept', { retention: { age: '1d' } })
const send = task<{ to: string }, { id: string }>('mail.send', { queue: 'mail', track: true, retry: { attempts: 1 } })
const few = task<{ n: number }>('few.do', { queue: queue('few', { limit: { tasks: 10 } }) })
const logged = task<{ n: number }>('logged.do', { queue: queue('logged', { layout: 'log' }) })
const keyed = task<{ key: string }>('keyed.do', { queue: 'keyed', ordered: (input) => input.key, strands: 2 })
const wide = task<{ n: number }>('wide.do', { queue: queue('wide', { partitions: 2 }) })
const picture = task<{ data: Uint8Array }, { data: Uint8Array }>('picture.do', { queue: 'pictures', large: 1000, track: true })
const shown = topic<{ data: Uint8Array }>('pictures.shown', { large: 1000 })
const moved = topic<{ book: string; n: number }>('books.moved')
const other = task<{ n: number }>('other.do', { queue: 'other' })
const otherTopic = topic<{ n: number }>('other.topic')

const mine = [released, kept, send, few, logged, keyed, wide, picture, shown, moved]
const inboxes = { service: 'gallery', ordered: true }
const roles = {
  producer: permissions(mine, 'producer'),
  mailer: permissions([send, few, logged, keyed, wide], 'worker', { service: 'mailer' }),
  gallery: together(
    permissions([picture], 'worker', { service: 'gallery' }),
    permissions([shown], 'worker', { service: 'gallery' }),
    permissions([moved], 'worker', inboxes),
  ),
  planner: together(permissions([released, kept], 'worker', { service: 'planner' }), permissions([send], 'producer')),
  reader: together(permissions([...mine, other, otherTopic], 'reader'), permissions([moved], 'reader', inboxes)),
  operator: together(permissions([...mine, other, otherTopic], 'operator'), permissions([moved], 'operator', inboxes)),
}

describe.each([
  ['users in the configuration of the server', usersBroker<keyof typeof roles>],
  ['credentials files with a JWT', operatorBroker<keyof typeof roles>],
])('with %s', (_, started) => {
  let broker: UsersBroker<keyof typeof roles>

  beforeAll(async () => {
    broker = await started(roles)
    await using operator = await broker.as('operator')
    await operator.declare(...mine, other, otherTopic)
  })
  afterAll(() => broker[Symbol.asyncDispose]())

  test('a producer publishes, enqueues, asks, cancels and waits for results; workers do the work; nobody is refused anything', async () => {
    await using producer = await broker.as('producer')
    await using working = await broker.as('mailer')
    await using planning = await broker.as('planner')
    const troubles: unknown[] = []
    for (const board of [producer, working, planning]) board.on('trouble', (trouble) => troubles.push(trouble))
    const done: string[] = []
    const note = (what: string) => async () => void done.push(what)
    const planner = await planning
      .service('planner')
      .subscribe(released, async (_, ctx) => void (await ctx.enqueue(send, { to: 'planned' })))
      .subscribe(kept, note('kept'))
      .start()
    const mailer = await working
      .service('mailer')
      .perform(send, async ({ to }, ctx) => {
        if (to === 'nobody') throw new Error('no such mailbox')
        await ctx.progress({ half: true })
        await ctx.once('sent', () => done.push(`sent ${to}`))
        return { id: to }
      })
      .perform(few, note('few'))
      .perform(logged, note('logged'))
      .perform(keyed, note('keyed'))
      .perform(wide, note('wide'))
      .start()
    await producer.publish(released, { isbn: '1' })
    await producer.publishMany(kept, [{ isbn: '2' }])
    const handle = await producer.enqueue(send, { to: 'ann' }, { unique: 'ann' })
    expect(await handle.result({ timeout: '25s' })).toEqual({ id: 'ann' })
    expect((await handle.status()).state).toBe('succeeded')
    const later = await producer.enqueue(send, { to: 'later' }, { delay: '1h' })
    expect((await later.status()).state).toBe('scheduled')
    expect(await later.cancel()).toBe(true)
    await producer.enqueue(few, { n: 1 })
    await producer.enqueue(few, { n: 1 }, { delay: '1s' })
    await producer.enqueue(logged, { n: 1 })
    await producer.enqueueMany(keyed, [{ key: 'a' }, { key: 'b' }])
    for (const id of ['w0', 'w1', 'w2', 'w3']) await producer.enqueue(wide, { n: 1 }, { id })
    const delayed = await producer.enqueue(wide, { n: 1 }, { delay: '1h' })
    expect(await delayed.cancel()).toBe(true)
    const lost = await producer.enqueue(send, { to: 'nobody' })
    await until('a task is given up', async () => (await lost.status()).state === 'dead')
    await until('everything is done', () => done.length >= 12)
    expect([...done].sort()).toEqual([
      'few',
      'few',
      'kept',
      'keyed',
      'keyed',
      'logged',
      'sent ann',
      'sent planned',
      ...Array(4).fill('wide'),
    ])
    await Promise.all([planner.stop(), mailer.stop()])
    expect(troubles).toEqual([])
  })

  test('an operator asks a worker to leave, and nobody else may', async () => {
    await using operator = await broker.as('operator')
    await using producer = await broker.as('producer')
    await using reader = await broker.as('reader')
    await using working = await broker.as('planner')
    const troubles: unknown[] = []
    working.on('trouble', (trouble) => troubles.push(trouble))
    const planner = await working
      .service('planner')
      .subscribe(released, () => undefined)
      .start()
    const nameOf = async () =>
      (await operator.inspect.workers()).find(({ serves }) => serves.some(({ service }) => service === 'planner'))?.name
    await until('the worker is known', async () => (await nameOf()) !== undefined)
    const name = (await nameOf()) ?? ''
    for (const other of [producer, reader]) expect(await thrownBy(() => other.stopWorker(name))).toMatchObject({ code: 'PERMISSION' })
    expect(planner.stage).toBe('running')
    expect(await operator.stopWorker(name, { drain: '1s' })).toEqual({ services: ['planner'], running: 0 })
    await until('it has stopped', () => planner.stage === 'stopped')
    expect(await thrownBy(() => operator.stopWorker(name))).toMatchObject({ code: 'NOT_FOUND' })
    expect(troubles).toEqual([])
  })

  test('a reader opens a board that is there, and asks for nothing it may not', async () => {
    const { inboxPrefix } = roles.reader
    const options = { servers: broker.url, ...(await broker.login('reader')), inboxPrefix, existing: true, log: false } as const
    await using reader = await callboard(options)
    expect((await reader.inspect.queues()).length).toBeGreaterThan(0)
  })

  test('large bodies and subscriptions that are ordered by a key need nobody with more rights; nobody is refused anything', async () => {
    await using producer = await broker.as('producer')
    await using gallery = await broker.as('gallery')
    const troubles: unknown[] = []
    for (const board of [producer, gallery]) board.on('trouble', (trouble) => troubles.push(trouble))
    const done: string[] = []
    const data = new Uint8Array(5000).fill(7)
    await using _ = await gallery
      .service('gallery')
      .perform(picture, ({ data }) => ({ data: data.slice(0, 3000) }))
      .subscribe(shown, ({ data }) => void done.push(`shown ${data.length}`))
      .subscribe(moved, ({ book, n }) => void done.push(`${book}${n}`), { ordered: ({ book }) => book })
      .start()
    const handle = await producer.enqueue(picture, { data })
    expect((await handle.result({ timeout: '10s' })).data).toHaveLength(3000)
    const later = await producer.enqueue(picture, { data }, { delay: '1h' })
    expect(await later.cancel()).toBe(true)
    await producer.publish(shown, { data })
    await producer.publishMany(
      moved,
      [1, 2, 3].flatMap((n) => [
        { book: 'a', n },
        { book: 'b', n },
      ]),
    )
    await until('everything is done', () => done.length >= 7, 15_000)
    expect(done.filter((each) => each.startsWith('a'))).toEqual(['a1', 'a2', 'a3'])
    expect(done.filter((each) => each.startsWith('b'))).toEqual(['b1', 'b2', 'b3'])
    expect(done).toContain('shown 5000')
    expect(troubles).toEqual([])
  }, 40_000)

  test('an operator keeps schedules, pauses queues, enqueues and performs', async () => {
    await using operator = await broker.as('operator')
    const troubles: unknown[] = []
    operator.on('trouble', (trouble) => troubles.push(trouble))
    await operator.schedules.set('digest', { every: '1h' }, other, { n: 1 })
    await operator.schedules.set('news', { every: '1h' }, otherTopic, { n: 1 })
    await operator.schedules.remove('digest')
    await operator.queues.pause('other')
    await operator.queues.resume('other')
    const failed = latch()
    let good = false
    await using service = await operator
      .service('other')
      .perform(other, async () => {
        if (!good) {
          good = true
          failed.open()
          throw new Error('not yet')
        }
      })
      .start()
    await operator.enqueue(other, { n: 1 })
    await until('it has failed', failed.promise)
    await service.stop()
    expect(troubles).toEqual([])
  })

  test('a reader sees queues and dead letters, and can change nothing', async () => {
    await using reader = await broker.as('reader')
    const queues = await reader.inspect.queues()
    expect(queues.map(({ name }) => name)).toEqual(expect.arrayContaining(['mail', 'few', 'logged', 'keyed']))
    await gathered(reader.dead.list())
    expect(await thrownBy(reader.publish(released, { isbn: '1' }))).toMatchObject({ code: 'PERMISSION' })
    expect(await thrownBy(reader.queues.pause('mail'))).toMatchObject({ code: 'PERMISSION' })
    expect(await thrownBy(reader.schedules.set('mine', { every: '1h' }, send, { to: 'x' }))).toMatchObject({ code: 'PERMISSION' })
  })

  test('what a role may not do is refused with the subject and the role that has it', async () => {
    await using producer = await broker.as('producer')
    await using mailer = await broker.as('mailer')
    const event = await thrownBy(producer.publish(otherTopic, { n: 1 }))
    expect(event).toMatchObject({ code: 'PERMISSION' })
    expect(event.message).toContain('callboard.topic.other.topic')
    expect(event.fix).toContain('producer')
    expect(await thrownBy(producer.enqueue(other, { n: 1 }))).toMatchObject({ code: 'PERMISSION' })
    const perform = await thrownBy(
      producer
        .service('thief')
        .perform(send, async () => ({ id: '' }))
        .start(),
    )
    expect(perform).toMatchObject({ code: 'PERMISSION' })
    expect(perform.message).toContain('callboard.table.pause.mail')
    expect(perform.fix).toContain('worker')
    expect(await thrownBy(producer.queues.pause('mail'))).toMatchObject({ code: 'PERMISSION' })
    expect(await thrownBy(mailer.enqueue(send, { to: 'x' }))).toMatchObject({ code: 'PERMISSION' })
    expect(await thrownBy(mailer.publish(released, { isbn: '1' }))).toMatchObject({ code: 'PERMISSION' })
    expect(
      await thrownBy(
        mailer
          .service('mailer')
          .subscribe(released, async () => undefined)
          .start(),
      ),
    ).toMatchObject({ code: 'PERMISSION' })
    const missing = task<{ n: number }>('missing.do', { queue: 'missing' })
    expect(await thrownBy(producer.enqueue(missing, { n: 1 }))).toMatchObject({ code: 'PERMISSION' })
  })

  test('a producer with a client of its own reads no inbox of others, removes no stream, and settles no work of others', async () => {
    const { user, password, credentials } = await broker.login('producer')
    const who = credentials ? { authenticator: credsAuthenticator(readFileSync(credentials)) } : { user: `${user}`, pass: `${password}` }
    const nc = await connect({ servers: broker.url, ...who, inboxPrefix: roles.producer.inboxPrefix })
    try {
      const refused: string[] = []
      void (async () => {
        for await (const status of nc.status()) if (status.type === 'error') refused.push(status.error.message)
      })()
      for (const subject of ['_INBOX.>', '>', 'callboard.>', `${roles.mailer.inboxPrefix}.>`])
        nc.subscribe(subject, { callback: () => undefined })
      const asked = [
        '$JS.API.STREAM.DELETE.CALLBOARD_QUEUE_mail',
        '$JS.API.STREAM.PURGE.CALLBOARD_QUEUE_mail',
        '$JS.ACK.CALLBOARD_QUEUE_mail.mail~send@normal.1.1.1.1.0',
        '$JS.API.CONSUMER.MSG.NEXT.CALLBOARD_QUEUE_mail.mail~send@normal',
        'callboard.dead.task.mail.mail~send.x',
        'callboard.table.pause.mail',
      ]
      for (const subject of asked) nc.publish(subject)
      await nc.flush()
      await until('all of it is refused', () => refused.length >= 10)
      expect(refused.filter((text) => !/permissions violation/i.test(text))).toEqual([])
    } finally {
      await nc.close()
    }
  })
})

test('the rights of a role on all of a namespace are few, fit into the first line of a JWT, and let it do what those on each contract do', async () => {
  const users = {
    producer: permissions('all', 'producer'),
    worker: permissions('all', 'worker', { service: 'gallery' }),
    operator: permissions('all', 'operator'),
  }
  for (const each of Object.values(users)) expect(JSON.stringify(each.claims()).length).toBeLessThan(1500)
  for (const role of ['producer', 'worker'] as const)
    for (const subject of permissions(mine, role, { service: 'gallery', ordered: true }).publish)
      expect(
        users[role].publish.some((wide) => covers(wide, subject)),
        `${role} ${subject}`,
      ).toBe(true)
  await using broker = await operatorBroker(users)
  await using operator = await broker.as('operator')
  await operator.declare(...mine)
  await using producer = await broker.as('producer')
  await using worker = await broker.as('worker')
  const heard: string[] = []
  await using _ = await worker
    .service('gallery')
    .perform(send, ({ to }) => ({ id: to }))
    .subscribe(released, ({ isbn }) => void heard.push(isbn))
    .start()
  await producer.publish(released, { isbn: '1' })
  expect(await (await producer.enqueue(send, { to: 'ann' })).result({ timeout: '10s' })).toEqual({ id: 'ann' })
  await until('the event is heard', () => heard.length === 1)
  expect(await thrownBy(producer.queues.pause('mail'))).toMatchObject({ code: 'PERMISSION' })
  expect(await thrownBy(worker.publish(released, { isbn: '2' }))).toMatchObject({ code: 'PERMISSION' })
}, 30_000)

test('credentials that have expired, that nobody has signed who may, and a file that has none are refused, and no seed is shown', async () => {
  const users = { producer: roles.producer }
  await using broker = await operatorBroker(users)
  await using elsewhere = await operatorBroker(users)
  const claims = roles.producer.claims()
  const [expired, strange, broken] = [
    await broker.file('late', claims, new Date(Date.now() - 60_000)),
    await elsewhere.file('stranger', claims),
    await broker.file('broken', claims),
  ]
  const seed = /SU[A-Z2-7]{56}/.exec(readFileSync(broken, 'utf8'))?.[0] ?? 'none'
  await writeFile(broken, `no credentials but a seed: ${seed}`)
  for (const credentials of [expired, strange, broken]) {
    const error = await thrownBy(callboard({ servers: broker.url, credentials, log: false }))
    expect(error, error.message).toMatchObject({ code: 'AUTH' })
    const own = /SU[A-Z2-7]{56}/.exec(readFileSync(credentials, 'utf8'))?.[0] ?? 'none'
    expect(`${error.message} ${error.stack} ${error.cause} ${JSON.stringify(error)}`).not.toContain(own)
  }
})

test('rights of a worker on topics want the name of its service', async () => {
  expect(await thrownBy(() => permissions([released], 'worker'))).toMatchObject({ code: 'INVALID_ARGUMENT' })
  expect(await thrownBy(() => permissions([released], 'chief' as never))).toMatchObject({ code: 'INVALID_ARGUMENT' })
})
