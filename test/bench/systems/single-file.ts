/** callboard with mails and news in single file: one at a time. */

import { task } from '../../../src/index.ts'
import { opened } from './callboard.ts'
import type { Client, Mail, Place } from './system.ts'

const sendMail = task<Mail>('mail.send', { queue: 'mail', retry: { backoff: '100ms' }, ordered: true })

/** Opens it. */
export const open = (place: Place): Promise<Client> => opened(place, {}, sendMail, undefined, { ordered: true })
