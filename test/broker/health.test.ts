import { task } from 'callboard'
import { health, serve } from 'callboard/health'
import { metrics } from 'callboard/prometheus'
import { Registry } from 'prom-client'
import { expect, test } from 'vitest'
import { broker, latch, openBoard, streams, thrownBy } from '../support/board.ts'
import { ownBroker } from '../support/outage.ts'
import { until } from '../support/until.ts'

const send = task<{ n: number }>('mail.send', { queue: 'mail' })

/** Status and body of an answer. */
async function asked(url: string, init?: RequestInit) {
  const answer = await fetch(url, init)
  return { status: answer.status, type: answer.headers.get('content-type'), body: await answer.text() }
}

test('a process is ready when it is connected, its streams are there and its services run', async () => {
  await using board = await openBoard()
  await using probe = await serve(board, { services: ['mailer'] })
  expect(probe.url).toBe(`http://127.0.0.1:${probe.port}`)
  const ready = async () => {
    const { status, body } = await asked(`${probe.url}/readyz`)
    return [status, JSON.parse(body)]
  }
  expect(await ready()).toEqual([503, { ready: false, reasons: ['The service mailer is not started.'] }])
  const [running, open] = [latch(), latch()]
  const mailer = await board
    .service('mailer')
    .perform(send, () => {
      running.open()
      return open.promise
    })
    .start()
  expect(await ready()).toEqual([200, { ready: true, reasons: [] }])
  expect(await asked(`${probe.url}/healthz`)).toMatchObject({ status: 200 })
  await board.enqueue(send, { n: 1 })
  await until('it runs', running.promise)
  const stopped = mailer.stop()
  expect(await until('it drains', async () => (await ready())[0] === 503 && ready())).toEqual([
    503,
    { ready: false, reasons: ['The service mailer is draining.'] },
  ])
  open.open()
  await stopped
  expect(await ready()).toEqual([503, { ready: false, reasons: ['The service mailer is not started.'] }])
})

test('a stream that is gone is named', async () => {
  await using board = await openBoard()
  await using side = await broker()
  const { readiness } = health(board)
  expect(await readiness()).toEqual({ ready: true, reasons: [] })
  await side.manager.streams.delete(streams(board).dead)
  expect(await readiness()).toEqual({ ready: false, reasons: [`The stream ${streams(board).dead} is not there.`] })
})

test('a broker that stands still or is away is told as such, and the process is ready again when it is back', async () => {
  await using own = await ownBroker()
  await using board = await openBoard({ servers: own.url })
  const { readiness } = health(board, { within: 400 })
  await own.freeze()
  expect(await readiness()).toEqual({ ready: false, reasons: ['The broker did not answer within 400 ms.'] })
  own.thaw()
  await until('it answers again', async () => (await readiness()).ready)
  await own.kill()
  const lost = 'The connection to the broker is lost; it is dialled.'
  await until('it is told to be away', async () => (await readiness()).reasons.includes(lost))
  await own.start()
  await until('it is back', async () => (await readiness()).ready)
})

test('a board that is closed is not ready, nor is whoever said that he closes', async () => {
  const board = await openBoard()
  const { fetch, close } = health(board)
  const ready = async () => (await fetch(new Request('http://localhost/readyz'))).status
  expect(await ready()).toBe(200)
  await board.close()
  expect(await ready()).toBe(503)
  close()
  expect(await (await fetch(new Request('http://localhost/readyz'))).json()).toEqual({
    ready: false,
    reasons: ['This process is closing.'],
  })
})

test('it lives as long as it answers, and tells what held its event loop', async () => {
  await using board = await openBoard()
  const { fetch } = health(board)
  const live = async (): Promise<object> => (await fetch(new Request('http://localhost/livez/'))).json() as Promise<object>
  expect(await live()).toEqual({ live: true })
  await board
    .service('mailer')
    .perform(send, () => void Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 400))
    .start()
  const { id } = await board.enqueue(send, { n: 1 })
  const told = await until('it is told', async () => {
    const now = await live()
    return JSON.stringify(now).includes(id) && now
  })
  expect(told).toMatchObject({ live: true, blocked: { sure: true, by: [{ service: 'mailer', name: 'mail.send', id }] } })
})

test('metrics are served where they are kept, and nothing else is', async () => {
  await using board = await openBoard()
  using kept = metrics(board, { registry: new Registry() })
  await using probe = await serve(board, { metrics: kept })
  const found = await asked(`${probe.url}/metrics`)
  expect(found).toMatchObject({ status: 200, type: expect.stringContaining('text/plain') })
  expect(found.body).toContain('callboard_connected 1')
  expect((await health(board).fetch(new Request('http://localhost/metrics'))).status).toBe(404)
  expect(await asked(`${probe.url}/secrets`)).toMatchObject({ status: 404 })
  expect(await asked(`${probe.url}/livez`, { method: 'POST' })).toMatchObject({ status: 405 })
  expect(await thrownBy(serve(board, { port: probe.port }))).toMatchObject({ code: 'PORT_TAKEN' })
})
