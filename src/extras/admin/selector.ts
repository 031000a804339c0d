/**
 * The selector: one small language for "which ones", the same in the CLI, in a URL and in code.
 *
 *   state:dead queue:mail.* error:~"ECONN" data.to:*@example.org attempt:>=3 age:>10m -worker:a,b sort:-wait
 *
 * Terms stand between blanks and all hold. `a,b` is either, `*` any text, `~` contains, `> >= < <=` compare, `-` before a key
 * negates, quotes hold blanks. A word without a key is looked for in id, name, error and unique key.
 */

import { milliseconds } from '../../base/duration.ts'
import { type CallboardError, fault } from '../../base/errors.ts'
import { nearest } from '../../base/options.ts'

/** How a term compares. */
export type Operator = '=' | '~' | '>' | '>=' | '<' | '<='

/** One condition. */
export interface Term {
  /** `text` for a word without a key. */
  readonly key: string
  readonly not: boolean
  readonly operator: Operator
  /** Any of these. */
  readonly values: readonly string[]
}

/** A selector, read. */
export interface Selector {
  readonly terms: readonly Term[]
  readonly sort?: { readonly key: string; readonly descending: boolean }
}

/** What kind of value a key takes: words, numbers, spans until now, or points in time. */
export type Kind = 'word' | 'number' | 'span' | 'since' | 'until'

/** Key → kind and meaning; in the order they are suggested. */
const keys = {
  state: ['word', 'ready, scheduled, running, retrying, done, dead, cancelled, expired, skipped'],
  queue: ['word', 'name of a queue'],
  topic: ['word', 'name of a topic'],
  task: ['word', 'name of a task'],
  name: ['word', 'name of a task or topic'],
  style: ['word', 'implicit or explicit'],
  service: ['word', 'who runs it'],
  worker: ['word', 'the process that runs it'],
  id: ['word', 'id of a task or event'],
  key: ['word', 'unique key of a task'],
  lane: ['word', 'high, normal, low'],
  error: ['word', 'message of the newest error'],
  type: ['word', 'name of the newest error'],
  code: ['word', 'code of the newest error'],
  fingerprint: ['word', 'errors that look alike'],
  reason: ['word', 'rejected, exhausted, expired, unreadable'],
  parent: ['word', 'id of what caused it'],
  attempt: ['number', 'attempts so far'],
  age: ['span', 'time since it was stored'],
  wait: ['span', 'time until it first ran'],
  ms: ['span', 'time its newest run took'],
  since: ['since', 'stored or ended in this time until now, or after a date'],
  until: ['until', 'stored before this time ago, or before a date'],
} as const satisfies Record<string, readonly [Kind, string]>

/** Every key with what it means, for help and completion. `data.…` and `header.…` go beside them. */
export const selectorKeys: readonly { readonly key: string; readonly means: string }[] = [
  ...Object.entries(keys).map(([key, [, means]]) => ({ key, means })),
  { key: 'data.<path>', means: 'a field of the payload' },
  { key: 'header.<name>', means: 'what the sender sent along' },
  { key: 'sort', means: 'a key to sort by; with - before it the greatest comes first' },
]

const sortable = ['state', 'queue', 'name', 'id', 'service', 'worker', 'attempt', 'age', 'wait', 'ms', 'error']
const known = [...Object.keys(keys), 'sort', 'data.', 'header.']

/** What a key takes; undefined: there is no such key. */
export function kindOf(key: string): Kind | undefined {
  if (/^(data|header)\../.test(key) || key === 'text') return 'word'
  return Object.hasOwn(keys, key) ? keys[key as keyof typeof keys][0] : undefined
}

/** Reads a selector. Empty text selects everything. Throws INVALID_SELECTOR, which points to the place. */
export function parseSelector(text: string): Selector {
  const terms: Term[] = []
  let sort: Selector['sort']
  for (const word of wordsOf(text)) {
    if (word.key === 'sort') {
      const descending = word.raw.startsWith('-')
      const by = descending ? word.raw.slice(1) : word.raw
      if (!sortable.includes(by)) throw complaint(text, word.valueAt, `it cannot be sorted by ${JSON.stringify(by)}${meant(by, sortable)}`)
      sort = { key: by, descending }
    } else terms.push(termOf(text, word))
  }
  return sort === undefined ? { terms } : { terms, sort }
}

interface Word {
  readonly at: number
  readonly valueAt: number
  readonly not: boolean
  readonly key: string
  readonly operator: Operator
  readonly raw: string
  readonly values: readonly string[]
}

/** Cuts the text into words, in one walk over its characters. */
function wordsOf(text: string): Word[] {
  const words: Word[] = []
  let at = 0
  while (at < text.length) {
    if (/\s/.test(text.charAt(at))) {
      at++
      continue
    }
    const [word, end] = wordAt(text, at)
    words.push(word)
    at = end
  }
  return words
}

const keyed = /(-?)([A-Za-z_][\w-]*(?:\.[^\s:"]+)?):(~|>=|<=|>|<|=)?/y
const bare = /(-?)/y

function wordAt(text: string, at: number): [Word, number] {
  keyed.lastIndex = at
  bare.lastIndex = at
  const found = keyed.exec(text)
  const [whole = '', minus = '', key = 'text', operator = found ? '=' : '~'] = found ?? bare.exec(text) ?? []
  const valueAt = at + whole.length
  const [values, end] = valuesAt(text, valueAt)
  const raw = text.slice(valueAt, end)
  return [{ at, valueAt, not: minus === '-', key, operator: operator as Operator, raw, values }, end]
}

/** Values with commas between them, each bare or quoted, up to the next blank. */
function valuesAt(text: string, start: number): [string[], number] {
  const values: string[] = []
  let at = start
  for (;;) {
    if (text.charAt(at) === '"') {
      const quoted = /"((?:[^"\\]|\\.)*)"/y
      quoted.lastIndex = at
      const found = quoted.exec(text)
      if (found === null) throw complaint(text, at, 'a quote is opened and not closed')
      values.push((found[1] ?? '').replace(/\\(.)/gs, '$1'))
      at += found[0].length
    } else {
      const plain = /[^\s,"]*/y
      plain.lastIndex = at
      const [value = ''] = plain.exec(text) ?? []
      values.push(value)
      at += value.length
    }
    const next = text.charAt(at)
    if (next === '' || /\s/.test(next)) return [values, at]
    if (next !== ',') throw complaint(text, at, 'a quoted value ends and the word goes on; put a comma or a blank between')
    at++
  }
}

function termOf(text: string, { at, valueAt, not, key, operator, values }: Word): Term {
  const kind = kindOf(key)
  if (kind === undefined) throw complaint(text, at + (not ? 1 : 0), `there is no key ${JSON.stringify(key)}${meant(key, known)}`)
  if (values.some((value) => value === '')) throw complaint(text, valueAt, `${key} has no value`)
  const orders = operator !== '=' && operator !== '~'
  if (kind === 'number' && values.some((value) => !/^-?\d+(\.\d+)?$/.test(value)))
    throw complaint(text, valueAt, `${key} takes a number, as ${key}:>=3`)
  if (kind === 'span' && values.some((value) => spanOf(value) === undefined))
    throw complaint(text, valueAt, `${key} takes a time with a unit, as ${key}:>10m`)
  if ((kind === 'since' || kind === 'until') && values.some((value) => pointOf(value, 0) === undefined))
    throw complaint(text, valueAt, `${key} takes a time ago or a date, as ${key}:2h or ${key}:2026-01-31`)
  if (kind === 'word' && orders && !key.startsWith('data.') && !key.startsWith('header.'))
    throw complaint(text, valueAt, `${key} is no number and cannot be compared with ${operator}`)
  if (kind !== 'word' && operator === '~') throw complaint(text, valueAt, `${key} is no text and cannot be searched with ~`)
  return { key, not, operator, values }
}

const meant = (word: string, all: readonly string[]): string => {
  const near = nearest(word, all)
  return near === undefined ? `; there are ${all.join(', ')}` : ` (did you mean ${near}?)`
}

/** The complaint about a selector, which points to the place. */
function complaint(text: string, at: number, what: string): CallboardError {
  const from = Math.max(0, at - 20)
  const shown = `${from > 0 ? '…' : ''}${text.slice(from, at)}▶${text.slice(at, at + 30)}${text.length > at + 30 ? '…' : ''}`
  return fault('INVALID_SELECTOR', `The selector cannot be read at position ${at + 1}: ${what}: ${shown}`, {
    details: { at, selector: text },
  })
}

/** A span of time in ms; undefined: it is none. */
export const spanOf = (value: string): number | undefined => (/^\d+$/.test(value) ? Number(value) : milliseconds(value))

/** A time ago, or a date, in ms since 1970. */
export function pointOf(value: string, now: number): number | undefined {
  const ago = milliseconds(value)
  if (ago !== undefined) return now - ago
  const date = /^\d{4}-\d\d-\d\d/.test(value) ? Date.parse(value) : Number.NaN
  return Number.isNaN(date) ? undefined : date
}

/** A selector as text: read again it is the same selector. */
export function printSelector({ terms, sort }: Selector): string {
  const words = terms.map(({ key, not, operator, values }) => {
    const sign = operator === '=' || (key === 'text' && operator === '~') ? '' : operator
    const list = values.map((value) => (plainValue(value, key === 'text' || operator === '=') ? value : quoted(value))).join(',')
    return `${not ? '-' : ''}${key === 'text' ? '' : `${key}:`}${sign}${list}`
  })
  if (sort !== undefined) words.push(`sort:${sort.descending ? '-' : ''}${sort.key}`)
  return words.join(' ')
}

/** Whether a value reads as itself without quotes: nothing in it ends a word, and nothing at its beginning is a sign. */
const plainValue = (value: string, first: boolean): boolean =>
  value !== '' && !/[\s,":\\]/.test(value) && !(first && /^[-~<>=]/.test(value))
const quoted = (value: string): string => `"${value.replace(/["\\]/g, '\\$&')}"`

/** What may stand where a word ends: keys, or the values seen for a key. For completion. */
export function suggest(word: string, seen: (key: string) => readonly string[] = () => []): string[] {
  const at = word.indexOf(':')
  if (at < 0)
    return selectorKeys
      .map(({ key }) => (key.endsWith('>') ? key.slice(0, key.indexOf('<')) : `${key}:`))
      .filter((key) => key.startsWith(word))
  const key = word.slice(0, at)
  const start = word.slice(at + 1)
  const own = ['state', 'style', 'lane', 'reason'].includes(key) ? keys[key as 'state'][1].split(/, | or /) : []
  return [...own, ...seen(key)]
    .filter((value) => value.startsWith(start))
    .map((value) => `${key}:${plainValue(value, true) ? value : quoted(value)}`)
}
