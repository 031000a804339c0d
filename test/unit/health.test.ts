import { expect, test } from 'vitest'
import { attention } from '../../src/extras/admin/health.ts'
import type { WorkerView } from '../../src/extras/admin/model.ts'

const worker: WorkerView = {
  name: 'host/1/abcd',
  services: ['mailer'],
  host: 'host',
  pid: 1,
  version: '0.1.0',
  node: '22.0.0',
  startedAt: 0,
  seenAt: 0,
  running: 0,
  slots: 10,
  loopLag: 0,
  memory: 0,
  stage: 'running',
  serves: [],
  dropped: 0,
}
const held = { service: 'mailer', name: 'mail.send', ms: 1_500, at: 0, sure: true }
const about = (more: Partial<WorkerView>) =>
  attention({ queues: [], subscriptions: [], schedules: [], workers: [{ ...worker, ...more }] }).map(({ code, text }) => [code, text])

test.each<[string, Partial<WorkerView>, string[]]>([
  ['by a handler, the handler is named', { held }, ['by mail.send of mailer: answers and timers were late.', '1500 ms']],
  ['while others ran, it is said so', { held: { ...held, sure: false } }, ['while there ran mail.send of mailer:']],
  ['by something else, nobody is named', { loopLag: 2_000 }, ['of host/1/abcd was held for 2000 ms: answers']],
])('where an event loop was held for more than a second %s', (_, more, parts) => {
  expect(about(more)).toEqual([['loop-lag', expect.any(String)]])
  for (const part of parts) expect(about(more)[0]?.[1]).toContain(part)
})

test('what was held for less, long ago, needs nobody', () => {
  expect(about({ loopLag: 900, held: { ...held, ms: 400 } })).toEqual([])
})
