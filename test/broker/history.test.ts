import { type Board, Reject, task, topic } from 'callboard'
import { admin, type MessageView, type TraceEntry } from 'callboard/admin'
import { expect, inject, test } from 'vitest'
import { beside, latch, openBoard, thrownBy } from '../support/board.ts'
import { until } from '../support/until.ts'
import { work, workerProcess } from '../support/work.ts'

const notice = topic<{ text: string }>('notice.posted')
const mail = task<{ to: string }>('mail.send', { queue: 'mail', retry: { attempts: 2, backoff: 1 } })

/** One notice that becomes three mails, one of which dies. */
async function played(board: Board): Promise<string> {
  await board
    .service('mailer')
    .perform(mail, ({ to }) => {
      if (to === 'old') throw new Reject('no such mailbox')
    })
    .start()
  await board
    .service('planner')
    .subscribe(notice, async (_, ctx) => {
      for (const to of ['ann', 'gia', 'old']) await ctx.enqueue(mail, { to })
    })
    .start()
  await board
    .service('archive')
    .subscribe(notice, () => undefined)
    .start()
  const { id } = await board.publish(notice, { text: 'rehearsal' })
  const view = admin(board)
  await until('all has ended', async () => {
    await board.ledger.flush()
    const counts = await view.counts('task:mail.send')
    return counts.done === 2 && counts.dead === 1 && (await view.counts('topic:notice.posted')).done === 1
  })
  return id
}

test('a view that is opened anew tells the same history as the one before', async () => {
  await using board = await openBoard()
  const id = await played(board)
  const before = admin(board)
  await using other = await beside(board)
  const after = admin(other)
  for (const ask of ['state:done,dead,cancelled', 'topic:*', 'task:mail.send sort:id']) {
    const sorted = (views: readonly MessageView[]) => [...views].sort((a, b) => (a.id < b.id ? -1 : 1))
    const items = sorted((await before.messages(ask)).items)
    expect(items.length).toBeGreaterThan(0)
    expect(sorted((await after.messages(ask)).items)).toEqual(items)
  }
  const { why: _why, ...detail } = await before.message(id)
  const { why: _because, ...again } = await after.message(id)
  expect(again).toEqual(detail)
  expect(JSON.parse(JSON.stringify(detail))).toEqual(detail)
})

test('the trace of an event leads to everyone who listens, and from there to everyone who was named', async () => {
  await using board = await openBoard()
  const id = await played(board)
  const view = admin(board)
  const { message, runs } = await view.trace(id)
  expect(message).toMatchObject({ style: 'implicit', name: 'notice.posted', state: 'done' })
  const [archive, planner] = [...runs].sort((a, b) => (a.service < b.service ? -1 : 1))
  expect(archive).toMatchObject({ because: 'subscribed', service: 'archive', state: 'done', caused: [] })
  expect(planner).toMatchObject({ because: 'subscribed', service: 'planner', state: 'done' })
  expect(planner?.caused.map(({ message: each, runs: [one] }) => [each.name, one?.because, one?.service, one?.state])).toEqual([
    ['mail.send', 'named', 'mailer', 'done'],
    ['mail.send', 'named', 'mailer', 'done'],
    ['mail.send', 'named', 'mailer', 'dead'],
  ])
  const dead = planner?.caused[2]?.message.id ?? ''
  const detail = await view.message(dead)
  expect(detail).toMatchObject({ parent: id, state: 'dead', reason: 'rejected', data: { to: 'old' }, queue: 'mail' })
  expect(detail.attempts).toMatchObject([{ attempt: 1, service: 'mailer', state: 'failed', error: { message: 'no such mailbox' } }])
  expect(detail.why).toMatchObject([{ code: 'rejected' }])
  expect((await view.message(id)).caused.map(({ name }) => name)).toEqual(['mail.send', 'mail.send', 'mail.send'])
  expect((await view.series({ task: 'mail.send' })).points.reduce((sum, each) => sum + each.succeeded, 0)).toBe(2)
  expect(await thrownBy(view.trace('nobody'))).toMatchObject({ code: 'NOT_FOUND' })
  expect(await thrownBy(view.message('nobody'))).toMatchObject({ code: 'NOT_FOUND' })
})

test('why says what a task waits for, as that changes', async () => {
  await using board = await openBoard()
  const view = admin(board)
  const code = async (id: string) => (await view.why({ id })).map((each) => each.code)
  const { id } = await board.enqueue(mail, { to: 'ann' })
  const later = await board.enqueue(mail, { to: 'bob' }, { delay: '1h' })
  expect(await code(id)).toEqual(['no-worker'])
  expect(await code(later.id)).toEqual(['scheduled', 'no-worker'])
  expect((await view.why({ queue: 'mail' })).map((each) => each.code)).toEqual(['no-worker'])
  const go = latch()
  await using _service = await board
    .service('mailer')
    .perform(mail, () => go.promise)
    .start()
  await until('it runs', async () => (await code(id))[0] === 'running')
  const worker = await until('the worker tells', async () => (await view.workers()).find(({ running }) => running === 1))
  expect(worker).toMatchObject({ pid: process.pid, services: ['mailer'], stage: 'running' })
  expect(await view.queue('mail')).toMatchObject({ running: 1, workers: [worker?.name], slots: worker?.slots })
  go.open()
  await until('it is done', async () => {
    await board.ledger.flush()
    return (await code(id))[0] === 'done'
  })
})

test('a worker that is killed is gone from the list by itself, and its run is not said to go on', async () => {
  await using board = await openBoard()
  const view = admin(board)
  using process = await workerProcess(board, inject('natsUrl'), { lease: '60s', concurrency: 1 })
  const { id } = await board.enqueue(work, { n: 1, kind: 'hang' })
  await until('it is seen to run', async () => (await view.message(id)).state === 'running')
  const [worker] = await view.workers()
  expect(worker?.pid).toBe(process.pid)
  process.child.kill('SIGKILL')
  await until('the worker is gone', async () => (await view.workers()).length === 0, 30_000)
  const { attempts, why } = await view.message(id)
  expect(attempts).toMatchObject([{ attempt: 1, state: 'lost', worker: worker?.name }])
  expect(why.map(({ code }) => code)).not.toContain('running')
})

test('a tail gives what a selector means, and what an operator does is on record', async () => {
  await using board = await openBoard()
  const view = admin(board, { who: 'ann@desk' })
  const heard: TraceEntry[] = []
  const stop = new AbortController()
  const listening = (async () => {
    for await (const entry of view.tail({ selector: 'task:mail.send state:cancelled', from: 'all', signal: stop.signal })) heard.push(entry)
  })()
  await board.enqueueMany(mail, [{ to: 'ann' }, { to: 'bob' }])
  expect(await view.cancel('task:mail.send data.to:bob')).toMatchObject({ done: 1 })
  await until('the cancel is heard', () => heard.length === 1)
  stop.abort()
  await listening
  expect(heard).toMatchObject([{ kind: 'cancelled', name: 'mail.send', queue: 'mail' }])
  expect(await view.audit()).toMatchObject([{ who: 'ann@desk', what: 'cancel', selector: 'task:mail.send data.to:bob', count: 1 }])
  expect(await view.counts()).toEqual({ ready: 1, cancelled: 1 })
  expect(await view.reach()).toMatchObject({ entries: 4, messages: 2, forgotten: 0 })
})
