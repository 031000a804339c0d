/** `callboard start`: runs the services of one or more modules until it is told to stop, then drains. */

import { resolve } from 'node:path'
import { spelled } from '../../base/duration.ts'
import type { Board, Duration, Lane, Service, ServiceBuilder, StartOptions } from '../../index.ts'
import { type Call, given } from '../cli/call.ts'
import { load } from '../cli/module.ts'
import { durationOf } from '../cli/said.ts'
import { UsageError } from '../cli/usage.ts'
import { many } from '../cli/words.ts'
import { probes } from './probes.ts'

/** What a module may give: services begun on the board it is handed, started or not, one or many. */
export type Given = Service | ServiceBuilder | readonly (Service | ServiceBuilder)[] | undefined

/** What the default export of a module is. */
export type Entry = (board: Board) => Given | Promise<Given>

/** How long handlers may finish: less than the 30 s after which most platforms kill. */
const patience = '25s'

/** `callboard start <entry…>`. */
export async function start(call: Call): Promise<number> {
  const drain = durationOf(call, 'drain') ?? patience
  const part: StartOptions = given({ queues: listOf(call, 'queues'), lanes: listOf(call, 'lanes') as Lane[] | undefined })
  const entries: Entry[] = []
  for (const file of call.args) entries.push(await entryOf(call, file))
  const board = await call.board({ log: call.err.tty ? false : 'info' })
  if (call.err.tty) narrate(call, board)
  const asked = new Promise<void>((resolve) =>
    board.on('asked', () => {
      call.err.line('asked by an operator to leave')
      resolve()
    }),
  )
  const services: Service[] = []
  for (const [index, entry] of entries.entries()) services.push(...(await started(call.args[index] ?? '', await entry(board), part)))
  if (services.length === 0)
    throw new UsageError(
      'Nothing was started.',
      'Give back services from the default export: (board) => board.service("mailer").perform(…)',
    )
  for (const { name } of services) call.err.line(`${call.err.paint('green', '●')} ${name} is running`)
  await using _probes = await probes(call, board)
  await Promise.race([aborted(call.signal), asked])
  return await drained(call, services, drain)
}

async function entryOf(call: Call, file: string): Promise<Entry> {
  const module = await load(resolve(call.host.cwd(), file))
  if (typeof module.default === 'function') return module.default as Entry
  throw new UsageError(
    `${file} has no default export that is a function.`,
    'Write: export default (board) => board.service("mailer").perform(sendMail, handler)',
  )
}

async function started(file: string, value: Given, part: StartOptions): Promise<Service[]> {
  const all =
    value === undefined ? [] : Array.isArray(value) ? (value as readonly (Service | ServiceBuilder)[]) : [value as Service | ServiceBuilder]
  return Promise.all(
    all.map((each) => {
      if ('stage' in each) {
        if (Object.keys(part).length === 0) return each
        throw new UsageError(
          `${file} starts ${each.name} itself, so no part of it can be chosen.`,
          'Give back what board.service(…) begins, without start().',
        )
      }
      if (typeof each?.start === 'function') return each.start(part)
      throw new UsageError(`${file} gives back something that is no service.`, 'Give back what board.service(…) begins, or a list of it.')
    }),
  )
}

/** Names with commas between them. */
function listOf(call: Call, flag: string): string[] | undefined {
  return call
    .flag(flag)
    ?.split(',')
    .map((each) => each.trim())
}

async function drained({ err }: Call, services: readonly Service[], drain: Duration): Promise<number> {
  const open = services.reduce((sum, { running }) => sum + running, 0)
  err.line(`draining: ${open} running, not taking new work (at most ${drain}; once more to stop now)`)
  const begun = Date.now()
  await Promise.all(services.map((service) => service.stop({ drain })))
  err.line(`drained in ${spelled(Date.now() - begun)}`)
  return 0
}

/** One line for each thing that happens, for whoever looks on. */
function narrate({ err }: Call, board: Board): void {
  const say = (mark: string, style: 'cyan' | 'yellow' | 'red' | 'dim', text: string) =>
    err.line(`${err.paint('dim', new Date().toTimeString().slice(0, 8))} ${err.paint(style, mark)} ${text}`)
  board.on('finished', ({ style, name, id, service, attempt, verdict, end, ms, after, error }) => {
    const mark = style === 'implicit' ? '┄┄▷' : '──▶'
    const what =
      verdict === 'ack'
        ? end
        : verdict === 'bury'
          ? `✕ given up: ${error}`
          : `↻ attempt ${attempt} failed, again in ${spelled(after ?? 0)}: ${error}`
    say(mark, verdict === 'ack' ? (style === 'implicit' ? 'cyan' : 'yellow') : 'red', `${service}  ${name}  ${id}  ${spelled(ms)}  ${what}`)
  })
  board.on('trouble', ({ what, error }) => say('!', 'red', `${what}${error === undefined ? '' : `: ${error}`}`))
  board.on('blocked', ({ ms, by: [first], sure }) => {
    if (first && sure)
      say('!', 'red', `${first.service}  ${first.name}  ${first.id} held the event loop for ${spelled(ms)}: nothing else ran`)
  })
  board.on('connection', ({ state, server }) =>
    say('!', 'red', state === 'lost' ? `connection to ${server} lost, dialling` : `connection to ${server} is back`),
  )
  board.on('drift', ({ sentences }) =>
    say('!', 'red', `${many(sentences.length, 'difference')} between code and broker: ${sentences.join('; ')}`),
  )
}

/** Resolves when the program is asked to end. */
export function aborted(signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => (signal.aborted ? resolve() : signal.addEventListener('abort', () => resolve(), { once: true })))
}
