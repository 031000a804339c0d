/** The dashboard as a web-standard handler: a request in, an answer out, mountable wherever requests come from. */

import { createRequire } from 'node:module'
import { Hono } from 'hono'
import { bodyLimit } from 'hono/body-limit'
import { atMost } from '../../base/deadline.ts'
import { fault } from '../../base/errors.ts'
import { callable, oneOf, readOptions, text, wrong } from '../../base/options.ts'
import { type Admin, admin as adminOf, type Listener } from '../../extras/admin/index.ts'
import type { Board, Task, Topic } from '../../index.ts'
import { perform } from './actions.ts'
import { failed, json, refused, withPayload } from './answer.ts'
import { assets } from './assets.ts'
import { asyncapi, type Contract, view } from './contracts.ts'
import { headers, loopback, type Refusal, type Role, refusal } from './guard.ts'
import { hub } from './hub.ts'
import { jobs } from './jobs.ts'
import { login, type Tokens } from './login.ts'
import { asker } from './questions.ts'

/** How a dashboard is opened. */
export interface DashboardOptions {
  /** Contracts to show with their schemas, to try, and to check by. Default: none; names are found on the broker, and nothing is checked. */
  readonly contracts?: readonly Contract[]
  /** Where it is mounted, if the host does not strip that from the address. Default `/`. */
  readonly path?: string
  /** Names it may be asked for under, beside those of this machine itself. Default: none. Edge: wants `tokens` or `authorize`; without port. */
  readonly hosts?: readonly string[]
  /** Who may look and who may act, by token: `{ reader, operator }`. Default: no login, and everybody on this machine may do what `role` says. Edge: at least 8 characters each. */
  readonly tokens?: Tokens
  /** Says who a request is from: a role, or undefined for nobody. Asked before `tokens`. Default: none. */
  readonly authorize?: (request: Request) => Role | undefined | Promise<Role | undefined>
  /** What everybody may do where there is no login. Default `operator`. */
  readonly role?: Role
  /** Who sees payloads. Default `everybody`. */
  readonly payloads?: 'everybody' | 'operators' | 'nobody'
}

/** A dashboard that answers requests. */
export interface Dashboard extends AsyncDisposable {
  /** Answers a request. Never throws. */
  readonly fetch: (request: Request) => Promise<Response>
  /** Ends its streams and stops its jobs; the board stays open. */
  close(): Promise<void>
}

/** How long subscribers that were added here may take to leave at the end, in ms. */
const patience = 3_000

/** Requests are JSON, and no larger. */
const mostBody = 4 * 1024 * 1024

const { version } = createRequire(import.meta.url)('callboard/package.json') as { version: string }

const isList = (value: unknown): value is unknown[] => Array.isArray(value)

/** How the options of a dashboard are read; `serve` takes them too. */
export const dashboardReaders = {
  contracts: (value: unknown) =>
    isList(value) && value.every((each) => ['topic', 'task'].includes((each as Contract | undefined)?.kind ?? ''))
      ? (value as readonly Contract[])
      : wrong('it must be a list of topics and tasks'),
  path: (value: unknown) =>
    typeof value === 'string' && /^(\/[\w.~-]+)*\/?$/.test(value) ? value.replace(/\/$/, '') : wrong('it must be a path such as /ops'),
  hosts: (value: unknown) =>
    isList(value) && value.every((each) => typeof each === 'string' && /^[\w.-]+$/.test(each))
      ? (value as string[]).map((each) => each.toLowerCase())
      : wrong('it must be a list of host names without ports'),
  tokens: (value: unknown) =>
    typeof value === 'object' &&
    value !== null &&
    Object.entries(value).length > 0 &&
    Object.entries(value).every(([role, token]) => ['reader', 'operator'].includes(role) && typeof token === 'string' && token.length >= 8)
      ? (value as Tokens)
      : wrong('it must be { reader, operator } or one of them, with at least 8 characters each'),
  authorize: callable<NonNullable<DashboardOptions['authorize']>>(),
  role: oneOf('reader', 'operator'),
  payloads: oneOf('everybody', 'operators', 'nobody'),
}

/**
 * Opens the dashboard of a board. It answers under the names of this machine (localhost, 127.0.0.1, ::1) and no others, unless
 * `hosts` names them, which wants a login.
 *
 * throws  INVALID_OPTION, UNKNOWN_OPTION
 */
export function dashboard(board: Board, options?: DashboardOptions): Dashboard {
  return open(board, readOptions('dashboard()', options, dashboardReaders))
}

/** `dashboard`, its options read. */
export function open(board: Board, options: DashboardOptions): Dashboard {
  const { contracts = [], path = '', hosts = [], role: everybody = 'operator', payloads = 'everybody' } = options
  if (hosts.some((host) => !loopback(host)) && !options.tokens && !options.authorize)
    throw fault('INVALID_OPTION', `The dashboard would be served under ${hosts.join(', ')} without a login.`, {
      fix: 'Give it tokens or authorize, or leave hosts out.',
    })
  const admin: Admin = adminOf(board, { who: 'dashboard', contracts: contracts as never })
  const door = login(options.tokens, options.authorize, everybody)
  const ear = hub(admin)
  const work = jobs(admin, ear.changed)
  const ask = asker(admin)
  const views = contracts.map(view)
  const means = {
    admin,
    jobs: work,
    listeners: new Map<string, Listener>(),
    topics: new Map(contracts.filter(({ kind }) => kind === 'topic').map((each) => [each.name, each as unknown as Topic<unknown>])),
    tasks: new Map(contracts.filter(({ kind }) => kind === 'task').map((each) => [each.name, each as unknown as Task<unknown>])),
  }
  const seesPayloads = (role: Role): boolean => payloads === 'everybody' || (payloads === 'operators' && role === 'operator')

  const app = new Hono<{ Variables: { role: Role } }>()
  app.onError((error) => failed(error))
  app.notFound(() => refused(nothing))
  app.use('/api/*', bodyLimit({ maxSize: mostBody, onError: () => refused(tooLarge) }))
  app.post('/api/login', async (context) => {
    const { token = '' } = readOptions('the login', await body(context.req.raw), { token: text })
    const entered = door.enter(token, new URL(context.req.url).protocol === 'https:', `${path}/`)
    if (entered === 'wait') return refused(wait)
    if (!entered) return refused(unknown)
    return withHeaders(json({}), { 'set-cookie': entered.cookie })
  })
  app.post('/api/logout', () => withHeaders(json({}), { 'set-cookie': door.leave(`${path}/`) }))
  app.use('/api/*', async (context, next) => {
    const role = await door.role(context.req.raw)
    if (!role) return refused(door.form ? loginFirst : forbidden)
    if (context.req.method === 'POST' && role !== 'operator') return refused(lookOnly)
    context.set('role', role)
    return next()
  })
  app.get('/api/session', (context) => json({ role: context.get('role') }))
  app.get('/api/stream', (context) =>
    ear.open(() => ({ namespace: board.namespace, role: context.get('role'), version, login: door.form }), context.req.raw.signal),
  )
  app.get('/api/jobs', () => json(work.list()))
  app.get('/api/contracts', () => json(views))
  app.get('/api/asyncapi.json', () => json(asyncapi(views, { namespace: board.namespace, version })))
  app.get('/api/:question', async (context) => {
    const answer = await ask.ask(context.req.param('question'), context.req.query(), ear.version)
    if (answer === undefined) return refused(nothing)
    return json(shownTo(answer, seesPayloads(context.get('role'))))
  })
  app.post('/api/:action', async (context) => {
    const done = await perform(context.req.param('action'), await body(context.req.raw), means)
    if (done === undefined) return refused(nothing)
    ear.changed()
    return json(done)
  })
  app.get('/*', (context) => page(context.req.path.slice(1) || 'index.html', context.req.raw))

  async function answer(request: Request): Promise<Response> {
    const no = refusal(request, hosts)
    if (no) return refused(no)
    const url = new URL(request.url)
    if (path !== '' && url.pathname === path) return new Response(null, { status: 308, headers: { location: `${path}/` } })
    if (!url.pathname.startsWith(`${path}/`)) return refused(nothing)
    url.pathname = url.pathname.slice(path.length)
    return app.fetch(path === '' ? request : new Request(url, request))
  }

  return {
    async fetch(request) {
      try {
        return withHeaders(await answer(request), headers)
      } catch (error) {
        return withHeaders(failed(error), headers)
      }
    },
    async close() {
      work.stopAll()
      // Where the broker is lost they cannot say goodbye; nobody waits for that.
      await atMost(patience, Promise.allSettled([...means.listeners.values()].map((each) => each.leave())))
      ear.close()
    },
    async [Symbol.asyncDispose]() {
      await this.close()
    },
  }
}

async function page(name: string, request: Request): Promise<Response> {
  const found = (await assets()).get(name)
  if (!found) return refused(nothing)
  const gzip = /\bgzip\b/.test(request.headers.get('accept-encoding') ?? '')
  return new Response(gzip ? found.gzipped : found.body, {
    headers: {
      'content-type': found.type,
      'cache-control': found.kept ? 'public, max-age=31536000, immutable' : 'no-cache',
      vary: 'accept-encoding',
      ...(gzip ? { 'content-encoding': 'gzip' } : {}),
    },
  })
}

async function body(request: Request): Promise<unknown> {
  try {
    return await request.json()
  } catch (cause) {
    throw fault('INVALID_ARGUMENT', 'The body of the request is not JSON.', { cause })
  }
}

/** Payloads in an answer, as they may be seen: of one message, or of a list of them. */
function shownTo(answer: unknown, show: boolean): unknown {
  if (typeof answer !== 'object' || answer === null) return answer
  if ('items' in answer && isList(answer.items)) return { ...answer, items: answer.items.map((each) => withPayload(each as object, show)) }
  return 'data' in answer ? withPayload(answer, show) : answer
}

function withHeaders(response: Response, more: Readonly<Record<string, string>>): Response {
  for (const [name, value] of Object.entries(more)) response.headers.set(name, value)
  return response
}

const nothing: Refusal = { status: 404, what: 'There is nothing at this address.', fix: 'Begin at the front page of the dashboard.' }
const tooLarge: Refusal = { status: 413, what: 'The request is larger than 4 MiB.', fix: 'Send less at once.' }
const wait: Refusal = { status: 429, what: 'Too many have tried to log in.', fix: 'Wait a minute.' }
const unknown: Refusal = { status: 401, what: 'This token is not known.', fix: 'Ask whoever runs this dashboard.' }
const loginFirst: Refusal = {
  status: 401,
  what: 'Nobody is logged in.',
  fix: 'Log in on the front page, or send Authorization: Bearer with a token.',
}
const forbidden: Refusal = { status: 403, what: 'You may not see this dashboard.', fix: 'Ask whoever runs it.' }
const lookOnly: Refusal = { status: 403, what: 'You may look, and not act.', fix: 'Log in as an operator.' }
