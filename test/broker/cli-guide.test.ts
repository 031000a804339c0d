/** The samples of docs/guides/command-line.md, as they stand there, one after the other. */

import { afterAll, beforeAll, expect, inject, test } from 'vitest'
import { z } from 'zod'
import { type Board, Reject, task, topic } from '../../src/index.ts'
import { read } from '../repo/tree.ts'
import { openBoard } from '../support/board.ts'
import { alike, samples } from '../support/console.ts'
import { here } from '../support/here.ts'
import { until } from '../support/until.ts'

const released = topic('books.released', z.object({ isbn: z.string() }))
const sendMail = task('mail.send', { input: z.object({ to: z.string() }), output: z.object({ sent: z.string() }), queue: 'mail' })

let board: Board
let env: Record<string, string>

beforeAll(async () => {
  board = await openBoard()
  env = { CALLBOARD_URL: inject('natsUrl'), CALLBOARD_NAMESPACE: board.namespace }
  await board
    .service('mail-planner')
    .subscribe(released, async (_book, ctx) => {
      await ctx.enqueue(sendMail, { to: 'ann@example.org' })
    })
    .start()
  await board
    .service('mailer')
    .perform(sendMail, ({ to }) => {
      if (to.startsWith('old')) throw new Reject('550 no such mailbox')
      return { sent: to }
    })
    .start()
})

afterAll(() => board.close())

const said = samples(read('docs/guides/command-line.md'))

test('the guide has samples', () => expect(said.length).toBeGreaterThan(8))

test.each(said.map((each) => [each.line, each] as const))('line %i shows what it says', async (_, { command, shows }) => {
  // What was enqueued a sample before may not have died yet.
  const ended = await until(`callboard ${command} shows ${shows.length} lines`, async () => {
    const { out, err } = await here(command, env)
    // What is talk goes to standard error; on a terminal both are seen.
    const lines = (command.includes('--wait') ? out : out + err).trimEnd().split('\n')
    const right = lines.length === shows.length && lines.every((line, index) => alike(shows[index] ?? '', line))
    if (!right && !/^(dead|topics|trace|why)/.test(command)) return { lines }
    if (!right) throw new Error(lines.join('\n'))
    return { lines }
  })
  expect(ended.lines.map((line, index) => (alike(shows[index] ?? '', line) ? shows[index] : line))).toEqual(shows)
})
