import { type Around, type Handling, type Sending, task, topic } from 'callboard'
import { expect, test } from 'vitest'
import { latch, openBoard, thrownBy } from '../support/board.ts'
import { until } from '../support/until.ts'

const posted = topic<{ n: number }>('notice.posted')
const send = task<{ n: number }, string>('mail.send', { queue: 'mail', track: true, retry: { attempts: 2, backoff: 1 } })

/** Keeps what it stood around, and marks what is sent. */
function witness(mark: string): Around & { readonly sent: Sending[]; readonly ran: Handling[] } {
  const sent: Sending[] = []
  const ran: Handling[] = []
  return {
    sent,
    ran,
    send(sending, go) {
      sent.push(sending)
      return go({ mark, [`by-${mark}`]: 'yes' })
    },
    run(handling, go) {
      ran.push(handling)
      return go()
    },
  }
}

test('what stands around a board sees all that is sent, adds headers, and sees what a handler is called for', async () => {
  await using board = await openBoard()
  const [outer, inner] = [witness('outer'), witness('inner')]
  board.use(outer)
  board.use(inner)
  const seen: (readonly [string, object])[] = []
  await board
    .service('planner')
    .subscribe(posted, async ({ n }, ctx) => {
      seen.push(['event', ctx.headers])
      if (n === 1) await ctx.enqueue(send, { n })
    })
    .perform(send, ({ n }, ctx) => {
      seen.push(['task', ctx.headers])
      return `sent ${n}`
    })
    .start()
  const { id } = await board.publish(posted, { n: 1 }, { headers: { mark: 'own' } })
  const handle = await board.enqueue(send, { n: 2 })
  expect(await handle.result()).toBe('sent 2')
  await until('all have run', () => seen.length === 3)
  const marks = { mark: 'inner', 'by-outer': 'yes', 'by-inner': 'yes' }
  expect(seen.filter(([what]) => what === 'event')).toEqual([['event', { ...marks, mark: 'own' }]])
  expect(seen.filter(([what]) => what === 'task')).toEqual([
    ['task', marks],
    ['task', marks],
  ])
  const said = { style: 'explicit', name: 'mail.send', queue: 'mail', count: 1 }
  expect(inner.sent).toEqual(outer.sent)
  expect(outer.sent).toContainEqual({ ...said, style: 'implicit', name: 'notice.posted', queue: undefined })
  expect(outer.sent).toContainEqual({ ...said, service: 'planner', parent: id })
  const event = outer.ran.find(({ style }) => style === 'implicit')
  expect(event).toMatchObject({ service: 'planner', name: 'notice.posted', messages: [{ id, attempt: 1, topic: 'notice.posted' }] })
})

test('one call that sends many is stood around once, and so is the call of a batch handler', async () => {
  await using board = await openBoard()
  const seen = witness('m')
  board.use(seen)
  const done = latch<number>()
  await board
    .service('mailer')
    .perform(
      send,
      (items) => {
        done.open(items.filter(({ headers }) => headers.mark === 'm').length)
        return items.map(({ input }) => `sent ${input.n}`)
      },
      { batch: { size: 3, within: '10s' } },
    )
    .start()
  const handles = await board.enqueueMany(send, [{ n: 1 }, { n: 2 }, { n: 3 }])
  expect(await until('the batch is handled', done.promise)).toBe(3)
  expect(await handles[2]?.result()).toBe('sent 3')
  expect(await board.publishMany(posted, [{ n: 1 }, { n: 2 }])).toHaveLength(2)
  expect(seen.sent.map(({ name, count }) => [name, count])).toEqual([
    ['mail.send', 3],
    ['notice.posted', 2],
  ])
  expect(seen.ran.map(({ messages }) => messages.map(({ id }) => id).sort())).toEqual([handles.map(({ id }) => id).sort()])
})

test('what is around is taken away again, and what it throws is thrown to the sender or fails the run', async () => {
  await using board = await openBoard()
  const stop = board.use({
    send: () => Promise.reject(Object.assign(new Error('no'), { code: 'MINE', fix: '' })),
  })
  expect(await thrownBy(board.enqueue(send, { n: 1 }))).toMatchObject({ code: 'MINE' })
  stop()
  stop()
  const failing = board.use({
    run() {
      throw new Error('not this one')
    },
  })
  const failed = latch<unknown>()
  board.on('finished', ({ error }) => failed.open(error))
  await board
    .service('mailer')
    .perform(send, ({ n }) => `sent ${n}`)
    .start()
  const handle = await board.enqueue(send, { n: 1 })
  expect(await until('the run fails', failed.promise)).toMatchObject({ message: 'not this one' })
  failing()
  expect(await handle.result()).toBe('sent 1')
})
