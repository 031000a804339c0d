/** Work in a queue of several partitions, and what its workers write of it. */

import { queue, task } from 'callboard'

/** The queue of it. */
export const wide = queue('wide', { partitions: 3 })

/** Work that may be waited for. */
export const piece = task<number, number>('piece', { queue: wide, track: true, retry: { attempts: 5, backoff: 10 } })

/** Steps of a key, in the same queue. */
export const partStep = task<{ key: string; n: number }>('part.step', {
  queue: wide,
  ordered: ({ key }) => key,
  strands: 4,
  retry: { attempts: 5, backoff: 10 },
})
