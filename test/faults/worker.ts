/** A worker: performs the tasks and hears the events, and writes down each run. It can be asked to end, and to stand still. */

import { concurrency } from '../../src/extras/limits/index.ts'
import type { Gate } from '../../src/index.ts'
import { Reject } from '../../src/runtime/verdict.ts'
import { header } from '../../src/wire/envelope.ts'
import { resultOf } from './check.ts'
import { atOnce, type Body, contracts, listeners, type Order } from './contract.ts'
import { couldNotStart } from './crew.ts'
import { member, open, tell } from './member.ts'
import { slotId } from './slot.ts'

const { orders, record } = member()
const { job, tracked, poison, gated, ordered, narrow, patient, slot, event } = contracts(orders.layout, orders.keeping)
/** What is held back by others takes its time, so that it is. */
const slow = new Set(['gated', 'narrow', 'patient'])
let runs = 0
let done = 0

const trueTime = Date.now
process.on('message', (order: Order) => {
  if (order.order === 'clock') Date.now = () => trueTime() + order.ms
  if (order.order === 'block') for (const end = Date.now() + order.ms; Date.now() < end; );
})

/** Runs of what stayed in its queue, and was put there again. */
const stayed = new Set<string>()

/** Lets everything pass. Writes down since when something waits for leave to run, and notes what was put back. */
function noting(as?: string): Gate {
  const waiting = new WeakSet<object>()
  return {
    ask(run) {
      if (as !== undefined && !waiting.has(run)) record.write('wait', as, run.id)
      waiting.add(run)
      return 'now'
    },
    enter(run) {
      if (run.delivery.headers.get(header.id)?.startsWith('stayed:')) stayed.add(run.id)
      return () => void stayed.delete(run.id)
    },
  }
}

/** Runs something, and writes it down. Every eighth takes a few ms, so that some are always at work. */
async function run(as: string, { id, kind }: Body, { id: called, attempt }: { id: string; attempt: number }): Promise<string> {
  const name = `${orders.by}#${++runs}`
  record.write('begin', as, id, name)
  if (stayed.has(called)) record.write('stayed', as, id, name)
  if (kind === 'poison') process.kill(process.pid, 'SIGKILL')
  if (runs % 8 === 0 || slow.has(as)) await new Promise((resolve) => setTimeout(resolve, runs % 40))
  if (kind === 'bad' || (kind === 'fails' && attempt === 1)) {
    record.write('threw', as, id, name)
    throw kind === 'bad' ? new Reject('it is bad') : new Error('it fails once')
  }
  record.write('end', as, id, name)
  done++
  return resultOf(id, name)
}

const board = await open(orders)
board.on('trouble', ({ what, error }) =>
  console.error(new Date().toISOString(), what, error === undefined ? '' : String(error).slice(0, 200)),
)
board.on('skipped', ({ id, why }) => console.error(new Date().toISOString(), 'skipped', id, why))
const options = { lease: orders.lease, concurrency: 20, gates: [noting()] }
const service = board.service('jobs')
for (const each of [job, poison]) service.perform(each, async (body, ctx) => void (await run('jobs', body, ctx)), options)
service.perform(gated, async (body, ctx) => void (await run('gated', body, ctx)), {
  ...options,
  gates: [noting('gated'), concurrency(atOnce)],
})
service.perform(ordered, async (body, ctx) => void (await run('ordered', body, ctx)), options)
for (const each of [narrow, patient])
  service.perform(each, async (body, ctx) => void (await run(each.name, body, ctx)), { ...options, concurrency: 2 })
service.perform(slot, async (_, ctx) => void (await run('slot', { id: slotId(ctx.id, ctx.sentAt), kind: 'good' }, ctx)), options)
service.perform(tracked, (body, ctx) => run('jobs', body, ctx), options)
const services = [
  service,
  ...listeners.map((name) => board.service(name).subscribe(event, async (body, ctx) => void (await run(name, body, ctx)), options)),
]

let ending = false
process.on('SIGTERM', () => {
  if (ending) return
  ending = true
  void board.close({ drain: '5s' }).then(() => process.exit(0))
})

for (const each of services) {
  await each.start().catch((error: unknown) => {
    if (ending) return
    console.error(error)
    process.exit(couldNotStart)
  })
}
tell(0, 0)
setInterval(() => tell(0, done), 200)
