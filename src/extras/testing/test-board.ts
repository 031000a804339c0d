/** A board for tests: on a broker in this process, by a clock that is moved by hand. */

import { type Duration, duration } from '../../base/duration.ts'
import { fault } from '../../base/errors.ts'
import { type Reader, type ReadersOf, readOptions, whole, wrong } from '../../base/options.ts'
import { type Board, type BoardOptions, callboard, type StopOptions } from '../../index.ts'
import { Broker, type Station } from './broker.ts'
import { resetTime, setTime } from './process-time.ts'
import { VirtualClock } from './virtual-clock.ts'

/** How a test board begins. */
export interface TestOptions {
  /** The time it is at the beginning. Default: noon of 1 January 2026, UTC. Edge: a text is read as `Date` reads it. */
  readonly now?: Date | string
  /** Draws the order in which things arrive that no order binds; the same seed draws the same. Default: as they were sent. Edge: 0 to 4,294,967,295. */
  readonly seed?: number
  /** Options of the boards, beside where the broker is. Default: those of `callboard`, silent. */
  readonly board?: Omit<BoardOptions, 'dial' | 'servers'>
}

/** A board on a broker of its own, in this process, with a clock of its own. */
export interface TestBoard extends Board {
  /** The broker: hang up on everybody, be away, come back. */
  readonly broker: Broker
  /** The time it is. */
  now(): Date
  /** Waits until everything that can be done now is done; time stands still. Throws TIMED_OUT where a handler waits for the clock or for the world outside. */
  settled(): Promise<void>
  /** Moves the clock, and has everything happen that is due on the way, in order. Schedules fire, retries come, what has a time to live goes. */
  advance(by: Duration): Promise<void>
  /** Moves the clock until something has come about, at most by `most` (default a day), and gives what it came to. Throws TIMED_OUT where it did not. */
  until<T>(awaited: Promise<T> | (() => T | Promise<T>), most?: Duration): Promise<T>
  /** The process of a board dies, this one or one beside: nothing comes from it any more. What it had is handed to others when its leases end. */
  crash(board?: Board): void
  /** Hangs up on the process of a board, with all that is on its way; it dials again by itself. */
  cut(board?: Board): void
  /** Another board on the same broker, as another process would have it. Closed with this one. */
  beside(options?: TestOptions['board']): Promise<Board>
}

const readers = {
  now: (value) => {
    const date = new Date(value as string)
    return Number.isNaN(date.getTime()) ? wrong('it must be a date, or a text that says one') : date
  },
  seed: whole(0, 2 ** 32 - 1),
  board: (value) => (typeof value === 'object' && value !== null ? value : wrong('it must be an object')),
} satisfies ReadersOf<TestOptions> & { now: Reader<Date> }

/** Options that only a broker somewhere else can heed. */
const elsewhere = ['servers', 'user', 'password', 'token', 'credentials', 'nkey', 'tls', 'monitor']

const noon = Date.UTC(2026, 0, 1, 12)
/** How long `settled` bears with handlers that do something outside of this process, in ms of the real clock. */
const patience = 5_000
const real = { setTimeout: globalThis.setTimeout, now: globalThis.performance.now.bind(globalThis.performance) }

/** Opens a test board. The clock of the whole process stands still until it is closed; one at a time. */
export async function testBoard(options: TestOptions = {}): Promise<TestBoard> {
  const read = readOptions('testBoard()', options, readers)
  const clock = new VirtualClock(read.now?.getTime() ?? noon)
  const broker = new Broker({ clock, ...(read.seed === undefined ? {} : { seed: read.seed }) })
  clock.around = {
    arrivals: () => broker.wire.arrivals,
    quiet: () => broker.wire.quiet,
    busy: () => broker.running.length > 0,
  }
  setTime(clock)
  const boards: Board[] = []
  const stations = new Map<Board, Station>()
  const open = async (more: TestOptions['board'] = {}) => {
    const foreign = elsewhere.filter((name) => name in { ...options.board, ...more })
    if (foreign.length > 0)
      throw fault('INVALID_OPTION', `The broker of callboard/testing is in this process and checks no ${foreign.join(', no ')}.`, {
        fix: 'Leave it out, or run this test on a real broker: startServer() of callboard/server.',
      })
    const station = broker.station()
    const board = await callboard({ log: false, namespace: 'test', ...options.board, ...more, dial: station.dial })
    boards.push(board)
    stations.set(board, station)
    return board
  }

  async function settled(): Promise<void> {
    const end = real.now() + patience
    for (;;) {
      await clock.still()
      if (broker.running.length === 0) return
      if (real.now() > end)
        throw fault('TIMED_OUT', `Not settled: ${broker.running.join(', ')} is still with its handler.`, {
          why: 'Its handler waits for a time that has not come, or for something outside of this process that takes long.',
          fix: 'Move the clock with advance(), or let what it waits for answer.',
        })
      await new Promise((resolve) => real.setTimeout(resolve, 1))
    }
  }

  async function until<T>(awaited: Promise<T> | (() => T | Promise<T>), most: Duration = '1d'): Promise<T> {
    let end: { readonly value: T } | { readonly error: unknown } | undefined
    const asks = typeof awaited === 'function'
    if (!asks)
      awaited.then(
        (value) => {
          end = { value }
        },
        (error: unknown) => {
          end = { error }
        },
      )
    await clock.advance(duration(most, 'most'), async () => {
      if (!asks) return end !== undefined
      const value = await awaited()
      if (value) end = { value }
      return end !== undefined
    })
    const came = end as { readonly value: T } | { readonly error: unknown } | undefined
    if (came === undefined) throw fault('TIMED_OUT', `It did not come about within ${duration(most, 'most')} ms of the clock.`)
    if ('error' in came) throw came.error
    return came.value
  }

  async function close(stop?: StopOptions): Promise<void> {
    try {
      for (const board of boards.splice(0)) await until(closeOf(board)(stop))
    } finally {
      broker.close()
      resetTime(clock)
    }
  }

  const closes = new Map<Board, Board['close']>()
  const closeOf = (board: Board) => closes.get(board) ?? board.close.bind(board)
  try {
    const board = await open()
    closes.set(board, board.close.bind(board))
    return Object.assign(board, {
      broker,
      now: () => new Date(clock.now()),
      settled,
      advance: (by: Duration) => clock.advance(duration(by, 'by')),
      until,
      crash: (which: Board = board) => stations.get(which)?.crash(),
      cut: (which: Board = board) => stations.get(which)?.cut(),
      beside: open,
      close,
      [Symbol.asyncDispose]: () => close(),
    })
  } catch (error) {
    broker.close()
    resetTime(clock)
    throw error
  }
}
