/** The recipes of docs/guides/once.md, taken from the page, in processes that are killed. */

import { mkdtemp } from 'node:fs/promises'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { PGlite } from '@electric-sql/pglite'
import { beforeAll, expect, inject, test } from 'vitest'
import { extract, write } from '../repo/snippets.ts'
import { read, root } from '../repo/tree.ts'
import { script } from '../setup/built.ts'
import { openBoard } from '../support/board.ts'
import { booked, charged } from '../support/once.ts'
import { program } from '../support/program.ts'

const page = 'docs/guides/once.md'
const home = '.callboard/built/once'
const recipes = extract(page, read(page), home).filter(({ file }) => /\/(deposit|charge)\.ts$/.test(file))
write(recipes.map(script))
const folder = join(root, home, 'docs-guides-once')

const worker = (namespace: string, where: string, moment: string) =>
  program('test/support/once-worker.ts', [inject('natsUrl'), namespace, folder, where, moment])

/** Made once: a new database takes seconds. */
let data = ''
beforeAll(async () => {
  data = await mkdtemp(join(tmpdir(), 'callboard-once-'))
  await using db = await PGlite.create(data)
  await db.query('select 1')
})

test.each([
  ['before it commits: it is booked by the next attempt', 'before', true],
  ['after it has committed and before the broker heard: the next attempt finds it booked', 'after', false],
])('an effect in a database happens once, though the process be killed %s', async (_, moment, first) => {
  await using board = await openBoard()
  await using dying = worker(board.namespace, data, moment)
  await dying.says('ready')
  const handle = await board.enqueue(booked, { name: moment, cents: 500 })
  expect(await dying.ended).toBe('SIGKILL')
  {
    await using next = worker(board.namespace, data, 'whole')
    await next.says('ready')
    expect(await handle.result({ timeout: '25s' })).toBe(first)
  }
  await using db = await PGlite.create(data)
  expect((await db.query('select cents from account where name = $1', [moment])).rows).toEqual([{ cents: 500 }])
  expect((await db.query('select * from handled where id = $1', [handle.id])).rows).toHaveLength(1)
})

test('an effect over HTTP happens once, though the process be killed before the broker heard: the key is the same', async () => {
  const calls: string[] = []
  const answers = new Map<string, string>()
  const till = createServer((request, response) => {
    const key = String(request.headers['idempotency-key'])
    calls.push(key)
    const answer = answers.get(key) ?? `charge ${answers.size + 1}`
    answers.set(key, answer)
    request.resume().on('end', () => response.end(answer))
  })
  await new Promise<void>((resolve) => till.listen(0, '127.0.0.1', resolve))
  const url = `http://127.0.0.1:${(till.address() as AddressInfo).port}`
  try {
    await using board = await openBoard()
    await using dying = worker(board.namespace, url, 'after')
    await dying.says('ready')
    const handle = await board.enqueue(charged, { order: 7, cents: 500 })
    expect(await dying.ended).toBe('SIGKILL')
    await using _next = worker(board.namespace, url, 'whole')
    expect(await handle.result({ timeout: '25s' })).toBe('charge 1')
    // A machine with far too much to do may lose its lease as well.
    expect([calls.length > 1, new Set(calls)]).toEqual([true, new Set([handle.id])])
    expect(answers.size).toBe(1)
  } finally {
    till.closeAllConnections()
    await new Promise((resolve) => till.close(resolve))
  }
})
