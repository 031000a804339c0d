import type { DeadView, HoldView, MessageView, QueueView, SubscriptionView } from 'callboard/admin'
import { expect, test } from 'vitest'
import { type MessageFacts, whyMessage, whyQueue, whySubscription } from '../../src/extras/admin/why.ts'

const now = 1_000_000
const lane = {
  task: 'mail.send',
  lane: 'normal',
  waiting: 3,
  open: 0,
  again: 0,
  asking: 0,
  answered: 0,
  paused: false,
  workers: [],
} as const
const queue: QueueView = {
  name: 'mail',
  layout: 'work',
  bytes: 0,
  held: { tasks: 3, bytes: 0 },
  full: false,
  ready: 3,
  running: 2,
  scheduled: 0,
  retrying: 0,
  dead: 0,
  workers: ['w1'],
  slots: 2,
  paused: false,
  blocked: 'busy',
  gated: 0,
  holds: [],
  lanes: [lane],
}
const message: MessageView = { id: 'a', style: 'explicit', name: 'mail.send', state: 'ready', storedAt: now - 60_000 }
const turn = (single: boolean, more: object = {}) => ({
  ...queue,
  lanes: [{ ...lane, open: single ? 1 : 0, strand: { index: 5, of: 16, single }, ...more }],
})
const held: HoldView = { name: 'mail.send', gate: 'mailer:mail.send', allows: '40 within 1s', waiting: 7 }
const error = { name: 'Error', message: 'mailbox full', fingerprint: 'x' }
const letter: DeadView = {
  sequence: 7,
  id: 'a',
  style: 'explicit',
  name: 'mail.send',
  service: 'mailer',
  worker: 'w1',
  reason: 'exhausted',
  attempts: 5,
  at: now - 1000,
  error,
  bytes: 1,
  headers: {},
  history: [],
}
const poison = { ...error, message: 'Each attempt ended with its process, or was never heard of again.' }

test.each<[string, Omit<MessageFacts, 'now'>, string[], RegExp]>([
  ['nobody knows', { message: undefined, since: now - 3_600_000 }, ['unknown'], /reaches back 1h/],
  ['is not due', { message, waiting: { due: now + 90_000 }, queue }, ['scheduled'], /in 1m 30s/],
  [
    'waits in a paused queue',
    { message, waiting: {}, queue: { ...queue, paused: true, pausedUntil: now + 60_000 } },
    ['paused'],
    /for another 1m/,
  ],
  [
    'waits where it is paused for good',
    { message, waiting: {}, queue: { ...queue, paused: true, pausedUntil: now + 3e12 } },
    ['paused'],
    /until it is resumed/,
  ],
  [
    'nobody serves',
    { message, waiting: {}, queue: { ...queue, blocked: 'no-worker', workers: [] } },
    ['no-worker'],
    /No worker serves the queue mail/,
  ],
  [
    'waits at a gate',
    { message, waiting: {}, queue: { ...queue, blocked: 'gate', gated: 7, holds: [held] } },
    ['gate'],
    /^Workers of mail have it or others in hand; 7 in hand of mail.send wait at the gate mailer:mail.send, which allows 40 within 1s\.$/,
  ],
  [
    'waits at a gate that says nothing',
    { message, waiting: {}, queue: { ...queue, blocked: 'gate', gated: 2 } },
    ['gate'],
    /2 in hand wait/,
  ],
  ['comes after a higher lane', { message, waiting: { lane: 'low' }, queue }, ['lane'], /3 tasks wait on a higher lane/],
  [
    'comes after one of its key',
    { message, waiting: { bucket: 37 }, queue: turn(true) },
    ['ordered'],
    /is not done; 3 wait in the same strand, one of 16/,
  ],
  [
    'comes after one of its key that fails',
    { message, waiting: { bucket: 5 }, queue: turn(true, { again: 1 }) },
    ['ordered'],
    /tried again first/,
  ],
  ['is of another key', { message, waiting: { bucket: 6 }, queue: turn(true) }, ['busy'], /All 2 slots/],
  ['has a turn among others', { message, waiting: { bucket: 5 }, queue: turn(false) }, ['fair'], /one turn among 16/],
  ['waits its turn', { message, waiting: {}, queue, ahead: 4 }, ['busy'], /All 2 slots .* 4 stored before it/],
  [
    'runs',
    { message: { ...message, state: 'running', worker: 'w1', service: 'mailer' }, waiting: {}, queue, workerAlive: true },
    ['running'],
    /Attempt 1 runs at w1/,
  ],
  [
    'ran at a worker that is gone',
    { message: { ...message, state: 'running', worker: 'w1' }, waiting: {}, queue, workerAlive: false },
    ['worker-gone'],
    /when its lease ends/,
  ],
  [
    'failed',
    { message: { ...message, state: 'retrying', attempt: 2, error, due: now + 4000 }, waiting: {}, queue },
    ['backoff'],
    /Attempt 2 failed with Error: mailbox full; it is tried again in 4s/,
  ],
  ['was put off', { message: { ...message, state: 'retrying', due: now + 4000 }, waiting: {}, queue }, ['snoozed'], /costs no attempt/],
  ['holds a key', { message, waiting: { key: 'ann' }, queue }, ['busy', 'unique'], /unique key "ann"/],
  ['used up its attempts', { message, letter }, ['exhausted'], /after 5 attempts; the last ended with Error: mailbox full/],
  ['was rejected', { message, letter: { ...letter, reason: 'rejected' } }, ['rejected'], /said never again/],
  ['came too late', { message, letter: { ...letter, reason: 'expired' } }, ['expired'], /had not started in the time/],
  ['cannot be read', { message, letter: { ...letter, reason: 'unreadable' } }, ['unreadable'], /cannot be read/],
  ['kills its worker', { message, letter: { ...letter, error: poison } }, ['poison'], /its worker ended each time/],
  [
    'succeeded',
    { message: { ...message, state: 'done', endedAt: now - 5000, service: 'mailer' } },
    ['done'],
    /It succeeded 5s ago at mailer/,
  ],
  ['was called off', { message: { ...message, state: 'cancelled' } }, ['cancelled'], /called off/],
  ['was skipped', { message: { ...message, state: 'skipped' } }, ['skipped'], /firing of a schedule/],
  ['was discarded', { message: { ...message, state: 'dead' } }, ['gone'], /discarded since/],
  ['is gone without a word', { message }, ['gone'], /no end of it was written down/],
])('a task that %s', (_, facts, codes, text) => {
  const because = whyMessage({ now, ...facts })
  expect(because.map(({ code }) => code)).toEqual(codes)
  expect(because.map((each) => each.text).join(' ')).toMatch(text)
})

test.each<[string, Partial<QueueView>, string]>([
  ['is paused', { paused: true }, 'paused'],
  ['nobody serves', { blocked: 'no-worker' }, 'no-worker'],
  ['has nothing due', { blocked: 'scheduled', scheduled: 4 }, 'scheduled'],
  ['is at a gate', { blocked: 'gate' }, 'gate'],
  ['is busy', {}, 'busy'],
  ['keeps an order', { ...turn(true), running: 1 }, 'ordered'],
  ['keeps an order and has no slot free', turn(true), 'busy'],
  ['only waits for retries', { blocked: 'none', ready: 0, retrying: 2 }, 'backoff'],
  ['is empty', { blocked: 'none', ready: 0, running: 0 }, 'empty'],
  ['moves', { blocked: 'none' }, 'moving'],
  ['is full', { full: true, limit: { tasks: 3, bytes: 0, age: 0 } }, 'full busy'],
])('a queue that %s', (_, more, code) => {
  expect(whyQueue({ ...queue, ...more }, now).map((each) => each.code)).toEqual(code.split(' '))
})

test('what waits at a gate is told with the gate, its limit, the keys and how many', () => {
  const of = (key: string, waiting: number) => ({ name: 'api.call', gate: 'tenants', allows: '3 at once', key, waiting })
  const [because] = whyQueue({ ...queue, blocked: 'gate', gated: 12, holds: [of('acme', 6), of('pear', 2), held] }, now)
  expect(because).toEqual({
    code: 'gate',
    text:
      '3 tasks wait, 2 run, 0 wait for another attempt; 8 in hand of api.call wait at the gate tenants, which allows 3 at once for each key: ' +
      '6 of "acme", 2 of "pear"; 7 in hand of mail.send wait at the gate mailer:mail.send, which allows 40 within 1s.',
    fix: 'callboard limits set tenants --concurrency <number>, or wait.',
  })
})

const place: SubscriptionView = {
  service: 'cast',
  topic: 'news',
  pattern: false,
  own: false,
  created: 1,
  waiting: 12,
  open: 3,
  again: 0,
  asking: 0,
  answered: 4,
  paused: false,
  workers: [],
  blocked: 'busy',
  gated: 0,
  holds: [],
  oldest: now - 120_000,
}

test.each<[string, Partial<SubscriptionView>, string[]]>([
  ['is slower than what comes', {}, ['busy']],
  ['has nobody there', { blocked: 'no-worker' }, ['no-subscriber']],
  ['is paused', { paused: true, blocked: 'paused' }, ['paused']],
  ['waits at a gate', { blocked: 'gate' }, ['gate']],
  ['retries', { waiting: 0, blocked: 'none', again: 2 }, ['backoff']],
  ['has caught up', { waiting: 0, blocked: 'none' }, ['caught-up']],
])('a subscription that %s', (_, more, codes) => {
  expect(whySubscription({ ...place, ...more }, now).map(({ code }) => code)).toEqual(codes)
})
