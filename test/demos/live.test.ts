/** `npm start`, where nobody watches, and where somebody is at the keyboard. */

import { mkdtemp, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { nobodyIsLeft, start, startOnTerminal } from '../support/demo.ts'
import { until } from '../support/until.ts'

test('live, without a terminal, all demos are plain lines and end by themselves with the score board', async () => {
  const demo = start('start')
  expect(await demo.ended).toBe(0)
  const { out, err } = demo.written
  expect(err).toBe('')
  for (const said of ['Broker ', 'Data ', 'posts #1', '┄┄▷', '◇', '──▶', '■', 'Dashboard    http://127.0.0.1:', 'SCORE BOARD'])
    expect(out).toContain(said)
  // One window for all acts.
  expect(out.match(/Dashboard /g)).toHaveLength(1)
  expect(out.match(/✔ ok/g)).toHaveLength(4)
  expect(out).not.toContain('\u001B[')
  await nobodyIsLeft(demo)
})

test('on a terminal, keys wake a listener, add one, pause the mails and kill a worker, and everybody stays until the end', async () => {
  const file = join(await mkdtemp(join(tmpdir(), 'callboard-test-')), 'some.csv')
  const rows = Array.from({ length: 30 }, (_, index) => `Reader ${index},r${index}@example.org,Asia/Kolkata`)
  await writeFile(file, `name,address,zone\n${rows.join('\n')}\n`)
  const demo = startOnTerminal('start', 'group', 'email', '--readers', file)
  const said = (text: string | RegExp) =>
    until(`it says ${text}`, () => (typeof text === 'string' ? demo.written.out.includes(text) : text.test(demo.written.out)), 180_000)
  const press = (key: string) => demo.process.stdin?.write(key)

  await said(/o: wake \w+ /)
  press('o')
  await said('wakes up, and catches up')
  await said(/s: add a listener, \w+ /)
  press('s')
  await said('joins the group, and reads it from the beginning')
  await said('enter: the next act')
  press('s')
  await said('finn       joins the group')
  await said('finn       has read #6')
  press('\r')
  await said('ACT 2')
  await said('is released; nobody is named')
  press(' ')
  await said('pauses the queue of mails')
  press('k ')
  await said('resumes the queue of mails')
  await said('is killed (SIGKILL) in mid-send')
  await said('Now it is your turn')
  press('n')
  await said('finn       has read #7')
  press('k')
  await said('another one is started in its place')
  await said('mailer-4   is there')
  press('q')
  expect(await demo.ended).toBe(0)
  expect(demo.written.out.match(/✔ ok/g)).toHaveLength(2)
  await nobodyIsLeft(demo)
})
