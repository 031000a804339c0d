/** The processes of the fault machine: each has its own wires to the brokers, can be ended in every way there is, and is followed by the next. */

import { type ChildProcess, fork } from 'node:child_process'
import { openSync } from 'node:fs'
import { join } from 'node:path'
import type { Count, Order, Orders } from './contract.ts'
import { now, type Recorder } from './history.ts'
import { type Wire, wire } from './link.ts'

/** One place in the crew: a process, and after its end the next. */
export interface Member {
  readonly role: 'producer' | 'worker'
  /** The process that has the place now: `w1.3`. */
  readonly by: string
  /** Of the process that has the place now. */
  readonly pid: number | undefined
  readonly wires: readonly Wire[]
  /** Resolves when the first process has begun its work. */
  readonly ready: Promise<void>
  /** What its processes have said and done, all together, and the heap of the one that has the place now. */
  readonly count: Count
  tell(order: Order): void
  signal(signal: NodeJS.Signals): void
  /** Resolves when the process that has the place now has ended. */
  readonly ended: Promise<void>
  /** Starts the next process, unless there is one. */
  start(): void
  /** Nobody takes the place any more after this process; resolves when it has ended. A producer is asked to finish first. */
  retire(): Promise<void>
}

/** What all processes are told. */
export type Common = Pick<Orders, 'namespace' | 'layout' | 'keeping' | 'folder' | 'lease'>

/** How a process ends that found no broker to start with: another one tries again. */
export const couldNotStart = 7

/** How long a place stays empty after an end that nobody asked for, in ms. */
const respite = 300

/** Makes a place, and starts its first process. */
export async function member(
  name: string,
  role: Member['role'],
  compiled: string,
  ports: readonly (() => number)[],
  common: Common,
  more: Pick<Orders, 'rate' | 'poison'>,
  record: Recorder,
): Promise<Member> {
  const wires = await Promise.all(ports.map(wire))
  let heard: () => void
  const ready = new Promise<void>((resolve) => {
    heard = resolve
  })
  let incarnation = 0
  let alive = false
  let expected = false
  let child: ChildProcess
  let ended: Promise<void>
  let by = ''
  const none: Count = { said: 0, done: 0, heap: 0 }
  let before = none
  let current = none

  function start(): void {
    if (alive) return
    alive = true
    expected = false
    by = `${name}.${++incarnation}`
    before = { ...none, said: before.said + current.said, done: before.done + current.done }
    current = none
    const orders: Orders = {
      ...common,
      ...more,
      poison: more.poison && incarnation === 1,
      by,
      servers: wires.map(({ port }) => `nats://127.0.0.1:${port}`),
    }
    const complaints = openSync(join(common.folder, `${by}.complaints`), 'a')
    const me = by
    child = fork(join(compiled, 'test/faults', `${role}.js`), [JSON.stringify(orders)], {
      stdio: ['ignore', complaints, complaints, 'ipc'],
      execArgv: [],
    })
    child.on('message', (count: Count) => {
      current = count
      heard()
    })
    child.on('error', () => undefined)
    ended = new Promise((resolve) => {
      child.once('exit', (code, signal) => {
        alive = false
        if (signal !== null) record.write('fault', 'ended', me, String(now()))
        else record.write('fault', 'left', me, String(now()))
        if (signal === null && code !== 0 && code !== couldNotStart) record.write('stuck', `${me} ended with ${code}, unasked`, '')
        resolve()
        // Killed by what it had to do: another one takes its place.
        if (!expected) setTimeout(start, respite)
      })
    })
  }

  start()
  return {
    role,
    get by() {
      return by
    },
    get pid() {
      return child.pid
    },
    wires,
    ready,
    get count() {
      return { said: before.said + current.said, done: before.done + current.done, heap: current.heap }
    },
    tell: (order) => void (child.connected && child.send(order, () => undefined)),
    signal(signal) {
      expected ||= signal === 'SIGKILL' || signal === 'SIGTERM'
      child.kill(signal)
    },
    get ended() {
      return ended
    },
    start,
    async retire() {
      expected = true
      if (role === 'producer' && child.connected) child.send({ order: 'finish' } satisfies Order, () => undefined)
      else child.kill('SIGTERM')
      await ended
      for (const each of wires) await each.close()
    },
  }
}
