/** Limits seen by an operator: which there are, who holds what, and changing them while workers run. */

import { fault } from '../../base/errors.ts'
import { made, readOptions, whole } from '../../base/options.ts'
import type { Board } from '../../index.ts'
import { type Declared, type Known, knownPlace, linePlace } from './limiter.ts'
import type { KeptSetting, RateSetting, Setting } from './setting.ts'
import { settingPlace } from './setting.ts'
import type { Book } from './share.ts'
import { checkedName, type RateLimit, rateOf } from './words.ts'

/** What is to hold in place of the code; null: as the code has it again; absent: as before. */
export interface LimitChange {
  readonly concurrency?: number | null
  readonly rate?: RateLimit | null
}

/** A limit. */
export interface LimitState {
  readonly name: string
  /** What the code of the last worker that started says. Absent: no worker has used it. */
  readonly declared: { readonly concurrency?: number; readonly rate?: RateSetting }
  /** What was set in its place. */
  readonly set: Setting
  /** Whether it holds for each key by itself. */
  readonly keyed: boolean
  /** Who uses it, as `service:contract`. */
  readonly usedBy: readonly string[]
  /** Worker → places held and wanted; empty for limits by key and for rates. */
  readonly holders: Readonly<Record<string, { readonly held: number; readonly wants: number }>>
}

/** Limits of the namespace of a board. */
export interface Limits {
  /** Changes a limit by its name; workers follow within a second or so. Throws INVALID_OPTION. */
  set(name: string, change: LimitChange): Promise<void>
  /** One limit. Throws NOT_FOUND. */
  get(name: string): Promise<LimitState>
  /** All limits that workers have used within 30 days, or that were set, by name. */
  list(): Promise<LimitState[]>
}

const orNull =
  <T, G>(read: (given: G) => T) =>
  (given: G | null): T | null =>
    given === null ? null : read(given)

const changeReaders = {
  concurrency: made(orNull((n: number) => readOptions('set()', { n }, { n: whole(0, 1_000_000) }).n as number)),
  rate: made(orNull((rate: RateLimit) => rateOf('rate', rate))),
}

/** The limits of a board's namespace. */
export function limits({ records }: Pick<Board, 'records'>): Limits {
  async function state(name: string): Promise<LimitState | undefined> {
    const [places, pace, set] = await Promise.all([
      records.get<Known>(knownPlace(records, name, 'concurrency')),
      records.get<Known>(knownPlace(records, name, 'rate')),
      records.get<KeptSetting>(settingPlace(records, name)),
    ])
    const known = [places, pace].flatMap((found) => found?.value ?? [])
    if (known.length === 0 && set === undefined) return undefined
    return {
      name,
      declared: Object.assign({}, ...known.map(({ declared }) => said(declared))) as LimitState['declared'],
      set: set?.value.setting ?? {},
      keyed: known.some(({ declared }) => declared.keyed),
      usedBy: [...new Set(known.map(({ service, contract }) => `${service}:${contract}`))],
      holders: places === undefined || places.value.declared.keyed ? {} : await holders(name, places.value.declared),
    }
  }

  async function holders(name: string, declared: Declared): Promise<LimitState['holders']> {
    const book = (await records.get<Book>(linePlace(records, name, declared, '')))?.value ?? {}
    return Object.fromEntries(Object.entries(book).map(([holder, { held, wants }]) => [holder, { held, wants }]))
  }

  return {
    async set(name, change) {
      const read = readOptions('set()', change, changeReaders)
      const place = settingPlace(records, checkedName(name))
      const { concurrency, rate } = { ...(await records.get<KeptSetting>(place))?.value.setting, ...read }
      const setting: Setting = { ...(typeof concurrency === 'number' ? { concurrency } : {}), ...(rate ? { rate } : {}) }
      await records.put(place, { name, setting } satisfies KeptSetting)
    },
    async get(name) {
      const found = await state(checkedName(name))
      if (found === undefined)
        throw fault('NOT_FOUND', `There is no limit ${name}.`, { fix: 'limits(board).list() tells which there are.' })
      return found
    },
    async list() {
      const names = new Set<string>()
      for await (const { value } of records.list<Known>(records.place('limit', 'known'))) names.add(value.name)
      for await (const { value } of records.list<KeptSetting>(records.place('limit', 'set'))) names.add(value.name)
      return (await Promise.all([...names].sort().map(state))).flatMap((each) => each ?? [])
    },
  }
}

const said = (declared: Declared): LimitState['declared'] =>
  declared.kind === 'concurrency' ? { concurrency: declared.limit } : { rate: declared.rate }
