/**
 * Entries of the ledger, and the pages they are stored as. A page is one message with many entries, written in columns: what
 * repeats is written once, numbers are variable-length integers, and nothing is there for what an entry does not have.
 */

import { fault, shown } from '../base/errors.ts'
import type { Style } from '../base/events.ts'
import type { FailureError, Reason } from '../base/obituary.ts'
import { decode } from '../wire/codec.ts'

/** What can happen, in the order of its codes on the wire: new ones come last. */
export const entryKinds = [
  'stored',
  'started',
  'progressed',
  'succeeded',
  'failed',
  'snoozed',
  'interrupted',
  'cancelled',
  'skipped',
  'buried',
  'ignored',
  'redriven',
  'discarded',
  'audit',
  'dropped',
] as const
/** What can happen. */
export type EntryKind = (typeof entryKinds)[number]

/** Their codes. */
export const codes = Object.fromEntries(entryKinds.map((kind, code) => [kind, code])) as Readonly<Record<EntryKind, number>>

/** What an entry is about. */
export interface EntryLabel {
  readonly style: Style
  /** Name of the topic or task. */
  readonly name: string
  readonly service?: string | undefined
  readonly queue?: string | undefined
}

/** What only some entries have. */
export interface EntryMore {
  /** ms until it is tried again. */
  readonly after?: number
  readonly error?: Pick<FailureError, 'name' | 'message' | 'code'>
  readonly reason?: Reason
  /** When it is due, in ms since 1970. */
  readonly due?: number
  /** How far it is, where that is a number. */
  readonly progress?: number
  /** What an operator did, and who: of entries of kind `audit`. */
  readonly text?: string
  readonly who?: string
  readonly selector?: string
  /** How many were meant, or were left out: of `audit` and `dropped`. */
  readonly count?: number
}

/** One thing that happened. No payload is in it. */
export interface LedgerEntry extends EntryLabel, EntryMore {
  /** Its place: `<sequence>.<index>`. Resumes a reading. */
  readonly place: string
  readonly kind: EntryKind
  /** ms since 1970, by the clock of who tells. */
  readonly at: number
  /** The process that tells. */
  readonly worker: string
  readonly id: string
  readonly attempt?: number
  /** ms a run took. */
  readonly ms?: number
  /** The place of a stored message in its stream. */
  readonly sequence?: number
  /** The id of what a handler was working on that stored this. */
  readonly parent?: string
}

/** The longest text that is kept. */
const longestText = 200

interface Stored {
  readonly v: number
  readonly worker: string
  readonly at: number
  readonly kinds: Uint8Array
  readonly times: Uint8Array
  readonly labels: readonly (readonly [0 | 1, string, string, string])[]
  readonly about: Uint8Array
  readonly ids: Uint8Array
  readonly attempts: Uint8Array
  readonly numbers: Uint8Array
  readonly parents?: readonly string[]
  readonly causes?: Uint8Array
  readonly more?: readonly (readonly [number, EntryMore])[]
  readonly dropped?: number
}

/** The entries of a page, in order. Throws DECODE for what is none. Entries of kinds that are not known yet are left out. */
export function entriesOf(body: Uint8Array, sequence: number): LedgerEntry[] {
  const page = decode(body) as Stored
  if (page.v !== 1) throw fault('WIRE_UNSUPPORTED', `A page of the ledger is written in version ${shown(page.v)}.`)
  const ids = Buffer.from(page.ids.buffer, page.ids.byteOffset, page.ids.length).toString().split('\n')
  const [times, about, attempts, numbers] = [
    numbersIn(page.times),
    numbersIn(page.about),
    numbersIn(page.attempts),
    numbersIn(page.numbers),
  ]
  const causes = page.causes === undefined ? [] : numbersIn(page.causes)
  const more = new Map(page.more)
  const entries: LedgerEntry[] = []
  const { worker, dropped = 0 } = page
  if (dropped > 0)
    entries.push({ place: `${sequence}.-1`, kind: 'dropped', at: page.at, worker, id: '-', style: 'explicit', name: '-', count: dropped })
  for (const [index, code] of page.kinds.entries()) {
    const kind = entryKinds[code]
    const label = page.labels[about[index] ?? -1]
    if (kind === undefined || label === undefined) continue
    const [style, name, service, queue] = label
    const [attempt = 0, number = 0, cause = 0] = [attempts[index], numbers[index], causes[index]]
    const parent = cause === 0 ? undefined : page.parents?.[cause - 1]
    entries.push({
      place: `${sequence}.${index}`,
      kind,
      at: page.at + (times[index] ?? 0),
      worker,
      style: style === 0 ? 'implicit' : 'explicit',
      name,
      id: ids[index] ?? '',
      ...(service === '' ? {} : { service }),
      ...(queue === '' ? {} : { queue }),
      ...(attempt === 0 ? {} : { attempt }),
      ...(kind === 'stored' ? { sequence: number } : timed.has(kind) ? { ms: number } : {}),
      ...(parent === undefined ? {} : { parent }),
      ...more.get(index),
    })
  }
  return entries
}

const timed: ReadonlySet<EntryKind> = new Set(['succeeded', 'failed', 'snoozed', 'interrupted', 'cancelled', 'skipped'])

/** An error as the ledger keeps it: what it is called and the beginning of what it says, never a stack. */
export function briefly({ name, message, code }: FailureError): NonNullable<EntryMore['error']> {
  const [line = ''] = message.split('\n')
  return { name, message: line.length > longestText ? `${line.slice(0, longestText)}…` : line, ...(code === undefined ? {} : { code }) }
}

/** Reads a column of numbers. */
export function numbersIn(bytes: Uint8Array): number[] {
  const numbers: number[] = []
  let [number, unit] = [0, 1]
  for (const byte of bytes) {
    number += (byte & 127) * unit
    unit *= 128
    if (byte > 127) continue
    numbers.push(number)
    ;[number, unit] = [0, 1]
  }
  return numbers
}
