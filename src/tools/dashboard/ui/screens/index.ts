/** What draws each screen. */

import type { ComponentType } from 'preact'
import { Contracts } from './contract.tsx'
import { Dead } from './dead.tsx'
import { Detail } from './detail.tsx'
import { Health } from './health.tsx'
import { LetterScreen } from './letter.tsx'
import { Messages } from './messages.tsx'
import { Metrics } from './metrics.tsx'
import type { screens } from './names.ts'
import { Queues } from './queues.tsx'
import { Schedules } from './schedules.tsx'
import { Stage } from './stage.tsx'
import { Tail } from './tail.tsx'
import { Topics } from './topics.tsx'
import { Workers } from './workers.tsx'

/** Name → screen. Those of the navigation, and those that are reached from them. */
export const views: Readonly<Record<(typeof screens)[number]['name'] | 'detail' | 'letter', ComponentType>> = {
  stage: Stage,
  topics: Topics,
  queues: Queues,
  messages: Messages,
  dead: Dead,
  schedules: Schedules,
  workers: Workers,
  metrics: Metrics,
  contract: Contracts,
  tail: Tail,
  health: Health,
  detail: Detail,
  letter: LetterScreen,
}
