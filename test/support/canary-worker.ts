/**
 * Says, stores, fails, loses its broker and crashes, with secrets wherever there is room for one, and writes down everything it is told.
 *
 * argv   servers, namespace
 * env    SECRET, the password; PAYLOAD, in payloads, headers and results; WRONG, a password that is not right
 */

import { randomBytes } from 'node:crypto'
import { inspect } from 'node:util'
import { callboard, task, topic } from 'callboard'
import { metrics } from 'callboard/prometheus'
import { keyring, sealing } from 'callboard/seal'
import { z } from 'zod'
import { until } from './until.ts'

const [servers = '', namespace = ''] = process.argv.slice(2)
const { SECRET = '', PAYLOAD = '', WRONG = '' } = process.env
const key = randomBytes(32)

const said = topic('said', z.object({ text: z.string(), kind: z.enum(['a', 'b']) }))
const work = task('work', {
  input: z.object({ text: z.string() }),
  output: z.object({ text: z.string() }),
  retry: { attempts: 2, backoff: '10ms' },
})
const strict = task('strict', {
  input: z.strictObject({
    text: z
      .string()
      .max(3)
      .regex(/^[a-z]*$/),
  }),
})
const loose = task<unknown>('strict')
const seal = sealing({ keys: keyring({ primary: 'k1', keys: { k1: key } }) })
const sealed = task<{ text: string }>('sealed', { seal })
const strange = task<{ text: string }>('sealed', { seal: sealing({ keys: keyring({ primary: 'k1', keys: { k1: randomBytes(32) } }) }) })

/** Everything a person could be shown of it. */
const tell = (what: string, value: unknown): void => {
  const json = JSON.stringify(value, (_, inner) => (typeof inner === 'bigint' ? `${inner}` : inner))
  console.log(what, inspect(value, { depth: 20, showHidden: true, maxStringLength: null }), String(value), json)
}
const failed = async (what: string, act: () => unknown): Promise<void> => {
  try {
    tell(what, ['nothing was thrown', typeof (await act())])
  } catch (error) {
    tell(what, error)
  }
}

const board = await callboard({ servers, namespace, log: 'trace', password: SECRET, user: 'ann' })
for (const event of [
  'stored',
  'started',
  'finished',
  'buried',
  'trouble',
  'connection',
  'ignored',
  'cancelled',
  'skipped',
  'drift',
] as const)
  board.on(event, (told) => tell(`event ${event}`, told))
const counted = metrics(board)
const service = await board
  .service('s')
  .subscribe(
    said,
    () => {
      throw new Error('an event is refused')
    },
    { retry: { attempts: 1 } },
  )
  .perform(work, ({ text }, ctx) => {
    ctx.log.info('at work')
    ctx.progress({ half: true })
    if (text === `${PAYLOAD}!`) throw new Error('a task is refused')
    return { text }
  })
  .perform(strict, () => undefined)
  .perform(sealed, () => undefined)
  .start()
const headers = { 'X-Secret': PAYLOAD }
await board.publish(said, { text: PAYLOAD, kind: 'a' }, { headers })
const handle = await board.enqueue(work, { text: PAYLOAD }, { headers })
await handle.result({ timeout: '25s' })
const bad = await board.enqueue(work, { text: `${PAYLOAD}!` })
await failed('a result that is none', () => bad.result({ timeout: '25s' }))
await failed('an input of the wrong kind', () => board.enqueue(work, { text: 5, [PAYLOAD]: 1 } as never))
await failed('an input out of its bounds', () => board.enqueue(strict, { text: PAYLOAD }))
await failed('an event of another kind', () => board.publish(said, { text: 'x', kind: PAYLOAD } as never))
await failed('a value that cannot be sent', () => board.enqueue(loose, { a: { b: () => PAYLOAD } }))
await failed('too much', () => board.enqueue(loose, { text: PAYLOAD.repeat(100_000) }))
await board.enqueue(loose, { text: PAYLOAD })
await board.enqueue(sealed, { text: PAYLOAD })
await board.enqueue(strange, { text: PAYLOAD })
const dead = async () => {
  let count = 0
  for await (const _ of board.dead.list()) count++
  return count
}
await until('all of them are dead letters', async () => (await dead()) >= 4)

await failed('another password', () => callboard({ servers, user: 'ann', password: WRONG, log: 'trace' }))
const { host } = new URL(servers)
await failed('another password in the address', () => callboard({ servers: `nats://ann:${WRONG}@${host}`, log: 'trace' }))
await failed('a token', () => callboard({ servers, token: SECRET, log: 'trace' }))
await failed('an address that is none', () => callboard({ servers: `http://ann:${SECRET}@${host}` }))
await failed('a port that is none', () => callboard({ servers: `nats://ann:${SECRET}@127.0.0.1:99999` }))
await failed('nobody there', () => callboard({ servers: `nats://ann:${SECRET}@127.0.0.1:9`, log: 'trace' }))
await failed('a seed that is none', () => callboard({ servers, nkey: `SU${SECRET}`, log: 'trace' }))
await failed('credentials that are the secret itself', () => callboard({ servers, credentials: `/nowhere/${WRONG.length}`, log: 'trace' }))
await failed('options that are none', () => callboard({ servers, password: { secret: SECRET } as never }))
await failed('a key that is none', () => keyring({ primary: 'k1', keys: { k1: SECRET } }))

tell('the board', board)
tell('the seal', seal)
tell('the handle', handle)
tell('metrics', await counted.text())
tell('the broker', await board.inspect.broker())
tell('workers', await board.inspect.workers())
for await (const entry of board.ledger.read()) tell('ledger', entry)
await service.stop()
console.log('done')
// The last words of a process are written by Node itself.
await callboard({ servers: `nats://ann:${WRONG}@${host}`, log: 'trace' })
