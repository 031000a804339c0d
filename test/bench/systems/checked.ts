/** callboard with every mail checked by a schema, when it is sent and when it is received. */

import { z } from 'zod'
import { type Task, task } from '../../../src/index.ts'
import { opened } from './callboard.ts'
import type { Client, Mail, Place } from './system.ts'

const input = z.object({
  n: z.number(),
  at: z.number(),
  to: z.email(),
  subject: z.string(),
  isbn: z.string(),
  title: z.string(),
  text: z.string(),
})
const sendMail = task('mail.send', { queue: 'mail', retry: { backoff: '100ms' }, input })

/** Opens it. */
export const open = (place: Place): Promise<Client> => opened(place, {}, sendMail as unknown as Task<Mail, Mail, void, false, unknown>)
