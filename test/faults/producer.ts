/** A producer: says things at a pace, and writes down what it was told about each. */

import type { Board } from '../../src/board/board.ts'
import { type Body, contracts, type Kind, type Order } from './contract.ts'
import { now } from './history.ts'
import { member, open, tell } from './member.ts'

const { orders, record } = member()
const { job, tracked, poison, gated, ordered, narrow, patient, event } = contracts(orders.layout, orders.keeping)

/** Things under way at most. */
const most = 1_000
/** Keys of what is ordered, of each process. */
const keys = 4
/** What waits its turn of one key. */
const mostInTurn = 50
/** How often things are said, in ms. */
const beat = 20

let said = 0
let underWay = 0
let told = 0
let held = false
let finishing = false
let number = 0

process.on('message', ({ order }: Order) => {
  if (order === 'finish') finishing = true
  else held = order === 'hold'
})

const fresh = (kind: Kind): Body => ({ id: `${orders.by}-${++number}`, kind })

/** Sends one or several, and writes down what comes of it. `label` is their kind in the history. */
async function send(
  label: string,
  bodies: readonly Body[],
  notBefore: number,
  work: (bodies: readonly Body[]) => Promise<unknown>,
): Promise<void> {
  for (const { id } of bodies) record.write('say', label, id, notBefore === 0 ? '' : String(notBefore))
  said += bodies.length
  underWay += bodies.length
  let answer: 'ok' | 'fail' | 'unknown' = 'ok'
  let code = ''
  try {
    await work(bodies)
  } catch (error) {
    const { code: given, details } = error as { code?: string; details?: { outcome?: string; broker?: { err_code: number } } }
    const number = given === 'BROKER_REFUSED' ? ` ${details?.broker?.err_code}` : ''
    code = `${given ?? error}${number}`
    answer =
      details?.outcome === 'unknown' || code === 'PUBLISH_UNKNOWN' || code === 'PARTLY_STORED' || given === undefined ? 'unknown' : 'fail'
  }
  for (const { id } of bodies) record.write(answer, code, id)
  underWay -= bodies.length
  told += bodies.length
}

/** What is said n-th. Most are plain tasks; the rest is a bit of everything. */
function say(board: Board, n: number): Promise<void> {
  if (n === 40 && orders.poison) return send('poison', [fresh('poison')], 0, ([body]) => board.enqueue(poison, body as Body))
  const turn = n % 50
  if (turn === 0)
    return send(
      'good',
      Array.from({ length: 25 }, () => fresh('good')),
      0,
      (bodies) => board.enqueueMany(job, bodies),
    )
  if (turn === 25)
    return send(
      'event',
      Array.from({ length: 10 }, () => fresh('good')),
      0,
      (bodies) => board.publishMany(event, bodies),
    )
  if (turn === 10) return send('bad', [fresh('bad')], 0, ([body]) => board.enqueue(job, body as Body))
  if (turn % 25 === 6) return send('gated', [fresh('good')], 0, ([body]) => board.enqueue(gated, body as Body, { id: body?.id ?? '' }))
  if (turn % 25 === 14) return inTurn(board, n)
  if (turn === 18 || turn === 43) return send('narrow', [fresh('good')], 0, ([body]) => board.enqueue(narrow, body as Body))
  if (turn === 28) return send('patient', [fresh('good')], 0, ([body]) => board.enqueue(patient, body as Body, { timeout: '10s' }))
  if (turn % 10 === 3) return send('event', [fresh('good')], 0, ([body]) => board.publish(event, body as Body))
  if (turn % 10 === 5) return send('tracked', [fresh('good')], 0, ([body]) => enqueueTracked(board, body as Body))
  if (turn % 10 === 7) return send('fails', [fresh('fails')], 0, ([body]) => board.enqueue(job, body as Body))
  if (turn % 10 === 9) {
    const delay = 100 + ((n * 37) % 3000)
    return send('delayed', [fresh('good')], now() + delay, ([body]) => board.enqueue(job, body as Body, { delay }))
  }
  return send('good', [fresh('good')], 0, ([body]) => board.enqueue(job, body as Body))
}

/** The last thing said of each key: only what was answered says what comes next. */
const lasts = Array.from({ length: keys }, () => ({ said: Promise.resolve(), waiting: 0 }))

/** Says something ordered, when what was said of its key before is answered. */
async function inTurn(board: Board, n: number): Promise<void> {
  const number = n % keys
  const last = lasts[number] as (typeof lasts)[number]
  if (last.waiting >= mostInTurn) return
  last.waiting++
  const { id, kind } = fresh(n % 3 === 0 ? 'fails' : 'good')
  const key = `${orders.by}-k${number}`
  last.said = last.said.then(() =>
    send('ordered', [{ id: `${id}@${key}`, kind, key }], 0, ([body]) => board.enqueue(ordered, body as Body)),
  )
  await last.said
  last.waiting--
}

/** Enqueues, and waits for the result beside. Who gives up waiting says nothing: at the end everything is read once more. */
async function enqueueTracked(board: Board, body: Body): Promise<void> {
  const handle = await board.enqueue(tracked, body, { id: body.id })
  handle.result({ timeout: '60s' }).then(
    (result) => record.write('result', '', body.id, result),
    () => undefined,
  )
}

const board = await open(orders)
let owed = 0
let n = 0
const pacing = setInterval(() => {
  tell(told, 0)
  owed = Math.min(owed + (orders.rate * beat) / 1000, orders.rate)
  for (const before = said; owed >= 1 && underWay < most && !held && !finishing; ) {
    void say(board, ++n)
    owed -= 1
    if (said - before > most) break
  }
  if (!finishing || underWay > 0) return
  clearInterval(pacing)
  void board.close().then(() => process.exit(0))
}, beat)
