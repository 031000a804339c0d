/** What the worker that dies on purpose performs. */

import { task } from 'callboard'

/** Done by `fragile-worker.ts`, which ends in the middle of it. */
export const fragile = task<{ file: string }, string>('fragile', { track: true, timeout: '10s', retry: { attempts: 3, backoff: 10 } })
