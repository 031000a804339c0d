/** callboard with its metrics kept, and nobody scraping: beside callboard as it comes, it shows what counting costs. */

import { Registry } from 'prom-client'
import { metrics } from '../../../src/extras/prometheus/index.ts'
import { opened } from './callboard.ts'
import type { Client, Place } from './system.ts'

/** Opens a board whose metrics are kept. */
export const open = (place: Place): Promise<Client> =>
  opened(place, {}, undefined, (board) => void metrics(board, { registry: new Registry() }))
