/**
 * A disk that takes its time: every sync of a server is held up before it reaches the system. `strace` does it, to a process of the
 * same user, where the container allows tracing; nothing else on the machine is slower for it.
 */

import { spawn } from 'node:child_process'

/** Holds up every sync of a process by so many ms. Gives how to end that; throws where it cannot be done. */
export async function slowDisk(pid: number, ms: number): Promise<() => Promise<void>> {
  const syncs = 'fsync,fdatasync'
  const tracer = spawn(
    'strace',
    ['-f', '-o', '/dev/null', '-e', `trace=${syncs}`, '-e', `inject=${syncs}:delay_enter=${ms}ms`, '-p', String(pid)],
    { stdio: ['ignore', 'ignore', 'pipe'] },
  )
  const ended = new Promise<void>((resolve) => tracer.once('close', () => resolve()))
  let said = ''
  await new Promise<void>((resolve, reject) => {
    const refuse = (why: string) => reject(new Error(`The disk cannot be made slow, strace does not attach: ${why}`))
    tracer.once('error', (error) => refuse(error.message))
    tracer.once('close', () => refuse(said))
    tracer.stderr.setEncoding('utf8').on('data', (text: string) => {
      said += text
      if (/attached/.test(said)) resolve()
    })
  })
  return async () => {
    // It lets go of the process before it ends.
    tracer.kill('SIGTERM')
    await ended
  }
}
