import { type Board, pattern, queue, Reject, task, topic } from 'callboard'
import { type Admin, admin } from 'callboard/admin'
import { expect, test } from 'vitest'
import { gathered, openBoard, thrownBy } from '../support/board.ts'
import { until } from '../support/until.ts'

const notice = topic<{ text: string }>('notice.posted')
const mail = task<{ to: string }>('mail.send', { queue: 'mail', retry: { attempts: 1 } })
const report = task<{ n: number }>('report.pdf', { queue: queue('reports', { layout: 'log' }) })

/** A board with one of each: a topic with two subscriptions, a queue nobody serves, one with a dead letter. */
async function furnished(): Promise<{ board: Board; view: Admin }> {
  const board = await openBoard()
  await board
    .service('cast')
    .subscribe(notice, () => undefined)
    .subscribe(pattern('notice.*'), () => undefined)
    .perform(mail, ({ to }) => {
      if (to.includes('old')) throw new Reject(`no such mailbox ${to}`)
    })
    .start()
  return { board, view: admin(board, { who: 'ann' }) }
}

test('topics, subscriptions and queues are seen without anything being registered', async () => {
  const { board, view } = await furnished()
  await using _ = board
  await board.publish(notice, { text: 'rehearsal' })
  await board.enqueueMany(report, [{ n: 1 }, { n: 2 }])
  await board.enqueue(report, { n: 3 }, { delay: '1h' })
  await board.enqueue(mail, { to: 'old@example.org' })
  await until('the mail is a dead letter', async () => (await view.queue('mail')).dead === 1)
  await until('the notice is handled', async () => (await view.subscriptions()).every(({ waiting, open }) => waiting + open === 0))
  expect(await view.topic('notice.posted')).toMatchObject({
    stored: 1,
    own: false,
    subscriptions: expect.arrayContaining([
      expect.objectContaining({ service: 'cast', topic: 'notice.posted', pattern: false, waiting: 0 }),
      expect.objectContaining({ service: 'cast', topic: 'notice.*', pattern: true }),
    ]),
  })
  expect(await view.queue('reports')).toMatchObject({
    layout: 'log',
    ready: 2,
    scheduled: 1,
    blocked: 'no-worker',
    lanes: [{ task: 'report.pdf', lane: 'normal', waiting: 2 }],
  })
  expect(await view.queue('mail')).toMatchObject({ layout: 'work', ready: 0, blocked: 'none', dead: 1 })
  expect(await view.overview()).toMatchObject({ topics: 1, queues: 2, ready: 2, scheduled: 1, dead: 1, subscriptions: 2 })
  expect((await view.overview()).attention.map(({ code }) => code)).toEqual(['no-worker', 'dead'])
  expect(JSON.parse(JSON.stringify(await view.queues()))).toEqual(await view.queues())
})

test('a selector means the same tasks in a list and in what is done to them', async () => {
  const { board, view } = await furnished()
  await using _ = board
  const { id } = await board.enqueue(report, { n: 7 })
  await board.enqueue(report, { n: 8 })
  await board.enqueue(report, { n: 9 }, { delay: '1h', headers: { tenant: 'x' } })
  const ns = async (selector: string) => (await view.messages(selector, { data: true })).items.map(({ data }) => (data as { n: number }).n)
  expect(await ns('task:report.* data.n:>=8')).toEqual([8, 9])
  expect(await ns('state:scheduled')).toEqual([9])
  expect(await ns('header.tenant:x')).toEqual([9])
  expect(await ns(`id:${id}`)).toEqual([7])
  expect(await view.cancel('data.n:8', { dryRun: true })).toMatchObject({ matched: 1, done: 0, dryRun: true })
  expect(await view.cancel('data.n:8')).toMatchObject({ matched: 1, done: 1, refusals: 0 })
  expect(await view.runNow('state:scheduled')).toMatchObject({ matched: 1, done: 1 })
  expect(await ns('state:ready sort:id')).toHaveLength(2)
})

test('dead letters are listed newest first, page by page, and redriven or discarded by selector', async () => {
  const { board, view } = await furnished()
  await using _ = board
  for (const n of [1, 2, 3]) await board.enqueue(mail, { to: `old${n}@example.org` })
  await until('three are dead', async () => (await view.dead()).items.length === 3)
  const first = await view.dead('queue:mail', { limit: 2, data: true })
  const second = await view.dead('queue:mail', { limit: 2, data: true, ...(first.cursor ? { cursor: first.cursor } : {}) })
  expect([...first.items, ...second.items].map(({ sequence }) => sequence)).toEqual([3, 2, 1])
  expect(second.cursor).toBeUndefined()
  expect(first.items[0]).toMatchObject({ reason: 'rejected', queue: 'mail', service: 'cast', error: { name: 'Reject' } })
  expect(await view.deadGroups('error:~mailbox')).toMatchObject([{ count: 3, name: 'mail.send' }])
  expect(await view.discard('data.to:old1@*')).toMatchObject({ matched: 1, done: 1 })
  const heard: number[] = []
  expect(await view.redrive('queue:mail', { limit: 1, progress: (done) => heard.push(done) })).toMatchObject({ matched: 1, done: 1 })
  expect(heard).toEqual([1])
  await until('it has died again', async () => (await gathered(board.dead.list())).some(({ sequence }) => sequence > 3))
  await view.redriveEdited(3, { to: 'new@example.org' })
  await until('it is no dead letter', async () => (await view.dead('data.to:old3@*')).items.length === 0)
})

test('a subscription is held, moved and let go by its names', async () => {
  const { board, view } = await furnished()
  await using _ = board
  await view.pauseSubscription('cast', 'notice.posted')
  expect(await view.subscription('cast', 'notice.posted')).toMatchObject({ paused: true, blocked: 'paused' })
  await view.resumeSubscription('cast', 'notice.posted')
  expect(await view.subscription('cast', 'notice.posted')).toMatchObject({ paused: false })
  expect(await thrownBy(view.pauseSubscription('cast', 'none'))).toMatchObject({ code: 'NOT_FOUND' })
  expect(await thrownBy(view.queue('none'))).toMatchObject({ code: 'NOT_FOUND' })
})

test('publishing by name keeps the stream of a topic as it is', async () => {
  await using board = await openBoard({ onDrift: 'update' })
  const own = topic<string>('prices', { retention: { messages: 5, age: '1h' } })
  await board.publish(own, 'a')
  const view = admin(board)
  await view.publish('prices', 'b')
  expect(await board.inspect.topics()).toMatchObject([
    { name: 'prices', own: true, stored: 2, retention: { messages: 5, age: 3_600_000, bytes: 0 } },
  ])
})

test('a queue is held and emptied by its name, a full one is told of, and that is on record', async () => {
  await using board = await openBoard()
  const small = task<number>('small', { queue: queue('small', { limit: { tasks: 2 } }) })
  const view = admin(board, { who: 'ann' })
  await board.enqueueMany(small, [1, 2])
  expect(await view.queue('small')).toMatchObject({ limit: { tasks: 2 }, held: { tasks: 2 }, full: true })
  expect((await view.why({ queue: 'small' })).map(({ code }) => code)).toEqual(['full', 'no-worker'])
  await view.pauseQueue('small')
  expect(await view.queue('small')).toMatchObject({ paused: true, blocked: 'paused' })
  await view.resumeQueue('small')
  expect(await view.purgeQueue('small')).toBe(2)
  expect(await view.queue('small')).toMatchObject({ ready: 0, full: false, paused: false })
  await view.enqueue('small', 3, { queue: 'small' })
  expect(await view.queue('small')).toMatchObject({ limit: { tasks: 2 }, ready: 1 })
  expect((await view.audit()).map(({ what, count }) => [what, count])).toEqual([
    ['purge of queue small', 2],
    ['resume of queue small', undefined],
    ['pause of queue small', undefined],
  ])
})

test('a task that keeps an order tells that it waits for the one before it, and one with turns that it has a turn', async () => {
  const steps = task<{ key: string }>('steps', { queue: 'ordered', ordered: ({ key }) => key })
  const turns = task<{ key: string }>('turns', { queue: 'fair', fair: ({ key }) => key })
  await using board = await openBoard()
  const view = admin(board)
  const stuck = async (_: unknown, { signal }: { signal: AbortSignal }) => {
    await new Promise((resolve) => signal.addEventListener('abort', resolve))
  }
  await board.service('walker').perform(steps, stuck, { concurrency: 8 }).perform(turns, stuck, { concurrency: 1 }).start()
  const [, second] = await board.enqueueMany(steps, [{ key: 'ann' }, { key: 'ann' }, { key: 'ann' }])
  const many = await board.enqueueMany(
    turns,
    Array.from({ length: 30 }, () => ({ key: 'ann' })),
  )
  const codes = async (id = '') => (await view.why({ id })).map(({ code }) => code)
  await until('the second waits for the first', async () => (await codes(second?.id)).includes('ordered'))
  await until('the last waits for its turn', async () => (await codes(many.at(-1)?.id)).includes('fair'))
  await until('the queue tells it, too', async () => (await view.why({ queue: 'ordered' })).some(({ code }) => code === 'ordered'))
  await board.close({ drain: 0 })
})
