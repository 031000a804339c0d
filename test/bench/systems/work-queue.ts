/** The tuned client with tasks in a stream of work-queue retention: an acknowledgement removes the message. */

import { RetentionPolicy } from '@nats-io/jetstream'
import type { Client, Place } from './system.ts'
import { openTuned } from './tuned.ts'

/** Opens the tuned client on a work queue. */
export const open = (place: Place): Promise<Client> => openTuned(place, RetentionPolicy.Workqueue)
