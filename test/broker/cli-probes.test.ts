import { task } from 'callboard'
import { expect, inject, test } from 'vitest'
import { openBoard } from '../support/board.ts'
import { app, begin, cli, onTerminal } from '../support/cli.ts'
import { until } from '../support/until.ts'

/** As the module of the worker has it. */
const hold = task<object>('hold', { queue: 'held' })

const services = `
import { task } from 'callboard'
export const hold = task('hold', { queue: 'held' })
export default (board) =>
  board.service('holder').perform(hold, async (_, { signal }) => {
    Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 1200)
    await new Promise((resolve) => signal.addEventListener('abort', resolve))
  })
`

const statusOf = async (url: string): Promise<number> => (await fetch(url)).status

test('start answers probes and metrics, is not ready while it drains, and who held its loop is named to the doctor', async () => {
  await using board = await openBoard()
  const env = { CALLBOARD_URL: inject('natsUrl'), CALLBOARD_NAMESPACE: board.namespace }
  const cwd = app({ 'app.mjs': services })
  const running = begin(['start', './app.mjs', '--admin-port', '0', '--drain', '3s'], { env, cwd })
  const [, url = ''] =
    (await until('it tells where it is asked', () => /(http:\/\/127\.0\.0\.1:\d+)\/livez/.exec(running.written.err))) ?? []
  expect([await statusOf(`${url}/livez`), await statusOf(`${url}/readyz`)]).toEqual([200, 200])
  expect(await (await fetch(`${url}/metrics`)).text()).toContain('callboard_workers{state="running"} 1')
  await board.enqueue(hold, {})
  await until('the worker tells', async () => (await board.inspect.workers()).some(({ held }) => held?.name === 'hold'))
  const doctor = await cli(['doctor'], { env, cwd })
  expect([doctor.code, doctor.out]).toEqual([9, expect.stringMatching(/✕ loop +hold of holder held the event loop of \S+ for \d[\d.]*s/)])
  expect(await (await fetch(`${url}/metrics`)).text()).toMatch(/callboard_blocked_seconds_total\{service="holder",name="hold"\} [1-9]/)
  running.process.kill('SIGTERM')
  await until('it drains', async () => (await statusOf(`${url}/readyz`)) === 503)
  expect((await running.ended).code).toBe(0)
})

test('on a terminal a handler that holds the event loop is a line', async () => {
  await using board = await openBoard()
  const env = { CALLBOARD_URL: inject('natsUrl'), CALLBOARD_NAMESPACE: board.namespace }
  const running = onTerminal(['start', './app.mjs'], { env, cwd: app({ 'app.mjs': services }), columns: 200 })
  await until('the service runs', () => running.written.out.includes('holder is running'), 30_000)
  const { id } = await board.enqueue(hold, {})
  await until('it is told', () => running.written.out.includes(`holder  hold  ${id} held the event loop for `))
})

test('a dashboard can be asked as well', async () => {
  await using board = await openBoard()
  const env = { CALLBOARD_URL: inject('natsUrl'), CALLBOARD_NAMESPACE: board.namespace }
  const running = begin(['dash', '--port', '0', '--admin-port', '0'], { env })
  const [, url = ''] =
    (await until('it tells where it is asked', () => /(http:\/\/127\.0\.0\.1:\d+)\/livez/.exec(running.written.err))) ?? []
  expect([await statusOf(`${url}/readyz`), await statusOf(`${url}/metrics`)]).toEqual([200, 200])
})

test('a port that is no number, or is taken, is refused', async () => {
  await using board = await openBoard()
  const env = { CALLBOARD_URL: inject('natsUrl'), CALLBOARD_NAMESPACE: board.namespace }
  const cwd = app({ 'app.mjs': services })
  expect(await cli(['start', './app.mjs', '--admin-port', 'x'], { env, cwd })).toMatchObject({
    code: 2,
    err: expect.stringContaining('--admin-port is "x"'),
  })
  const { port } = new URL(inject('natsUrl'))
  expect(await cli(['start', './app.mjs', '--admin-port', port], { env, cwd })).toMatchObject({
    code: 4,
    err: expect.stringContaining('PORT_TAKEN'),
  })
})
