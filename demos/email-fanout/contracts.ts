/** What may be announced, and what may be asked for. Plain values: no connection, no handler. */

import { task, topic } from 'callboard'
import { z } from 'zod'

/** Implicit: a book is out. Whoever wants to may do something about it. */
export const bookReleased = topic('book.released', z.object({ isbn: z.string(), title: z.string(), at: z.iso.datetime() }))

/** Explicit: one mail to one reader. Exactly one worker gets each. */
export const sendMail = task('mail.send', {
  input: z.object({ name: z.string(), to: z.email(), title: z.string(), time: z.string() }),
  queue: 'mail',
  retry: { attempts: 5, backoff: '200ms..5s' },
  timeout: '30s',
})
