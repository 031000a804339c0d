/** What the dashboard offers as a command line is one, and means the same. */

import { expect, test } from 'vitest'
import { pen } from '../../src/tools/cli/pen.ts'
import { said } from '../../src/tools/cli/program.ts'
import { groups } from '../../src/tools/cli/verbs.ts'
import { actions } from '../../src/tools/dashboard/actions.ts'
import { cli } from '../../src/tools/dashboard/ui/parts/same.ts'
import { splitLine } from '../support/shell.ts'

const out = pen(process.stdout, { color: false, env: {} })

/** What the parser of the command line understands. */
function heard(line: string): { words: string; args: readonly string[]; flags: Record<string, unknown> } {
  const [program, ...argv] = splitLine(line)
  expect(program).toBe('callboard')
  const read = said(argv, groups, '0', out)
  if ('text' in read) throw new Error(read.text)
  return { words: read.verb.words, args: read.args, flags: read.flags as Record<string, unknown> }
}

const samples: Readonly<Record<string, readonly [body: Record<string, unknown>, heard: object]>> = {
  publish: [
    { topic: 'books.released', event: { title: 'A B' } },
    { words: 'publish', args: ['books.released', '{"title":"A B"}'] },
  ],
  enqueue: [
    { task: 'mail.send', input: { to: 'a@b.c' }, queue: 'mail', delay: '10m', priority: 'high' },
    { words: 'enqueue', args: ['mail.send', '{"to":"a@b.c"}'], flags: { queue: 'mail', delay: '10m', priority: 'high' } },
  ],
  start: [
    { action: 'redrive', selector: 'queue:mail error:~"timed out"' },
    { words: 'dead redrive', args: ['queue:mail error:~"timed out"'] },
  ],
  redriveEdited: [
    { sequence: 7, payload: { to: 'a@b.c' } },
    { words: 'dead redrive', args: ['7'], flags: { payload: '{"to":"a@b.c"}' } },
  ],
  addSubscriber: [
    { service: 's', topic: 'a.b', from: 'new' },
    { words: 'listen', args: ['a.b'], flags: { as: 's', from: 'new' } },
  ],
  pauseSubscription: [
    { service: 's', topic: 'a.*' },
    { words: 'subs pause', args: ['s', 'a.*'] },
  ],
  resumeSubscription: [
    { service: 's', topic: 't' },
    { words: 'subs resume', args: ['s', 't'] },
  ],
  seekSubscription: [
    { service: 's', topic: 't', to: 'new' },
    { words: 'subs seek', flags: { to: 'new' } },
  ],
  replaySubscription: [
    { service: 's', topic: 't', from: 1 },
    { words: 'subs replay', flags: { from: '1' } },
  ],
  leaveSubscription: [{ service: 's', topic: 't' }, { words: 'subs leave' }],
  drainWorker: [
    { name: 'web-1/4711/1f2e', for: '1m' },
    { words: 'workers drain', args: ['web-1/4711/1f2e'], flags: { for: '1m' } },
  ],
  stopWorker: [{ name: 'web-1/4711/1f2e' }, { words: 'workers stop', args: ['web-1/4711/1f2e'] }],
  pauseQueue: [{ queue: 'mail' }, { words: 'queues pause', args: ['mail'] }],
  resumeQueue: [{ queue: 'mail' }, { words: 'queues resume' }],
  purgeQueue: [{ queue: 'mail' }, { words: 'queues purge' }],
  pauseSchedule: [{ name: 'digest' }, { words: 'schedules pause', args: ['digest'] }],
  resumeSchedule: [{ name: 'digest' }, { words: 'schedules resume' }],
  runSchedule: [{ name: 'digest' }, { words: 'schedules run' }],
  retimeSchedule: [
    { name: 'digest', cron: '0 9 * * 1-5', zone: 'Asia/Kolkata' },
    { words: 'schedules retime', flags: { cron: '0 9 * * 1-5', zone: 'Asia/Kolkata' } },
  ],
  removeSchedule: [{ name: 'digest' }, { words: 'schedules remove' }],
}

test('there is a command for everything that can be done', () => {
  // How many match is asked before, and a job is stopped where it was started.
  expect(Object.keys(samples).sort()).toEqual(
    Object.keys(actions)
      .filter((action) => action !== 'count' && action !== 'stop')
      .sort(),
  )
})

test.each(Object.entries(samples))('%s', (action, [body, meant]) => {
  expect(heard(cli(action, body, undefined))).toMatchObject(meant)
  expect(heard(cli(action, body, 'ops')).flags).toMatchObject({ namespace: 'ops' })
})

test.each([
  ['cancel', 'tasks cancel'],
  ['discard', 'dead discard'],
  ['runNow', 'tasks run-now'],
])('%s of everything is said as all', (action, words) => {
  expect(heard(cli('start', { action, selector: '' }, undefined))).toMatchObject({ words, flags: { all: true } })
})

test('a selector that begins with a minus, and a quote, come through', () => {
  const selector = `-state:done error:~"it's"`
  const line = cli('start', { action: 'cancel', selector }, 'ops')
  expect(line).toBe(`callboard tasks cancel --namespace ops -- '-state:done error:~"it'\\''s"'`)
})
