/** The tuned client with tasks in a log: limits retention, one durable consumer, trimmed behind its acknowledged floor every second. */

import { RetentionPolicy } from '@nats-io/jetstream'
import type { Client, Place } from './system.ts'
import { openTuned } from './tuned.ts'

/** Opens the tuned client on a log. */
export const open = (place: Place): Promise<Client> => openTuned(place, RetentionPolicy.Limits)
