/** Ends this process as a machine does that loses its power, at a moment that its own words tell. */

import { Socket } from 'node:net'

/** SIGKILL instead of writing this, for the `time`-th time, to any socket. */
export function killedWhenSaying(words: string, time = 1): void {
  let said = 0
  const { write } = Socket.prototype
  Socket.prototype.write = function (this: Socket, ...given: Parameters<typeof write>) {
    said += Buffer.from(given[0]).toString('latin1').split(words).length - 1
    if (said >= time) process.kill(process.pid, 'SIGKILL')
    return write.apply(this, given)
  } as typeof write
}
