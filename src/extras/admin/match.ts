/** Whether a selector means one: a pure function, shared by lists, counts, tails and everything done to many. */

import { type Kind, kindOf, type Operator, pointOf, type Selector, spanOf, type Term } from './selector.ts'

/** What a selector can be held against. `data` only where the selector asks for it. */
export interface Selectable {
  readonly id: string
  readonly style: string
  readonly name: string
  readonly state?: string
  readonly queue?: string
  readonly lane?: string
  readonly key?: string
  readonly service?: string
  readonly worker?: string
  readonly parent?: string
  readonly reason?: string
  readonly attempt?: number
  readonly storedAt?: number
  readonly endedAt?: number
  readonly wait?: number
  readonly ms?: number
  readonly error?: { readonly name: string; readonly message: string; readonly code?: string; readonly fingerprint: string }
  readonly data?: unknown
  readonly headers?: Readonly<Record<string, string>>
}

/** Whether payloads must be read to decide. */
export const asksForData = ({ terms }: Selector): boolean => terms.some(({ key }) => /^(data|header)\./.test(key))

/** Whether all terms hold. `now` is in ms since 1970. */
export function matchesSelector({ terms }: Selector, one: Selectable, now: number): boolean {
  return terms.every((term) => holds(term, one, now) !== term.not)
}

function holds({ key, operator, values }: Term, one: Selectable, now: number): boolean {
  const kind = kindOf(key)
  if (kind === 'since' || kind === 'until') {
    const at = one.endedAt ?? one.storedAt
    return (
      at !== undefined && values.some((value) => (kind === 'since' ? at >= (pointOf(value, now) ?? 0) : at < (pointOf(value, now) ?? 0)))
    )
  }
  const found = fieldsOf(key, one, now)
  return found.some((field) => values.some((value) => compares(field, operator, value, kind)))
}

function compares(field: unknown, operator: Operator, value: string, kind: Kind | undefined): boolean {
  if (field === undefined || field === null) return false
  if (kind === 'number' || kind === 'span' || operator.startsWith('>') || operator.startsWith('<')) {
    const wanted = kind === 'span' ? spanOf(value) : Number(value)
    return wanted !== undefined && ordered(Number(field), operator, wanted)
  }
  const text = typeof field === 'object' ? JSON.stringify(field) : String(field)
  if (operator === '~') return text.toLowerCase().includes(value.toLowerCase())
  return value.includes('*') ? like(text, value) : text === value
}

function ordered(field: number, operator: Operator, wanted: number): boolean {
  if (operator === '>') return field > wanted
  if (operator === '>=') return field >= wanted
  if (operator === '<') return field < wanted
  return operator === '<=' ? field <= wanted : field === wanted
}

/** Wildcards without a regular expression, so that no pattern takes long. */
function like(text: string, pattern: string): boolean {
  const parts = pattern.split('*')
  const [first = ''] = parts
  const last = parts.at(-1) ?? ''
  if (!text.startsWith(first) || text.length < first.length + last.length || !text.endsWith(last)) return false
  let at = first.length
  for (const part of parts.slice(1, -1)) {
    const found = text.indexOf(part, at)
    if (found < 0 || found + part.length > text.length - last.length) return false
    at = found + part.length
  }
  return true
}

function fieldsOf(key: string, one: Selectable, now: number): unknown[] {
  if (key === 'text') return [one.id, one.name, one.key, one.error?.message, one.error?.name]
  if (key.startsWith('data.')) return digged(one.data, key.slice(5).split('.'))
  if (key.startsWith('header.')) return [one.headers?.[key.slice(7)]]
  switch (key) {
    case 'topic':
      return one.style === 'implicit' ? [one.name] : []
    case 'task':
      return one.style === 'explicit' ? [one.name] : []
    case 'error':
      return [one.error?.message]
    case 'type':
      return [one.error?.name]
    case 'code':
      return [one.error?.code]
    case 'fingerprint':
      return [one.error?.fingerprint]
    case 'age':
      return one.storedAt === undefined ? [] : [now - one.storedAt]
    default:
      return [one[key as keyof Selectable]]
  }
}

/** What lies at a path of a payload; of a list every element is meant. */
function digged(value: unknown, path: readonly string[]): unknown[] {
  const [step, ...rest] = path
  if (Array.isArray(value) && !(step !== undefined && /^\d+$/.test(step))) return value.flatMap((each) => digged(each, path))
  if (step === undefined) return [value]
  if (typeof value !== 'object' || value === null || !Object.hasOwn(value, step)) return []
  return digged((value as Record<string, unknown>)[step], rest)
}

/** Sorted as the selector says; as they come where it says nothing. */
export function sortedBy<T extends Selectable>({ sort }: Selector, all: readonly T[]): readonly T[] {
  if (sort === undefined) return all
  const of = (one: T) => (sort.key === 'error' ? one.error?.message : sort.key === 'age' ? -(one.storedAt ?? 0) : one[sort.key as keyof T])
  const direction = sort.descending ? -1 : 1
  return [...all].sort((a, b) => direction * order(of(a), of(b)))
}

/** What is not known comes last. */
function order(a: unknown, b: unknown): number {
  if (a === undefined || b === undefined) return a === b ? 0 : a === undefined ? 1 : -1
  return typeof a === 'number' && typeof b === 'number' ? a - b : String(a) < String(b) ? -1 : String(a) > String(b) ? 1 : 0
}
