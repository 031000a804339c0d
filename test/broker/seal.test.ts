import { randomBytes } from 'node:crypto'
import { type Board, type DeadLetter, pattern, Reject, type Seal, task, topic } from 'callboard'
import { admin } from 'callboard/admin'
import { type DashboardOptions, dashboard } from 'callboard/dashboard'
import { type Keys, keyring, sealing } from 'callboard/seal'
import { expect, inject, test } from 'vitest'
import { z } from 'zod'
import { beside, broker, gathered, latch, openBoard, streams, thrownBy } from '../support/board.ts'
import { app, cli } from '../support/cli.ts'
import { producer, twoKeys } from '../support/sealed.ts'
import { until } from '../support/until.ts'

const secret = 'CANARY-of-the-house'
const shape = z.object({ to: z.string() })

/** Contracts that share a seal. */
const contracts = (seal: Seal) => ({
  said: topic('mail.said', shape, { seal }),
  send: task('mail.send', { input: shape, output: z.object({ id: z.string() }), seal, retry: { attempts: 1 } }),
})

const letterOf = (board: Board): Promise<DeadLetter> =>
  until('there is a dead letter', async () => (await gathered(board.dead.list()))[0]) as Promise<DeadLetter>

/** Everything that the broker keeps of a board, as text. */
async function everything(board: Board): Promise<string> {
  await using here = await broker()
  const found: string[] = []
  for await (const { config, state } of here.manager.streams.list()) {
    if (!config.name.startsWith(`${board.namespace.toUpperCase()}_`)) continue
    for (let seq = state.first_seq; seq <= state.last_seq; seq++) {
      const message = await here.manager.streams.getMessage(config.name, { seq }).catch(() => null)
      if (message) found.push(`${message.subject} ${Buffer.from(message.data).toString('latin1')} ${message.header ?? ''}`)
    }
  }
  return found.join('\n')
}

test('events, inputs and results reach whoever has the key, and the broker keeps nothing that can be read', async () => {
  await using board = await openBoard({ ledger: { level: 'all' } })
  const { said, send } = contracts(sealing({ keys: twoKeys() }))
  const heard: string[] = []
  await using _ = await board
    .service('s')
    .subscribe(said, ({ to }) => void heard.push(to))
    .subscribe(pattern('mail.*', shape, { seal: said.seal as Seal }), ({ to }) => void heard.push(`all: ${to}`))
    .perform(send, ({ to }) => ({ id: `${to} ${secret}` }))
    .start()
  await board.publish(said, { to: secret })
  const handle = await board.enqueue(send, { to: secret })
  expect(await handle.result({ timeout: '25s' })).toEqual({ id: `${secret} ${secret}` })
  await until('both have heard it', () => heard.length === 2)
  expect(heard.sort()).toEqual([secret, `all: ${secret}`].sort())
  const kept = await everything(board)
  expect(kept).toContain('mail.said')
  expect(kept).not.toContain(secret)
})

test('many at once, batches, delays, debounced and unique tasks, and schedules that fire, are run now or are set again are sealed too', async () => {
  await using board = await openBoard()
  const seal = sealing({ keys: twoKeys() })
  const { said, send } = contracts(seal)
  const many = task('many', { input: shape, seal, queue: 'many' })
  const got: string[] = []
  await using _ = await board
    .service('s')
    .subscribe(said, ({ to }) => void got.push(to))
    .perform(send, ({ to }) => {
      got.push(to)
      return { id: to }
    })
    .subscribe(pattern('mail.*', shape, { seal }), ({ to }) => void got.push(`in order: ${to}`), { ordered: ({ to }) => to })
    .perform(many, (items) => void got.push(...items.map(({ input }) => input.to)), { batch: { size: 10, within: 50 } })
    .start()
  await board.enqueueMany(many, [{ to: 'm1' }, { to: 'm2' }, { to: 'm3' }])
  await board.publishMany(said, [{ to: 'p1' }, { to: 'p2' }])
  await board.enqueue(send, { to: 'later' }, { delay: 300 })
  await board.enqueue(send, { to: 'unique' }, { unique: 'u' })
  for (const to of ['d1', 'd2', 'd3']) await board.enqueue(send, { to }, { debounce: { key: 'k', wait: 300 } })
  expect(await board.schedules.set('often', { every: '1s' }, send, { to: 'fired' })).toBe('created')
  expect(await board.schedules.set('often', { every: '1s' }, send, { to: 'fired' })).toBe('unchanged')
  await board.schedules.set('never', { cron: '0 0 1 1 *', zone: 'UTC' }, said, { to: 'by hand' })
  await board.schedules.run('never')
  const wanted = [
    'by hand',
    'd3',
    'fired',
    'in order: by hand',
    'in order: p1',
    'in order: p2',
    'later',
    'm1',
    'm2',
    'm3',
    'p1',
    'p2',
    'unique',
  ]
  await until('all of it came', () => wanted.every((to) => got.includes(to)))
  await board.schedules.remove('often')
  expect([...new Set(got)].sort()).toEqual(wanted)
  expect(await gathered(board.dead.list())).toEqual([])
})

test('5 MB lie sealed beside their message, and so does a result of 5 MB', async () => {
  await using board = await openBoard()
  const scan = task<{ data: Uint8Array }, Uint8Array>('scan', { track: true, large: 'store', seal: sealing({ keys: twoKeys() }) })
  await using _ = await board
    .service('s')
    .perform(scan, ({ data }) => data)
    .start()
  const data = Buffer.alloc(5_000_000, secret)
  const result = await (await board.enqueue(scan, { data })).result({ timeout: '25s' })
  expect(Buffer.compare(result, data)).toBe(0)
  expect(await everything(board)).not.toContain(secret)
})

test('what is sealed with a key that is missing is a dead letter, and is performed when it is redriven with the key', async () => {
  await using board = await openBoard()
  const [sender, worker] = [twoKeys(), twoKeys()]
  worker.promote('k2')
  worker.remove('k1')
  const [mine, theirs] = [contracts(sealing({ keys: sender })), contracts(sealing({ keys: worker }))]
  await using other = await beside(board)
  let runs = 0
  await using _ = await other
    .service('s')
    .perform(theirs.send, ({ to }) => {
      runs++
      return { id: to }
    })
    .start()
  // Its result is sealed by the worker, with a key that the sender gets as well.
  const shared = randomBytes(32)
  worker.add('k3', shared)
  worker.promote('k3')
  sender.add('k3', shared)
  const key = randomBytes(32)
  sender.add('k4', key)
  sender.promote('k4')
  const handle = await board.enqueue(mine.send, { to: 'ann' })
  const letter = await letterOf(board)
  expect(letter).toMatchObject({ reason: 'unreadable', sealed: 'k4', error: { code: 'UNKNOWN_KEY' } })
  expect(() => letter.payload()).toThrow(/sealed with k4/)
  expect(await letter.payload(mine.send.seal)).toEqual({ to: 'ann' })
  worker.add('k4', key)
  expect([await board.dead.redrive(letter.sequence), await handle.result({ timeout: '25s' })]).toEqual([1, { id: 'ann' }])
  expect(runs).toBe(1)
})

test('wrong keys, bodies of other messages, plain bodies and bad signatures are dead letters of their own kinds, and no handler runs', async () => {
  await using board = await openBoard()
  const keys = twoKeys()
  const [shop, stranger, impostor] = [producer('shop'), producer('stranger'), producer('shop')]
  const of = (seal: Seal | undefined) => task('pay', { input: shape, queue: 'pay', retry: { attempts: 1 }, ...(seal && { seal }) })
  let runs = 0
  await using _ = await board
    .service('s')
    .perform(of(sealing({ keys, trust: shop.trust })), () => void runs++)
    .start()
  const sealed = of(sealing({ keys, sign: shop.sign }))
  const senders = {
    NOT_SEALED: of(undefined),
    WRONG_KEY: of(sealing({ keys: twoKeys(), sign: shop.sign })),
    UNKNOWN_KEY: of(sealing({ keys: keyring({ primary: 'k9', keys: { k9: randomBytes(32) } }), sign: shop.sign })),
    NOT_SIGNED: of(sealing({ keys })),
    UNKNOWN_SIGNER: of(sealing({ keys, sign: stranger.sign })),
    BAD_SIGNATURE: of(sealing({ keys, sign: impostor.sign })),
    /** A seal that somebody else's message was given. */
    SEAL_BROKEN: of({
      seal: (body, as) => sealing({ keys, sign: shop.sign }).seal(body, { ...as, id: 'another' }),
      open: () => new Uint8Array(0),
    }),
  }
  for (const [id, sender] of Object.entries(senders)) await board.enqueue(sender, { to: 'ann' }, { id })
  const letters = await until('all of them are dead letters', async () => {
    const found = await gathered(board.dead.list())
    if (found.length < Object.keys(senders).length) throw new Error(`${found.length} of ${Object.keys(senders).length}`)
    return found
  })
  const codes = Object.fromEntries(letters.map(({ id, error }) => [id, error.code]))
  // A signature is looked at before anything is opened.
  expect(codes).toEqual({ ...Object.fromEntries(Object.keys(senders).map((id) => [id, id])), SEAL_BROKEN: 'BAD_SIGNATURE' })
  expect(runs).toBe(0)
  await board.enqueue(sealed, { to: 'ann' })
  await until('what is signed and sealed is performed', () => runs === 1)
})

test('a body that was moved to another message, or changed where it is stored, does not open', async () => {
  await using board = await openBoard()
  const { send } = contracts(sealing({ keys: twoKeys() }))
  await board.enqueue(send, { to: 'ann' }, { id: 'first' })
  await using here = await broker()
  const stored = await here.manager.streams.getMessage(streams(board).queue(), { seq: 1 })
  const { headers } = await import('nats')
  const fields = headers()
  fields.set('Nats-Msg-Id', 'second')
  await here.nc.request(`${stored?.subject}`.replace('first', 'second'), stored?.data, { headers: fields, timeout: 5000 })
  const got: string[] = []
  await using _ = await board
    .service('s')
    .perform(send, ({ to }, { id }) => {
      got.push(id)
      return { id: to }
    })
    .start()
  expect(await letterOf(board)).toMatchObject({ id: 'second', reason: 'unreadable', error: { code: 'SEAL_BROKEN' } })
  await until('the first is performed', () => got.length > 0)
  expect(got).toEqual(['first'])
})

test('a dead letter is opened by its contract alone: when it is shown, listed by the admin, and redriven with another payload', async () => {
  await using board = await openBoard()
  const { said, send } = contracts(sealing({ keys: twoKeys() }))
  const done = latch<string>()
  await using _ = await board
    .service('s')
    .subscribe(said, () => {
      throw new Reject('no')
    })
    .perform(send, ({ to }) => {
      if (to !== 'mended') throw new Reject('no')
      done.open(to)
      return { id: to }
    })
    .start()
  await board.publish(said, { to: secret })
  await board.enqueue(send, { to: secret })
  await until('both are dead letters', async () => (await gathered(board.dead.list())).length === 2)
  const [blind, seeing] = [admin(board), admin(board, { contracts: [said, send] })]
  const [first, second] = (await blind.dead('', { data: true })).items
  for (const each of [first, second]) expect(each).toMatchObject({ sealed: 'k1' })
  expect([first, second].map((each) => each?.data)).toEqual([undefined, undefined])
  expect((await seeing.dead('', { data: true })).items.map(({ data }) => data)).toEqual([{ to: secret }, { to: secret }])
  expect((await gathered(board.dead.export())).join()).not.toContain(secret)
  const letter = (await gathered(board.dead.list({ style: 'explicit' })))[0] as DeadLetter
  expect(await thrownBy(blind.redriveEdited(letter.sequence, { to: 'mended' }))).toMatchObject({ code: 'SEALED' })
  await seeing.redriveEdited(letter.sequence, { to: 'mended' })
  expect(await done.promise).toBe('mended')
  expect(await everything(board)).not.toContain('mended')
})

test('keys are rotated under load and nothing is lost', async () => {
  await using board = await openBoard()
  const keys = twoKeys()
  const count = task<{ n: number }>('count', { seal: sealing({ keys, reuse: 0 }) })
  const seen = new Set<number>()
  await using _ = await board
    .service('s')
    .perform(count, ({ n }) => void seen.add(n))
    .start()
  for (let n = 0; n < 300; n++) {
    if (n % 50 === 0) {
      keys.add(`r${n}`, randomBytes(32))
      keys.promote(`r${n}`)
    }
    await board.enqueue(count, { n })
  }
  await until('all were performed', () => seen.size === 300)
  expect(await gathered(board.dead.list())).toEqual([])
})

test('a key service that is away for a moment costs no attempt', async () => {
  await using board = await openBoard()
  const inner = twoKeys()
  let away = 1
  const keys: Keys = {
    primary: 'k1',
    wrap: async (key, id) => inner.wrap(key, id),
    unwrap: async (wrapped, id) => {
      if (away-- > 0) throw new Error('the service is away')
      return inner.unwrap(wrapped, id)
    },
  }
  const work = task<string>('work', { retry: { attempts: 1 }, seal: sealing({ keys, reuse: 0 }) })
  const ran = latch<number>()
  await using _ = await board
    .service('s')
    .perform(work, (_input, { attempt }) => ran.open(attempt))
    .start()
  await board.enqueue(work, 'x')
  expect(await ran.promise).toBe(1)
})

test('a result that is not sealed is not taken for one that is', async () => {
  await using board = await openBoard()
  const seal = sealing({ keys: twoKeys() })
  const plain = task<string, string>('ask', { track: true })
  const sealed = task<string, string>('ask', { track: true, seal })
  await using _ = await board
    .service('s')
    .perform({ ...plain, seal: { ...seal, open: seal.open } } as typeof plain, (input) => input)
    .start()
  const handle = await board.enqueue(sealed, 'x')
  expect(await handle.result({ timeout: '25s' })).toBe('x')
  expect(await thrownBy(board.handle(plain, handle.id).result({ timeout: '25s' }))).toMatchObject({ code: 'SEALED' })
})

test('a seal that is none is refused, and one that does not mark what it seals', async () => {
  await using board = await openBoard()
  expect(await thrownBy(() => task('x', { seal: {} as Seal }))).toMatchObject({ code: 'INVALID_OPTION' })
  expect(await thrownBy(() => topic('x', { seal: 'k1' as never }))).toMatchObject({ code: 'INVALID_OPTION' })
  const lazy = task<string>('lazy', { seal: { seal: (body) => body, open: (body) => body } })
  expect(await thrownBy(board.enqueue(lazy, 'x'))).toMatchObject({ code: 'INVALID_ARGUMENT' })
})

test('the command line says by what a payload is sealed, and shows it where it is given the contracts with the key', async () => {
  await using board = await openBoard()
  const key = randomBytes(32).toString('base64')
  const send = task('mail.send', { input: shape, seal: sealing({ keys: keyring({ primary: 'k1', keys: { k1: key } }) }) })
  await using _ = await board
    .service('s')
    .perform(send, () => {
      throw new Reject('no')
    })
    .start()
  await board.enqueue(send, { to: secret })
  const { sequence } = await letterOf(board)
  const cwd = app({
    'contracts.mjs': `
import { task } from 'callboard'
import { keyring, sealing } from 'callboard/seal'
export const send = task('mail.send', { seal: sealing({ keys: keyring({ primary: 'k1', keys: { k1: '${key}' } }) }) })
`,
  })
  const env = { CALLBOARD_URL: inject('natsUrl'), CALLBOARD_NAMESPACE: board.namespace }
  const blind = await cli(['dead', 'show', `${sequence}`], { env, cwd })
  expect(blind.out, blind.err).toContain('sealed with k1')
  expect(blind.out).not.toContain(secret)
  const seeing = await cli(['dead', 'show', `${sequence}`, '--contracts', './contracts.mjs'], { env, cwd })
  expect(seeing.out, seeing.err).toContain(secret)
})

test('the dashboard says by what a payload is sealed, and shows it where it is given the contract with the key, to whoever may see payloads', async () => {
  await using board = await openBoard()
  const { send } = contracts(sealing({ keys: twoKeys() }))
  await using _ = await board
    .service('s')
    .perform(send, () => {
      throw new Reject('no')
    })
    .start()
  await board.enqueue(send, { to: secret })
  const { sequence } = await letterOf(board)
  const asked = async (options: DashboardOptions): Promise<{ data?: unknown; sealed?: string; masked?: true }> => {
    const shown = dashboard(board, options)
    const answer = await shown.fetch(new Request(`http://127.0.0.1/api/letter?sequence=${sequence}`))
    await shown.close()
    return (await answer.json()) as { data?: unknown }
  }
  const blind = await asked({})
  expect([blind.sealed, blind.data]).toEqual(['k1', undefined])
  expect(await asked({ contracts: [send] as never })).toMatchObject({ sealed: 'k1', data: { to: secret } })
  expect(await asked({ contracts: [send] as never, payloads: 'nobody' })).not.toHaveProperty('data')
})
