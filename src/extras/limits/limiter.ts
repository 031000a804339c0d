/** One limit in this process: its lines, one for each key, and what it hears of the broker. Gates of the same name share it. */

import { spelled } from '../../base/duration.ts'
import type { GateContext } from '../../index.ts'
import type { Line } from './line.ts'
import type { Office, Shared } from './office.ts'
import { paceOf } from './pace.ts'
import { Places } from './places.ts'
import type { Presence } from './presence.ts'
import { follow, type RateSetting, type Setting } from './setting.ts'
import { Turns } from './turns.ts'

/** What kind of limit it is, and what the code says it is. */
export type Declared =
  | { readonly kind: 'concurrency'; readonly limit: number; readonly keyed: boolean; readonly lease: number }
  | { readonly kind: 'rate'; readonly rate: RateSetting; readonly keyed: boolean; readonly lease: number }

/** What is written down of a limit in use, for whoever operates it. */
export interface Known {
  readonly name: string
  readonly declared: Declared
  readonly service: string
  readonly contract: string
  readonly at: number
}

const month = 30 * 86_400_000
const every = 1000

/** One limit in this process. */
export class Limiter implements Shared {
  readonly name: string
  readonly #declared: Declared
  readonly #office: Office
  readonly #presence: Presence
  readonly #trouble: (error: unknown) => void
  readonly #lines = new Map<string, Line>()
  readonly #places = new Map<string, Line>()
  readonly #stops: (() => void)[] = []
  #setting: Setting = {}
  #slots = 0
  #seen = 0

  constructor(name: string, declared: Declared, office: Office, context: GateContext) {
    this.name = name
    this.#declared = declared
    this.#office = office
    this.#presence = office.presence(declared.lease)
    this.#trouble = (error) => context.trouble(`the limit ${name} could not be kept on the broker; it is tried again`, error)
    const { records } = office
    const timer = setInterval(() => void this.#tick(), every)
    timer.unref()
    this.#stops.push(
      () => clearInterval(timer),
      this.#presence.hear((renamed) => this.#changed(renamed)),
      follow(records, name, (setting) => {
        this.#setting = setting
        this.#changed(false)
      }),
      records.watch(this.#prefix, (record) => this.#places.get(record.place)?.heard(record)),
    )
    void this.#presence.renew()
    const known: Known = { name, declared, service: context.service, contract: context.name, at: Date.now() }
    records.put(knownPlace(records, name, declared.kind), known, { ttl: month }).catch(this.#trouble)
  }

  /** What it allows now, in words. */
  get allows(): string {
    const declared = this.#declared
    if (declared.kind === 'concurrency') return `${this.#setting.concurrency ?? declared.limit} at once`
    const { count, per, burst } = this.#setting.rate ?? declared.rate
    return `${count} within ${spelled(per)}${burst > 1 ? `, ${burst} at once after a pause` : ''}`
  }

  /** So many handlers more or fewer may run here at once. */
  serve(slots: number): void {
    this.#slots += slots
  }

  /** The line of a key; of all, where the limit has no keys. */
  line(key: string): Line {
    let line = this.#lines.get(key)
    if (line === undefined) {
      const place = linePlace(this.#office.records, this.name, this.#declared, key)
      line = this.#make(place)
      this.#lines.set(key, line)
      this.#places.set(place, line)
    }
    return line
  }

  async close(): Promise<void> {
    for (const stop of this.#stops) stop()
    await Promise.all([...this.#lines.values()].map((line) => line.close()))
  }

  get #prefix(): string {
    return linesPlace(this.#office.records, this.name, this.#declared)
  }

  #make(place: string): Line {
    const declared = this.#declared
    const terms = { office: this.#office, presence: this.#presence, trouble: this.#trouble }
    if (declared.kind === 'concurrency')
      return new Places(place, { ...terms, limit: () => this.#setting.concurrency ?? declared.limit, slots: () => this.#slots }, this.#seen)
    return new Turns(place, {
      ...terms,
      pace: () => {
        const { count, per, burst } = this.#setting.rate ?? declared.rate
        return paceOf(count, per, burst)
      },
    })
  }

  #changed(renamed: boolean): void {
    for (const line of this.#lines.values()) line.changed(renamed)
  }

  async #tick(): Promise<void> {
    await Promise.all([...this.#lines.values()].map((line) => line.tick()))
    if (!this.#declared.keyed) return
    for (const [key, line] of this.#lines) {
      if (!line.idle) continue
      // Its last news may still be under way, and must not be taken for new by one that takes its place.
      this.#seen = Math.max(this.#seen, line.seen)
      this.#lines.delete(key)
      this.#places.delete(linePlace(this.#office.records, this.name, this.#declared, key))
    }
  }
}

type Writer = Pick<Office['records'], 'place'>

/** Above the records of all lines of a limit. */
export const linesPlace = (records: Writer, name: string, { kind, keyed }: Pick<Declared, 'kind' | 'keyed'>): string =>
  records.place('limit', `${kind}${keyed ? ' by key' : ''}`, name)

/** The record of a line. */
export const linePlace = (records: Writer, name: string, declared: Pick<Declared, 'kind' | 'keyed'>, key: string): string =>
  `${linesPlace(records, name, declared)}.${records.place(declared.keyed ? key : 'all')}`

/** Where a limit is written down. */
export const knownPlace = (records: Writer, name: string, kind: string): string => records.place('limit', 'known', name, kind)
