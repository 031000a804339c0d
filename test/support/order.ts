/** What the workers of ordered tasks perform. */

import { task } from 'callboard'

/** The n-th step of a key. */
export const step = task<{ key: string; n: number }>('step', {
  ordered: ({ key }) => key,
  strands: 8,
  retry: { attempts: 10, backoff: 20 },
})
