/** RabbitMQ through amqplib, a quorum queue on one node. */

import { openQueue } from './amqplib.ts'
import type { Place, TaskClient } from './system.ts'

/** Opens a quorum queue. */
export const open = (place: Place): Promise<TaskClient> => openQueue(place, 'quorum')
