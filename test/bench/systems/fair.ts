/** callboard with mails whose keys have turns, of which there are 1,000. */

import { task } from '../../../src/index.ts'
import { opened } from './callboard.ts'
import type { Client, Mail, Place } from './system.ts'

const sendMail = task<Mail>('mail.send', { queue: 'mail', retry: { backoff: '100ms' }, fair: ({ n }) => `reader-${n % 1000}` })

/** Opens it. */
export const open = (place: Place): Promise<Client> => opened(place, {}, sendMail)
