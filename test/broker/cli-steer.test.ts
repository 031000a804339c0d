/** What the command line changes while work goes on: limits, workers, what is declared. */

import { task } from 'callboard'
import { admin } from 'callboard/admin'
import { concurrency, limits, perKey, rate } from 'callboard/limits'
import { afterAll, beforeAll, describe, expect, inject, test } from 'vitest'
import type { Board } from '../../src/index.ts'
import { openBoard } from '../support/board.ts'
import { cli } from '../support/cli.ts'
import { here as call } from '../support/here.ts'
import { until } from '../support/until.ts'

const send = task<{ to: string }>('mail.send', { queue: 'mail' })
const sync = task<{ account: string }>('account.sync', { queue: 'sync' })

let board: Board
let env: Record<string, string>

beforeAll(async () => {
  board = await openBoard()
  env = { CALLBOARD_URL: inject('natsUrl'), CALLBOARD_NAMESPACE: board.namespace }
  await board
    .service('mailer')
    .perform(send, () => undefined, { gates: [rate(40, '1s')] })
    .perform(sync, () => undefined, {
      gates: [perKey((input: { account: string }) => input.account, { concurrency: 2 }, { name: 'accounts' }), concurrency(9)],
    })
    .start()
  await until('all three limits are known', async () => (await limits(board).list()).length === 3)
})
afterAll(() => board.close())

const here = (line: string, input?: string) => call(line, env, input)
const json = async (line: string) => JSON.parse((await here(`${line} --json`)).out)

describe('limits', () => {
  test('are listed with what the code says and what was set, as a table and as data', async () => {
    const { code, out } = await here('limits')
    expect([code, out]).toEqual([0, expect.stringMatching(/LIMIT +CODE SAYS +SET +FOR +HELD +USED BY\n/)])
    expect(out).toMatch(/accounts +2 at once +each key +mailer:account\.sync\n/)
    expect(out).toMatch(/mailer:mail\.send +40 within 1s +all +mailer:mail\.send\n3 limits\n$/)
    expect((await json('limits')).map(({ name, keyed }: { name: string; keyed: boolean }) => [name, keyed])).toEqual([
      ['accounts', true],
      ['mailer:account.sync#2', false],
      ['mailer:mail.send', false],
    ])
  })

  test('are changed by their name while workers run, tried before, and taken back', async () => {
    expect((await here('limits set accounts --concurrency 5 --dry-run')).out).toBe('accounts would allow 5 at once for each key\n')
    expect((await limits(board).get('accounts')).set).toEqual({})
    expect((await here('limits set accounts --concurrency 5')).out).toBe('accounts allows 5 at once for each key\n')
    expect((await limits(board).get('accounts')).set).toEqual({ concurrency: 5 })
    expect((await json('limits set accounts --as-code')).set).toEqual({})
  })

  test('are found by the queue whose tasks stand before them', async () => {
    expect((await here('queues set mail --rate 20/s --burst 5')).out).toBe('mailer:mail.send allows 20 within 1s, burst 5\n')
    expect((await limits(board).get('mailer:mail.send')).set).toEqual({ rate: { count: 20, per: 1000, burst: 5 } })
    expect((await here('queues set mail --as-code')).out).toBe('mailer:mail.send allows 40 within 1s, as the code says\n')
  })

  test.each([
    ['limits set nobody --concurrency 1', 5, 'There is no limit nobody.'],
    ['limits set acounts --concurrency 1', 5, 'Did you mean accounts?'],
    ['limits set accounts --rate 1/s', 2, 'accounts does not limit how many begin in a time.'],
    ['limits set accounts', 2, 'It is not said what to change.'],
    ['limits set accounts --concurrency 1 --as-code', 2, '--as-code takes back what was set.'],
    ['limits set mailer:mail.send --rate fast', 2, 'Write it as 40/1s, 100/m or 5/10s.'],
    ['limits set mailer:mail.send --rate 0/s', 4, 'count'],
    ['queues set sync --concurrency 1', 2, '2 limits stand before the tasks of sync.'],
    ['queues set mail --concurrency 1', 5, 'No such limit stands before the tasks of mail.'],
    ['queues set none --rate 1/s', 5, 'There is no queue none.'],
  ])('%s is refused with exit code %i', async (line, exit, says) => {
    const { code, err } = await here(line)
    expect([code, err]).toEqual([exit, expect.stringContaining(says)])
  })

  test('are changed by the built program', async () => {
    const { code, out } = await cli(['limits', 'set', 'mailer:mail.send', '--rate', '30/s', '--json'], { env })
    expect([code, JSON.parse(out)]).toEqual([
      0,
      expect.objectContaining({ name: 'mailer:mail.send', set: { rate: { count: 30, per: 1000, burst: 1 } } }),
    ])
  })
})

test('what is changed on the command line is written down, with who did it', async () => {
  await board.schedules.set('digest', { every: '1h' }, send, { to: 'ann' })
  for (const line of [
    'queues pause mail',
    'queues resume mail',
    'queues purge mail --yes',
    'limits set accounts --concurrency 7',
    'schedules pause digest',
    'schedules resume digest',
    'schedules run digest',
    'schedules retime digest --every 2h',
    'schedules remove digest --yes',
  ])
    expect([line, (await here(line)).code]).toEqual([line, 0])
  const asked = admin(board)
  const last = async () => (await asked.audit(9)).map(({ what, who }) => [what, /@/.test(who)])
  await until('all nine are written down', async () => (await asked.audit(1))[0]?.what === 'removal of schedule digest')
  expect((await last()).reverse()).toEqual(
    [
      'pause of queue mail',
      'resume of queue mail',
      'purge of queue mail {}',
      'limit accounts: 7 at once for each key',
      'pause of schedule digest',
      'resume of schedule digest',
      'run of schedule digest',
      'other times for schedule digest',
      'removal of schedule digest',
    ].map((what) => [what, true]),
  )
})
