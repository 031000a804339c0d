/** What waits at a gate is told: at which one, for which key, what it allows, and how many. */

import { task, topic } from 'callboard'
import { admin } from 'callboard/admin'
import { type Dashboard, dashboard } from 'callboard/dashboard'
import { concurrency, gate, perKey, rate } from 'callboard/limits'
import { expect, inject, test } from 'vitest'
import { latch, openBoard } from '../support/board.ts'
import { here } from '../support/here.ts'
import { until } from '../support/until.ts'

const call = task<{ tenant: string }>('api.call', { queue: 'api' })
const mail = task<{ to: string }>('mail.send', { queue: 'mail' })
const print = task<object>('page.print', { queue: 'print' })
const news = topic<{ n: number }>('news')

test('why names the gate, the key, the limit and how many it holds: in the admin, on the command line, in the dashboard', async () => {
  await using board = await openBoard()
  const ask = admin(board)
  const end = latch()
  await board.enqueueMany(call, [...Array(6).fill({ tenant: 'acme' }), ...Array(3).fill({ tenant: 'pear' })])
  const mails = await board.enqueueMany(mail, Array(5).fill({ to: 'ann@example.org' }))
  await board.enqueue(print, {})
  const service = await board
    .service('s')
    .perform(call, () => end.promise, {
      gates: [perKey((input: { tenant: string }) => input.tenant, { concurrency: 2 }, { name: 'tenants' })],
    })
    .perform(mail, () => undefined, { gates: [rate(1, '1h')] })
    .perform(print, () => undefined, {
      gates: [
        gate(function printerIsFree() {
          return new Promise<() => void>(() => undefined)
        }),
      ],
    })
    .subscribe(news, () => end.promise, { gates: [concurrency(1, { name: 'readers' })] })
    .start()
  for (const n of [1, 2, 3]) await board.publish(news, { n })

  const said = async (target: Parameters<typeof ask.why>[0]) => (await ask.why(target)).map(({ code, text, fix }) => [code, text, fix])
  await until(
    'all gates are told of',
    async () => {
      const [api, letters, place] = await Promise.all([ask.queue('api'), ask.queue('mail'), ask.subscription('s', 'news')])
      return api.gated === 5 && letters.gated === 4 && place.gated === 2
    },
    15_000,
  )
  expect(await said({ queue: 'api' })).toEqual([
    [
      'gate',
      expect.stringMatching(
        /; 5 in hand of api\.call wait at the gate tenants, which allows 2 at once for each key: 4 of "acme", 1 of "pear"\.$/,
      ),
      'callboard limits set tenants --concurrency <number>, or wait.',
    ],
  ])
  const last = mails.at(-1)?.id ?? ''
  expect(await said({ id: last })).toEqual([
    [
      'gate',
      'Workers of mail have it or others in hand; 4 in hand of mail.send wait at the gate s:mail.send, which allows 1 within 1h.',
      'callboard limits set s:mail.send --rate <count>/<time>, or wait.',
    ],
  ])
  expect(await said({ queue: 'print' })).toEqual([
    ['gate', expect.stringContaining('1 in hand of page.print wait at the gate printerIsFree.'), expect.any(String)],
  ])
  expect(await said({ service: 's', topic: 'news' })).toEqual([
    ['gate', expect.stringContaining('2 in hand of news wait at the gate readers, which allows 1 at once.'), expect.any(String)],
  ])

  const env = { CALLBOARD_URL: inject('natsUrl'), CALLBOARD_NAMESPACE: board.namespace }
  expect((await here('why --queue api', env)).out).toContain('wait at the gate tenants, which allows 2 at once for each key: 4 of "acme"')
  expect((await here('queues mail', env)).out).toContain('1 within 1h')
  expect(JSON.parse((await here('queues api --json', env)).out).holds).toEqual([
    { name: 'api.call', gate: 'tenants', allows: '2 at once', key: 'acme', waiting: 4 },
    { name: 'api.call', gate: 'tenants', allows: '2 at once', key: 'pear', waiting: 1 },
  ])
  const shown: Dashboard = dashboard(board)
  const answer = await shown.fetch(new Request('http://127.0.0.1/api/why?queue=mail'))
  expect(await answer.json()).toEqual([expect.objectContaining({ code: 'gate', text: expect.stringContaining('the gate s:mail.send') })])
  await shown.close()

  end.open()
  await service.stop({ drain: '2s' })
})
