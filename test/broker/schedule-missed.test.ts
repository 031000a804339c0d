/** Schedules when the broker itself goes, and when it gives one up: each test has a server of its own. */

import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type Board, callboard, type EventMap, task, topic } from 'callboard'
import { type Server, type ServerOptions, startServer } from 'callboard/server'
import { expect, test } from 'vitest'
import { broker, gathered } from '../support/board.ts'
import { until } from '../support/until.ts'

const beat = task<null>('beat')
const dawn = topic<string>('dawn')

/** A server of its own, whose streams outlive its end, and boards on it. */
class Stage implements AsyncDisposable {
  readonly #boards: Board[] = []
  readonly #store: string
  server: Server

  constructor(server: Server, store: string) {
    this.server = server
    this.#store = store
  }

  static async set(): Promise<Stage> {
    const store = await mkdtemp(join(tmpdir(), 'callboard-test-'))
    return new Stage(await startServer({ ...options, store }), store)
  }

  async board(): Promise<Board> {
    const board = await callboard({ servers: this.server.url, namespace: 'own', log: false })
    this.#boards.push(board)
    return board
  }

  /** Ends the server, lets something happen while it is down, and starts it on the same port with the same streams. */
  async restart(how: 'killed' | 'stopped', down: () => Promise<unknown>): Promise<void> {
    const { port } = this.server
    if (how === 'stopped') await this.server.stop()
    else this.server.kill('SIGKILL')
    await this.server.exited
    await down()
    this.server = await startServer({ ...options, port, store: this.#store })
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await Promise.all(this.#boards.map((board) => board.close({ drain: 0 })))
    await this.server.stop()
    await rm(this.#store, { recursive: true, force: true })
  }
}

const options: ServerOptions = { config: 'nats-server.conf', port: 0 }

/** Whole seconds as a cron that means them and nothing else for a long time. */
function cronOf(times: readonly number[]): string {
  const part = (read: (date: Date) => number) => [...new Set(times.map((time) => read(new Date(time))))].join(',')
  const parts = [
    part((date) => date.getUTCSeconds()),
    part((date) => date.getUTCMinutes()),
    part((date) => date.getUTCHours()),
    part((date) => date.getUTCDate()),
    part((date) => date.getUTCMonth() + 1),
  ]
  return [...parts, '*'].join(' ')
}

/**
 * Sets something for so many seconds from now, and gives the instants. The broker has to be ended before they come: on a machine that takes
 * long to set what comes in an hour they are further off.
 */
async function soon(seconds: readonly number[], set: (cron: string) => Promise<unknown>): Promise<number[]> {
  const at = (ms: number) => Math.ceil((Date.now() + ms) / 1000) * 1000
  const began = Date.now()
  await set(cronOf([at(3_600_000)]))
  const slow = 5 * (Date.now() - began)
  const times = seconds.map((each) => at(each * 1000 + slow))
  await set(cronOf(times))
  return times
}

const passed = (time: number) => until('the time has passed', () => Date.now() > time)

/** Runs the task and keeps the ids. */
async function performing(board: Board, given: string[]): Promise<void> {
  await board
    .service('drummer')
    .perform(beat, (_, ctx) => given.push(ctx.id))
    .start()
}

test.concurrent('a time missed while the broker was killed is made up for, once, by whoever runs a service', async () => {
  await using stage = await Stage.set()
  const [board, other] = [await stage.board(), await stage.board()]
  const given: string[] = []
  await performing(board, given)
  await performing(other, given)
  const times = await soon([3], (cron) => board.schedules.set('missed', { cron }, beat, null))
  await stage.restart('killed', () => passed(times[0] ?? 0))
  await until('it was made up for', () => given.length > 0)
  expect(given).toEqual([`missed@${new Date(times[0] ?? 0).toISOString().replace('.000Z', 'Z')}`])
  expect((await board.schedules.show('missed')).state).toBe('ok')
})

test.concurrent('a time missed with every process of ours dead is made up for when a service starts', async () => {
  await using stage = await Stage.set()
  const setter = await stage.board()
  const times = await soon([3], async (cron) => {
    await setter.schedules.set('missed', { cron }, beat, null)
    await setter.schedules.set('dawn', { cron }, dawn, 'red')
  })
  await stage.restart('killed', async () => {
    await setter.close({ drain: 0 })
    await passed((times[0] ?? 0) + 6500)
  })
  const board = await stage.board()
  const given: string[] = []
  const heard: string[] = []
  await board
    .service('ear')
    .subscribe(dawn, (event) => heard.push(event))
    .start()
  await performing(board, given)
  await until('both were made up for', () => given.length > 0 && heard.length > 0)
  expect([given.length, heard]).toEqual([1, ['red']])
})

test.concurrent('all times within a window are made up for, each once, after an ordered stop too', async () => {
  await using stage = await Stage.set()
  const board = await stage.board()
  const given: string[] = []
  await performing(board, given)
  const times = await soon([5, 6, 7], async (cron) => {
    await board.schedules.set('all', { cron }, beat, null, { missed: { within: '1h' } })
    await board.schedules.set('last', { cron }, beat, null)
  })
  await stage.restart('stopped', () => passed(times.at(-1) ?? 0))
  await until('they were made up for', () => given.filter((id) => id.startsWith('all@')).length === 3)
  expect(given.filter((id) => id.startsWith('last@'))).toHaveLength(1)
  // The broker itself made up for the last of them; it stands for that time, and no other message did as well.
  expect(given.filter((id) => /^all@\d{4}-/.test(id))).toHaveLength(2)
})

test.concurrent('with missed skip, nothing is made up for', async () => {
  await using stage = await Stage.set()
  const board = await stage.board()
  const given: string[] = []
  await performing(board, given)
  const times = await soon([3], async (cron) => {
    await board.schedules.set('strict', { cron }, beat, null, { missed: 'skip' })
    await board.schedules.set('lenient', { cron }, beat, null)
  })
  await stage.restart('killed', () => passed(times[0] ?? 0))
  await until('the other one was made up for', () => given.some((id) => id.startsWith('lenient@')))
  expect(given).toHaveLength(1)
})

test.concurrent('schedules and pauses survive a crash of the broker', async () => {
  await using stage = await Stage.set()
  const board = await stage.board()
  await board.schedules.set('on', { every: '1s' }, beat, null)
  await board.schedules.set('off', { every: '1s' }, beat, null)
  await board.schedules.pause('off')
  const given: string[] = []
  await stage.restart('killed', async () => undefined)
  const later = await stage.board()
  await performing(later, given)
  await until('it fires', () => given.length > 0)
  const all = await gathered(later.schedules.list())
  expect(all.map(({ name, paused }) => [name, paused]).sort()).toEqual([
    ['off', true],
    ['on', false],
  ])
  expect(given.filter((id) => id.startsWith('off@'))).toEqual([])
})

/** Lets the broker refuse what is fired, as it does when its storage is full, and lifts that again. */
async function limitMessages({ server }: Stage, bytes: number): Promise<void> {
  await using beside = await broker(server.url)
  const { config } = await beside.manager.streams.info('OWN_QUEUE_default')
  await beside.manager.streams.update('OWN_QUEUE_default', { ...config, max_msg_size: bytes })
}

test.concurrent('a schedule that the broker has given up is told as stuck, and armed again', async () => {
  await using stage = await Stage.set()
  const board = await stage.board()
  const troubles: EventMap['trouble'][] = []
  board.on('trouble', (trouble) => troubles.push(trouble))
  const bulky = task<string>('bulky')
  await board.schedules.set('stuck', { at: new Date(Date.now() + 4000) }, bulky, 'x'.repeat(500))
  await board.schedules.set('fine', { every: '1h' }, bulky, 'x')
  await limitMessages(stage, 300)
  await until('it is known to be stuck', async () => (await board.schedules.show('stuck')).state === 'stuck')
  await limitMessages(stage, -1)
  expect(await board.schedules.rearm()).toEqual(['stuck'])
  expect(troubles.map(({ what }) => what)).toEqual(['the schedule stuck was stuck; it was armed again'])
  const given: string[] = []
  await board
    .service('s')
    .perform(bulky, (text) => given.push(text))
    .start()
  await until('it fires', () => given.length === 1)
})

test.concurrent('a stuck schedule is armed again by the next service that starts', async () => {
  await using stage = await Stage.set()
  const board = await stage.board()
  const bulky = task<string>('bulky')
  await board.schedules.set('stuck', { every: '1s' }, bulky, 'x'.repeat(500))
  await limitMessages(stage, 300)
  await until('it is known to be stuck', async () => (await board.schedules.show('stuck')).state === 'stuck')
  await limitMessages(stage, -1)
  const given: string[] = []
  await board
    .service('s')
    .perform(bulky, (text) => given.push(text))
    .start()
  await until('it fires', () => given.length >= 2)
  expect((await board.schedules.show('stuck')).state).toBe('ok')
})
