/**
 * What somebody who knows only Celery has to be able to do, by the command line alone: see what differs between the two ways, find
 * the mail that failed and why, send it again mended, and add a subscriber. By clicking: test/browser/walk.test.ts.
 */

import { admin } from 'callboard/admin'
import { afterAll, beforeAll, expect, inject, test } from 'vitest'
import type { Board } from '../../src/index.ts'
import { thrownBy } from '../support/board.ts'
import { begin } from '../support/cli.ts'
import { here } from '../support/here.ts'
import { fullBoard, released } from '../support/theatre.ts'
import { until } from '../support/until.ts'

let board: Board
let env: Record<string, string>

beforeAll(async () => {
  board = await fullBoard()
  env = { CALLBOARD_URL: inject('natsUrl'), CALLBOARD_NAMESPACE: board.namespace }
})
afterAll(() => board.close())

const says = async (line: string) => (await here(line, env)).out

test('what differs stands in the help, and in what became of one event', async () => {
  const help = await says('--help')
  expect(help).toContain('◇ say what happened; everyone who subscribed gets a copy')
  expect(help).toContain('■ name work that one worker does')
  // What a worker did is written down a little later.
  await until('the story is told', async () => {
    const story = await says('trace the-callboard')
    for (const service of ['alerts', 'recommendations', 'search-index', 'mail-planner'])
      expect(story).toMatch(new RegExp(`┄┄▷ ${service} +● done`))
    expect(story.match(/■ mail\.send/g)).toHaveLength(3)
    expect(story.match(/──▶ mailer/g)).toHaveLength(3)
    return true
  })
})

test('the mail that failed is found, with why, and is sent again mended', async () => {
  const found = JSON.parse(await says('dead data.to:bea@example.org --json')) as { items: { sequence: number; id: string }[] }
  const [{ sequence, id } = { sequence: 0, id: '' }] = found.items
  expect(await says('dead')).toMatch(/550 no such mailbox/)
  expect(await says(`why ${id}`)).toMatch(/mailer gave it up .*550 no such mailbox.* said never again/)
  await here(`dead redrive ${sequence} --payload '{"to":"eve@example.org","subject":"Again"}'`, env)
  expect(await here(`tasks wait ${id}`, env)).toMatchObject({ code: 0, out: '"sent"\n' })
  await until('the ledger tells of it', async () => (await says(`why ${id}`)).includes('It succeeded'))
})

test('a subscriber is added, gets a copy of its own, and leaves without a trace', async () => {
  const listening = begin(['listen', released.name, '--as', 'spare', '--limit', '2'], { env })
  await until('it listens', () => listening.written.err.includes('spare listens'))
  expect(await says('subs')).toMatch(/spare +books\.released/)
  const before = (await board.inspect.subscriptions()).length
  for (const title of ['One', 'Two']) await here(`publish books.released '{"isbn":"1","title":"${title}"}'`, env)
  const { code, out } = await listening.ended
  expect([code, out.trim().split('\n')]).toEqual([0, [expect.stringContaining('"One"'), expect.stringContaining('"Two"')]])
  expect((await board.inspect.subscriptions()).length).toBe(before - 1)
  // Nobody loses events to somebody who took its name.
  expect(await here('listen books.released --as alerts', env)).toMatchObject({ code: 4, err: expect.stringContaining('alerts already') })
})

test('one who listens without a name keeps no place', async () => {
  const listening = begin(['listen', 'books.*', '--limit', '1', '--json'], { env })
  await until('it listens', () => listening.written.err.includes('listens to'))
  // Whether it hears already is not to be seen: so it is said until it is heard.
  await until('it has heard something', async () => {
    await board.publish(released, { isbn: '2', title: 'Three' })
    return listening.written.out !== ''
  })
  const { out } = await listening.ended
  expect(JSON.parse(out)).toMatchObject({ topic: 'books.released', event: { title: 'Three' } })
})

test('a subscriber of an operator is refused the name of anybody who works', async () => {
  const view = admin(board, { who: 'ann' })
  expect(await thrownBy(view.addSubscriber('mailer', released.name))).toMatchObject({ code: 'INVALID_ARGUMENT' })
  const heard: unknown[] = []
  const listener = await view.addSubscriber('once-more', released.name, { from: 'all', hear: ({ event }) => heard.push(event) })
  await until('it has heard the past', () => heard.length >= 3)
  await listener.leave()
  expect((await view.subscriptions()).filter(({ service }) => service === 'once-more')).toEqual([])
  expect((await view.audit()).map(({ what }) => what)).toContain('once-more listens to books.released')
})
