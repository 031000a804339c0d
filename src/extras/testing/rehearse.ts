/**
 * Whether a handler may be run twice: it is run once as it should, and then once for every place at which its process can die, each time
 * to the end by another worker. What it did to the world outside is compared: what came twice, and what never came.
 *
 * source: crashing at each step of a protocol and checking what is left, as crash-consistency tests of file systems do
 */

import { fault } from '../../base/errors.ts'
import type { Board, Task, TaskContext } from '../../index.ts'
import { type TestBoard, testBoard } from './test-board.ts'

/** Functions by which a handler does something to the world outside, by name. */
export type Effects = Readonly<Record<string, (...given: never[]) => unknown>>

/** What is rehearsed. */
export interface Rehearsal<Input, Parsed, Output, Outside extends Effects> {
  /** The contract of the work. */
  readonly task: Task<Input, Parsed, Output>
  /** What it is asked to do. */
  readonly input: NoInfer<Input>
  /** The world outside, made anew for every run. Default: one in which nothing can be done. */
  readonly effects?: () => Outside
  /** Effects that may be asked for twice, because the other side knows a repeat when it sees one: told apart by what they are given. */
  readonly idempotent?: readonly (keyof Outside & string)[]
  /** The handler, given the world outside. */
  readonly handler: (effects: Outside) => (input: Parsed, ctx: TaskContext) => unknown
}

/** An effect that came otherwise where the process died. */
export interface Doubt {
  /** As `charge("order 7", 10)`. */
  readonly effect: string
  /** How often it came. */
  readonly times: number
  /** How often it comes where nobody dies. */
  readonly expected: number
  /** Where the process died, as `after charge("order 7", 10)`. */
  readonly crash: string
}

/** What came of a rehearsal. */
export interface Report {
  /** What the handler does where nobody dies, in order. */
  readonly effects: readonly string[]
  /** Where it was let die. */
  readonly crashes: readonly string[]
  /** What came more often than it should. */
  readonly doubled: readonly Doubt[]
  /** What came less often than it should. */
  readonly missing: readonly Doubt[]
}

/** What the process does by callboard; these are awaited, so it may die there too. */
const verbs = ['enqueue', 'publish', 'once', 'progress'] as const
/** The lease of the workers: so long after a death another one goes on, by the clock of the rehearsal. */
const lease = '10s'

/** One run, with a death or without. `place`: the how-manieth step it dies at; undefined: at none. */
class Run {
  readonly done: string[] = []
  readonly steps: string[] = []
  readonly #place: number | undefined
  readonly #die: () => void
  died: string | undefined

  constructor(place: number | undefined, die: () => void) {
    this.#place = place
    this.#die = die
  }

  /** A place at which the process may die. What is awaited there never comes. */
  async step(name: string): Promise<void> {
    this.steps.push(name)
    if (this.died !== undefined || this.steps.length - 1 !== this.#place) return
    this.died = name
    this.#die()
    await new Promise(() => undefined)
  }
}

/** Rehearses a handler. Throws what a test board throws, and TIMED_OUT where the handler does not end within a day of its clock. */
export async function rehearse<Input, Parsed, Output, Outside extends Effects = Effects>(
  asked: Rehearsal<Input, Parsed, Output, Outside>,
): Promise<Report> {
  const clean = await run(asked, undefined)
  const expected = counted(clean.done)
  const doubled: Doubt[] = []
  const missing: Doubt[] = []
  const crashes: string[] = []
  for (let place = 0; place < clean.steps.length; place++) {
    const { done, died } = await run(asked, place)
    if (died === undefined)
      throw fault('INVALID_ARGUMENT', `The handler goes another way each time: it did not come to ${clean.steps[place]}.`)
    crashes.push(died)
    const came = counted(done)
    for (const effect of new Set([...expected.keys(), ...came.keys()])) {
      const [times, should] = [came.get(effect) ?? 0, expected.get(effect) ?? 0]
      if (times > should) doubled.push({ effect, times, expected: should, crash: died })
      if (times < should) missing.push({ effect, times, expected: should, crash: died })
    }
  }
  return { effects: clean.done, crashes, doubled, missing }
}

async function run<Input, Parsed, Output, Outside extends Effects>(
  asked: Rehearsal<Input, Parsed, Output, Outside>,
  place: number | undefined,
): Promise<Run> {
  await using board = await testBoard({ board: { ledger: 'off' } })
  const here = new Run(place, () => board.crash(first))
  const outside = within(here, (asked.effects?.() ?? {}) as Outside, asked.idempotent ?? [])
  const handler = asked.handler(outside)
  const first = await worker(board, here, asked, handler)
  const { id } = await board.enqueue(asked.task as Task<Input>, asked.input)
  const ended = new Set<string>()
  const listen = (which: Board) => which.on('finished', (told) => told.verdict !== 'again' && ended.add(told.id))
  listen(first)
  await board.until(() => ended.has(id) || here.died !== undefined)
  if (here.died !== undefined) {
    ended.clear()
    listen(await worker(board, here, asked, handler))
    await board.until(() => ended.has(id))
  }
  await board.settled()
  return here
}

async function worker<Input, Parsed, Output>(
  board: TestBoard,
  here: Run,
  { task }: Pick<Rehearsal<Input, Parsed, Output, Effects>, 'task'>,
  handler: (input: Parsed, ctx: TaskContext) => unknown,
): Promise<Board> {
  const made = await board.beside({ ledger: 'off' })
  const performed = async (input: Parsed, ctx: TaskContext) => {
    await here.step('before the handler')
    const result = await handler(input, observed(here, ctx))
    await here.step('after the handler')
    return result
  }
  await made
    .service('rehearsal')
    .perform(task as Task<unknown, Parsed, unknown>, performed as never, { lease, concurrency: 1 })
    .start()
  return made
}

/** The world outside, with what is done to it written down, and a place to die before and after each. */
function within<Outside extends Effects>(here: Run, effects: Outside, idempotent: readonly string[]): Outside {
  return Object.fromEntries(
    Object.entries(effects).map(([name, effect]) => [
      name,
      async (...given: never[]) => {
        const called = `${name}(${given.map((each) => JSON.stringify(each)).join(', ')})`
        await here.step(`before ${called}`)
        const result = await effect(...given)
        if (!idempotent.includes(name) || !here.done.includes(called)) here.done.push(called)
        await here.step(`after ${called}`)
        return result
      },
    ]),
  ) as unknown as Outside
}

/** What a handler is given, with what it stores written down: once, however often it says it, if the broker says so. */
function observed(here: Run, ctx: TaskContext): TaskContext {
  return new Proxy(ctx, {
    get(target, name) {
      const value = Reflect.get(target, name, target) as unknown
      if (typeof value !== 'function') return value
      const bound = (value as (...given: unknown[]) => unknown).bind(target)
      if (!verbs.includes(name as (typeof verbs)[number])) return bound
      return async (...given: unknown[]) => {
        const [what] = given as [unknown]
        const called =
          `ctx.${String(name)} ${typeof what === 'string' ? what : ((what as { name?: string } | undefined)?.name ?? '')}`.trim()
        await here.step(`before ${called}`)
        const result = await bound(...given)
        if ((result as { duplicate?: boolean } | undefined)?.duplicate === false) here.done.push(called)
        await here.step(`after ${called}`)
        return result
      }
    },
  })
}

function counted(all: readonly string[]): Map<string, number> {
  const counts = new Map<string, number>()
  for (const each of all) counts.set(each, (counts.get(each) ?? 0) + 1)
  return counts
}
