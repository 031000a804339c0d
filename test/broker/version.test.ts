/**
 * Versions beside each other. `test/corpus/wire-1.json` keeps the bytes of everything that the first version of the wire format stores;
 * with CALLBOARD_KEEP set to the name of another file in that folder, this test writes those of today into it.
 */

import { readFileSync, writeFileSync } from 'node:fs'
import { Packr } from 'msgpackr'
import { expect, test } from 'vitest'
import { broker, gathered, openBoard } from '../support/board.ts'
import {
  type KeptMessage,
  keptNamespace,
  leave,
  placed,
  plain,
  refused,
  storeAgain,
  storedBy,
  tracked,
  written,
} from '../support/first-version.ts'
import { until } from '../support/until.ts'

const file = (name: string) => new URL(`../corpus/${name}`, import.meta.url)
const first = JSON.parse(readFileSync(file('wire-1.json'), 'utf8')) as readonly KeptMessage[]
const packr = new Packr({ useRecords: false, variableMapSize: true })
const to = process.env.CALLBOARD_KEEP

/** The same as a later version of the same format might write it: more headers, more fields, more kinds. */
function later({ subject, headers, body }: KeptMessage): KeptMessage {
  const more = headers.map((line) => line.replace(/^(Cb-(?:Dead|Schedule|Retry): \{)/, '$1"novel":{"a":[1]},'))
  const isMap = /\.(table|ledger)\./.test(subject)
  const map = isMap && body !== '' ? (packr.unpack(Buffer.from(body, 'base64')) as Record<string, unknown>) : undefined
  if (subject.includes('.ledger.') && map !== undefined) addKind(map)
  const grown = map === undefined ? body : Buffer.from(packr.pack({ ...map, novel: { a: [1] } })).toString('base64')
  return { subject, headers: [...more, 'Cb-Novel: 1', 'Nats-Novel: 1'], body: grown }
}

/** One entry more, of a kind that nobody knows yet. */
function addKind(page: Record<string, unknown>): void {
  for (const [name, byte] of Object.entries({ kinds: 99, times: 0, about: 0, attempts: 0, numbers: 0 }))
    page[name] = Buffer.concat([page[name] as Uint8Array, Uint8Array.of(byte)])
  page.ids = Buffer.concat([page.ids as Uint8Array, Buffer.from('\nnovel')])
}

test('everything that is stored is kept by the bytes of the first version: subjects and headers are the same today', async () => {
  await using board = await openBoard(to === undefined ? {} : { namespace: keptNamespace })
  await using beside = await broker()
  await leave(board)
  const today = await storedBy(board, beside)
  if (to !== undefined) writeFileSync(file(to), `[\n${today.map((each) => JSON.stringify(each)).join(',\n')}\n]\n`)
  const shapes = (messages: readonly KeptMessage[], namespace: string) =>
    [...new Set(messages.map(({ subject, headers }) => shapeOf({ subject: subject.replaceAll(namespace, 'ns'), headers })))].sort()
  expect(shapes(today, board.namespace)).toEqual(shapes(first, keptNamespace))
})

/** A message without what differs from run to run. */
function shapeOf({ subject, headers }: Pick<KeptMessage, 'subject' | 'headers'>): string {
  const drawn = (text: string) => text.replace(/[0-9A-Z]{26}|[\w-]{22}(?![\w-])/g, 'id').replace(/\d+/g, 'n')
  const stable = subject.replace(/(\.ledger\.).*/, '$1worker').replace(/(\.memory\.).*/, '$1place')
  return `${drawn(stable)} ${headers.map((line) => line.slice(0, line.indexOf(':'))).join(' ')}`
}

test.each<[string, (message: KeptMessage) => KeptMessage]>([
  ['the first version has stored', (message) => message],
  ['a later version of the same format might have stored', later],
])(
  'what %s is read: events, tasks, results, dead letters, records, schedules and the ledger',
  async (_, as) => {
    await using board = await openBoard()
    await using beside = await broker()
    await board.declare(placed, plain, written, tracked, refused)
    await board.ledger.note({ who: 'test', text: 'begun' })
    await storeAgain(board, beside, first.map(as))

    const { twice, raw } = await board.handle(tracked, 'tracked-1').result({ timeout: '25s' })
    expect([twice, ...raw]).toEqual([42, 21, 255])
    expect((await board.handle(tracked, 'tracked-2').status()).state).toBe('cancelled')
    const again = await board.enqueue(plain, { n: 44 }, { unique: 'four' })
    expect([again.id, again.duplicate]).toEqual(['plain-4', true])
    const waiting = board.handle(plain, 'plain-5')
    expect((await waiting.status()).state).toBe('scheduled')
    expect(await board.records.get(board.records.place('kept', 'record'))).toMatchObject({ value: { since: 1 } })
    expect(await gathered(board.schedules.list())).toMatchObject([{ name: 'digest', zone: 'Asia/Kolkata' }])
    const told = await gathered(board.ledger.read())
    expect(
      told
        .filter(({ id }) => id === 'tracked-1')
        .map(({ kind }) => kind)
        .sort(),
    ).toEqual(['stored', 'succeeded'])
    expect(told.filter(({ id }) => id === 'refused-1').map(({ kind }) => kind)).toContain('buried')

    const [letter, ...others] = await gathered(board.dead.list())
    expect(others).toEqual([])
    expect(letter).toMatchObject({
      id: 'refused-1',
      reason: 'rejected',
      error: { message: 'no such mailbox' },
      headers: { tenant: 'acme' },
    })
    expect(letter?.payload()).toEqual({ why: 'no such mailbox' })
    expect(await board.dead.redrive({ name: 'refused.do' })).toBe(1)
    expect(await waiting.runNow()).toBe(true)

    const done: unknown[] = []
    await board
      .service('worker')
      .perform(plain, ({ n }, { headers }) => void done.push([n, headers.tenant]))
      .perform(written, ({ text }) => void done.push(text))
      .perform(refused, ({ why }, { id }) => void done.push([id, why]))
      .subscribe(placed, ({ order }, { id, headers }) => void done.push([id, order, headers.tenant]), { from: 'all' })
      .start()
    await until('everything is done', () => done.length >= 9)
    const expected = [
      ...[1, 2, 3, 5].map((n) => [n, undefined]),
      [4, 'acme'],
      'as JSON',
      ['refused-1', 'no such mailbox'],
      ['event-1', '7001', 'acme'],
      ['event-2', '7002', undefined],
    ]
    expect(done.map((each) => JSON.stringify(each)).sort()).toEqual(expected.map((each) => JSON.stringify(each)).sort())
  },
  30_000,
)

test('what is written in a version that is not known yet is refused by name and kept, also when it is sent back before the update', async () => {
  await using board = await openBoard()
  await using beside = await broker()
  await board.declare(placed, plain)
  const newer = first
    .filter(
      ({ subject, headers }) => /\.topic\.|\.task\.kept\.plain/.test(subject) && !headers.some((line) => line.startsWith('Cb-Schedule')),
    )
    .map((each) => ({ ...each, headers: [...each.headers, 'Cb-Wire: 2'] }))
  await storeAgain(board, beside, newer)
  const ran: unknown[] = []
  await board
    .service('worker')
    .perform(plain, (input) => void ran.push(input))
    .subscribe(placed, (event) => void ran.push(event), { from: 'all' })
    .start()
  await board.enqueue(plain, { n: 100 })
  const letters = () => gathered(board.dead.list())
  await until('all of it is kept', async () => (await letters()).length === newer.length)
  for (const letter of await letters()) expect(letter).toMatchObject({ reason: 'unreadable', error: { code: 'WIRE_UNSUPPORTED' } })
  const before = (await letters()).map(({ sequence }) => sequence)
  expect(await board.dead.redrive({})).toBe(newer.length)
  await until('all of it is kept again', async () => {
    const after = await letters()
    return after.length === newer.length && after.every(({ sequence }) => !before.includes(sequence))
  })
  expect(ran).toEqual([{ n: 100 }])
})
