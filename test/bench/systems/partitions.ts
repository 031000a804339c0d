/** callboard with its queue in four partitions, each a stream with a leader of its own. */

import { queue, task } from '../../../src/index.ts'
import { opened } from './callboard.ts'
import type { Client, Mail, Place } from './system.ts'

const mail = queue('mail', { partitions: 4 })
const sendMail = task<Mail>('mail.send', { queue: mail, retry: { backoff: '100ms' } })

/** Opens it. */
export const open = (place: Place): Promise<Client> => opened(place, {}, sendMail)
