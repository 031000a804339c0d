/** Events → log lines. The only file that knows pino. */

import { type Level, type Logger as Pino, pino } from 'pino'
import type { Events, RunInfo } from '../base/events.ts'
import { type Reader, wrong } from '../base/options.ts'

/** A pino logger, or anything of its shape. */
export type Logger = Pick<Pino, 'child' | 'trace' | 'debug' | 'info' | 'warn' | 'error'> & Partial<Pick<Pino, 'isLevelEnabled'>>

/** The same handler is told to hold the event loop once in so many ms. */
const pause = 10_000
/** Where it is not sure who held it, it is told only if it was for so many ms. */
const clear = 1_000

/** A logger of one's own, a level for the built-in one, or false for none. */
export type LogOption = Logger | Level | false

/** Reads `log: …`. */
export const logOption: Reader<LogOption> = (value) => {
  if (value === false || value === 'silent' || (typeof value === 'string' && value in pino.levels.values)) return value as LogOption
  const methods = ['child', 'debug', 'info', 'warn', 'error']
  const logs = typeof value === 'object' && value !== null && methods.every((name) => typeof Reflect.get(value, name) === 'function')
  return logs ? (value as LogOption) : wrong(`it must be a pino logger, false, or one of ${Object.keys(pino.levels.values).join(', ')}`)
}

/** The logger of a board. The built-in one writes JSON lines to standard error. */
export function logger(option: LogOption): Logger {
  if (typeof option === 'object') return option
  return pino({ level: option === false ? 'silent' : option, base: null }, pino.destination(2))
}

/** Writes what callboard tells about itself. Ids and codes, never payloads. Listens only to what the level lets through. */
export function logEvents(events: Events, log: Logger): void {
  events.on('trouble', ({ what, error, about }) => log.warn({ ...(about && fieldsOf(about)), err: error }, what))
  const told = new Map<string, number>()
  events.on('blocked', ({ ms, by, sure }) => {
    const [first] = by
    const whose = `${first?.name} of ${first?.service}`
    // A machine with too much to do looks the same as a handler that may have held the loop.
    if (first === undefined || (!sure && ms < clear) || Date.now() - (told.get(whose) ?? 0) < pause) return
    told.set(whose, Date.now())
    const how = sure ? 'held by' : `while ${by.length} handlers ran, the first of them`
    log.warn({ ...fieldsOf(first), ms }, `the event loop stood still for ${ms} ms, ${how} ${whose}`)
  })
  events.on('drift', ({ sentences }) => log.warn({ drift: sentences }, `the broker differs from the code: ${sentences.join('; ')}`))
  // To ask for it costs a question to the broker: only where the line would be written.
  if (log.isLevelEnabled?.('info') !== false)
    events.on('durability', ({ sentence, level: durability, replicas, sync }) => log.info({ durability, replicas, sync }, sentence))
  events.on('asked', ({ drain }) => log.warn({ drain }, 'asked by an operator to stop its services'))
  events.on('connection', ({ state, server }) =>
    log.warn({ server }, state === 'lost' ? 'connection lost, dialling' : 'connection is back'),
  )
  events.on('buried', ({ obituary: { reason, attempts, error }, ...told }) =>
    log.error({ ...fieldsOf(told), reason, attempts, error }, `${told.name} is a dead letter: ${reason}`),
  )
  events.on('ignored', ({ why, ...told }) =>
    log.warn(fieldsOf(told), `a handler of ${told.name} went on after its run had ended (${why}); what it returned is not used`),
  )
  if (log.isLevelEnabled?.('info') === true)
    events.on('unsuccessful', ({ after, error, ms, ...told }) => {
      if (error !== undefined && after !== undefined)
        log.info({ ...fieldsOf(told), ms, after, err: error }, `${told.name} failed and is tried again in ${after} ms`)
    })
}

/** What a line says of whom it is about. */
function fieldsOf({ service, name, queue, id, attempt, trace }: Partial<RunInfo>): object {
  return { ...(service && { service }), name, ...(queue && { queue }), ...(id && { id }), ...(attempt && { attempt }), ...traced(trace) }
}

/** The field of a trace, as others call it. */
export const traced = (trace: string | undefined): { trace_id?: string } => (trace === undefined ? {} : { trace_id: trace })
