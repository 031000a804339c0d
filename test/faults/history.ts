/**
 * What happened, one line for each operation, written by every process to a file of its own. A line is in the hands of the system
 * when `write` returns, so a process that is killed takes none with it. All clocks are one: everything runs on one machine.
 */

import { closeSync, openSync, readdirSync, readFileSync, writeSync } from 'node:fs'
import { join } from 'node:path'

/** One line. */
export interface Op {
  /** ms since 1970. */
  readonly at: number
  /** The process, with its incarnation: `w1.3`. */
  readonly by: string
  /**
   * say      a producer is about to send      what: kind of thing       extra: not before (ms since 1970), or nothing
   * ok       it was told that it is stored
   * fail     it was told that it is not       what: code
   * unknown  it was told that nobody knows    what: code
   * begin    a handler begins                 what: who runs it         extra: the run
   * wait     it waits in a worker for leave to run   what: for whose
   * stayed   the run is of what had stayed in its queue, and was put there again   extra: the run
   * end      a handler has done it            what: who runs it         extra: the run
   * threw    a handler has thrown             what: who runs it         extra: the run
   * result   somebody read the result                                   extra: what it is
   * dead     it is a dead letter              what: who ran it
   * fault    something was done to somebody   what: what, id: to whom   extra: until when (ms since 1970)
   * stuck    after all was healed it was not  what: a sentence
   */
  readonly op: 'say' | 'ok' | 'fail' | 'unknown' | 'wait' | 'begin' | 'stayed' | 'end' | 'threw' | 'result' | 'dead' | 'fault' | 'stuck'
  readonly what: string
  readonly id: string
  readonly extra: string
}

/** Writes operations. */
export interface Recorder {
  write(op: Op['op'], what: string, id: string, extra?: string, at?: number): void
  close(): void
}

/**
 * Now, in ms since 1970, by the clock of the computer, which brokers and boards go by; a worker may be told a wrong one later. What counts from the
 * start of its process drifts away from it where the clock is adjusted.
 */
export const now: () => number = Date.now

/** Writes the operations of one process into a folder. */
export function recorder(folder: string, by: string): Recorder {
  const file = openSync(join(folder, `${by}.history`), 'a')
  return {
    write: (op, what, id, extra = '', at = now()) => void writeSync(file, `${at.toFixed(3)}\t${op}\t${what}\t${id}\t${extra}\n`),
    close: () => closeSync(file),
  }
}

/** Everything all processes wrote, one process after the other. A last line that was cut off is left out. */
export function* historyOf(folder: string): Generator<Op> {
  for (const name of readdirSync(folder)) {
    if (!name.endsWith('.history')) continue
    const by = name.slice(0, -'.history'.length)
    const text = readFileSync(join(folder, name), 'latin1')
    for (let from = 0, to = text.indexOf('\n'); to >= 0; from = to + 1, to = text.indexOf('\n', from)) {
      const [at = '', op = '', what = '', id = '', extra = ''] = text.slice(from, to).split('\t')
      yield { at: Number(at), by, op: op as Op['op'], what, id, extra }
    }
  }
}
