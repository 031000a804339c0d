/** callboard with mails and news in order per key, of which there are 1,000. */

import { task } from '../../../src/index.ts'
import { opened } from './callboard.ts'
import type { Client, Mail, Place } from './system.ts'

const ordered = ({ n }: Mail) => `reader-${n % 1000}`
const sendMail = task<Mail>('mail.send', { queue: 'mail', retry: { backoff: '100ms' }, ordered })

/** Opens it. */
export const open = (place: Place): Promise<Client> => opened(place, {}, sendMail, undefined, { ordered })
