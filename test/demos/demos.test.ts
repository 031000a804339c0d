/** The demos, run as a user runs them: as programs of their own, by what they print and by how they end. */

import { mkdtemp, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { nobodyIsLeft, start } from '../support/demo.ts'
import { until } from '../support/until.ts'

test('headless, the counts hold: nothing lost, every duplicate explained', async () => {
  const demo = start('run', '--json', '--seed', '7')
  const code = await demo.ended
  const { demos } = JSON.parse(demo.written.out)
  expect(demos).toMatchObject([
    { name: 'group-notification', published: 6, delivered: 24, enqueued: 0, dead: 0, duplicates: 0, lost: 0, ok: true },
    { name: 'email-fanout', published: 1, delivered: 1, enqueued: 243, succeeded: 242, dead: 1, lost: 0, ok: true },
    { name: 'both-ways', published: 12, delivered: 18, enqueued: 14, succeeded: 10, dead: 0, retried: 2, lost: 0, ok: true },
    { name: 'treasure-hunt', published: 2, delivered: 2, enqueued: 40, dead: 0, duplicates: 0, lost: 0, ok: true },
  ])
  for (const { duplicates, explained } of demos) expect(explained).toHaveLength(duplicates)
  // Both crashes and both busy mailboxes have left their traces.
  expect(demos[0].retried).toBeGreaterThan(0)
  expect(demos[1].retried).toBeGreaterThan(4)
  expect(demo.written.err).toContain('killed (SIGKILL)')
  // The first finder spares the others some of the work.
  expect(demos[3].succeeded).toBeLessThan(40)
  expect(code).toBe(0)
  await nobodyIsLeft(demo)
})

test('one demo may be run by name, with readers of one’s own', async () => {
  const file = join(await mkdtemp(join(tmpdir(), 'callboard-test-')), 'mine.csv')
  const rows = Array.from({ length: 9 }, (_, index) => `"Reader, ${index}",r${index}@example.org,Asia/Kolkata`)
  await writeFile(file, `name,address,zone\n${rows.join('\n')}\n`)
  const demo = start('run', 'email', '--json', '--readers', file)
  const code = await demo.ended
  const { demos } = JSON.parse(demo.written.out)
  expect(demos).toMatchObject([{ name: 'email-fanout', enqueued: 9, succeeded: 8, dead: 1, lost: 0, ok: true }])
  expect(code).toBe(0)
  await nobodyIsLeft(demo)
})

test('what cannot be is refused before anything is started', async () => {
  const refused = [
    [['--smtp', 'smtp://mail.example.org:25'], 'Add --i-mean-it'],
    [['--smtp', 'mail.example.org'], 'no address like smtp://'],
    [['--readers', 'nobody.csv'], 'nobody.csv'],
    [['tour'], 'group-notification, email-fanout, both-ways and treasure-hunt'],
    [['--sed', '7'], '--sed'],
    [['--seed', 'seven'], '"seven"'],
  ] as const
  const demos = refused.map(([args]) => start('run', ...args))
  for (const [index, demo] of demos.entries()) {
    expect(await demo.ended).toBe(2)
    expect(demo.written.err).toContain(refused[index]?.[1])
    expect(demo.written.out).toBe('')
  }
})

test('asked to end, it drains, shows the score so far, and leaves nobody behind', async () => {
  const demo = start('start')
  await until('the first post is read', () => demo.written.out.includes('has read #1'), 180_000)
  demo.process.kill('SIGINT')
  expect(await demo.ended).toBe(0)
  expect(demo.written.out).toContain('SCORE BOARD')
  expect(demo.written.out).toContain('waiting')
  await nobodyIsLeft(demo)
})

test('killed, it leaves nobody behind', async () => {
  const demo = start('start', 'email')
  await until('the first mail is taken', () => demo.written.out.includes(': taken'), 180_000)
  demo.process.kill('SIGKILL')
  await demo.ended
  await nobodyIsLeft(demo)
})
