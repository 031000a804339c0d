/** What is said about a limit while workers run: kept on the broker, heard by all of them. */

import type { Records } from '../../index.ts'

/** A rate as it is said: `count` within `per` ms, `burst` at once. */
export interface RateSetting {
  readonly count: number
  readonly per: number
  readonly burst: number
}

/** What is said in place of the code; what is absent is as the code has it. */
export interface Setting {
  readonly concurrency?: number
  readonly rate?: RateSetting
}

/** A setting as it is kept. */
export interface KeptSetting {
  readonly name: string
  readonly setting: Setting
}

/** Where the setting of a limit is kept. */
export const settingPlace = (records: Records, name: string): string => records.place('limit', 'set', name)

/** So often a setting is read again, in ms: news are lost where the connection is. */
const every = 5000

/** Follows the setting of a limit. `changed` is called with each, and at once with the first. Gives how to stop. */
export function follow(records: Records, name: string, changed: (setting: Setting) => void): () => void {
  const place = settingPlace(records, name)
  let last = -1
  const heard = (found: { readonly value: KeptSetting; readonly revision: number } | undefined) => {
    const revision = found?.revision ?? 0
    if (revision === last || (found !== undefined && revision < last)) return
    last = revision
    changed(found?.value.setting ?? {})
  }
  const read = () =>
    records.get<KeptSetting>(place).then(heard, () => {
      // Read again later; until then the last one holds.
    })
  const stop = records.watch<KeptSetting>(records.place('limit', 'set'), (found) => {
    if (found.place === place) heard(found)
  })
  const timer = setInterval(read, every)
  timer.unref()
  void read()
  return () => {
    clearInterval(timer)
    stop()
  }
}
