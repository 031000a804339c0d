/** What went wrong with a server, told from how it ended and what it last said. Pure. */

import { type CallboardError, fault } from '../../base/errors.ts'
import type { Ending } from './spawn.ts'

/** SERVER_DIED: it had been running. */
export function died(ending: Ending, log: readonly string[]): CallboardError {
  return fault('SERVER_DIED', `The nats-server ended without being asked to (${how(ending)}).`, {
    ...lastLines(log, ending),
    fix: 'Find the reason in its log, and start it again; streams are kept in its store folder.',
  })
}

/** Why a server that ended before it answered has done so. Pure. */
export function startFailed(port: number, ending: Ending, log: readonly string[]): CallboardError {
  if (ending.error)
    return fault('SERVER_START_FAILED', 'The nats-server could not be started.', { why: `${ending.error.message}.`, cause: ending.error })
  const lines = log.join('\n')
  if (/address already in use|Only one usage of each socket address/i.test(lines)) {
    return fault('SERVER_PORT_TAKEN', `Port ${port} is in use by another program.`, { details: { port } })
  }
  if (/Duplicate 'store_dir'/i.test(lines)) {
    const fix = 'Move store_dir into the main configuration file, where it can be replaced, or remove it.'
    return fault('SERVER_START_FAILED', 'An included configuration file sets store_dir.', { ...lastLines(log, ending), fix })
  }
  return fault('SERVER_START_FAILED', `The nats-server ended while it started (${how(ending)}).`, lastLines(log, ending))
}

const how = ({ code, signal }: Ending): string => (signal === null ? `exit code ${code}` : signal)

/** The end of the log as it stands in an error. */
export function lastLines(
  log: readonly string[],
  ending?: Ending,
): { why: string; fix: string; details: Readonly<Record<string, unknown>> } {
  const lines = log.filter((line) => line !== '').slice(-10)
  return {
    why: lines.length > 0 ? `Its last lines:\n${lines.map((line) => `  ${line}`).join('\n')}\n` : 'It wrote nothing.',
    fix: 'Correct what the log complains about, and start it again.',
    details: { log: lines, ...(ending ? { code: ending.code, signal: ending.signal } : {}) },
  }
}
