import { Writable } from 'node:stream'
import { type EventMap, Reject, task, topic } from 'callboard'
import { pino } from 'pino'
import { expect, test } from 'vitest'
import { latch, openBoard } from '../support/board.ts'
import { until } from '../support/until.ts'

const posted = topic<{ n: number }>('notice.posted')
const send = task<{ n: number }>('mail.send', { queue: 'mail', retry: { attempts: 2, backoff: 1 } })
const trace = '0af7651916cd43dd8448eb211c80319c'
const headers = { traceparent: `00-${trace}-b7ad6b7169203331-01` }

/** A line as pino writes it. */
type Line = { readonly msg: string; readonly level: number } & Readonly<Record<string, unknown>>

/** A pino that keeps its lines. */
function keeping(level: 'debug' | 'info' | 'warn' = 'info') {
  const lines: Line[] = []
  const stream = new Writable({
    write(chunk, _, done) {
      lines.push(JSON.parse(String(chunk)))
      done()
    },
  })
  return { lines, log: pino({ level }, stream) }
}

/** Holds the event loop. */
const hold = (ms: number) => void Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, ms)

test('every line about a message names it: service, contract, id, attempt, worker and trace', async () => {
  const { lines, log } = keeping()
  await using board = await openBoard({ log })
  await board
    .service('mailer')
    .perform(send, ({ n }, ctx) => {
      ctx.log.info('on my way')
      if (n === 1 && ctx.attempt === 1) throw new Error('greylisted')
      if (n === 2) throw new Reject('no such mailbox')
    })
    .start()
  const [again, dead] = [await board.enqueue(send, { n: 1 }, { headers }), await board.enqueue(send, { n: 2 }, { headers })]
  await until(
    'both have ended',
    () => lines.some(({ level }) => level === 50) && lines.some(({ id, attempt }) => id === again.id && attempt === 2),
  )
  const whose = { service: 'mailer', name: 'mail.send', worker: expect.stringMatching(/./), trace_id: trace }
  const of = (id: string) =>
    lines
      .filter((line) => line.id === id && !line.msg.startsWith('the event loop'))
      .map(({ time: _t, pid: _p, hostname: _h, ...line }) => line)
  expect(of(again.id)).toEqual([
    { ...whose, level: 30, id: again.id, attempt: 1, msg: 'on my way' },
    {
      ...whose,
      level: 30,
      queue: 'mail',
      id: again.id,
      attempt: 1,
      ms: expect.any(Number),
      after: 1,
      err: expect.objectContaining({ message: 'greylisted' }),
      msg: 'mail.send failed and is tried again in 1 ms',
    },
    { ...whose, level: 30, id: again.id, attempt: 2, msg: 'on my way' },
  ])
  expect(of(dead.id).slice(1)).toEqual([
    {
      ...whose,
      level: 50,
      queue: 'mail',
      id: dead.id,
      attempt: 1,
      reason: 'rejected',
      attempts: 1,
      error: expect.objectContaining({ message: 'no such mailbox' }),
      msg: 'mail.send is a dead letter: rejected',
    },
  ])
})

test('what goes wrong with a run is logged with its id', async () => {
  const { lines, log } = keeping('warn')
  await using board = await openBoard({ log })
  await board
    .service('reader')
    .subscribe(
      posted,
      () => {
        throw new Error('x')
      },
      {
        retry: {
          retryOn: () => {
            throw new Error('the policy itself fails')
          },
        },
      },
    )
    .start()
  const { id } = await board.publish(posted, { n: 1 }, { headers })
  const line = await until('it is told', () => lines.find(({ msg }) => msg.includes('policy')))
  expect(line).toMatchObject({
    service: 'reader',
    name: 'notice.posted',
    id,
    attempt: 1,
    trace_id: trace,
    err: { message: 'the policy itself fails' },
  })
})

test('a handler that holds the event loop is named: in an event, in the log once, and by its worker', async () => {
  const { lines, log } = keeping('warn')
  const held = latch()
  await using board = await openBoard({ log })
  const told: EventMap['blocked'][] = []
  board.on('blocked', (each) => void told.push(each))
  await board
    .service('idler')
    .subscribe(posted, () => held.promise)
    .start()
  await board
    .service('mailer')
    .perform(send, () => hold(400))
    .start()
  await board.publish(posted, { n: 0 })
  const { id } = await board.enqueue(send, { n: 1 })
  const blocked = (await until('it is told', () => told.find(({ by }) => by[0]?.id === id))) as EventMap['blocked']
  expect(blocked).toMatchObject({ sure: true, by: [{ service: 'mailer', name: 'mail.send', id, attempt: 1 }] })
  expect(blocked.ms).toBeGreaterThanOrEqual(390)
  await board.enqueue(send, { n: 2 })
  await until('the next is told', () => told.filter(({ by }) => by[0]?.name === 'mail.send').length > 1)
  const about = lines.filter(({ name, msg }) => name === 'mail.send' && msg.startsWith('the event loop stood still for'))
  expect(about).toHaveLength(1)
  expect(about[0]).toMatchObject({ service: 'mailer', id, attempt: 1, ms: blocked.ms })
  const worker = await until(
    'its worker tells',
    async () => (await board.inspect.workers()).find(({ held }) => held?.name === 'mail.send'),
    12_000,
  )
  expect(worker).toMatchObject({ held: { service: 'mailer', name: 'mail.send', sure: true } })
  held.open()
})

test('one that holds it later is named first if it ends there, beside all that run', async () => {
  await using board = await openBoard()
  const told: EventMap['blocked'][] = []
  board.on('blocked', (each) => void told.push(each))
  const running = latch()
  const idler = await board
    .service('idler')
    .subscribe(posted, (_, { signal }) => {
      running.open()
      return new Promise((_, reject) => signal.addEventListener('abort', reject))
    })
    .start()
  const event = await board.publish(posted, { n: 0 })
  await until('the idle one runs', running.promise)
  await board
    .service('mailer')
    .perform(send, async () => {
      await board.records.get('nothing')
      hold(700)
    })
    .start()
  const { id } = await board.enqueue(send, { n: 1 })
  const blocked = await until('it is told', () => told.find(({ by }) => by.some((each) => each.id === id)))
  expect(blocked).toMatchObject({
    sure: false,
    by: [
      { name: 'mail.send', id },
      { service: 'idler', id: event.id },
    ],
  })
  await idler.stop({ drain: 0 })
})
