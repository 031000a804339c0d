/** What the workers of ordered tasks and events take. */

import { task, topic } from 'callboard'

/** The n-th step of a key. */
export const step = task<{ key: string; n: number }>('step', {
  ordered: ({ key }) => key,
  strands: 8,
  retry: { attempts: 10, backoff: 20 },
})

/** The same, one at a time whatever the key. */
export const stepInFile = task<{ key: string; n: number }>('step.in.file', { ordered: true, retry: { attempts: 10, backoff: 20 } })

/** That one of a key has been made. */
export const stepped = topic<{ key: string; n: number }>('stepped')
