/** Work that blocks the process it runs in. */

import { task } from 'callboard'

/** Blocks until there is a file of this name. */
export const blocking = task<string, string>('blocking', { track: true, retry: { attempts: 3, backoff: 10 } })
