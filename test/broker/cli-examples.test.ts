/** The examples of help and of docs/reference/cli.md, against a board where what they name is there. */

import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, inject, test } from 'vitest'
import { z } from 'zod'
import { rate } from '../../src/extras/limits/index.ts'
import { type Board, Reject, task, topic } from '../../src/index.ts'
import { groups } from '../../src/tools/cli/verbs.ts'
import { openBoard } from '../support/board.ts'
import { cli } from '../support/cli.ts'
import { here } from '../support/here.ts'
import { until } from '../support/until.ts'

const released = topic('books.released')
const send = task('mail.send', { queue: 'mail' })
const digest = task('mail.digest', { queue: 'mail' })
const report = task('report.pdf', { input: z.unknown(), output: z.object({ pages: z.number() }), queue: 'report' })

let board: Board
let env: Record<string, string>
const folder = mkdtempSync(join(tmpdir(), 'callboard-examples-'))

beforeAll(async () => {
  board = await openBoard()
  env = { CALLBOARD_URL: inject('natsUrl'), CALLBOARD_NAMESPACE: board.namespace, XDG_CONFIG_HOME: folder }
  writeFileSync(join(folder, 'book.json'), '{"isbn":"978-0"}')
  // Contracts are plain values.
  writeFileSync(join(folder, 'contracts.mjs'), `export const sendMail = ${JSON.stringify(send)}`)
  await board
    .service('mail-planner')
    .subscribe(released, () => undefined)
    .start()
  const old = await board
    .service('old-planner')
    .subscribe(released, () => undefined)
    .start()
  await old.stop()
  await board
    .service('mailer')
    .perform(
      send,
      (mail) => {
        if (mail === 'bad') throw new Reject('451 greylisted')
      },
      { gates: [rate(100, '1s')] },
    )
    .perform(digest, () => undefined)
    .perform(report, () => ({ pages: 3 }))
    .start()
  for (const _ of [1, 2]) await board.enqueue(send, 'bad')
  await board.schedules.set('digest', { cron: '0 9 * * 1-5', zone: 'Asia/Kolkata' }, digest, undefined)
  await board.publish(released, { isbn: '978-0' }, { id: 'book-1' })
  await board.enqueue(report, undefined, { id: 'report-1' })
  await board.ledger.flush()
  await until('two dead letters', async () => (await board.dead.groups()).at(0)?.count === 2)
})

afterAll(async () => {
  await board.close()
  rmSync(folder, { recursive: true })
})

/** These run until they are stopped, or write to the process itself; each has a test of its own. */
const apart = /^(dev|start|dash|demo|bench|completion|tail|listen|top$|workers (drain|stop)|sync)/
/** What ends otherwise than well here: the doctor has something to say. */
const ends: Readonly<Record<string, readonly number[]>> = { doctor: [0, 9], 'doctor --json': [0, 9] }

const examples = groups.flatMap(({ verbs }) => verbs.flatMap((verb) => verb.examples)).filter((example) => !apart.test(example))

test('there are examples', () => expect(examples.length).toBeGreaterThan(50))

test.each(examples)('callboard %s', async (example) => {
  const { code, err } = await here(example, env, '{"isbn":"978-1"}\n{"isbn":"978-2"}\n', folder)
  expect([code, err]).toEqual([expect.toSatisfy((each) => (ends[example] ?? [0]).includes(each)), expect.not.stringContaining('✕')])
})

test('callboard bench measures a broker of its own', async () => {
  const { code, out } = await cli(['bench', '--messages', '100', '--json'])
  const { rows, sync } = JSON.parse(out) as { rows: { workload: string; rate: number; cpu: number }[]; sync: string }
  expect([code, sync, rows.length]).toEqual([0, '10s', 6])
  expect(rows.filter(({ rate, cpu }) => !(rate > 0 && cpu > 0))).toEqual([])
})

test('callboard demo plays both ways, and its counts hold', async () => {
  const { code, out, err } = await cli(['demo', '--json'])
  expect([code, JSON.parse(out)]).toEqual([
    0,
    { published: 1, heard: 4, enqueued: 8, succeeded: 7, retried: 1, dead: 1, duplicates: 0, lost: 0, ok: true },
  ])
  expect(err).toContain('┄┄▷ cast-app  ● done')
  expect(err).toContain('  ──▶ mailer  ✕ dead  Reject: 550 no such mailbox')
})
