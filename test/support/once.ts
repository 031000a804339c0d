/** What the worker of the once-only recipes performs. */

import { task } from 'callboard'

const retry = { attempts: 5, backoff: 10 } as const

/** An entry in a database. */
export const booked = task<{ name: string; cents: number }, boolean>('booked', { track: true, retry })

/** A call over HTTP. */
export const charged = task<{ order: number; cents: number }, string>('charged', { track: true, retry })
