/** Events → log lines. The only file that knows pino. */

import { type Level, type Logger as Pino, pino } from 'pino'
import type { Events } from '../base/events.ts'
import { type Reader, wrong } from '../base/options.ts'

/** A pino logger, or anything of its shape. */
export type Logger = Pick<Pino, 'child' | 'trace' | 'debug' | 'info' | 'warn' | 'error'> & Partial<Pick<Pino, 'isLevelEnabled'>>

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
  events.on('trouble', ({ what, error }) => log.warn({ err: error }, what))
  events.on('drift', ({ sentences }) => log.warn({ drift: sentences }, `the broker differs from the code: ${sentences.join('; ')}`))
  // To ask for it costs a question to the broker: only where the line would be written.
  if (log.isLevelEnabled?.('info') !== false)
    events.on('durability', ({ sentence, level: durability, replicas, sync }) => log.info({ durability, replicas, sync }, sentence))
  events.on('connection', ({ state, server }) =>
    log.warn({ server }, state === 'lost' ? 'connection lost, dialling' : 'connection is back'),
  )
  events.on('buried', ({ id, service, name, obituary }) =>
    log.error(
      { id, service, name, reason: obituary.reason, attempts: obituary.attempts, error: obituary.error },
      `${name} is a dead letter: ${obituary.reason}`,
    ),
  )
  events.on('ignored', ({ id, service, name, why }) =>
    log.warn({ id, service, name }, `a handler of ${name} went on after its run had ended (${why}); what it returned is not used`),
  )
}
