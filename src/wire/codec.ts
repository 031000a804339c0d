/**
 * Bodies: MessagePack as plain maps, or JSON. The only file that knows msgpackr.
 *
 * What cannot be sent without changing it is refused when it is sent; what could harm a reader is refused when it is read.
 * MessagePack carries no extensions, records or structures: any client in any language can read it, and no type name
 * in a message picks a class in ours.
 */

import { Packr } from 'msgpackr/pack'
import { CallboardError, fault, shown } from '../base/errors.ts'

/** How a body is written. Default everywhere: `msgpack`. */
export type Encoding = 'msgpack' | 'json'

/** The deepest nesting of a body. */
export const deepest = 100

const packr = new Packr({ useRecords: false, variableMapSize: true, int64AsType: 'auto', useToJSON: false })
const utf8 = new TextDecoder('utf-8', { fatal: true })

/** A value as bytes. `plain`: `inspectedAll` found it so. Throws NOT_SERIALIZABLE with the path of what cannot be sent, or TOO_DEEP. */
export function encode(value: unknown, encoding: Encoding = 'msgpack', plain = false): Uint8Array {
  try {
    if (plain && encoding === 'msgpack') return packr.pack(value)
    const walk = inspected(value, encoding)
    const sendable = walk.gaps || walk.negativeZeros ? tidied(value) : value
    if (encoding === 'json') return Buffer.from(JSON.stringify(sendable))
    const bytes = packr.pack(sendable)
    return walk.negativeZeros ? withNegativeZeros(bytes) : bytes
  } catch (error) {
    if (error instanceof CallboardError) throw error
    throw fault('NOT_SERIALIZABLE', 'The payload throws when it is read.', { cause: error })
  }
}

/** The value in some bytes. Throws DECODE. An empty body is `undefined`. */
export function decode(bytes: Uint8Array, encoding: Encoding = 'msgpack'): unknown {
  if (bytes.length === 0) return undefined
  const key = sealedBy(bytes)
  if (key !== undefined) throw fault('SEALED', `A body of ${bytes.length} bytes is sealed with ${key}.`)
  try {
    if (encoding === 'json') return readJson(bytes)
    const trouble = troubleIn(bytes)
    if (trouble) throw fault('DECODE', `A body of ${bytes.length} bytes is not MessagePack that callboard reads: ${trouble}.`)
    return packr.unpack(bytes as Buffer)
  } catch (error) {
    if (error instanceof CallboardError) throw error
    throw fault('DECODE', `A body of ${bytes.length} bytes is not ${encoding === 'json' ? 'JSON' : 'MessagePack'}.`, { cause: error })
  }
}

/**
 * By what a body is sealed; undefined: it is not. A sealed body begins with a byte that begins neither MessagePack nor JSON, then the
 * length of a text, and that text.
 */
export function sealedBy(bytes: Uint8Array): string | undefined {
  const length = bytes[1] ?? 0
  if (bytes[0] !== 0xc1 || bytes.length < 2 + length) return undefined
  const text = Buffer.from(bytes.buffer, bytes.byteOffset + 2, length).toString('latin1')
  return /^[\w.:/-]+$/.test(text) ? text : undefined
}

function readJson(bytes: Uint8Array): unknown {
  let depth = 0
  let quoted = false
  for (let i = 0; i < bytes.length; i++) {
    const byte = bytes[i]
    if (byte === 0x5c && quoted) i++
    else if (byte === 0x22) quoted = !quoted
    else if (!quoted && (byte === 0x5b || byte === 0x7b)) {
      if (++depth > deepest) throw fault('DECODE', `A JSON body is nested more than ${deepest} levels deep.`)
    } else if (!quoted && (byte === 0x5d || byte === 0x7d)) depth--
  }
  return JSON.parse(utf8.decode(bytes), (key, value) => (key === '__proto__' ? undefined : value))
}

/** Refuses what cannot be sent as it is. Walks the value once; `path` is built only when something is wrong. */
function inspected(value: unknown, encoding: Encoding): Walk {
  if (value === undefined) refuse('$', 'is undefined')
  const walk: Walk = { encoding, above: [], gaps: false, negativeZeros: false, weight: 0 }
  inspect(value, walk, 0, () => '$')
  return walk
}

/**
 * Refuses what cannot be sent in any of some values. `plain`: all can be written as they are; `weight`: none of them has
 * more bytes, Infinity where one is undefined. Throws as `encode` does.
 */
export function inspectedAll(values: readonly unknown[], encoding: Encoding): { readonly plain: boolean; readonly weight: number } {
  const walk: Walk = { encoding, above: [], gaps: false, negativeZeros: false, weight: 0 }
  let most = 0
  for (const value of values) {
    walk.weight = 0
    if (value === undefined) walk.weight = Number.POSITIVE_INFINITY
    else inspect(value, walk, 0, () => '$')
    if (walk.weight > most) most = walk.weight
  }
  return { plain: !walk.gaps && !walk.negativeZeros, weight: most }
}

/** What a character, or anything else, takes at most, in bytes. */
const widest = 6
const aside = 30

interface Walk {
  readonly encoding: Encoding
  /** The containers around the value being looked at, to find circles. */
  readonly above: object[]
  /** Whether a property was undefined. */
  gaps: boolean
  /** Whether a number was -0. */
  negativeZeros: boolean
  /** More bytes than it will have. */
  weight: number
}

type Path = () => string

function inspect(value: unknown, walk: Walk, depth: number, path: Path): void {
  walk.weight += aside
  switch (typeof value) {
    case 'string':
      if (!value.isWellFormed()) refuse(path(), 'has a lone surrogate, which is no text')
      walk.weight += widest * value.length
      return
    case 'boolean':
      return
    case 'number':
      if (Object.is(value, -0)) walk.negativeZeros = true
      if (walk.encoding === 'json' && (!Number.isFinite(value) || Object.is(value, -0)))
        refuse(path(), `is ${Object.is(value, -0) ? '-0' : value}, which JSON cannot say`)
      return
    case 'object':
      if (value !== null) inspectObject(value, walk, depth, path)
      return
    default:
      refuse(path(), `is ${shown(value)}`)
  }
}

function inspectObject(value: object, walk: Walk, depth: number, path: Path): void {
  if (depth >= deepest) throw fault('TOO_DEEP', `${path()} is nested more than ${deepest} levels deep.`)
  try {
    if (value instanceof Uint8Array) {
      if (walk.encoding === 'json') refuse(path(), 'is binary, which JSON cannot carry')
      walk.weight += value.length
      return
    }
    if (walk.above.includes(value)) refuse(path(), 'is circular')
    walk.above.push(value)
    if (Array.isArray(value)) inspectArray(value, walk, depth, path)
    else inspectPlain(value as Record<string, unknown>, walk, depth, path)
    if (walk.encoding === 'json' && typeof (value as { toJSON?: unknown }).toJSON === 'function') refuse(path(), 'has a method toJSON')
    walk.above.pop()
  } catch (error) {
    if (error instanceof CallboardError) throw error
    throw fault('NOT_SERIALIZABLE', `${path()} throws when it is read.`, { cause: error })
  }
}

function inspectArray(value: readonly unknown[], walk: Walk, depth: number, path: Path): void {
  for (let i = 0; i < value.length; i++) {
    if (value[i] === undefined) refuse(`${path()}[${i}]`, 'is undefined')
    inspect(value[i], walk, depth + 1, () => `${path()}[${i}]`)
  }
}

function inspectPlain(value: Record<string, unknown>, walk: Walk, depth: number, path: Path): void {
  const prototype = Object.getPrototypeOf(value)
  if (prototype !== Object.prototype && prototype !== null)
    refuse(path(), `is a ${value.constructor?.name ?? 'class instance'}, not a plain object`)
  for (const key of Object.keys(value)) {
    if (key === '__proto__') refuse(path(), 'has a property named __proto__')
    if (!key.isWellFormed()) refuse(path(), 'has a property whose name has a lone surrogate, which is no text')
    walk.weight += aside + widest * key.length
    const inner = read(value, key, path)
    if (inner === undefined) walk.gaps = true
    else inspect(inner, walk, depth + 1, () => `${path()}.${key}`)
  }
}

function read(value: Record<string, unknown>, key: string, path: Path): unknown {
  try {
    return value[key]
  } catch (error) {
    throw fault('NOT_SERIALIZABLE', `${path()}.${key} throws when it is read.`, { cause: error })
  }
}

/** A copy without properties that are undefined, and with 0n in place of each -0. */
function tidied(value: unknown): unknown {
  if (Object.is(value, -0)) return 0n
  if (Array.isArray(value)) return value.map(tidied)
  if (typeof value !== 'object' || value === null || value instanceof Uint8Array) return value
  const copy: Record<string, unknown> = {}
  for (const [key, inner] of Object.entries(value)) if (inner !== undefined) copy[key] = tidied(inner)
  return copy
}

/** msgpackr writes -0 as 0. Nothing else was a 64-bit integer, which is as long as a float: each becomes the float -0. */
function withNegativeZeros(bytes: Uint8Array): Uint8Array {
  troubleIn(bytes, (at) => {
    if (bytes[at] === 0xd3) bytes.set(negativeZero, at)
  })
  return bytes
}

const negativeZero = [0xcb, 0x80, 0, 0, 0, 0, 0, 0, 0]

function refuse(path: string, what: string): never {
  throw fault('NOT_SERIALIZABLE', `${path} ${what}.`)
}

/**
 * Whether bytes are one MessagePack value without extensions, deeper nesting or lengths beyond their end.
 * Looks at the structure only and builds nothing, so a hostile message costs its length and no more.
 * `visit` is told where each value begins.
 * source: msgpack specification, formats (github.com/msgpack/msgpack/blob/master/spec.md)
 */
function troubleIn(bytes: Uint8Array, visit?: (at: number) => void): string | undefined {
  const left: number[] = []
  let at = 0
  let open = 1
  while (true) {
    while (open === 0) {
      const above = left.pop()
      if (above === undefined) return at === bytes.length ? undefined : 'bytes are left over'
      open = above
    }
    open--
    visit?.(at)
    const byte = bytes[at++]
    if (byte === undefined) return 'it ends too early'
    let skip = 0
    let inside = 0
    if (byte <= 0x7f || byte >= 0xe0) skip = 0
    else if (byte <= 0x8f) inside = (byte & 15) * 2
    else if (byte <= 0x9f) inside = byte & 15
    else if (byte <= 0xbf) skip = byte & 31
    else {
      const format = formats[byte - 0xc0]
      if (!format) return byte === 0xc1 ? 'it has a reserved byte' : 'it has an extension'
      const [width, kind] = format
      if (kind === 'fixed') skip = width
      else {
        if (at + width > bytes.length) return 'it ends too early'
        let length = 0
        for (let i = 0; i < width; i++) length = length * 256 + (bytes[at++] ?? 0)
        if (kind === 'bytes') skip = length
        else inside = kind === 'map' ? length * 2 : length
      }
    }
    at += skip
    if (at > bytes.length || inside > bytes.length - at) return 'it ends too early'
    if (inside > 0) {
      if (left.length >= deepest) return `it is nested more than ${deepest} levels deep`
      left.push(open)
      open = inside
    }
  }
}

type Format = readonly [width: number, kind: 'fixed' | 'bytes' | 'array' | 'map'] | undefined

/** What follows each first byte from 0xc0 to 0xdf. A gap is refused. */
const formats: readonly Format[] = [
  [0, 'fixed'],
  undefined,
  [0, 'fixed'],
  [0, 'fixed'],
  [1, 'bytes'],
  [2, 'bytes'],
  [4, 'bytes'],
  undefined,
  undefined,
  undefined,
  [4, 'fixed'],
  [8, 'fixed'],
  [1, 'fixed'],
  [2, 'fixed'],
  [4, 'fixed'],
  [8, 'fixed'],
  [1, 'fixed'],
  [2, 'fixed'],
  [4, 'fixed'],
  [8, 'fixed'],
  undefined,
  undefined,
  undefined,
  undefined,
  undefined,
  [1, 'bytes'],
  [2, 'bytes'],
  [4, 'bytes'],
  [2, 'array'],
  [4, 'array'],
  [2, 'map'],
  [4, 'map'],
]
