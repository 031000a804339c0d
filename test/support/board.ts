/** Boards for tests: on the broker of the run, each in a namespace of its own, and the broker itself seen from beside. */

import { type JetStreamManager, jetstreamManager } from '@nats-io/jetstream'
import { type Board, type BoardOptions, type CallboardError, callboard } from 'callboard'
import { connect, type NatsConnection } from 'nats'
import { inject } from 'vitest'
import { Broker as FakeBroker } from '../../src/extras/testing/broker.ts'
import { connectOver } from '../../src/wire/line.ts'
import { inThisProcess } from '../setup/fake.ts'
import { canary, canaryUser } from './canary.ts'
import { namespace } from './namespace.ts'
import { asRoles, rolesInbox } from './roles-inbox.ts'

let made: FakeBroker | undefined

/** The broker of this process, where the run has none of its own. Asked for late: programs of the tests import this file, and have no run. */
function own(): FakeBroker | undefined {
  if (inject('natsUrl') !== inThisProcess) return undefined
  made ??= new FakeBroker()
  return made
}

/** Opens a board nobody else meets, silent. On the broker of the run it logs in with the canary. */
export function openBoard(options: BoardOptions = {}): Promise<Board> {
  const inbox = asRoles ? { inboxPrefix: rolesInbox } : {}
  const secret = options.servers === undefined ? { user: canaryUser, password: canary, ...inbox } : {}
  const fake = own()
  const where = fake === undefined ? { servers: inject('natsUrl'), ...secret } : { dial: fake.dial }
  return callboard({ ...where, namespace: namespace(), log: false, ...options })
}

/** Another board that meets this one, as another process would have it. */
export function beside(board: Board, options: BoardOptions = {}): Promise<Board> {
  return openBoard({ namespace: board.namespace, ...options })
}

/** The broker, seen without callboard. */
export interface Broker extends AsyncDisposable {
  readonly nc: NatsConnection
  readonly manager: JetStreamManager
}

/** Connects to the broker without callboard. */
export async function broker(url: string = inject('natsUrl')): Promise<Broker> {
  const fake = own()
  const nc = fake === undefined ? await connect({ servers: url }) : await connectOver(fake.dial, {})
  return { nc, manager: await jetstreamManager(nc), [Symbol.asyncDispose]: () => nc.close() }
}

/** The names of a board's streams. */
export function streams({ namespace }: Board) {
  const upper = namespace.toUpperCase()
  return {
    topics: `${upper}_TOPICS`,
    table: `${upper}_TABLE`,
    dead: `${upper}_DEAD`,
    ledger: `${upper}_LEDGER`,
    queue: (name = 'default') => `${upper}_QUEUE_${name}`,
    later: (name: string) => `${upper}_LATER_${name}`,
  }
}

/** What was thrown; it must have a code. */
export async function thrownBy(work: PromiseLike<unknown> | (() => unknown)): Promise<CallboardError> {
  let thrown: unknown
  try {
    const value = await (typeof work === 'function' ? work() : work)
    thrown = new Error(`nothing was thrown; it came to ${JSON.stringify(value)}`)
  } catch (error) {
    thrown = error
  }
  if (thrown instanceof Error && 'code' in thrown && 'fix' in thrown) return thrown as CallboardError
  throw thrown
}

/** Everything of an async iterable. */
export async function gathered<T>(source: AsyncIterable<T>): Promise<T[]> {
  const all: T[] = []
  for await (const each of source) all.push(each)
  return all
}

/** A promise and its ends. */
export interface Latch<T> {
  readonly promise: Promise<T>
  open(value: T): void
}

/** Something that is waited for, and opened once. */
export function latch<T = void>(): Latch<T> {
  let open: (value: T) => void = () => undefined
  const promise = new Promise<T>((resolve) => {
    open = resolve
  })
  return { promise, open }
}
