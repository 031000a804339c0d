/** Boards for the tests of the dashboard: an empty one, a full one, and one whose data means ill. */

import { type Board, pattern, Reject, task, topic } from 'callboard'
import { z } from 'zod'
import { openBoard } from './board.ts'
import { until } from './until.ts'

/** The contracts of the full one. */
export const released = topic('books.released', z.object({ isbn: z.string(), title: z.string() }))
export const sendMail = task('mail.send', {
  input: z.object({ to: z.email().describe('who gets it'), subject: z.string(), copies: z.number().int().optional() }),
  output: z.string(),
  queue: 'mail',
  lanes: ['high', 'normal'],
  retry: { attempts: 2, backoff: 1 },
})
export const report = task<{ readonly month: string }>('report.pdf', { queue: 'reports' })

/** A board with something of everything: listeners, workers, waiting and scheduled tasks, dead letters, schedules. */
export async function fullBoard(opened?: Board): Promise<Board> {
  const board = opened ?? (await openBoard())
  const quiet = async () => undefined
  for (const name of ['alerts', 'recommendations', 'search-index']) await board.service(name).subscribe(released, quiet).start()
  await board
    .service('mail-planner')
    .subscribe(released, async ({ title }, ctx) => {
      for (const reader of ['ann', 'bea', 'cyn']) await ctx.enqueue(sendMail, { to: `${reader}@example.org`, subject: title })
    })
    .start()
  const asleep = await board.service('archive').subscribe(pattern('books.*'), quiet).start()
  await asleep.stop()
  await board
    .service('mailer')
    .perform(sendMail, async ({ to }) => {
      if (to.startsWith('bea')) throw new Reject('550 no such mailbox')
      return 'sent'
    })
    .start()
  const gone = await board.service('reporter').perform(report, quiet).start()
  await gone.stop()
  for (const title of ['The Callboard', 'Stage Left', 'Prompt Corner'])
    await board.publish(released, { isbn: `978-${title.length}`, title }, { id: title.toLowerCase().replace(' ', '-') })
  await board.enqueueMany(report, [{ month: 'January' }, { month: 'February' }, { month: 'March' }])
  await board.enqueue(sendMail, { to: 'dee@example.org', subject: 'Later' }, { delay: '1h' })
  await board.schedules.set('digest', { cron: '0 0 9 * * 1-5', zone: 'Asia/Kolkata' }, report, { month: 'all' })
  await board.schedules.set('new-titles', { every: '6h' }, released, { isbn: '978-0', title: 'Evergreen' })
  await until('three mails have died', async () => (await board.dead.groups()).reduce((sum, { count }) => sum + count, 0) === 3)
  return board
}

/** What must be shown as what it is, and never be done. */
export const ill = {
  markup: '<img src=x onerror="window.pwned=1"><script>window.pwned=1</script>',
  backwards: '\u202egnp.exe\u202c \u200bhidden\u0007 \u001b[31mred',
  rightToLeft: 'مرحبا بالعالم',
  long: 'w'.repeat(300_000),
}

const trapInput: z.ZodType<Readonly<Record<string, unknown>>> = z.looseObject({
  [ill.markup]: z.string().optional().describe(`${ill.backwards} ${ill.markup}`),
})

/** A task that means ill, as does its schema. */
export const trap = task('trap', { input: trapInput, queue: 'traps', retry: { attempts: 1 } })

/** A board whose payloads, errors, ids and headers are made by somebody who means ill. */
export async function hostileBoard(): Promise<Board> {
  const board = await openBoard()
  const rumour = topic<unknown>(`rumour.${'very-'.repeat(25)}long`)
  let deep: unknown = ill.markup
  for (let level = 0; level < 90; level++) deep = { [level % 2 === 0 ? ill.markup : ill.rightToLeft]: deep }
  await board
    .service(`s-${'o'.repeat(60)}`)
    .subscribe(rumour, async () => undefined)
    .start()
  await board
    .service('victim')
    .perform(trap, async () => {
      throw new Reject(`${ill.markup} ${ill.backwards} ${ill.rightToLeft} ${ill.long.slice(0, 3_000)}`)
    })
    .start()
  await board.publish(rumour, ill)
  const headers = { 'x-note': '<b onmouseover=alert(1)>' }
  await board.enqueue(trap, { ...ill, deep }, { id: 'javascript:alert.1//..-_', headers })
  await board.enqueue(trap, { bytes: new Uint8Array(400), not: Number.NaN })
  await board.enqueue(trap, ill, { delay: '1h' })
  await board.schedules.set('curtain', { cron: '0 0 9 * * *', zone: 'Europe/Berlin' }, trap, { [ill.markup]: ill.backwards })
  await until('both have died', async () => (await board.dead.groups()).reduce((sum, { count }) => sum + count, 0) === 2)
  return board
}
