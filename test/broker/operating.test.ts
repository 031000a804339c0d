/** The samples of docs/guides/operating.md, as they stand there, one after the other. */

import { afterAll, beforeAll, expect, inject, test } from 'vitest'
import { admin } from '../../src/extras/admin/index.ts'
import { type Board, Reject, task } from '../../src/index.ts'
import { read } from '../repo/tree.ts'
import { openBoard } from '../support/board.ts'
import { alike, samples } from '../support/console.ts'
import { here } from '../support/here.ts'
import { until } from '../support/until.ts'

const mail = task<{ to: string }>('mail.send', { queue: 'mail' })
const pdf = task<{ page: number }>('pdf.make', { queue: 'pdf' })

let board: Board
let env: Record<string, string>

beforeAll(async () => {
  board = await openBoard()
  env = { CALLBOARD_URL: inject('natsUrl'), CALLBOARD_NAMESPACE: board.namespace }
  await board
    .service('mailer')
    .perform(mail, ({ to }) => {
      if (to.startsWith('old')) throw new Reject('550 no such mailbox')
    })
    .start()
  await board.enqueue(mail, { to: 'old@example.org' }, { id: 'old' })
  await board.enqueueMany(pdf, [{ page: 1 }, { page: 2 }])
  await until('one has died', async () => (await board.dead.groups()).at(0)?.count === 1)
  // What runs is told by the worker, a little after what the broker holds.
  const view = admin(board)
  await until('nothing waits or runs in its queue', async () => {
    const { ready, running, workers } = await view.queue('mail')
    return workers.length === 1 && ready + running === 0
  })
})

afterAll(() => board.close())

const said = samples(read('docs/guides/operating.md'))

test('the guide has samples', () => expect(said.length).toBeGreaterThan(5))

test.each(said.map((each) => [each.line, each] as const))('line %i shows what it says', async (_, { command, shows }) => {
  const { out, err } = await here(command, env)
  const lines = (out + err).trimEnd().split('\n')
  // A line of dots alone stands for as many as there are.
  const wanted = shows.filter((each) => each !== '…')
  const found = wanted.length < shows.length ? wanted.flatMap((each) => lines.filter((line) => alike(each, line)).slice(0, 1)) : lines
  expect(found.map((line, index) => (alike(wanted[index] ?? '', line) ? wanted[index] : line))).toEqual(wanted)
})
