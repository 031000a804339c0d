/** Limits as they are given to a binding: `gates: [concurrency(3), rate(40, '1s'), perKey(…)]`. */

import { performance } from 'node:perf_hooks'
import { fault, shown } from '../../base/errors.ts'
import { made, readOptions, time, whole } from '../../base/options.ts'
import type { Duration, Gate, GateContext, GatePlan, Hold, Run } from '../../index.ts'
import { type Declared, Limiter } from './limiter.ts'
import type { Line } from './line.ts'
import { Office } from './office.ts'
import { hasRoom } from './room.ts'
import { checkedName, type RateLimit, rateOf } from './words.ts'

/** What may be said about any limit. */
export interface LimitOptions {
  /** Bindings that give the same name share the limit, in whatever process and service. Default: the service and the contract, as `mailer:mail.send`. Edge: 1 to 200 characters. */
  readonly name?: string
  /** For how long a worker that has died keeps its places. Default 10 s. Edge: 2 s to 1 h, in whole seconds; a worker that is cut off for longer may overshoot. */
  readonly lease?: Duration
}

/** What may be said about a rate. */
export interface RateOptions extends LimitOptions {
  /** So many at once after a pause. Default 1: evenly spaced. Edge: in any window of `per` at most `count` and `burst` together. */
  readonly burst?: number
}

/** Limits of each key. */
export interface KeyLimits {
  /** Of one key, so many at once, in all workers. Default: no limit. Edge: 1 to 1,000,000. */
  readonly concurrency?: number
  /** Of one key, so many in a time, in all workers. Default: no limit. */
  readonly rate?: RateLimit
}

/** The key of an input; nothing: this one is not limited. */
export type KeyOf<Input> = (input: Input, run: Run) => string | number | bigint | null | undefined

const optionReaders = { name: made(checkedName), lease: time(2000) }
const defaultLease = 10_000
/** Keys that are told to who asks why, at most. */
const mostTold = 5

/** At most `n` at once, across all workers that share the name. Throws INVALID_OPTION. */
export function concurrency(n: number, options?: LimitOptions): GatePlan {
  const limit = placesOf(n)
  return planOf('concurrency()', options, (lease) => [{ kind: 'concurrency', limit, keyed: false, lease }], undefined)
}

/** At most `count` beginnings in any time `per`, across all workers that share the name, and `burst` more after a pause. Throws INVALID_OPTION. */
export function rate(count: number, per: Duration, options: RateOptions = {}): GatePlan {
  const { burst, ...rest } = options
  const limit = rateOf('rate()', { count, per, ...(burst === undefined ? {} : { burst }) })
  return planOf('rate()', rest, (lease) => [{ kind: 'rate', rate: limit, keyed: false, lease }], undefined)
}

/**
 * The same for each key by itself. A key at its limit holds up no other: what it has no room for is sent away and comes again. The
 * input is decoded for it, once. Throws INVALID_ARGUMENT or INVALID_OPTION.
 */
export function perKey<Input>(keyOf: KeyOf<Input>, limits: KeyLimits, options?: LimitOptions): GatePlan {
  if (typeof keyOf !== 'function') throw fault('INVALID_ARGUMENT', `The first argument of perKey() is ${shown(keyOf)}, not a function.`)
  const given = readOptions('perKey()', limits, { concurrency: made(placesOf), rate: made((rate: RateLimit) => rateOf('rate', rate)) })
  if (given.concurrency === undefined && given.rate === undefined)
    throw fault('INVALID_OPTION', 'perKey() was given no limit.', { fix: 'Give it concurrency, rate or both.' })
  const { concurrency: limit, rate: pace } = given
  const declared = (lease: number): Declared[] => [
    ...(limit === undefined ? [] : [{ kind: 'concurrency', limit, keyed: true, lease } as const]),
    ...(pace === undefined ? [] : [{ kind: 'rate', rate: pace, keyed: true, lease } as const]),
  ]
  return planOf('perKey()', options, declared, keyOf as KeyOf<unknown>)
}

function placesOf(n: number): number {
  const read = readOptions('concurrency()', { n }, { n: whole(1, 1_000_000) })
  return read.n as number
}

function planOf(
  where: string,
  options: LimitOptions | undefined,
  declare: (lease: number) => Declared[],
  keyOf: KeyOf<unknown> | undefined,
): GatePlan {
  const { name, lease } = readOptions(where, options, optionReaders)
  const declared = declare(Math.floor((lease ?? defaultLease) / 1000) * 1000)
  return {
    bind(context) {
      const own = context.place === 0 ? '' : `#${context.place + 1}`
      const called = name ?? `${context.service}:${context.name}${own}`
      return gateOf(
        declared.map((each) => entered(called, each, context)),
        keyOf && ((run) => keyed(keyOf, run, context)),
        context,
      )
    },
  }
}

/** The limiter of a name, entered for as long as the gate is open. */
function entered(name: string, declared: Declared, context: GateContext) {
  const office = Office.of(context)
  const { it, leave } = office.share(
    `${declared.kind} ${declared.keyed} ${declared.lease} ${name}`,
    () => new Limiter(name, declared, office, context),
  )
  it.serve(context.slots)
  return {
    limiter: it,
    async leave() {
      it.serve(-context.slots)
      await leave()
    },
  }
}

/** The key of a run; a promise where its schema is asynchronous; undefined where it has none, or cannot be read. */
function keyed(keyOf: KeyOf<unknown>, run: Run, context: GateContext): string | undefined | Promise<string | undefined> {
  const asText = (input: unknown) => {
    const key = keyOf(input, run)
    return key === undefined || key === null || key === '' ? undefined : String(key)
  }
  let input: unknown
  try {
    input = context.read(run)
  } catch {
    // It begins, and becomes a dead letter with the reason.
    return undefined
  }
  return input instanceof Promise ? input.then(asText, () => undefined) : asText(input)
}

/** The key of a run that is being found out, or has been. */
interface Found {
  key?: string | undefined
  failed?: { readonly error: unknown }
  over: boolean
}

function gateOf(
  entries: readonly { readonly limiter: Limiter; readonly leave: () => Promise<void> }[],
  keyOf: ((run: Run) => string | undefined | Promise<string | undefined>) | undefined,
  context: GateContext,
): Gate {
  const limiters = entries.map(({ limiter }) => limiter)
  const whole = keyOf === undefined ? limiters.map((limiter) => limiter.line('')) : undefined
  const standing = new Map<Run, { readonly limiter: Limiter; readonly line: Line }>()
  const finding = new WeakMap<Run, Found>()

  /** Its key, or `later` where it is being found out: then it is asked anew. */
  function keyFor(run: Run, again: (run: Run) => void): { readonly key: string | undefined } | undefined {
    const found = finding.get(run)
    if (found?.failed !== undefined) throw found.failed.error
    if (found !== undefined) return found.over ? { key: found.key } : undefined
    const key = keyOf?.(run)
    if (!(key instanceof Promise)) return { key }
    const state: Found = { over: false }
    finding.set(run, state)
    key
      .then((text) => {
        state.key = text
      })
      .catch((error: unknown) => {
        state.failed = { error }
      })
      .finally(() => {
        state.over = true
        again(run)
      })
    return undefined
  }

  function linesOf(key: string | undefined): readonly Line[] {
    return whole ?? (key === undefined ? [] : limiters.map((limiter) => limiter.line(key)))
  }

  function holds(): Hold[] {
    const found = new Map<Line, { -readonly [K in keyof Hold]: Hold[K] }>()
    for (const [run, { limiter, line }] of standing) {
      const key = keys.get(run)
      const hold = found.get(line) ?? { gate: limiter.name, allows: limiter.allows, ...(key === undefined ? {} : { key }), waiting: 0 }
      hold.waiting++
      found.set(line, hold)
    }
    return [...found.values()].sort((a, b) => b.waiting - a.waiting).slice(0, mostTold)
  }

  const keys = new WeakMap<Run, string>()
  return {
    ask(run, again) {
      const at = whole === undefined ? keyFor(run, again) : { key: undefined }
      if (at === undefined) return 'aside'
      if (at.key !== undefined) keys.set(run, at.key)
      for (const [index, line] of linesOf(at.key).entries()) {
        if (line.open) continue
        if (whole === undefined && !hasRoom(line.waiting.size, standing.size)) return line.absence.full(performance.now(), Math.random())
        standing.set(run, { limiter: limiters[index] as Limiter, line })
        line.wait(run, again)
        return whole === undefined ? 'aside' : 'wait'
      }
      return 'now'
    },
    enter(run) {
      standing.delete(run)
      const lines = linesOf(keys.get(run))
      const leaves = lines.flatMap((line) => line.enter(run) ?? [])
      if (whole === undefined) for (const line of lines) line.absence.left(line.waiting.size, performance.now())
      const [only] = leaves
      if (leaves.length < 2) return only
      return () => {
        for (const leave of leaves) leave()
      }
    },
    forget(run) {
      standing.get(run)?.line.waiting.delete(run)
      standing.delete(run)
    },
    holds,
    async close() {
      await Promise.all(entries.map(({ leave }) => leave())).catch((error: unknown) =>
        context.trouble('places of a limit could not be given back; they come free by themselves', error),
      )
    },
  }
}
