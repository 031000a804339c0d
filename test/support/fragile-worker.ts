/**
 * A worker that ends by SIGKILL at a chosen moment, as a machine does that loses its power.
 *
 * argv   servers, namespace, moment
 *
 * between   a dead letter is kept, and its original is to be dropped
 * effect    the effect within ctx.once() has happened, and its record is to be written
 * record    the record of ctx.once() is written, and the handler is to return
 * never     it runs until its signal aborts, and says so
 */

import { appendFileSync } from 'node:fs'
import { callboard, Reject } from 'callboard'
import { killedWhenSaying } from './dying.ts'
import { fragile } from './fragile.ts'

const [servers = '', namespace = '', moment = ''] = process.argv.slice(2)

const die = () => process.kill(process.pid, 'SIGKILL')

if (moment === 'between') killedWhenSaying('+TERM')

const board = await callboard({ servers, namespace, log: false, dedupe: 100 })
await board
  .service('fragile')
  .perform(
    fragile,
    async ({ file }, ctx) => {
      console.log(`began ${ctx.attempt}`)
      if (moment === 'between') throw new Reject('no')
      if (moment === 'never') {
        await new Promise((resolve) => ctx.signal.addEventListener('abort', resolve))
        console.log(`aborted ${(ctx.signal.reason as { code: string }).code}`)
        return ''
      }
      const answer = await ctx.once('effect', () => {
        appendFileSync(file, `${ctx.attempt}\n`)
        if (moment === 'effect') die()
        return `made in attempt ${ctx.attempt}`
      })
      if (moment === 'record') die()
      return answer
    },
    { lease: 1000 },
  )
  .start()
console.log('ready')
