/** What may be asked for: a look into some chests. And what may be announced: the treasure. */

import { task, topic } from 'callboard'
import { z } from 'zod'

/** Explicit: open the chests from `first` to `last`. `thread` says where the work is done: beside the event loop, or in it. */
export const open = task('chests.open', {
  input: z.object({
    hunt: z.string(),
    folder: z.string(),
    first: z.number().int(),
    last: z.number().int(),
    /** How hard a lock is: turns of its key. */
    turns: z.number().int().positive(),
    /** What lies in the chest that is looked for. */
    wanted: z.string(),
    thread: z.boolean(),
  }),
  output: z.object({ chest: z.number().optional() }),
  queue: 'hunt',
  timeout: '1m',
})

/** Implicit: it has been found. Whoever wants to may do something about it. */
export const found = topic('treasure.found', z.object({ hunt: z.string(), chest: z.number().int() }))
