/** callboard with its queue kept as a log, as it is advised where every message is synced (docs/decisions/queue-layout.md). */

import { queue, task } from '../../../src/index.ts'
import { opened } from './callboard.ts'
import type { Client, Mail, Place } from './system.ts'

const mail = queue('mail', { layout: 'log' })
const sendMail = task<Mail>('mail.send', { queue: mail, retry: { backoff: '100ms' } })

/** Opens it. */
export const open = (place: Place): Promise<Client> => opened(place, {}, sendMail)
