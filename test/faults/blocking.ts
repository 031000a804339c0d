/** Work that blocks the process it runs in. */

import { task } from 'callboard'

/** Blocks for so many ms. */
export const blocking = task<number, string>('blocking', { track: true, retry: { attempts: 3, backoff: 10 } })
