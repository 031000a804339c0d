/** Who works in this process: services with their consumers, for whoever tells others of it. */

import type { Consumer } from '../runtime/consumer.ts'
import type { Stage } from '../runtime/lifecycle.ts'

/** A service that runs in this process. */
export interface Working {
  readonly service: string
  readonly stage: Stage
  readonly consumers: readonly Consumer[]
}

/** The services that run in this process. */
export type Roster = Set<Working>
