/**
 * Shows explicit invocation, the performing end: each task goes to exactly one of the mailers, and is done when its mail is sent.
 * Refused for good: a dead letter. Refused for now: later, which costs no attempt. Any other error: again, by the policy of the contract.
 *
 * node --conditions=callboard-source --import tsx demos/email-fanout/mailer.ts <name> <smtp://host:port> <mails at once>
 */

import { callboard, Reject, Snooze } from 'callboard'
import { createTransport } from 'nodemailer'
import { onStage } from '../stage/child.ts'
import { sendMail } from './contracts.ts'

const [name = 'mailer', url = 'smtp://127.0.0.1:1025', atOnce = '4'] = process.argv.slice(2)
const smtp = createTransport({ url, name, pool: true, maxConnections: Number(atOnce), maxRequeues: 0 })
const board = await callboard({ name })
const stage = onStage(board, () => smtp.close())

await board
  .service('mailer')
  .perform(
    sendMail,
    async ({ name, to, title, time }, ctx) => {
      try {
        await smtp.sendMail({
          from: 'The Callboard Press <press@example.org>',
          to: { name, address: to },
          subject: `“${title}” is out`,
          text: `Dear ${name},\n\n“${title}” came out on ${time}, by the clock on your wall.\n`,
          headers: { 'X-Callboard-Id': ctx.id }, // the same in every attempt: whoever gets it twice can tell
          signal: ctx.signal,
        })
      } catch (error) {
        const { responseCode } = error as { responseCode?: number }
        if (responseCode === 550) throw new Reject(`no such mailbox: ${to}`, { cause: error })
        if (responseCode === 451) throw new Snooze('400ms', { cause: error })
        throw error
      }
      stage.tell('sent', { id: ctx.id, to })
    },
    { concurrency: Number(atOnce), lease: '3s' },
  )
  .start()

stage.ready()
