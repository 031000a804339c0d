/**
 * Reading options: one function checks a whole object and reports every complaint at once.
 *
 * A reader takes the value found under a name and gives the value to use, or says what is wrong.
 */

import { durationShape, milliseconds } from './duration.ts'
import { fault, shown } from './errors.ts'

/** Says what is wrong with an option. Made by `wrong`, recognised by `readOptions`. */
class Wrong {
  readonly sentence: string
  constructor(sentence: string) {
    this.sentence = sentence
  }
}

/** Reads one option. The value is never undefined. */
export type Reader<T> = (value: unknown) => T | Wrong

/** A reader for each option of an interface, no more and no fewer. */
export type ReadersOf<Options> = { readonly [K in keyof Required<Options>]: Reader<unknown> }

/** What a reader answers when the value cannot be used. `sentence` says what is allowed. */
export const wrong = (sentence: string): Wrong => new Wrong(sentence)

/** The values that a set of readers gives; whatever was absent stays absent. */
export type Read<R extends Record<string, Reader<unknown>>> = { [K in keyof R]?: R[K] extends Reader<infer T> ? T : never }

/**
 * Checks `given` against `readers` and gives what they made of it.
 *
 * where     how the options are called in messages, as `task("mail.send")`
 * throws    INVALID_ARGUMENT if it is no object; UNKNOWN_OPTION or INVALID_OPTION with all complaints at once
 */
export function readOptions<R extends Record<string, Reader<unknown>>>(where: string, given: unknown, readers: R): Read<R> {
  if (given === undefined) return {}
  if (typeof given !== 'object' || given === null || Array.isArray(given)) {
    throw fault('INVALID_ARGUMENT', `The options of ${where} are ${shown(given)}, not an object.`)
  }
  const read: Record<string, unknown> = {}
  const unknown: string[] = []
  const complaints: string[] = []
  for (const [name, value] of Object.entries(given)) {
    if (value === undefined) continue
    const reader = Object.hasOwn(readers, name) ? readers[name] : undefined
    if (!reader) {
      unknown.push(unknownOption(name, Object.keys(readers)))
      continue
    }
    const result = reader(value)
    if (result instanceof Wrong) complaints.push(`${name} is ${shown(value)}: ${result.sentence}`)
    else read[name] = result
  }
  if (unknown.length + complaints.length > 0) {
    throw fault(
      complaints.length > 0 ? 'INVALID_OPTION' : 'UNKNOWN_OPTION',
      `The options of ${where} cannot be used: ${[...unknown, ...complaints].map(withoutStop).join('; ')}.`,
    )
  }
  return read as Read<R>
}

/** A duration of at least `least` ms (default 0). */
export const time =
  (least = 0): Reader<number> =>
  (value) => {
    const ms = milliseconds(value)
    if (ms === undefined) return wrong(durationShape)
    return ms < least ? wrong(`it must be at least ${least} ms`) : ms
  }

/** A whole number between two bounds. */
export const whole =
  (least: number, most: number): Reader<number> =>
  (value) =>
    Number.isInteger(value) && (value as number) >= least && (value as number) <= most
      ? (value as number)
      : wrong(`it must be a whole number from ${least} to ${most}`)

/** One of some words. */
export const oneOf =
  <const T extends string>(...words: readonly T[]): Reader<T> =>
  (value) =>
    words.includes(value as T) ? (value as T) : wrong(`it must be one of ${words.join(', ')}`)

/** True or false. */
export const flag: Reader<boolean> = (value) => (typeof value === 'boolean' ? value : wrong('it must be true or false'))

/** Text that is not empty. */
export const text: Reader<string> = (value) =>
  typeof value === 'string' && value !== '' ? value : wrong('it must be text that is not empty')

/** A function. */
export const callable =
  <T>(): Reader<T> =>
  (value) =>
    typeof value === 'function' ? (value as T) : wrong('it must be a function')

/** An AbortSignal, of whatever making. */
export const signal: Reader<AbortSignal> = (value) =>
  typeof value === 'object' && value !== null && 'aborted' in value && 'addEventListener' in value
    ? (value as AbortSignal)
    : wrong('it must be an AbortSignal')

/** Taken as it is; checked elsewhere. */
export const anything =
  <T>(): Reader<T> =>
  (value) =>
    value as T

/** Whatever another function makes of it; what that throws becomes the complaint. */
export const made =
  <T>(make: (value: never) => T): Reader<T> =>
  (value) => {
    try {
      return make(value as never)
    } catch (error) {
      return wrong(error instanceof Error ? error.message : String(error))
    }
  }

/** Complaints are joined into one sentence, which has its own full stop. */
const withoutStop = (text: string): string => text.replace(/\.$/, '')

function unknownOption(name: string, known: readonly string[]): string {
  const near = nearest(name, known)
  return `there is no option ${shown(name)}${near ? ` (did you mean ${near}?)` : ''}`
}

/** The known word closest to a misspelt one, if any is close enough to be meant. */
export function nearest(word: string, known: readonly string[]): string | undefined {
  let best: string | undefined
  let least = Math.max(2, Math.floor(word.length / 3)) + 1
  for (const candidate of known) {
    const distance = edits(word.toLowerCase(), candidate.toLowerCase())
    if (distance < least) [best, least] = [candidate, distance]
  }
  return best
}

/** How many single letters must change to turn one word into the other (Levenshtein). */
function edits(a: string, b: string): number {
  let row = Array.from({ length: b.length + 1 }, (_, index) => index)
  for (let i = 1; i <= a.length; i++) {
    const next = [i]
    for (let j = 1; j <= b.length; j++) {
      const swap = (row[j - 1] ?? 0) + (a[i - 1] === b[j - 1] ? 0 : 1)
      next.push(Math.min(swap, (row[j] ?? 0) + 1, (next[j - 1] ?? 0) + 1))
    }
    row = next
  }
  return row[b.length] ?? 0
}
