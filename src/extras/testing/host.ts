/** What the parts of a fake broker need of those they are part of. */

import type { Clock } from './clock.ts'
import type { Told } from './protocol.ts'
import type { Store } from './store.ts'
import type { StreamConfig } from './stream-config.ts'

/** What a stream needs of its broker. */
export interface Host {
  readonly clock: Clock
  /** Tells subscribers of a subject. */
  tell(to: string, told: Told): void
  /** Whether anybody listens there. */
  hears(subject: string): boolean
}

/** What a consumer needs of its stream. */
export interface Shelf {
  readonly host: Host
  readonly store: Store
  readonly config: StreamConfig
  /** Forgets what is over by now. */
  expire(): void
}
