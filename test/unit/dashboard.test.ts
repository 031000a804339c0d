import type { Board } from 'callboard'
import { task, topic } from 'callboard'
import { dashboard, serve } from 'callboard/dashboard'
import { expect, test } from 'vitest'
import { z } from 'zod'
import { withPayload } from '../../src/tools/dashboard/answer.ts'
import { asyncapi, view } from '../../src/tools/dashboard/contracts.ts'
import { hostname, loopback, refusal } from '../../src/tools/dashboard/guard.ts'
import { login } from '../../src/tools/dashboard/login.ts'
import { explicitPlays, implicitPlays, sentence } from '../../src/tools/dashboard/ui/stage/scene.ts'
import { ago, bytes, figure, many, rate, short, shortId, span, visible } from '../../src/tools/dashboard/ui/text.ts'
import { thrownBy } from '../support/board.ts'

/** As much of a board as opening a dashboard looks at. */
const noBoard = { namespace: 'n', on: () => () => undefined } as unknown as Board

const act = { 'x-callboard': '1', 'content-type': 'application/json' }
const here = 'http://localhost:4600/api/publish'
const post = (headers: Record<string, string>, url = here) => new Request(url, { method: 'POST', headers, body: '{}' })
const get = (headers: Record<string, string>, url = 'http://localhost:4600/api/topics') => new Request(url, { headers })

test.each([
  ['a look from this machine', get({}), undefined],
  ['a look under the address of this machine', get({}, 'http://127.0.0.1:4600/api/topics'), undefined],
  ['a look under the IPv6 address of this machine', get({}, 'http://[::1]:4600/api/topics'), undefined],
  ['an action of the page itself', post({ ...act, origin: 'http://localhost:4600', 'sec-fetch-site': 'same-origin' }), undefined],
  ['an action of a program', post(act), undefined],
  ['a look under a name that was pointed here', get({ host: 'evil.test' }), 403],
  ['a name that only begins as ours', get({ host: 'localhost.evil.test' }), 403],
  ['a name that only ends as an address', get({ host: 'x127.0.0.1' }), 403],
  ['a look from the script of another site', get({ 'sec-fetch-site': 'cross-site', 'sec-fetch-mode': 'no-cors' }), 403],
  ['a link of another site to the front page', get({ 'sec-fetch-site': 'cross-site', 'sec-fetch-mode': 'navigate' }), undefined],
  ['an action without our header', post({ 'content-type': 'application/json' }), 403],
  ['an action of another origin', post({ ...act, origin: 'https://evil.test' }), 403],
  ['an action of another port', post({ ...act, origin: 'http://localhost:4601' }), 403],
  ['an action of no origin', post({ ...act, origin: 'null' }), 403],
  ['an action of another site', post({ ...act, 'sec-fetch-site': 'cross-site' }), 403],
  ['an action of a neighbouring site', post({ ...act, 'sec-fetch-site': 'same-site' }), 403],
  ['a form', post({ 'x-callboard': '1', 'content-type': 'application/x-www-form-urlencoded' }), 415],
  ['a form that claims to be text', post({ 'x-callboard': '1', 'content-type': 'text/plain' }), 415],
  ['another method', new Request(here, { method: 'DELETE', headers: act }), 405],
  [
    'what a browser asks before another site may act',
    new Request(here, { method: 'OPTIONS', headers: { origin: 'https://evil.test' } }),
    405,
  ],
])('%s is judged rightly', (_, request, status) => {
  expect(refusal(request, [])?.status).toBe(status)
})

test('a host that was named may be asked for, with any port, and no other', () => {
  expect(refusal(get({ host: 'ops.example.org:8443' }), ['ops.example.org'])).toBeUndefined()
  expect(refusal(get({ host: 'OPS.example.org' }), ['ops.example.org'])).toBeUndefined()
  expect(refusal(get({ host: 'example.org' }), ['ops.example.org'])?.status).toBe(403)
})

test.each([
  ['localhost', true],
  ['127.0.0.1', true],
  ['127.8.9.1', true],
  ['[::1]', true],
  ['app.localhost', true],
  ['0.0.0.0', false],
  ['10.0.0.1', false],
  ['localhost.evil.test', false],
  ['127.0.0.1.evil.test', false],
  ['', false],
])('whether %s is this machine is known', (name, is) => {
  expect(loopback(name)).toBe(is)
})

test('the port does not belong to the name', () => {
  expect(['[::1]:4600', 'localhost:4600', 'Example.org'].map(hostname)).toEqual(['[::1]', 'localhost', 'example.org'])
})

test('what others can reach is not served without a login', async () => {
  const refusals = [
    () => dashboard(noBoard, { hosts: ['ops.example.org'] }),
    () => serve(noBoard, { host: '0.0.0.0' }),
    () => serve(noBoard, { host: '0.0.0.0', tokens: { operator: 'long enough' } }),
    () => serve(noBoard, { host: '192.168.1.7', hosts: ['ops.example.org'] }),
  ]
  for (const refused of refusals) expect((await thrownBy(refused)).code).toBe('INVALID_OPTION')
})

test('all that is wrong with the options is said at once', async () => {
  const wrong = { path: 'ops', hosts: ['a:1'], tokens: { admin: 'long enough' }, role: 'king' }
  const { message } = await thrownBy(() => dashboard(noBoard, wrong as never))
  for (const name of ['path', 'hosts', 'tokens', 'role']) expect(message).toContain(name)
})

const tokens = { reader: 'only-to-look', operator: 'also-to-act' }
const bearer = (token: string) => get({ authorization: `Bearer ${token}` })

test('a token tells the role; a wrong one, and none, tell nothing', async () => {
  const door = login(tokens, undefined, 'operator')
  const roles = [bearer('only-to-look'), bearer('also-to-act'), bearer('neither'), get({})].map((request) => door.role(request))
  expect(await Promise.all(roles)).toEqual(['reader', 'operator', undefined, undefined])
})

test('a login is remembered by a cookie that no script reads, and that nobody can make', async () => {
  const door = login(tokens, undefined, 'operator')
  const entered = door.enter('only-to-look', true, '/ops/')
  if (!entered || entered === 'wait') throw new Error('it was not let in')
  expect(entered.cookie).toMatch(/^callboard=reader\.\d+\.[\w-]+; Path=\/ops\/; HttpOnly; SameSite=Strict; Max-Age=43200; Secure$/)
  const cookie = entered.cookie.split(';')[0] ?? ''
  expect(await door.role(get({ cookie: `a=b; ${cookie}` }))).toBe('reader')
  expect(await door.role(get({ cookie: cookie.replace('reader', 'operator') }))).toBeUndefined()
  expect(await door.role(get({ cookie: cookie.replace(/\.\d+\./, '.9999999999999.') }))).toBeUndefined()
  expect(await login({ reader: 'another-one' }, undefined, 'operator').role(get({ cookie }))).toBeUndefined()
})

test('who tries too often has to wait', () => {
  const door = login(tokens, undefined, 'operator')
  for (let tried = 0; tried < 20; tried++) expect(door.enter('wrong', false, '/')).toBeUndefined()
  expect(door.enter('also-to-act', false, '/')).toBe('wait')
})

test('a function of the host decides before tokens do, and nobody is nobody', async () => {
  const door = login(undefined, (request) => (request.headers.get('x-user') === 'ann' ? 'operator' : undefined), 'operator')
  expect(await door.role(get({ 'x-user': 'ann' }))).toBe('operator')
  expect(await door.role(get({}))).toBeUndefined()
})

test('a payload is shown whole, cut, or not at all, and it says which', () => {
  expect(withPayload({ data: { a: 1 } }, true)).toEqual({ data: { a: 1 } })
  expect(withPayload({ data: { a: 1 } }, false)).toEqual({ data: undefined, masked: true })
  const large = withPayload({ data: { text: 'x'.repeat(5_000_000), rest: [1, 2] } }, true)
  expect([large.cut, JSON.stringify(large).length < 250_000]).toEqual([true, true])
  expect(withPayload({ data: { bytes: new Uint8Array(2) } }, true)).toEqual({ data: { bytes: '2 bytes: 0000' }, cut: true })
  expect(withPayload({ data: [Number.NaN, 5n, undefined] }, true)).toEqual({ data: ['NaN', '5', undefined], cut: true })
  expect(withPayload({ data: JSON.parse('{"__proto__":{"polluted":1}}') }, true).cut).toBeUndefined()
  expect('polluted' in {}).toBe(false)
})

test('a contract is told with its schema, whoever made that', () => {
  const mail = task('mail.send', {
    input: z.object({ to: z.email(), copies: z.number().optional() }),
    queue: 'mail',
    lanes: ['high', 'normal'],
  })
  expect(view(mail)).toMatchObject({ kind: 'task', queue: 'mail', lanes: ['high', 'normal'], checked: true, schema: { required: ['to'] } })
  expect(view(topic('bare'))).toEqual({ kind: 'topic', name: 'bare', encoding: 'msgpack', checked: false })
})

test('the AsyncAPI document says who sends and who receives, and every reference in it leads somewhere', () => {
  const document = asyncapi([view(topic('notice', z.object({ text: z.string() }))), view(task('mail.send', { queue: 'mail' }))], {
    namespace: 'n',
    version: '1.0.0',
  })
  expect(document.asyncapi).toBe('3.0.0')
  expect(Object.values(document.operations).map((each) => (each as { action: string }).action)).toEqual([
    'send',
    'receive',
    'send',
    'receive',
  ])
  const references = [...JSON.stringify(document).matchAll(/"\$ref":"#\/([^"]+)"/g)].map((match) => (match[1] ?? '').split('/'))
  expect(references.length).toBe(10)
  for (const path of references) {
    let at: unknown = document
    for (const part of path) at = (at as Record<string, unknown>)[part]
    expect(at, path.join('/')).toBeDefined()
  }
})

test('a text of unknown origin is made visible', () => {
  expect(visible('a\u202eb\u0007\u001b[31m\ud800')).toBe('a⟨202E⟩b⟨0007⟩⟨001B⟩[31m⟨D800⟩')
  expect(visible('<b>&amp;')).toBe('<b>&amp;')
  expect(visible('x'.repeat(500))).toBe(`${'x'.repeat(400)}… (500 characters)`)
  expect(shortId('01M7WJGZ0000FA02WMA8')).toBe('01M7WJ…FA02WMA8')
})

test('figures are told shortly', () => {
  expect([
    figure(1234.6),
    short(12_345),
    short(2.5e9),
    rate(0.25),
    rate(1234),
    bytes(1400),
    bytes(12),
    many(1, 'task'),
    many(2, 'task'),
  ]).toEqual(['1,235', '12.3k', '2.5G', '0.3/s', '1,234/s', '1.4 kB', '12 B', '1 task', '2 tasks'])
  expect([0.2, 12, 1234, 45_000, 90_000, 5_400_000, 2 * 86_400_000].map((ms) => span(ms))).toEqual([
    '<1 ms',
    '12 ms',
    '1.2 s',
    '45 s',
    '2 min',
    '1.5 h',
    '2 d',
  ])
  expect([ago(1_000, 61_000), ago(61_000, 1_000), ago(1_000, 1_000), ago(undefined, 0)]).toEqual(['1 min ago', 'in 1 min', 'now', '–'])
})

const standing = { waiting: 0, open: 0, again: 0, asking: 1, answered: 0, paused: false }
const listener = (service: string) => ({
  ...standing,
  service,
  topic: 't',
  pattern: false,
  own: false,
  created: 0,
  workers: [],
  blocked: 'none' as const,
  gated: 0,
  holds: [],
})

test('the stage draws a copy for everyone who listens, and one worker for each task', () => {
  const [play] = implicitPlays([{ name: 't', own: false, stored: 1, subscriptions: [listener('a'), listener('b')] }], {})
  expect(play?.targets.map(({ label }) => label)).toEqual(['a', 'b'])
  expect(play && sentence(play, () => 3)).toBe(
    't: 2 subscriptions get a copy each of every event: a (3 since this page was opened), b (3 since this page was opened).',
  )
  const lane = { ...standing, task: 'mail', lane: 'normal' as const, waiting: 4, asking: 0, workers: [] }
  const queue = {
    name: 'q',
    layout: 'work' as const,
    bytes: 0,
    ready: 4,
    running: 0,
    scheduled: 0,
    retrying: 0,
    dead: 0,
    workers: [],
    paused: false,
    blocked: 'no-worker' as const,
    gated: 0,
    holds: [],
    lanes: [lane],
  }
  const [task] = explicitPlays([queue], [], {})
  expect([task?.targets, task?.waiting]).toEqual([[], 4])
  expect(task && sentence(task, () => 0)).toBe('mail: no worker performs it; 4 waiting in the queue q.')
})

test('where very many listen, the rest of them is one', () => {
  const subscriptions = Array.from({ length: 30 }, (_, index) => listener(`s${index}`))
  const [play] = implicitPlays([{ name: 't', own: false, stored: 0, subscriptions }], {})
  expect([play?.targets.length, play?.targets.at(-1)?.label]).toEqual([8, '23 more'])
})
