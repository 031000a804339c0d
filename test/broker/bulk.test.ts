/** What is done to all that a selector means: the same ones everywhere, told on the way, stopped when asked, and on record. */

import { task } from 'callboard'
import { admin } from 'callboard/admin'
import { dashboard } from 'callboard/dashboard'
import { expect, inject, test } from 'vitest'
import { openBoard } from '../support/board.ts'
import { here } from '../support/here.ts'
import { until } from '../support/until.ts'

const mail = task<{ to: string; n: number }>('mail.send', { queue: 'mail' })
const mails = Array.from({ length: 12 }, (_, n) => ({ to: n % 3 === 0 ? `${n}@example.org` : `${n}@example.com`, n }))

test('a selector means the same on the command line, in an address of the dashboard and in code', async () => {
  await using board = await openBoard()
  await board.enqueueMany(mail, mails)
  const env = { CALLBOARD_URL: inject('natsUrl'), CALLBOARD_NAMESPACE: board.namespace }
  const shown = dashboard(board)
  const ids = ({ items }: { readonly items: readonly { readonly id: string }[] }) => items.map(({ id }) => id).sort()
  for (const selector of ['queue:mail data.to:*@example.org', 'data.n:>=4 -data.n:7 state:ready', 'style:explicit name:mail.* sort:-age']) {
    const said = ids(await admin(board).messages(selector, { limit: 100 }))
    expect([selector, said.length]).toEqual([selector, { q: 4, d: 7, s: 12 }[selector.charAt(0)]])
    const called = JSON.parse((await here(`tasks '${selector}' --json`, env)).out)
    const asked = await shown.fetch(new Request(`http://127.0.0.1/api/messages?q=${encodeURIComponent(selector)}`))
    expect([ids(called), ids((await asked.json()) as never)]).toEqual([said, said])
  }
  await shown.close()
})

test('what is done to many is counted before, told on the way, and stops between two; the record says how many', async () => {
  await using board = await openBoard()
  await board.enqueueMany(mail, mails, { delay: '1h' })
  const view = admin(board)
  expect(await view.cancel('queue:mail', { dryRun: true })).toMatchObject({ matched: 12, done: 0, dryRun: true, stopped: false })
  const stop = new AbortController()
  const heard: string[] = []
  const progress = (done: number, of: number) => {
    heard.push(`${done} of ${of}`)
    if (done === 5) stop.abort()
  }
  expect(await view.cancel('queue:mail', { progress, signal: stop.signal })).toMatchObject({
    matched: 12,
    done: 5,
    refusals: 0,
    stopped: true,
  })
  expect(heard).toEqual([1, 2, 3, 4, 5].map((n) => `${n} of 12`))
  expect((await board.inspect.queues())[0]?.scheduled).toBe(7)
  await until('it is on record', async () => (await view.audit(1)).length === 1)
  expect(await view.audit(1)).toMatchObject([
    { what: 'cancel, stopped', selector: 'queue:mail', count: 5, who: expect.stringContaining('@') },
  ])
})
