/** How a peer's package is reached: it is installed beside the bench, not beside callboard. */

import { createRequire } from 'node:module'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import type { Place } from './system.ts'

/** Loads a package of the peers. Its types are not there unless it is installed, so the caller states the part it uses. */
export async function load<T>(place: Place, name: string): Promise<T> {
  const file = createRequire(join(place.packages, 'package.json')).resolve(name)
  const module = (await import(pathToFileURL(file).href)) as { default?: T } & T
  return { ...module.default, ...module }
}

/** As much of `pg` as is needed to look. */
export interface Pg {
  Client: new (options: {
    connectionString: string
  }) => {
    connect(): Promise<void>
    query(sql: string): Promise<{ rows: unknown[] }>
    end(): Promise<void>
  }
}
